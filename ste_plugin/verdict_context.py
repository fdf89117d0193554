"""What the words around a verdict make of it: taken back by a later one, or denied where it stands."""

from __future__ import annotations

import re

# What takes back an earlier verdict on the same line ("[[A]] looked right, but my final verdict is [[B]]"): such
# words in a clause of their own, without a "not" or "than" behind them.
_REVISION = re.compile(
    r"[.,;:!?—–-]\W{0,4}(?:\w{1,20}\s){0,4}?(?:therefore|thus|hence|final|overall|ultimately|actually|correction"
    r"|in\sconclusion|in\sthe\send|on\s(?:reflection|second\sthought|closer|a\ssecond)|reconsider\w{0,5}|wait)\b"
    r"|^\W{0,4}(?:wait|correction|scratch\sthat)\b",
    re.IGNORECASE,
)
_NO_REVISION = re.compile(r"\b(?:not|or|nor|than|over|instead|rather|if|unless)\b", re.IGNORECASE)

# What ends right before a verdict that is none: "I did not choose [[B]]", "[[A]] is better than [[B]]".
_DENIAL = re.compile(
    r"(?:\b(?:not|never|cannot|can['’]t|don['’]t|didn['’]t|won['’]t|wouldn['’]t|isn['’]t)\s"
    r"(?:(?:be|say|choose|chose|pick|select|prefer|give|output|write|going\swith|go\swith)\s)?"
    r"|(?<!other\s)(?<!less\s)\bthan\s|\binstead\sof\s|\bover\s)[*_\"'“‘`(]{0,4}$",
    re.IGNORECASE,
)
_DENIAL_REACH = 40

# "Output (b) is better" is no verdict behind "I don't think that". Clauses that say something else end it.
_PREDICATE = re.compile(r"[)\]*_\"'`”]{1,8}\s(?:is|was|would\sbe|seems|appears)\s", re.IGNORECASE)
_PREDICATE_REACH = 24
_DOUBT = re.compile(
    r"(?:n['’]t|\b(?:not|cannot|neither|nor|unclear|whether))\b(?!\s(?:only|just|merely)\b)"
    r"(?:(?!\b(?:and|but|so|yet|thus|hence|therefore|while|whereas|because|since|as|which|mak\w{1,3}|mean\w{0,3})\b)"
    r"[^.,;:!?\n]){1,40}$",
    re.IGNORECASE,
)
# "I can't choose [[A]] or [[B]]" denies both.
_JOINED = re.compile(r"[\s,*_\"'“”‘’`]{0,8}(?:\b(?:or|nor)\b|/)[\s*_\"'“”‘’`]{0,8}", re.IGNORECASE)


def is_revised(between: str) -> bool:
    """Whether the words between two verdicts of one line take the first one back. Linear in their length."""
    *_, revision = (None, *_REVISION.finditer(between))
    return revision is not None and _NO_REVISION.search(between, revision.end()) is None


def is_denied(text: str, start: int, end: int, denied_until: int | None = None) -> bool:
    """Whether the words before text[start:end], a verdict, say that it is not the judge's.

    `denied_until` is the end of the verdict before this one where that is denied: "or" hands a denial on.
    """
    if denied_until is not None and _JOINED.fullmatch(text, denied_until, start):
        return True
    before = text[max(0, start - _DENIAL_REACH) : start]
    if _DENIAL.search(before):
        return True
    return _PREDICATE.search(text, start, end + _PREDICATE_REACH) is not None and _DOUBT.search(before) is not None
