"""What a negative strategy is given and what it gives back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ste_plugin.instructions import Instruction
from ste_plugin.model_request import Answer, ModelRequest, Steps, derive_seed
from ste_plugin.pairs import Message, Pair
from ste_plugin.text_prompt import TextPrompt

WEAK_GENERATOR = "weak_generator"
"""The model role of a smaller or otherwise weaker model than the generator (see `weaker_answer`)."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """No pair came out. `reason` is machine-readable: "empty_response", "identical_responses", ..."""

    reason: str


@dataclass(frozen=True, slots=True)
class SynthesisContext:
    """What strategies share.

    Attributes:
        respond: prompt of a baseline response; sees `instruction`.
        modify: prompt that writes a similar instruction with another meaning; sees `instruction` and `response`.
        modify_and_answer: the same, and a good answer to it, in one go.
        max_tokens, temperature, top_p: sampling of responses.
        modify_max_tokens: budget of a modified instruction, in tokens.
        seed: of all draws, together with the instruction's id.
        neighbors: the most similar other instruction of each instruction, by id.
        run_code: whether Python programs that the generator wrote may be run (see `programs.behaviour`).
        weak_generator: name of the model that has the role `WEAK_GENERATOR`; None where no model has it.
    """

    respond: TextPrompt
    modify: TextPrompt
    modify_and_answer: TextPrompt
    max_tokens: int
    temperature: float
    top_p: float
    modify_max_tokens: int
    seed: int
    neighbors: Mapping[str, Instruction]
    run_code: bool = False
    weak_generator: str | None = None

    def request(self, messages: tuple[Message, ...], max_tokens: int, *seed: object) -> ModelRequest:
        """One draw for `messages`, with a seed derived from `seed`."""
        return ModelRequest(
            messages,
            max_tokens=max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            seed=derive_seed(self.seed, *seed),
        )

    def baseline(self, instruction: Instruction) -> Steps[str | Dropped]:
        """The generator's own response to `instruction`: the same request wherever it is needed."""
        messages = self.respond.render(instruction=instruction.text)
        answers = yield self.request(messages, self.max_tokens, "baseline", instruction.id)
        if answers.too_long:
            return Dropped("prompt_too_long")
        text = response_text(answers.answers[0])
        return text if text else Dropped("empty_response")


class NegativeStrategy(Protocol):
    """A way to make a worse response.

    `why` says why the label holds, `shortcuts` what a judge could learn from it instead of judging.
    """

    name: str
    why: str
    shortcuts: str

    def synthesize(self, instruction: Instruction, context: SynthesisContext) -> Steps[Pair | Dropped]:
        """Steps to one pair for `instruction`."""
        ...


@runtime_checkable
class Selective(Protocol):
    """A strategy that cannot use every instruction."""

    def suits(self, instruction: Instruction) -> bool:
        """Whether a pair could come out of `instruction`; pure, and cheap enough to ask of all of them."""
        ...


@runtime_checkable
class Exempt(Protocol):
    """A strategy whose pairs look flawed on purpose: `exempt` names the quality filters that pass over them."""

    exempt: Collection[str]


def response_text(answer: Answer) -> str:
    """The response in a generator's answer; one cut off by its budget ends at its last whole word."""
    text = answer.text.strip()
    if answer.stop_reason == "length":
        return text.rsplit(maxsplit=1)[0] if text else text
    return text


def make_pair(
    instruction: Instruction, strategy: str, chosen: str, rejected: str, **provenance: object
) -> Pair | Dropped:
    """The pair, unless its responses are the same up to white space and case."""
    if not rejected:
        return Dropped("empty_response")
    if " ".join(chosen.split()).casefold() == " ".join(rejected.split()).casefold():
        return Dropped("identical_responses")
    return Pair(
        id=f"{instruction.id}:{strategy}",
        prompt=(Message("user", instruction.text),),
        chosen=(chosen,),
        rejected=(rejected,),
        subset=strategy,
        meta={
            "strategy": strategy,
            "instruction_id": instruction.id,
            "source": instruction.source,
            **provenance,
        },
    )
