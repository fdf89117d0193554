"""Ways to make a text worse: pure functions of a text and a stream of draws, None where the text gives no hold.

A change that may leave the text as good as it was is not made: list items that change places, "5 + 7" or "Romeo and
Juliet" the other way round, two opposites that cancel out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from ste_plugin.draws import Draws

Degradation = Callable[[str, Draws], str | None]

MOST_TRIED = 12
"""Places looked at for one of two values to exchange, and again for the other."""

_SENTENCE = re.compile(r"[^\n.!?]+(?:[.!?]+(?=\s|$)|(?=\n|$))")
_NUMBER = re.compile(r"(?<![\w.,:/-])\d{1,6}(?:\.\d+)?(?![\w:/-]|[.,]\d)")
_LABEL = re.compile(r"^[ \t]*(?:[-*•+][ \t]|(?:step[ \t]+)?\(?\d+[.):]|#+[ \t]|\|)", re.IGNORECASE)
"""What a list item, a step, a heading or a row of a table starts with."""
_LEANS = re.compile(
    r"(?:it|its|he|his|she|her|they|their|them|this|that|these|those|such|there|here|then|next|after|afterwards|"
    r"finally|lastly|first|second|third|however|therefore|thus|so|but|also|moreover|instead|otherwise|for example|"
    r"in addition|as a result|because of this|on the other hand|once|now|both|another|the other)\b",
    re.IGNORECASE,
)
"""How a sentence begins that needs the one before it."""
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{2,}\b")
_OPPOSITES = (
    ("always", "never"), ("before", "after"), ("increase", "decrease"), ("more", "less"), ("first", "last"),
    ("hot", "cold"), ("large", "small"), ("high", "low"), ("add", "remove"), ("best", "worst"), ("open", "close"),
    ("left", "right"), ("up", "down"), ("inside", "outside"), ("early", "late"),
    ("should", "should not"), ("important", "unimportant"), ("safe", "unsafe"), ("north", "south"), ("east", "west"),
    ("day", "night"),
    ("start", "end"), ("light", "dark"), ("fast", "slow"), ("positive", "negative"), ("all", "none"), ("true", "false"),
)  # fmt: skip
OPPOSITES = {a: b for one, two in _OPPOSITES for a, b in ((one, two), (two, one))}
_WORD = re.compile(
    r"(?<![\w'’-])(?<!not )(?<!n't )(?<!no )(?:" + "|".join(sorted(OPPOSITES, key=len, reverse=True)) + r")(?![\w'’-])"
)
_CAN = re.compile(
    r"(?i:\b(?:I|you|we|they|he|she|it|who|people|everyone|anyone) )(?:(?P<can>can)(?= (?!not\b|of\b)[a-z])|cannot\b)"
)
"""A verb, behind its subject; the "can" of "trash can" is none."""


def sentences(text: str) -> list[tuple[int, int]]:
    """Where each sentence stands: (start, end), without the white space around it."""
    found = []
    for match in _SENTENCE.finditer(text):
        start = match.start() + len(match.group()) - len(match.group().lstrip())
        if match.group().strip():
            found.append((start, match.end()))
    return found


def _replaced(text: str, spans: list[tuple[int, int]], new: list[str]) -> str:
    for (start, end), part in sorted(zip(spans, new, strict=True), reverse=True):
        text = text[:start] + part + text[end:]
    return text


def shuffled_sentences(text: str, draws: Draws) -> str | None:
    """The sentences of the prose in another order, in which one that needs the sentence before it ("It ...", "Then
    ...") stands behind another; the length stays. List items stay in their places: their order may not matter.
    """
    spans = [(start, end) for start, end in sentences(text) if not _in_a_list(text, start)]
    parts = [text[start:end] for start, end in spans]
    leaning = [n for n in range(1, len(parts)) if _LEANS.match(parts[n])]
    if len(spans) < 3 or not leaning:
        return None
    for _ in range(4):
        order = draws.shuffled(range(len(parts)))
        before = {this: previous for previous, this in pairwise(order)}
        torn = any(n not in before or parts[before[n]] != parts[n - 1] for n in leaning)
        if torn and sum(parts[n] != parts[at] for at, n in enumerate(order)) >= 2:
            return _replaced(text, spans, [parts[n] for n in order])
    return None


def _in_a_list(text: str, place: int) -> bool:
    return _LABEL.match(text[text.rfind("\n", 0, place) + 1 :]) is not None


def repeated(text: str, draws: Draws) -> str | None:
    """Sentences of the second half are replaced by repetitions of an earlier one, up to about the same length.

    None where that one does not stand there more often than before: the text would only lose its last sentences, and
    may be the better for it.
    """
    spans = sentences(text)
    if len(spans) < 3:
        return None
    at = draws.between(0, max(0, len(spans) // 2 - 1))
    start, end = spans[at]
    kept, unit = text[: spans[at + 1][0]].rstrip() + " ", text[start:end].strip()
    while len(kept) + len(unit) // 2 < len(text):
        kept += unit + " "
    return kept.rstrip() if kept.count(unit) > text.count(unit) else None


def cut_off(text: str, draws: Draws) -> str | None:
    """Ends in the middle of a sentence, somewhere between a third and four fifths."""
    words = list(re.finditer(r"\S+", text))
    if len(words) < 15:
        return None
    last = words[int(len(words) * (0.34 + 0.46 * draws.between(0, 100) / 100))]
    return text[: last.start()].rstrip(" ,.;:!?\n")


def numbers_swapped(text: str, draws: Draws) -> str | None:
    """Two different numbers of different sentences change places, or one is changed. Labels of list items stay."""
    spans = [match.span() for match in _NUMBER.finditer(text) if not _is_a_label(text, match.end())]
    swapped = _swapped(text, spans, draws)
    if swapped is not None:
        return swapped
    whole = [span for span in spans if "." not in text[slice(*span)]]
    if not whole:
        return None
    at = draws.pick(whole)
    value = int(text[slice(*at)])
    return _replaced(text, [at], [str(value + draws.pick([d for d in (-3, -2, -1, 1, 2, 3, 10) if value + d >= 0]))])


def _is_a_label(text: str, end: int) -> bool:
    """Whether a number that ends at `end` numbers a list item."""
    line = text[text.rfind("\n", 0, end) + 1 :]
    label = _LABEL.match(line)
    return label is not None and len(text) - len(line) + label.end() >= end


def facts_swapped(text: str, draws: Draws) -> str | None:
    """Two names of different sentences change places, or up to two words, of different sentences, are turned into
    their opposites.
    """
    if draws.chance(0.5):
        swapped = _swapped(text, [match.span() for match in _NAME.finditer(text)], draws)
        if swapped is not None:
            return swapped
    turned = _opposites(text)
    if not turned:
        return None
    one = draws.pick(turned)
    others = [other for other in turned if other[0] != one[0]]
    taken = [one, draws.pick(others)] if others else [one]
    return _replaced(text, [span for _, span, _ in taken], [new for _, _, new in taken])


def _swapped(text: str, spans: list[tuple[int, int]], draws: Draws) -> str | None:
    """Two different values exchanged between sentences. Within one, "5 + 7", "Anna, Ben and Carl" or "5 apples and 7
    apples" may say the same the other way round; and so may sentences that are the same but for the value.
    """
    bounds = sentences(text)
    places = [(number, span) for span in spans if (number := _sentence_of(bounds, span)) is not None]
    for one, first in draws.shuffled(places)[:MOST_TRIED]:
        for two, second in draws.shuffled(places)[:MOST_TRIED]:
            values = text[slice(*first)], text[slice(*second)]
            if one == two or values[0] == values[1]:
                continue
            new = _replaced(text, [first, second], [values[1], values[0]])
            if _as_a_set(new) != _as_a_set(text):
                return new
    return None


def _sentence_of(bounds: list[tuple[int, int]], span: tuple[int, int]) -> int | None:
    return next((n for n, (start, end) in enumerate(bounds) if start <= span[0] and span[1] <= end), None)


def _as_a_set(text: str) -> list[str]:
    """The sentences in no order, without the labels of list items."""
    return sorted(_LABEL.sub("", text[start:end]).strip(" .!?").casefold() for start, end in sentences(text))


def _opposites(text: str) -> list[tuple[int, tuple[int, int], str]]:
    """(number of the sentence, place, the opposite) of each word that can be turned into its opposite.

    None of a sentence that has both of a couple, as in "day and night".
    """
    found = []
    for number, (start, end) in enumerate(sentences(text)):
        words = list(_WORD.finditer(text, start, end))
        present = {match[0] for match in words}
        turned = [(match.span(), OPPOSITES[match[0]]) for match in words if OPPOSITES[match[0]] not in present]
        for match in _CAN.finditer(text, start, end):
            verb = "can" if match["can"] else "cannot"
            turned.append(((match.end() - len(verb), match.end()), "cannot" if match["can"] else "can"))
        found += [(number, span, new) for span, new in turned]
    return found


DEGRADATIONS: dict[str, Degradation] = {
    "cut off": cut_off,
    "repeated": repeated,
    "sentences shuffled": shuffled_sentences,
    "numbers swapped": numbers_swapped,
    "facts swapped": facts_swapped,
}
