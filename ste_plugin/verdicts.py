"""What a judge decided, and how its answer is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

from ste_plugin.quotations import collapse, is_quotation
from ste_plugin.verdict_context import is_denied, is_revised

Label = Literal["A", "B", "TIE", "UNPARSED"]
Rule = Literal["last", "paper", "rewardbench"]

RULES: tuple[Rule, ...] = ("last", "paper", "rewardbench")

# What may stand between two verdicts that are given side by side ("[[A]] or [[B]]", "[[A]] / **[[B]]**").
_JOINT = re.compile(r"(?:[\W_]|\b(?:or|and|not|nor|vs|versus)\b){0,40}", re.IGNORECASE)
_WORD_CHAR = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judge's decision in terms of what it saw ("A" stood first).

    `reason` is machine-readable and present exactly when the label is "UNPARSED": "empty", "no_verdict",
    "conflicting", "truncated", "tie_not_allowed" or "quoted_only".
    """

    label: Label
    reason: str | None = None

    def __post_init__(self) -> None:
        if (self.label == "UNPARSED") != (self.reason is not None):
            raise ValueError(f"a reason belongs to UNPARSED and to nothing else: {self.label}, {self.reason}")

    @property
    def parsed(self) -> bool:
        return self.label != "UNPARSED"


@dataclass(frozen=True, slots=True)
class VerdictFormat:
    """How a judge is asked to write its verdict.

    Attributes:
        name: key in `FORMATS`, or the declaration it was read from (see `ste_plugin.verdict_formats`).
        pattern: finds well-formed verdicts; its first group is what is looked up in `labels`. Every
            repetition in it is bounded, so that searching any text takes linear time.
        labels: captured text, case folded and without white space -> label.
        texts: what may stand between `opening` and `closing` -> label, in the order of an offer.
        opening: text that opens a forced verdict.
        closing: text that closes it; may be empty.
        at_end: a verdict counts only where nothing but white space follows.
        at_start: a verdict counts only where nothing but white space precedes.
        score_range: the verdict is two scores, first A's, and the higher one wins; each has to be within this
            range (both ends included). The pattern's groups are the two numbers; `labels` and `texts` are empty.
    """

    name: str
    pattern: re.Pattern[str]
    labels: Mapping[str, Label] = field(hash=False)
    texts: Mapping[str, Label] = field(hash=False)
    opening: str
    closing: str
    at_end: bool = False
    at_start: bool = False
    score_range: tuple[int, int] | None = None

    @property
    def can_be_forced(self) -> bool:
        """Whether a verdict can be written behind a judge's reasoning by choosing one of `texts`."""
        return bool(self.texts) and not self.at_start

    @property
    def complete(self) -> str:
        """The pattern of a verdict that stands where it counts in the text that has been written."""
        return self.pattern.pattern + (r"\s*\Z" if self.at_end else "")

    @property
    def has_tokens(self) -> bool:
        """Whether a verdict is a literal token; where it needs a line of its own, it is more than that."""
        return bool(self.texts) and not self.opening.startswith("\n")

    @property
    def has_ties(self) -> bool:
        """Whether a judge can say in this format that neither is better."""
        return self.score_range is not None or "TIE" in self.labels.values()


@dataclass(frozen=True, slots=True)
class _Found:
    """A well-formed verdict at text[start:end]. `label` is a `Label` where the format is known."""

    label: str
    start: int
    end: int


def parse_verdict(
    text: str,
    format: VerdictFormat,
    *,
    ties: bool,
    rule: Rule = "last",
    truncated: bool = False,
    quoted: Sequence[str] = (),
) -> Verdict:
    """Read the verdict in a judge's answer. Never raises, whatever the text.

    Rule "last": the last well-formed verdict that does not stand in a quoted candidate answer counts. A
    verdict revised on a later line is fine, and one that is denied ("not [[B]]", "better than [[B]]") is none.
    UNPARSED are:

    - "empty": nothing but white space.
    - "conflicting": different verdicts on the line of the last one, unless words between them take the earlier
      one back ("on reflection", "therefore"), or side by side across lines with nothing but punctuation or words
      like "or" between them.
    - "tie_not_allowed": the last verdict is a tie and `ties` is false.
    - "quoted_only": every verdict stands in a quotation of one of `quoted` (the candidate answers), see
      `is_quotation`.
    - "truncated": the answer was cut (`truncated`) and holds no completed verdict. Completed is one that its
      closing mark ends and whose line goes on with punctuation at most: "I lean to [[A]], because" was cut in
      the middle of an argument and could have gone either way; "[[A]]", a line end and babble could not.
    - "no_verdict": none of the above applies and there is no verdict.

    Rules "paper" and "rewardbench" look for the literal tokens and heed neither lines nor quotations. "paper"
    (Self-Taught Evaluators, arXiv 2408.02666): different tokens are "conflicting". "rewardbench" (its
    published scorer): the first label of A, B, tie whose token is present wins.
    """
    if rule == "last":
        return _parse_last(text, format, ties, truncated, quoted)
    present = {label for token, label in format.texts.items() if format.opening + token + format.closing in text}
    if not ties:
        tie_only = present == {"TIE"}
        present.discard("TIE")
        if tie_only:
            return Verdict("UNPARSED", "tie_not_allowed")
    if not present:
        return _nothing_found(text, truncated)
    if rule == "paper" and len(present) > 1:
        return Verdict("UNPARSED", "conflicting")
    return Verdict(min(present))  # "A" < "B" < "TIE"


def _parse_last(text: str, format: VerdictFormat, ties: bool, truncated: bool, quoted: Sequence[str]) -> Verdict:
    found = _find(text, format)
    if not found:
        return _nothing_found(text, truncated)
    own = _final_verdicts(text, found, [collapse(answer) for answer in quoted])
    if not own:
        return Verdict("UNPARSED", "quoted_only")
    if len(own) > 1:
        return Verdict("UNPARSED", "conflicting")
    if truncated and not _completed(text, own[0], format.closing):
        return Verdict("UNPARSED", "truncated")
    if own[0].label == "TIE" and not ties:
        return Verdict("UNPARSED", "tie_not_allowed")
    return Verdict(cast(Label, own[0].label))


def holds_verdict(text: str, pattern: re.Pattern[str], closing: str, quoted: Sequence[str], *, cut: bool) -> bool:
    """Whether rule "last" finds a verdict in `text`, be it a tie or two at once; with `cut`, a completed one."""
    own = _own_verdicts(text, pattern, quoted)
    return len(own) > 1 or (len(own) == 1 and (not cut or _completed(text, own[0], closing)))


def closed_verdict(text: str, pattern: re.Pattern[str], quoted: Sequence[str], *, ended: bool) -> int | None:
    """Where the verdict ends that rule "last" reads, if its line ends behind it with punctuation at most.

    Before the end of its line nobody knows: "[[A]]" may go on as "[[A]] or [[B]]". With `ended` nothing follows `text`.
    """
    own = _own_verdicts(text, pattern, quoted)
    if len(own) != 1:
        return None
    end = len(text[: own[0].end].rstrip())
    line, newline, _ = text[end:].partition("\n")
    return end if (newline or ended) and _WORD_CHAR.search(line) is None else None


def _own_verdicts(text: str, pattern: re.Pattern[str], quoted: Sequence[str]) -> list[_Found]:
    """As `_final_verdicts`, of the verdicts by `pattern`; different are those that are written in another way."""
    found = _undenied(text, pattern, lambda match: "".join((match[min(pattern.groups, 1)] or "").split()).casefold())
    return _final_verdicts(text, found, [collapse(answer) for answer in quoted]) if found else []


def _nothing_found(text: str, truncated: bool) -> Verdict:
    if truncated:
        return Verdict("UNPARSED", "truncated")
    return Verdict("UNPARSED", "no_verdict" if text.strip() else "empty")


def _find(text: str, format: VerdictFormat) -> list[_Found]:
    found = _undenied(text, format.pattern, lambda match: _label(match, format))
    if format.at_end and found and text[found[-1].end :].strip():
        return []
    if format.at_start:
        return found[:1] if found and not text[: found[0].start].strip() else []
    return found


def _undenied(text: str, pattern: re.Pattern[str], label_of: Callable[[re.Match[str]], str | None]) -> list[_Found]:
    """Verdicts by `pattern` that have a label and are not denied."""
    found = []
    denied_until: int | None = None
    for match in pattern.finditer(text):
        label = label_of(match)
        if label is None:
            continue
        if is_denied(text, match.start(), match.end(), denied_until):
            denied_until = match.end()
        else:
            denied_until = None
            found.append(_Found(label, match.start(), match.end()))
    return found


def _label(match: re.Match[str], format: VerdictFormat) -> Label | None:
    if format.score_range is None:
        return format.labels.get("".join((match[1] or "").split()).casefold())
    low, high = format.score_range
    a, b = float(match[1]), float(match[2])
    if not (low <= a <= high and low <= b <= high):
        return None
    return "A" if a > b else "B" if b > a else "TIE"


def _final_verdicts(text: str, found: Sequence[_Found], candidates: Sequence[str]) -> list[_Found]:
    """The last verdict of the judge's own and, if there is one, a different one in one breath with it."""
    last: _Found | None = None
    line_start = 0
    for verdict in reversed(found):
        if last is None:
            if not is_quotation(text, verdict.start, verdict.end, candidates):
                last = later = verdict
                line_start = text.rfind("\n", 0, last.start) + 1
            continue
        same_line = verdict.end > line_start
        if not same_line and not _JOINT.fullmatch(text, verdict.end, later.start):
            break
        if same_line and is_revised(text[verdict.end : later.start]):
            break
        if verdict.label != last.label and not is_quotation(text, verdict.start, verdict.end, candidates):
            return [last, verdict]
        later = verdict
    return [] if last is None else [last]


def _completed(text: str, verdict: _Found, closing: str) -> bool:
    rest = text[verdict.end :]
    if not rest:
        return bool(closing)  # without a closing mark "A" may be the beginning of "A clear case of ..."
    return _WORD_CHAR.search(rest.split("\n", 1)[0]) is None


_ARENA: dict[str, Label] = {"A>>B": "A", "A>B": "A", "A=B": "TIE", "B>A": "B", "B>>A": "B"}
_ARENA_MIRRORED: dict[str, Label] = {"A<<B": "B", "A<B": "B", "B=A": "TIE", "B<A": "A", "B<<A": "A"}
_LETTERS: dict[str, Label] = {"a": "A", "b": "B", "c": "TIE", "tie": "TIE"}

_NOUNS = ("assistant", "response", "answer", "output", "model", "option")

_BRACKETS = VerdictFormat(
    name="brackets",
    pattern=re.compile(
        r"\\?\[\\?\[\s{0,3}[*_]{0,3}(?i:(?:(?:final\s)?verdict|winner)\s?[:=]\s{0,3})?"
        rf"(?i:ai\s)?((?i:(?:{'|'.join(_NOUNS)})[\s_]{{1,3}}[abc])|[ABC]|(?i:tie))"
        r"[*_]{0,3}\s{0,3}\\?\]\\?\]"
    ),
    # A letter alone has to be a capital: in code, x[[a]] is an index.
    labels=_LETTERS
    | {f"{noun}{blank}{letter}": _LETTERS[letter] for noun in _NOUNS for blank in ("", "_") for letter in "abc"},
    texts={"A": "A", "B": "B", "C": "TIE"},
    opening="[[",
    closing="]]",
)

# Recorded answers have often been through a web page, so ">" may stand there as "&gt;".
_COMPARED = r"\s{0,2}(?:(?:>|&gt;){1,2}|(?:<|&lt;){1,2}|=)\s{0,2}"

_ARENA_SCALE = VerdictFormat(
    name="arena",
    pattern=re.compile(rf"\\?\[\\?\[\s{{0,3}}[*_]{{0,3}}(A{_COMPARED}B|B{_COMPARED}A)[*_]{{0,3}}\s{{0,3}}\\?\]\\?\]"),
    labels={
        spelling.casefold(): label
        for key, label in {**_ARENA, **_ARENA_MIRRORED}.items()
        for spelling in (key, key.replace(">", "&gt;").replace("<", "&lt;"))
    },
    texts=_ARENA,
    opening="[[",
    closing="]]",
)

# "Output (a)" is also how such judges speak of an answer in passing, so it is a verdict only behind a word
# that announces one, alone on a line, or in "Output (a) is better" and the like.
_OUTPUT_PAREN = VerdictFormat(
    name="output_paren",
    pattern=re.compile(
        r"(?im)"
        r"(?:\b(?:verdict|winner|answer|choice|decision|select|choose|prefer|better|best)"
        r"(?:\s(?:output|one|response))?(?:\sis|\swould\sbe)?[\s:*_\"'`]{1,6}"
        r"|^[ \t>*_\"'`“#-]{0,6}(?=output\s{1,3}\(\s?[ab]\s?\)[ \t.*_\"'`”\r]{0,6}$)"
        r"|(?=output\s{1,3}\(\s?[ab]\s?\)[*_\"'`”]{0,4}\s(?:is|was|would\sbe|seems|appears)\s"
        r"(?:(?!not\b|no\b|neither\b)\w{1,20}\s){0,3}[*_]{0,3}"
        r"(?:better|best|superior|preferable|preferred|winner)\b))"
        r"output\s{1,3}\(\s?([ab])\s?\)"
    ),
    labels=_LETTERS,
    texts={"a": "A", "b": "B"},
    opening="Output (",
    closing=")",
)

_WINNER_NUMBER = VerdictFormat(
    name="winner_number",
    pattern=re.compile(
        r"(?i)\bwinner[*_]{0,3}(?:\s{0,3}[:=]|\sis\b:?)[\s*_\"'`(\[{<]{0,6}"
        r"(?:(?:assistant|response|answer|output|model)\s{0,3})?#?(1|2|tie|draw)\b"
        r"(?!\.\d|\s{0,2}(?:or|and|,|/|&|vs)\s{0,2}[12]\b)"
    ),
    labels={"1": "A", "2": "B", "tie": "TIE", "draw": "TIE"},
    texts={"1": "A", "2": "B", "tie": "TIE"},
    opening="Winner: ",
    closing="",
)

_FINAL_LINE = VerdictFormat(
    name="final_line",
    pattern=re.compile(
        r"(?m)^[ \t>*_\"'“‘`(\[#-]{0,8}"
        r"(?i:(?:(?:so|thus|hence|therefore|my|the|final|overall|better|best)[,\s]{1,2}){0,4}"
        r"(?:verdict|answer|choice|winner|decision|judge?ment|preference|response|assistant|output|option|one)"
        r"[*_]{0,3}(?:\s{0,2}[:=]|\sis\b:?)[ \t*_\"'“‘`(\[]{0,6}"
        r"|(?:(?:so|thus|hence|therefore)[,:]?\s)?(?:i\s(?:would\s)?(?:choose|pick|select|prefer)\s)?)?(?:\$?\\boxed\{)?"
        r"(?i:(?:assistant|response|answer|output|option|model)\s)?"
        r"([AB]|(?i:tie))[ \t\r*_\"'”’`)\]}$.!]{0,8}$"
    ),
    labels=_LETTERS,
    texts={"A": "A", "B": "B", "tie": "TIE"},
    opening="\n",
    closing="",
    at_end=True,
)

FORMATS: dict[str, VerdictFormat] = {
    format.name: format for format in (_BRACKETS, _ARENA_SCALE, _OUTPUT_PAREN, _WINNER_NUMBER, _FINAL_LINE)
}
