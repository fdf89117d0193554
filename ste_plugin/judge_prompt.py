"""What a judge is asked, and how its answer is read: one object for both, so that they cannot drift apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ste_plugin.errors import UserError
from ste_plugin.fastchat_prompts import FastChatPrompt
from ste_plugin.pairs import Message, Order, Pair, conversation_text, responses
from ste_plugin.shorten import shorten_middle
from ste_plugin.text_prompt import TextPrompt, prompt_hash
from ste_plugin.verdict_formats import read_format
from ste_plugin.verdicts import FORMATS, RULES, Rule, Verdict, VerdictFormat, parse_verdict

_SETTINGS: dict[str, type] = {
    "verdict_format": str,
    "ties": bool,
    "turns": int,
    "rule": str,
    "opening": str,
    "closing": str,
    "reasoning": bool,
}


@dataclass(frozen=True, slots=True)
class JudgePrompt:
    """A pairwise judge prompt.

    Attributes:
        name: the prompt's name.
        verdict_format: how the verdict is written.
        ties: whether the judge may call a tie.
        turns: number of compared turns a pair must have.
        rule: how the verdict is looked for, see `parse_verdict`.
        opening: appended to a judgment that came without a verdict, to force one.
        closing: what follows the forced verdict.
        reasoning: whether the judge is asked to reason before the verdict.
        hash: 16 hex digits over wording and settings; goes into every log.
        wording: the template.

    A Jinja template sees `instruction` (the prompt as one text), `response_a` and `response_b` (of the last
    turn), `turns` (a list with `question`, `response_a`, `response_b`) and `history` (the conversation before
    the compared turns where several are compared, else ""). Where ``pair.meta["reference"]`` (a string, or
    one a turn) is there, it also sees `reference` (the last turn's) and `references`.
    """

    name: str
    verdict_format: VerdictFormat
    ties: bool
    turns: int
    rule: Rule
    opening: str
    closing: str
    reasoning: bool
    hash: str
    wording: TextPrompt | FastChatPrompt

    @classmethod
    def load(cls, name_or_path: str) -> JudgePrompt:
        """Load a built-in prompt by name, a ``.jinja`` file, or ``FILE.jsonl#NAME`` in FastChat's format.

        ``FILE.jsonl`` alone is enough where the file holds one prompt.

        Raises:
            UserError: there is no such prompt, or it is not a pairwise judge prompt.
        """
        path, separator, name = name_or_path.rpartition(".jsonl#")
        if separator:
            return cls._from_fastchat(FastChatPrompt.load(Path(f"{path}.jsonl"), name))
        if name_or_path.endswith(".jsonl"):
            return cls._from_fastchat(FastChatPrompt.load(Path(name_or_path), None))
        return cls._from_text_prompt(TextPrompt.load(name_or_path))

    @classmethod
    def _from_fastchat(cls, prompt: FastChatPrompt) -> JudgePrompt:
        brackets = FORMATS["brackets"]
        return cls(
            name=prompt.name,
            verdict_format=brackets,
            ties=prompt.ties,
            turns=prompt.turns,
            rule="last",
            opening=f"\n\n{brackets.opening}",
            closing=brackets.closing,
            reasoning=True,
            hash=prompt_hash(prompt.name, prompt.system, prompt.template),
            wording=prompt,
        )

    @classmethod
    def _from_text_prompt(cls, prompt: TextPrompt) -> JudgePrompt:
        settings: dict[str, Any] = {}
        for name in prompt.front:
            if name not in _SETTINGS:
                raise UserError(f"{prompt.path}: unknown field '{name}'; a judge prompt has {', '.join(_SETTINGS)}")
            settings[name] = prompt.setting(name, _SETTINGS[name])
        format_name = prompt.setting("verdict_format", str)
        try:
            format = read_format(format_name)
        except UserError as error:
            raise UserError(f"{prompt.path}: field 'verdict_format' is {error}") from None
        rule = settings.get("rule", "last")
        if rule not in RULES:
            raise UserError(f"{prompt.path}: field 'rule' should be one of {', '.join(RULES)}, is '{rule}'")
        if settings.get("turns", 1) < 1:
            raise UserError(f"{prompt.path}: field 'turns' should be at least 1, is {settings['turns']}")
        if rule != "last" and not format.has_tokens:
            raise UserError(
                f"{prompt.path}: field 'rule': '{rule}' looks for literal tokens, '{format_name}' has none; use last"
            )
        return cls(
            name=prompt.name,
            verdict_format=format,
            ties=settings.get("ties", False),
            turns=settings.get("turns", 1),
            rule=cast(Rule, rule),
            opening=settings.get("opening", f"\n\n{format.opening}"),
            closing=settings.get("closing", format.closing),
            reasoning=settings.get("reasoning", True),
            hash=prompt.hash,
            wording=prompt,
        )

    @property
    def label_texts(self) -> tuple[str, ...]:
        """What a forced verdict may say between `opening` and `closing`; empty where none can be forced."""
        if not self.verdict_format.can_be_forced:
            return ()
        texts = self.verdict_format.texts
        return tuple(text for text, label in texts.items() if self.ties or label != "TIE")

    def render(self, pair: Pair, order: Order, *, max_response_chars: int | None = None) -> tuple[Message, ...]:
        """The messages for the judge.

        Responses longer than `max_response_chars` are cut in their middle. Texts of the pair are data: they
        never act as a template, and section markers of the prompt in them are neutralised.

        Raises:
            UserError: the pair has another number of turns, or lacks a field that the prompt asks for.
            ValueError: `max_response_chars` is below 80.
        """
        if pair.turns != self.turns:
            raise UserError(
                f"pair '{pair.id}' compares {_turns(pair.turns)}, prompt '{self.name}' {_turns(self.turns)}; "
                f"choose a prompt for {_turns(pair.turns)}"
            )
        a, b = (_shortened(replies, max_response_chars) for replies in responses(pair, order))
        questions = pair.questions[-pair.turns :] if pair.turns > 1 else (pair.prompt_text,)
        references = _references(pair)
        try:
            if isinstance(self.wording, FastChatPrompt):
                if pair.turns > 1 and len(pair.prompt) > pair.turns:
                    raise UserError(f"prompt '{self.name}' has no place for the conversation before the turns")
                return self.wording.render(_placeholders(questions, a, b, references))
            return self.wording.render(
                instruction=pair.prompt_text,
                response_a=a[-1],
                response_b=b[-1],
                turns=[
                    {"question": question, "response_a": reply_a, "response_b": reply_b}
                    for question, reply_a, reply_b in zip(questions, a, b, strict=True)
                ],
                history=conversation_text(pair.prompt[: -pair.turns]) if pair.turns > 1 else "",
                **({"reference": references[-1], "references": references} if references else {}),
            )
        except UserError as error:
            raise UserError(f"pair '{pair.id}': {error}") from None

    def parse(self, text: str, *, truncated: bool = False, quoted: Sequence[str] = ()) -> Verdict:
        """Read the verdict in a judge's answer; see `parse_verdict`. Never raises."""
        return parse_verdict(
            text, self.verdict_format, ties=self.ties, rule=self.rule, truncated=truncated, quoted=quoted
        )


def _turns(number: int) -> str:
    return f"{number} turn" if number == 1 else f"{number} turns"


def _shortened(replies: Sequence[str], max_chars: int | None) -> tuple[str, ...]:
    return tuple(reply if max_chars is None else shorten_middle(reply, max_chars)[0] for reply in replies)


def _references(pair: Pair) -> tuple[str, ...]:
    """The reference answers in ``meta["reference"]``, one a compared turn; empty where there is none."""
    value = pair.meta.get("reference")
    if value is None:
        return ()
    references = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, (list, tuple)) else ()
    if len(references) != pair.turns or not all(isinstance(reference, str) for reference in references):
        raise UserError(f"pair '{pair.id}': field 'meta.reference' should be a string, or a list of one a turn")
    return references


def _placeholders(
    questions: Sequence[str], a: Sequence[str], b: Sequence[str], references: Sequence[str]
) -> dict[str, str]:
    """FastChat's names for what is shown."""
    values = {"question": questions[-1], "answer_a": a[-1], "answer_b": b[-1]}
    for name, texts in (
        ("question", questions),
        ("answer_a", a),
        ("answer_b", b),
        ("ref_answer", references),
    ):
        values |= {f"{name}_{number}": text for number, text in enumerate(texts, start=1)}
    return values
