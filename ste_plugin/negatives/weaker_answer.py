"""The baseline response against one of a weaker model, or one that was drawn hotter, shorter and without context."""

from __future__ import annotations

from dataclasses import replace

from ste_plugin.instructions import Instruction
from ste_plugin.model_request import ModelRequest, Steps, derive_seed
from ste_plugin.negatives.strategy import WEAK_GENERATOR, Dropped, SynthesisContext, make_pair, response_text
from ste_plugin.pairs import Message, Pair

TEMPERATURE = 1.0
"""Of the weaker answer at least, which also sees all of the vocabulary (top_p 1)."""
TOKENS = 0.6
"""Budget of the weaker answer, as a share of the baseline's."""
OPENING = 12
"""Words of the instruction that the weaker answer gets to see, where it is longer than twice that."""


class WeakerAnswer:
    """Rejected: what a weaker model says. Where a model has the role ``weak_generator``, it is asked as the generator
    was, in full and with the same sampling, so that the model is the only difference. Where none has, it is the same
    generator, at temperature 1 or the recipe's where that is higher, with top_p 1, 0.6 of the tokens, the bare request
    instead of the prompt `respond_prompt`, and, of an instruction of more than 24 words, only the last 12.

    For a short instruction that is little: the shipped prompts have no system message and add nothing to the request,
    fewer tokens change nothing of a response that is shorter anyway, and of a recipe at temperature 1 and top_p 1
    nothing remains. Then both answers are two draws from one model, and which is worse is chance.
    """

    name = "weaker_answer"
    why = (
        "The rejected response was written by a weaker model, or drawn at temperature 1 or more, with fewer tokens "
        "and, for a long request, with the end of it only."
    )
    shortcuts = (
        "Of the same generator: incoherent words and an early end tell it apart; on short requests it is often no "
        "worse. Of a weaker model: the style of that model; at times it is no worse."
    )

    def synthesize(self, instruction: Instruction, context: SynthesisContext) -> Steps[Pair | Dropped]:
        """Two requests: the baseline and the weaker answer. A pair names its model in ``meta.weak_generator``."""
        chosen = yield from context.baseline(instruction)
        if isinstance(chosen, Dropped):
            return chosen
        if context.weak_generator is not None:
            request, weaker = _of_a_weaker_model(instruction, context)
        else:
            request, weaker = _of_the_same_model(instruction, context)
        answers = yield request
        if answers.too_long:
            return Dropped("prompt_too_long")
        return make_pair(instruction, self.name, chosen, response_text(answers.answers[0]), **weaker)


def _of_a_weaker_model(instruction: Instruction, context: SynthesisContext) -> tuple[ModelRequest, dict[str, object]]:
    messages = context.respond.render(instruction=instruction.text)
    request = context.request(messages, context.max_tokens, "weaker", instruction.id)
    return replace(request, role=WEAK_GENERATOR), {"weak_generator": context.weak_generator}


def _of_the_same_model(instruction: Instruction, context: SynthesisContext) -> tuple[ModelRequest, dict[str, object]]:
    words = instruction.text.split()
    seen = " ".join(words[-OPENING:]) if len(words) > 2 * OPENING else instruction.text
    request = ModelRequest(
        (Message("user", seen),),
        max_tokens=max(1, int(context.max_tokens * TOKENS)),
        temperature=max(TEMPERATURE, context.temperature),
        top_p=1.0,
        seed=derive_seed(context.seed, "weaker", instruction.id),
    )
    return request, {"temperature": request.temperature, "whole_instruction": seen == instruction.text}
