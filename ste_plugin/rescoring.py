"""Recorded judge answers, read once more: what our parser makes of them, and where it differs from what was published.

Pure: a row in, a `RescoredRow` out; `ste_plugin.rescore_tally` adds them up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from ste_plugin.errors import UserError
from ste_plugin.field_path import FieldPath
from ste_plugin.verdicts import Label, Verdict

Decision = Literal["A", "B", "TIE"]

MIRRORED: Mapping[Label, Label] = {"A": "B", "B": "A", "TIE": "TIE", "UNPARSED": "UNPARSED"}

# What the field calls a decision, case folded. 0 is none of them: some files count from 0, others mean a tie by it.
DECISIONS: Mapping[str, Decision] = {
    **dict.fromkeys(("a", "1", "model_a", "assistant_a", "response_a", "output_a", "output (a)", "[[a]]"), "A"),
    **dict.fromkeys(("b", "2", "model_b", "assistant_b", "response_b", "output_b", "output (b)", "[[b]]"), "B"),
    **dict.fromkeys(("tie", "c", "[[c]]", "draw", "equal", "same", "tie (bothbad)"), "TIE"),
}
UNDECIDED = frozenset({"", "none", "null", "nan", "unparsed", "error"})
CUT_SHORT = frozenset({"length", "max_tokens", "max_output_tokens", "model_length"})
"""Stop reasons of an answer that ran out of tokens, as the providers call them."""

_WHOLE = re.compile(r"(-?\d+)\.0+")
_TWO_ORDERS = re.compile(r"\{([^{}|]*)\|([^{}|]*)\}")

Parse = Callable[..., Verdict]
"""`JudgePrompt.parse`, or the like: (text, *, truncated, quoted) -> Verdict."""


@dataclass(frozen=True, slots=True)
class OrderPaths:
    """Where a row holds something: one path, or one for each order in which the pair was shown.

    ``swap = {False|True}.answer`` stands for two: its first choice leads to the answer on the pair as it stands,
    its second to that on the pair with the responses swapped.
    """

    paths: tuple[FieldPath, ...]

    @classmethod
    def read(cls, text: str) -> OrderPaths:
        """Read a path, or two in one. Raises UserError."""
        if not _TWO_ORDERS.search(text):
            return cls((FieldPath.read(text),))
        return cls(tuple(FieldPath.read(_TWO_ORDERS.sub(rf"\{order}", text)) for order in (1, 2)))

    def get(self, order: int, row: Mapping[str, Any], where: str) -> Any:
        """The value for the first (0) or second (1) order. UserError as `FieldPath.get`."""
        return self.paths[min(order, len(self.paths) - 1)].get(row, where)


@dataclass(frozen=True, slots=True)
class RescoreFields:
    """What is read of a row.

    Attributes:
        text: the judge's answer, of one order or of both.
        gold: the right decision.
        published: the decision that was made of the answer when it was recorded.
        stop_reason: why the answer ended; one of `CUT_SHORT` means that it was cut.
        quoted: the responses that were judged; verdicts in quotations of them do not count.
        group: figures are kept apart by this field's value.
        swapped: the only answer of a row is on the pair with its responses swapped.
        decisions: decision by value of `gold` and `published`, case folded. Both speak of the pair as it stands,
            whatever the order in which it was shown.
    """

    text: OrderPaths
    gold: FieldPath | None = None
    published: OrderPaths | None = None
    stop_reason: OrderPaths | None = None
    quoted: tuple[FieldPath, ...] = ()
    group: FieldPath | None = None
    swapped: bool = False
    decisions: Mapping[str, Decision] = field(default_factory=lambda: DECISIONS)

    @property
    def orders(self) -> tuple[bool, ...]:
        """For each answer of a row, whether it is on the swapped pair."""
        return (False, True) if len(self.text.paths) == 2 else (self.swapped,)


@dataclass(frozen=True, slots=True)
class Rescored:
    """One answer: `verdict` and `published` in terms of the pair as it stands, `published` None where undecided."""

    verdict: Verdict
    published: Decision | None
    swapped: bool
    text: str

    @property
    def disputed(self) -> bool:
        """Whether what was published and what is read now differ; no decision is no verdict."""
        return (self.verdict.label if self.verdict.parsed else None) != self.published


@dataclass(frozen=True, slots=True)
class RescoredRow:
    """The answers of one row, one an order. `gold` is None where there is none."""

    answers: tuple[Rescored, ...]
    gold: Decision | None
    group: str


class UnknownDecisionError(UserError):
    """A value of `gold` or `published` that is no known decision: the command is wrong, not the row."""


def rescore_row(row: Mapping[str, Any], where: str, fields: RescoreFields, parse: Parse) -> RescoredRow:
    """Read the answers of `row`; `where` (say ``FILE:LINE``) opens every error message.

    Raises:
        UserError: a field is missing or of another type.
        UnknownDecisionError: see there.
    """
    quoted = [_text(path.get(row, where), path.text, where) for path in fields.quoted]
    answers = []
    for order, swapped in enumerate(fields.orders):
        text = _text(fields.text.get(order, row, where), fields.text.paths[order].text, where)
        cut = fields.stop_reason is not None and _was_cut(fields.stop_reason.get(order, row, where))
        verdict = parse(text, truncated=cut, quoted=quoted)
        published = None
        if fields.published is not None:
            path = fields.published.paths[min(order, len(fields.published.paths) - 1)]
            published = _decision(path.get(row, where), path.text, where, fields.decisions)
        own = Verdict(MIRRORED[verdict.label], verdict.reason) if swapped else verdict
        answers.append(Rescored(own, published, swapped, text))
    gold = None
    if fields.gold is not None:
        gold = _decision(fields.gold.get(row, where), fields.gold.text, where, fields.decisions)
    group = "" if fields.group is None else str(fields.group.get(row, where))
    return RescoredRow(tuple(answers), gold, group)


def read_decisions(pairs: list[str]) -> Mapping[str, Decision]:
    """``["left=A", "0=B"]`` and the known ones, as a mapping for `RescoreFields.decisions`.

    Where 0 is a response, 1 and 2 are no known ones: in such a file 1 is the second response.

    Raises:
        UserError: not VALUE=LABEL with the label A, B or tie.
    """
    decisions: dict[str, Decision] = {}
    for pair in pairs:
        value, equals, label = pair.rpartition("=")
        if not equals or label.strip().upper() not in ("A", "B", "TIE"):
            raise UserError(f"--label {pair}: should be VALUE=A, VALUE=B or VALUE=tie")
        decisions[_folded(value)] = cast(Decision, label.strip().upper())
    counts_from_0 = decisions.get("0", "TIE") != "TIE"
    known = {value: label for value, label in DECISIONS.items() if not (counts_from_0 and value in ("1", "2"))}
    return {**known, **decisions}


def _was_cut(stop_reason: object) -> bool:
    """Providers differ in the case of their stop reasons, too (MAX_TOKENS)."""
    return str(stop_reason).casefold() in CUT_SHORT


def _folded(value: object) -> str:
    """A decision as it is looked up: a table with gaps turns its 1 into 1.0, in a field as on a command line."""
    text = str(value).strip().casefold()
    whole = _WHOLE.fullmatch(text)
    return text if whole is None else whole[1]


def _text(value: object, path: str, where: str) -> str:
    if value is None:  # a refused or failed request is often recorded so
        return ""
    if not isinstance(value, str):
        hint = f"; try {path}[0]" if isinstance(value, list) else ""
        raise UserError(f"{where}: field '{path}' should be a string, is {type(value).__name__}{hint}")
    return value


def _decision(value: object, path: str, where: str, known: Mapping[str, Decision]) -> Decision | None:
    text = "" if value is None else _folded(value)
    if text in known:
        return known[text]
    if text in UNDECIDED:
        return None
    raise UnknownDecisionError(
        f"{where}: field '{path}' is {value!r:.60}, which is no known decision; say what values mean: "
        "--label VALUE=A --label VALUE=B --label VALUE=tie"
    )
