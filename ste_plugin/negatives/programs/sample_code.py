"""Code that shows or tests a function and is none of what was asked for: known by the names it usually has."""

from __future__ import annotations

import re

_SHOWS = re.compile(
    r"(?:^|_)(?:[Mm]ain|[Tt]ests?|[Ee]xamples?|[Dd]emo|[Uu]sage)(?![a-z])|(?<=[a-z])(?:Tests?|Examples?|Demo)(?![a-z])"
)
_TESTS = re.compile(r"^[Tt]ests?(?![a-z])|(?:(?<=[a-z])T|_t)ests?$")


def shows_a_sample(function: str) -> bool:
    """Whether a function of this name calls others, as `main`, `test_sum` or `runExample` do: one number more or less
    in it shows another sample, and is no mistake."""
    return _SHOWS.search(function) is not None


def holds_tests(name: str) -> bool:
    """The same of a class or module; one called `Main` or `Example` may be all there is."""
    return _TESTS.search(name) is not None
