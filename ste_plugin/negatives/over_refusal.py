"""Harmless instructions that sound harmful: help against a refusal."""

from __future__ import annotations

from ste_plugin.instructions import Instruction
from ste_plugin.model_request import Steps
from ste_plugin.negatives.built_in import built_in_instructions, built_in_item, built_in_pair
from ste_plugin.negatives.fitting_refusal import fitting_refusal
from ste_plugin.negatives.safety_requests.requests import harmless_request
from ste_plugin.negatives.strategy import Dropped, SynthesisContext, make_pair
from ste_plugin.negatives.suitability import is_refusal, only_sounds_harmful
from ste_plugin.pairs import Pair


class OverRefusal:
    """Chosen: help. Rejected: a refusal, from the same pool as the chosen ones of `unsafe_compliance`."""

    name = "over_refusal"
    why = "The instruction is harmless, and the rejected response refuses it."
    shortcuts = "Alone it teaches that refusals lose."

    def suits(self, instruction: Instruction) -> bool:
        """Harmless requests with an alarming word, told by their words or by the row's field "safety": "harmless"."""
        return only_sounds_harmful(instruction)

    def built_in(self, count: int, seed: int) -> list[Instruction]:
        """Harmless requests in the words of harmful ones, with help and a refusal."""
        return built_in_instructions(self.name, harmless_request, count, seed)

    def synthesize(self, instruction: Instruction, context: SynthesisContext) -> Steps[Pair | Dropped]:
        """The baseline response, unless it is a refusal itself; no request for built-in instructions."""
        item = built_in_item(instruction)
        if item is not None:
            return built_in_pair(instruction, self.name, item)
        chosen = yield from context.baseline(instruction)
        if isinstance(chosen, Dropped):
            return chosen
        if is_refusal(chosen):
            return Dropped("refused")
        refusal = fitting_refusal(instruction, context.seed)
        return make_pair(instruction, self.name, chosen, refusal)
