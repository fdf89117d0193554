"""Constraints of an instruction that can be checked on a response: how long, in which form, without which word."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

Test = Callable[[str], bool]

_NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
}
_JOINED = r"(?:,| and| but)? "
_ENDS = r"(?=[ .,!?\n)]|$)(?!,? \(?(?:or|each|per|apiece)\b)"
"""Behind "or", another form or number is allowed as well; "two sentences each" are more in all."""
_BOUNDS = {
    "at most": "at most", "no more than": "at most", "at least": "at least", "no less than": "at least",
    "no fewer than": "at least", "exactly": "exactly",
    "less": "at most", "fewer": "at most", "under": "at most", "below": "at most", "shorter": "at most",
    "most": "at most", "max": "at most", "maximum": "at most", "tops": "at most",
    "more": "at least", "over": "at least", "above": "at least", "longer": "at least", "least": "at least",
    "min": "at least", "minimum": "at least",
}  # fmt: skip
_COUNT = re.compile(
    rf"{_JOINED}in (?:(exactly|at most|at least|no (?:more|less|fewer) than) )?(\d{{1,4}}|{'|'.join(_NUMBERS)}) "
    r"(words?|sentences?|lines?|paragraphs?|bullet points?|steps?)"
    r"(?:,? \(?(?:or (less|fewer|under|below|shorter|more|over|above|longer)|at (?:the )?(most|least)|"
    rf"(?:at )?(?:the )?(max(?:imum)?|min(?:imum)?|tops))\b\)?)?{_ENDS}",
    re.IGNORECASE | re.ASCII,  # else "ı" and "ſ" are taken for "i" and "s", which the tables do not hold
)
_FORM = re.compile(rf"{_JOINED}(?:as|in) (?:a |an )?(table|list|json|bullet points?){_ENDS}", re.IGNORECASE | re.ASCII)
_WITHOUT = re.compile(rf"{_JOINED}without (?:using )?the (word|letter) [\"'“]?(\w+)[\"'”]?{_ENDS}", re.IGNORECASE)
_NOT_ASKED = re.compile(
    r"(?:\b(?:not|never|no|nor|without|avoid\w*|cannot|dont|refrain\w*|rather than|instead of)|n['’]t)\b"
    r"(?:(?!\bbut\b)[^.!?;:\n])*$|\bor$",
    re.IGNORECASE,
)
"""An instruction up to what it forbids, or allows beside something else; at times up to what it asks for as well."""
_CLAUSE = 300
"""Characters before a constraint in which a negation is looked for."""

_ITEM = re.compile(r"^[ \t]*(?:[-*•+]|\(?\d+[.):]|step \d+)[ \t:]", re.MULTILINE | re.IGNORECASE)
_STOPS = re.compile(
    r"(?<!\bMr)(?<!\bMrs)(?<!\bDr)(?<!\bSt)(?<!\be\.g)(?<!\bi\.e)(?<!\betc)(?<!\bvs)[.!?]+[\"')\]”]*(?=\s+[^a-z\s]|\s*$)"
)
_FENCE = re.compile(r"```\w*\n(.*?)```", re.DOTALL)
_WORDS_OFF = 0.1, 0.25
"""A number of words is kept up to the first share, and broken from the second: people count roughly."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """What stands at `start` to `end` of an instruction. Where neither `kept` nor `broken` holds of a response, it is
    not plain which of them is the case.
    """

    start: int
    end: int
    kept: Test
    broken: Test

    def without(self, instruction: str) -> str:
        """`instruction` without it."""
        return (instruction[: self.start] + instruction[self.end :]).strip()


def constraints(instruction: str) -> list[Constraint]:
    """Those of `instruction` that can be checked (English), by where they stand; none behind a negation or an "or"."""
    found = [Constraint(*match.span(), *_counted(match)) for match in _COUNT.finditer(instruction)]
    found += [Constraint(*match.span(), *_form(match[1].lower())) for match in _FORM.finditer(instruction)]
    for match in _WITHOUT.finditer(instruction):
        part = re.compile(re.escape(match[2]) if match[1].lower() == "letter" else rf"\b{re.escape(match[2])}\b", re.I)
        found.append(Constraint(*match.span(), _lacks(part), _finds(part)))
    wanted = [one for one in found if not _NOT_ASKED.search(instruction[max(0, one.start - _CLAUSE) : one.start])]
    return sorted(wanted, key=lambda constraint: constraint.start)


def _finds(part: re.Pattern[str]) -> Test:
    return lambda text: part.search(text) is not None


def _lacks(part: re.Pattern[str]) -> Test:
    return lambda text: part.search(text) is None


def _counted(match: re.Match[str]) -> tuple[Test, Test]:
    bound = _BOUNDS[(match[4] or match[5] or match[6] or match[1] or "exactly").lower()]
    wanted = _NUMBERS.get(match[2].lower()) or int(match[2])
    unit = match[3].lower().removesuffix("s")
    kept_off, broken_off = (share * wanted if unit == "word" else 0 for share in _WORDS_OFF)

    def off(text: str) -> float | None:
        count = _count(text, unit)
        if count is None:
            return None
        over = count - wanted
        return max(0, over) if bound == "at most" else max(0, -over) if bound == "at least" else abs(over)

    def kept(text: str) -> bool:
        distance = off(text)
        return distance is not None and distance <= kept_off

    def broken(text: str) -> bool:
        distance = off(text)
        return distance is not None and distance > broken_off

    return kept, broken


def _count(text: str, unit: str) -> int | None:
    """How many of `unit` a response has; None where that is not plain to see."""
    items = len(_ITEM.findall(text))
    if unit == "word":
        return len(text.split())
    if unit == "sentence":
        return None if items else len(_STOPS.findall(text)) or None
    if unit == "line":
        return sum(bool(line.strip()) for line in text.splitlines())
    if unit == "paragraph":
        return None if items else len(re.split(r"\n\s*\n", text.strip()))
    return items or (None if unit == "step" else 0)


def _form(form: str) -> tuple[Test, Test]:
    if form == "json":
        return _is_json, lambda text: "{" not in text and "[" not in text
    if form == "table":
        rows = re.compile(r"^.*\|.*\|", re.MULTILINE)
        return lambda text: len(rows.findall(text)) > 1, lambda text: not re.search(r"[|\t]|<t[dr]", text)
    return lambda text: len(_ITEM.findall(text)) > 1, lambda text: "\n" not in text.strip()


def _is_json(text: str) -> bool:
    fenced = _FENCE.search(text)
    try:
        return isinstance(json.loads(fenced[1] if fenced else text), (dict, list))
    except (ValueError, RecursionError):
        return False
