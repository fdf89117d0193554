"""A negative strategy of another distribution, in one file: the response without its vowels."""

from __future__ import annotations

from ste_plugin.instructions import Instruction
from ste_plugin.model_request import Steps
from ste_plugin.negatives.strategy import Dropped, SynthesisContext, make_pair
from ste_plugin.pairs import Pair


class WithoutVowels:
    name = "without_vowels"
    why = "The rejected response lacks all vowels."
    shortcuts = "Anything that reads letters."
    exempt = frozenset({"wrong_language"})
    """Optional: filters of `ste_plugin.quality.settings.FILTERS` that are not for its pairs. Without vowels, English is
    at times taken for another language."""

    def suits(self, instruction: Instruction) -> bool:
        """Optional: without it the plan gives a strategy any instruction."""
        return len(instruction.text) < 200

    def synthesize(self, instruction: Instruction, context: SynthesisContext) -> Steps[Pair | Dropped]:
        chosen = yield from context.baseline(instruction)
        if isinstance(chosen, Dropped):
            return chosen
        return make_pair(instruction, self.name, chosen, "".join(c for c in chosen if c not in "aeiou"))
