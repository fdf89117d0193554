"""Numbers as they stand in a solution: what each is worth, how exactly it is given, whether it is computed with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from ste_plugin.negatives.units import unit_behind

_VULGAR = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅛": "1/8"}
_LAYOUT = (
    (re.compile(r"[\u00a0\u202f\u2009]"), " "),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"(?<=[0-9])\\[,!](?=[0-9]{3})"), ""),
    (re.compile(r"\\[,!;: ]"), " "),
    (re.compile(r"\\(?:text|mathrm|textbf|mathbf)\{([^{}]*)\}"), r" \1 "),
    (re.compile(r"(?<=[0-9])\s*\\[dt]?frac\{(\d{1,9})\}\{(\d{1,9})\}"), r" \1/\2"),
    (re.compile(r"\\[dt]?frac\{(-?\d{1,9})\}\{(\d{1,9})\}"), r"\1/\2"),
    (re.compile(r"\\(?:times|cdot)\b"), "*"),
    (re.compile(r"\\div\b"), "/"),
    (re.compile(r"\\approx\b"), "≈"),
    (re.compile(r"\\%"), "%"),
    (re.compile(r"(?<![0-9])\*\*|\*\*(?![0-9])|[$€£`]|\\[()\[\]$]"), ""),
)

_RUN = re.compile(r"(?<![\w.])-?(?:[0-9]{1,9} (?=[0-9]+/[0-9]))?[0-9](?:[0-9,./:]*[0-9])?")
_WHOLE = r"(?:[0-9]{1,3}(?:,[0-9]{3}){1,4}|[0-9]{1,15})"
_DECIMAL = re.compile(rf"-?{_WHOLE}(?:\.[0-9]{{1,15}})?")
_RATIO = re.compile(r"(-?)(?:([0-9]{1,9}) )?([0-9]{1,9})/([0-9]{1,9})")
_SIZES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_SIZE = re.compile(rf"\s*({'|'.join(_SIZES)})\b", re.IGNORECASE | re.ASCII)  # "ı" is no "i" of the table
_UNREADABLE_AFTER = re.compile(
    r"[^\W\d_]|[\\({^_]|\s*(?:\\pi|π|√|\\sqrt)| (?=[0-9]{3}(?![0-9]))|\s*(?:hundred|dozens?|hal(?:f|ves)|thirds?|"
    r"quarters?|fifths?|tenths?|k|M|bn)\b|\s+and (?:a|one|two|three) (?:half|third|quarter)",
    re.IGNORECASE,
)
_UNREADABLE_BEFORE = re.compile(r"(?:√|sqrt[{(]?|[0-9] )$")
_LABEL_BEFORE = re.compile(r"(?:^|\n)[ \t]*(?:step[ \t]*|#+[ \t]*)?$", re.IGNORECASE)
_LABEL_AFTER = re.compile(r"[.):][ \t]+\S")
_UNIT = r"(?:\s*(?!(?:or|and|so|then)\b)[a-z%°]+){0,2}?"
_OPERATOR_AFTER = re.compile(rf"{_UNIT}\s*\)?\s*(?:[=≈]|[-+*/^×÷·x]\s*\(?-?[0-9(])", re.IGNORECASE)
_OPERATOR_BEFORE = re.compile(
    rf"(?:[0-9)%]{_UNIT}\s*(?:\bx|(?<=[0-9])x)|[^\s*][ ]*[+*/^×÷·]|[0-9]\*\*|[\w)%][ ]*-)\s*[({{]?$", re.IGNORECASE
)
_NEAR = 60
"""Characters on either side of a number that tell what part it has."""


@dataclass(frozen=True, slots=True)
class WrittenNumber:
    """A number at `start` to `end` of a text.

    Attributes:
        value: None where it cannot be read for sure, as "33,3", "5-6", "3x" or "2 dozen".
        step: what its last digit stands for, 1/10 for "33.3"; 0 for a fraction, which is exact.
        operand: part of a computation, and not what that comes to.
        unit: of measure, behind it ("foot" for "3 feet"); "" for none that is known.
    """

    value: Fraction | None
    step: Fraction
    operand: bool
    start: int
    end: int
    unit: str = ""


def plain(text: str) -> str:
    """`text` with LaTeX, bold type and currencies taken away as far as numbers are concerned."""
    text = text.replace("−", "-")
    for sign, ratio in _VULGAR.items():
        text = text.replace(sign, f" {ratio}")
    for pattern, new in _LAYOUT:
        text = pattern.sub(new, text)
    return text


def written_numbers(text: str) -> list[WrittenNumber]:
    """All numbers of `text`, which `plain` gave, in order; labels of steps and list items are none."""
    found = []
    for match in _RUN.finditer(text):
        before, after = text[max(0, match.start() - _NEAR) : match.start()], text[match.end() : match.end() + _NEAR]
        if match.start() > _NEAR:
            before = "…" + before
        if _LABEL_BEFORE.search(before) and _LABEL_AFTER.match(after) and match[0].isdigit():
            continue
        found.append(_written(match, before, after))
    return found


def _written(match: re.Match[str], before: str, after: str) -> WrittenNumber:
    operand = bool(_OPERATOR_AFTER.match(after) or _OPERATOR_BEFORE.search(before))
    size = _SIZE.match(after)
    factor = _SIZES[size[1].lower()] if size else 1
    read = None if _UNREADABLE_AFTER.match(after) or _UNREADABLE_BEFORE.search(before) else _read(match[0])
    if before.endswith("-"):  # "5-6" is a range or a difference
        read = None
    if read is None:
        return WrittenNumber(None, Fraction(0), operand, match.start(), match.end())
    value, step = read[0] * factor, read[1] * factor
    return WrittenNumber(value, step, operand, match.start(), match.end(), unit_behind(after))


def _read(run: str) -> tuple[Fraction, Fraction] | None:
    """(value, what the last digit stands for)."""
    if _DECIMAL.fullmatch(run):
        digits = run.replace(",", "")
        return Fraction(digits), Fraction(1, 10 ** len(digits.partition(".")[2]))
    ratio = _RATIO.fullmatch(run)
    if ratio is None or int(ratio[4]) == 0:
        return None
    value = int(ratio[2] or 0) + Fraction(int(ratio[3]), int(ratio[4]))
    return (-value if ratio[1] else value), Fraction(0)
