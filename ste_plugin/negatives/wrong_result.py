"""Mathematics: a solution with the right result against one with a wrong result."""

from __future__ import annotations

from collections import Counter

from ste_plugin.instructions import Instruction
from ste_plugin.model_request import ModelRequest, Steps, derive_seed
from ste_plugin.negatives.built_in import built_in_instructions, built_in_item, built_in_pair
from ste_plugin.negatives.final_number import clearly_differ, result_of
from ste_plugin.negatives.strategy import Dropped, SynthesisContext, make_pair, response_text
from ste_plugin.negatives.suitability import asks_for_a_number
from ste_plugin.negatives.word_problems.telling import built_in_problem
from ste_plugin.pairs import Pair

DRAWS = 8
VOTES = DRAWS // 2
"""Solutions that have to agree at least; they also have to be more than half of those with a result."""


class WrongResult:
    """Chosen: agrees with the majority of several solutions. Rejected: does not, and is of similar length. Solutions
    that are cut off or of which it is doubtful what they come to are left out, as are pairs whose results may be the
    same one, rounded or spelt in another way.

    Built-in problems come with a worked solution and the same with one planted mistake.
    """

    name = "wrong_result"
    why = "The rejected response ends in another result than the self-consistent majority; built-in: a planted mistake."
    shortcuts = "A generator's wrong solutions may be shorter or more confused; built-in pairs differ in numbers alone."

    def suits(self, instruction: Instruction) -> bool:
        """Word problems and computations."""
        return asks_for_a_number(instruction.text)

    def built_in(self, count: int, seed: int) -> list[Instruction]:
        """Problems of school mathematics, with both solutions."""
        return built_in_instructions(self.name, built_in_problem, count, seed)

    def synthesize(self, instruction: Instruction, context: SynthesisContext) -> Steps[Pair | Dropped]:
        """One request of several draws; none for built-in problems."""
        item = built_in_item(instruction)
        if item is not None:
            return built_in_pair(instruction, self.name, item)
        request = ModelRequest(
            context.respond.render(instruction=instruction.text),
            max_tokens=context.max_tokens,
            temperature=context.temperature,
            top_p=context.top_p,
            seed=derive_seed(context.seed, "solutions", instruction.id),
            draws=DRAWS,
        )
        answers = yield request
        if answers.too_long:
            return Dropped("prompt_too_long")
        # one cut off by its budget has not come to its result
        texts = [response_text(answer) for answer in answers.answers if answer.stop_reason == "stop"]
        found = [(text, result) for text in texts if (result := result_of(text)) is not None]
        if not found:
            return Dropped("no_result")
        majority, votes = Counter(result.value for _, result in found).most_common(1)[0]
        if votes < VOTES or 2 * votes <= len(found):
            return Dropped("no_majority")
        if votes == len(found):
            return Dropped("unanimous")
        fitting = [
            (good, bad)
            for good, right in found
            for bad, wrong in found
            if right.value == majority != wrong.value and clearly_differ(right, wrong)
        ]
        if not fitting:
            return Dropped("no_clear_difference")
        chosen, rejected = min(fitting, key=lambda pair: abs(len(pair[0]) - len(pair[1])))
        return make_pair(instruction, self.name, chosen, rejected, votes=votes, draws=len(found))
