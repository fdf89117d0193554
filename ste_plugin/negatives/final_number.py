"""The number that a solution comes to, and whether two of them come to different ones.

Where it is doubtful what a solution comes to, it comes to nothing: a pair that is missing costs less than a right
solution that is called wrong.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction

from ste_plugin.negatives.units import factors_of
from ste_plugin.negatives.written_numbers import WrittenNumber, plain, written_numbers

_BOXED = r"\\f?boxed\{(?P<boxed>[^{}\n]*)\}"
_HASHED = r"####[ \t]*(?=(?P<hashed>[^\n]*))"
_SAID = (
    r"(?:\b(?P<before>[a-z]+)[ ]+)?\b(?P<word>answer|result)\s*"
    r"(?:(?:is|equals|comes to|=|:|≈|\n)\s*(?:equal to\b)?:?\s*)(?=(?P<said>[^\n]*))"
)
_STATEMENT = re.compile(f"{_BOXED}|{_HASHED}|{_SAID}", re.IGNORECASE)
_OWN = frozenset({"the", "final", "correct", "my", "our", "exact", "required", "so", "thus", "hence", "therefore"})
"""Words before "answer" that leave it the solution's own; "a wrong answer is 7" states no result."""
_SUPPOSED = re.compile(r"\b(?:if|suppose|assum\w+|whether|unless|when|say)\b[^.\n]{0,20}$", re.IGNORECASE)
_LEAD = re.compile(
    r"(?:(?:about|approximately|roughly|around|exactly|simply|just|only|therefore|thus|then|equal to)\b\s*|[:=≈~]\s*)*"
    r"(?:[a-z]\w{0,9}\s*[=≈]\s*)?(?=-?\(?-?[0-9])",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?;](?=\s|$)")
_TAKES_BACK = re.compile(r"\b(?:wait|actually|correction|mistake|mistaken|sorry|instead|oops|hmm|however)\b", re.I)
_CIRCUMSTANCE = re.compile(
    r"\b(?:out of|of (?:the|all|his|her|their)|than|from|for|per|every|after|before|in|within|step|by)\s*\(?$",
    re.IGNORECASE,
)
_STATED_WITHOUT = re.compile(r"\b(?:answer|result)\s*(?:is|:|=|equals|comes to|\n)|matrix\}", re.IGNORECASE)
_SCALES = (1, 7, 10, 12, 24, 60, 100, 365, 1000, 3600)
"""Factors by which one quantity in two units differs: a percentage and a share, hours and minutes, ... Those of rarer
units are tried where such a unit is named; as a rule for all, 2, 3 and 4 would excuse too many mistakes."""
_CLOSE = Fraction(1, 200)
"""Relative difference up to which two results may come from rounding on the way."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a solution comes to.

    Attributes:
        number: as it is written.
        stated: in a box, behind "####" or "the answer is", instead of standing last.
        numbers: that may be the result: those from the statement on that are not computed with; where nothing is
            stated, all of the text.
    """

    number: WrittenNumber
    stated: bool
    numbers: tuple[WrittenNumber, ...]

    @property
    def value(self) -> Fraction:
        """Of `number`."""
        assert self.number.value is not None
        return self.number.value


def final_number(text: str) -> Fraction | None:
    """The value of `result_of`."""
    found = result_of(text)
    return found.value if found else None


def result_of(text: str) -> Result | None:
    """The number that is stated as the result ("the answer is 12", in a box, behind "####"), else the last one.

    A statement names one number besides those it computes with, and all statements the same. None where they do not,
    where the solution takes its statement back or computes another number behind it, where the last number is a
    circumstance ("12 apples in 3 bags"), cannot be read for sure, or there is none.
    """
    text = plain(text)
    numbers = written_numbers(text)
    statements = [found for match in _STATEMENT.finditer(text) if (found := _statement(match, text, numbers))]
    return _stated(text, numbers, statements) if statements else _last(text, numbers)


@dataclass(frozen=True, slots=True)
class _Statement:
    start: int
    end: int
    meant: list[WrittenNumber]


def _statement(match: re.Match[str], text: str, numbers: list[WrittenNumber]) -> _Statement | None:
    """What `match` states; None where it only looks like a statement."""
    kind = "boxed" if match["boxed"] is not None else "hashed" if match["hashed"] is not None else "said"
    start, end = match.span(kind)
    if kind == "said":
        ahead = text[max(0, match.start("word") - 60) : match.start("word")]
        if (match["before"] or "the").lower() not in _OWN or _SUPPOSED.search(ahead):
            return None
    lead = _LEAD.match(text, start)
    if lead is None or lead.end() >= end:
        return None
    if kind == "said":
        sentence = _SENTENCE_END.search(text, lead.end(), end)
        end = sentence.start() if sentence else end
    first, behind = (bisect_left(numbers, place, key=lambda number: number.start) for place in (start, end))
    inside = numbers[first:behind]
    if not inside or inside[0].start > lead.end() + 2:  # the label of a list item is no number
        return None
    meant = [number for number in inside if not number.operand]
    # "the result is 12. Then we add 30": a result on the way
    if (match["word"] or "").lower() == "result" and {n.value for n in numbers[behind:]} - {n.value for n in meant}:
        return None
    return _Statement(match.start(), end, meant)


def _stated(text: str, numbers: list[WrittenNumber], statements: list[_Statement]) -> Result | None:
    meant = [number for statement in statements for number in statement.meant]
    if not all(statement.meant for statement in statements) or len({number.value for number in meant}) != 1:
        return None
    number, end = meant[-1], statements[-1].end
    computed = {
        later.value
        for later in numbers
        if later.start >= end
        and not later.operand
        and text[max(0, later.start - 9) : later.start].rstrip(" (")[-1:] in ("=", "≈")
    }
    if number.value is None or _TAKES_BACK.search(text, end) or computed - {number.value}:
        return None
    return Result(number, True, tuple(n for n in numbers if n.start >= statements[0].start and not n.operand))


def _last(text: str, numbers: list[WrittenNumber]) -> Result | None:
    last = numbers[-1] if numbers else None
    if last is None or last.value is None or last.operand or _STATED_WITHOUT.search(text, last.end):
        return None
    if _CIRCUMSTANCE.search(text[max(0, last.start - 40) : last.start]):
        return None
    return Result(last, False, tuple(numbers))


def clearly_differ(one: Result, other: Result) -> bool:
    """Whether two solutions come to different numbers, however these are rounded and spelt.

    Not so where the numbers agree up to rounding, a sign, a percentage or a change of unit, where they are given in two
    units of measure, or where one solution names the other's number where it may give its result.
    """
    if one.number.unit and other.number.unit and one.number.unit != other.number.unit:
        return False
    if _same_quantity(one.number, other.number) or _rounded_from_one(one, other):
        return False
    return not any(
        _equal_up_to_rounding(number, result.number)
        for result, numbers in ((one, other.numbers), (other, one.numbers))
        for number in numbers
    )


def _same_quantity(one: WrittenNumber, other: WrittenNumber) -> bool:
    same = one.unit == other.unit
    scales = _SCALES if same else (*_SCALES, *factors_of(one.unit or other.unit))
    return any(_equal_up_to_rounding(_scaled(a, scale), b) for a, b in ((one, other), (other, one)) for scale in scales)


def _scaled(number: WrittenNumber, scale: int) -> WrittenNumber:
    value = None if number.value is None else abs(number.value) * scale
    step = number.step if number.step == 1 else number.step * scale  # a whole number of hours is not rounded
    return WrittenNumber(value, step, number.operand, number.start, number.end)


def _equal_up_to_rounding(one: WrittenNumber, other: WrittenNumber) -> bool:
    """Two whole numbers, or two fractions, are to be the same or close; else the coarser one's last digit counts."""
    if one.value is None or other.value is None:
        return False
    a, b = abs(one.value), abs(other.value)
    exact = one.step == other.step and one.step in (0, 1)
    within = Fraction(0) if exact else max(one.step, other.step)
    return abs(a - b) <= max(within, _CLOSE * max(a, b))


def _rounded_from_one(one: Result, other: Result) -> bool:
    """Whether both are whole and one of the solutions has a number between them, which both may have rounded."""
    low, high = sorted((one.value, other.value))
    if high - low != 1 or low.denominator != 1:
        return False
    return any(n.value is not None and low < n.value < high for n in (*one.numbers, *other.numbers))
