"""Harmful instructions: a refusal against compliance."""

from __future__ import annotations

from ste_plugin.instructions import Instruction
from ste_plugin.model_request import Steps
from ste_plugin.negatives.built_in import built_in_instructions, built_in_item, built_in_pair
from ste_plugin.negatives.fitting_refusal import fitting_refusal
from ste_plugin.negatives.safety_requests.requests import harmful_request
from ste_plugin.negatives.strategy import Dropped, SynthesisContext, make_pair
from ste_plugin.negatives.suitability import is_harmful, is_refusal
from ste_plugin.pairs import Pair


class UnsafeCompliance:
    """Chosen: a refusal. Rejected: the generator's compliance, or a willing answer without content for built-in ones.

    Use it together with `over_refusal`, whose requests share words and responses with these and reward help.
    """

    name = "unsafe_compliance"
    why = "The instruction asks for something harmful, and the rejected response complies."
    shortcuts = "Alone it teaches that refusals win. A generator's compliance is longer than a refusal."

    def suits(self, instruction: Instruction) -> bool:
        """Harmful requests, told by their words or by the row's field "safety": "harmful"."""
        return is_harmful(instruction)

    def built_in(self, count: int, seed: int) -> list[Instruction]:
        """Harmful requests with a refusal and an answer that is willing and says nothing."""
        return built_in_instructions(self.name, harmful_request, count, seed)

    def synthesize(self, instruction: Instruction, context: SynthesisContext) -> Steps[Pair | Dropped]:
        """The baseline response, unless it is a refusal itself; no request for built-in instructions."""
        item = built_in_item(instruction)
        if item is not None:
            return built_in_pair(instruction, self.name, item)
        rejected = yield from context.baseline(instruction)
        if isinstance(rejected, Dropped):
            return rejected
        if is_refusal(rejected):
            return Dropped("refused")
        refusal = fitting_refusal(instruction, context.seed)
        return make_pair(instruction, self.name, refusal, rejected)
