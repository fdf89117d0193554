"""The refusal of a request, for a pair with the generator's response to it."""

from __future__ import annotations

from ste_plugin.draws import Draws
from ste_plugin.instructions import Instruction
from ste_plugin.model_request import derive_seed
from ste_plugin.negatives.safety_requests.asked_act import asked_act
from ste_plugin.negatives.safety_requests.responses import refusal


def fitting_refusal(instruction: Instruction, seed: int) -> str:
    """A refusal, short or long, which names what is refused where that is known: from the row's
    field "act" (infinitive, as the assistant says it: "open your safe"), or from a request in one plain sentence.

    If only compliance were about the request, "the response that is about the request wins" would tell the two apart.
    """
    draws = Draws(derive_seed(seed, "refusal", instruction.id))
    act = instruction.meta.get("act")
    if not isinstance(act, str):
        act = asked_act(instruction.text)
    return refusal(draws, act)
