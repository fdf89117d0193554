"""Verdict formats by name or declared in one line, the same in a prompt's front matter and on a command line.

A declaration is the verdict as a judge writes it, with what varies in braces::

    [[{A|B|C}]]                               the first is A, the second B, a third is a tie
    Output ({a|b}) is better
    Preference: {left:A|right:B|equal:TIE}    spelled out as TEXT:LABEL
    [[{A>>B:A|A>B:A|A=B:TIE|B>A:B|B>>A:B}]]
    {1-10} {1-10} @first-line                 two scores: the first is A's, the higher one wins, equal is a tie
    {A|B} @last-line                          alone on the last line that is not blank

Behind it may stand where a verdict counts: ``@anywhere`` (the default), ``@line`` (alone on a line), ``@first-line``
or ``@last-line`` (alone on the first or last line that is not blank). ``{{`` and ``}}`` are braces.

Reading forgives what judges do to a format: bold, quotation marks, other white space, escaped brackets, the case of
words, a noun before a short label ("Winner: Response 1"). Single letters are read as declared, unless the
declaration has a word in it. A score may carry its scale ("8/10", "8 out of 10"). "8/10" alone is no verdict: it
could be one score of ten as well as two.
"""

from __future__ import annotations

import re
from typing import cast

from ste_plugin.errors import UserError
from ste_plugin.verdicts import FORMATS, Label, VerdictFormat

PLACES = ("anywhere", "line", "first-line", "last-line")

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_RANGE = re.compile(r"(\d{1,3})-(\d{1,3})")
_SPELLED = re.compile(r"(.*[^\s:].*):\s*(A|B|TIE)", re.IGNORECASE)
_PLACE = re.compile(r"\s@([\w-]+)\s*$")
_LABELS: tuple[Label, ...] = ("A", "B", "TIE")

_MARKS = r"*_\"'“”‘’`"
_LEAD = rf"^[ \t>{_MARKS}(\[#-]{{0,8}}"
_TRAIL = rf"[ \t\r{_MARKS})\].!]{{0,8}}$"
_NOUN = r"(?i:(?:assistant|response|answer|output|option|model)\s{1,3})?#?"
# "Winner: a tie" and "Preference: A slight one for B" do not name response A.
_ARTICLE_ONLY = (
    rf"(?![{_MARKS}]{{0,3}}\s{{1,2}}[{_MARKS}]{{0,3}}(?i:tie|tied|draw|toss|wash|stalemate|split|preference|bit|little|lot"
    r"|slight|slightly|clear|close|strong|marginal|narrow|small|mild|weak|moderate|mixed|tough|hard|difficult|near"
    r"|very|rather|fairly|somewhat|few|good|fair|matter|combination|mix|hybrid)\b)"
)
_NO_WORD_BEFORE, _NO_WORD_AFTER = r"(?<![^\W_])", r"(?![^\W_])"
_NO_MORE_DIGITS = _NO_WORD_AFTER + r"(?!\.\d)"
_LONGEST = 300


def read_format(spec: str) -> VerdictFormat:
    """The format of that name, or the one that `spec` declares.

    Raises:
        UserError: there is no such name, or the declaration says nothing that could be read.
    """
    name = spec.strip().replace("-", "_")
    if name in PRESETS:
        return PRESETS[name]
    if "{" not in spec:
        raise UserError(f"'{spec}'; choose of {', '.join(preset_names())}, or declare one, e.g. 'Winner: {{1|2|tie}}'")
    if len(spec) > _LONGEST or "\n" in spec:
        raise UserError(f"'{spec[:40]}...': a verdict format is one line of at most {_LONGEST} characters")
    place = _PLACE.search(spec)
    where = place[1] if place else "anywhere"
    if where not in PLACES:
        raise UserError(f"'{spec}': '@{where}' should be one of {', '.join('@' + place for place in PLACES)}")
    fixed, placeholders = _split(spec[: place.start()] if place else spec, spec)
    if len(placeholders) == 2 and all(_RANGE.fullmatch(inner) for inner in placeholders):
        return _scores(spec, fixed, placeholders, where)
    if len(placeholders) == 1:
        return _labelled(spec, fixed, placeholders[0], where)
    raise UserError(f"'{spec}' should have one {{A|B}} or two scores {{1-10}} {{1-10}}, has {len(placeholders)} braces")


def preset_names() -> tuple[str, ...]:
    """Names of the formats that need no declaration, as they are written on a command line."""
    return tuple(name.replace("_", "-") for name in PRESETS if name not in _OTHER_NAMES.values())


def _split(template: str, spec: str) -> tuple[list[str], list[str]]:
    """(the fixed texts around the placeholders, what stands in the placeholders)."""
    fixed, placeholders, done = [""], [], 0
    for match in _PLACEHOLDER.finditer(template):
        fixed[-1] += template[done : match.start()]
        if match[1] is None:
            fixed[-1] += match[0][0]
        else:
            placeholders.append(match[1])
            fixed.append("")
        done = match.end()
    fixed[-1] += template[done:]
    without = _PLACEHOLDER.sub("", template)
    if "{" in without or "}" in without:
        raise UserError(f"'{spec}': a brace is not closed; write {{{{ and }}}} for braces that belong to the verdict")
    return fixed, placeholders


def _labelled(spec: str, fixed: list[str], inner: str, where: str) -> VerdictFormat:
    texts = _texts(spec, inner)
    before, after = fixed[0].lstrip(), fixed[1].rstrip()
    if where == "anywhere" and not (before.strip() or after.strip()):
        raise UserError(f"'{spec}': a bare label may stand anywhere by chance; add @line, @first-line or @last-line")
    any_case = _has_word(before + after)
    labels = {_key(text): label for text, label in texts.items()}
    if len(labels) < len(texts):
        raise UserError(f"'{spec}': two of its texts differ in case or blanks alone")
    longest_first = sorted(texts, key=len, reverse=True)
    alternatives = "|".join(_alternative(text, any_case) for text in longest_first)
    words = "|".join(_alternative(text, any_case) for text in longest_first if _has_word(text))
    article = rf"(?:(?i:an?)\s{{1,2}}[{_MARKS}]{{0,3}}(?={words}))?" if words else ""
    edge_before = _blanks_beside(before[-1:]) if before else _NO_WORD_BEFORE
    # Behind a label that nothing closes: "Winner: 12", "Winner: 1.5" and "Winner: 1 or 2" are none.
    others = r"(?!\.\d|\s{0,2}(?:(?i:or|and|vs)\b|[,/&])\s{0,2}(?:" + alternatives + "))"
    edge_after = _blanks_beside(after[:1]) + _loose(after, closes=True) if after.strip() else _NO_WORD_AFTER + others
    pattern = (
        _loose(before) + edge_before + rf"[{_MARKS}]{{0,3}}" + _NOUN + article + f"({alternatives})"
        rf"[{_MARKS}]{{0,3}}" + edge_after
    )
    return VerdictFormat(
        name=spec,
        pattern=_placed(pattern, where),
        labels=labels,
        texts=texts,
        opening=before if where == "anywhere" else "\n" + before,
        closing=after,
        at_end=where == "last-line",
        at_start=where == "first-line",
    )


def _scores(spec: str, fixed: list[str], placeholders: list[str], where: str) -> VerdictFormat:
    if placeholders[0] != placeholders[1]:
        raise UserError(f"'{spec}': both scores should have the same range")
    match = _RANGE.fullmatch(placeholders[0])
    assert match is not None
    low, high = int(match[1]), int(match[2])
    if low >= high:
        raise UserError(f"'{spec}': the range {placeholders[0]} should be LOW-HIGH")
    before, between, after = fixed
    if where == "anywhere" and not before.strip() and not between.strip():
        raise UserError(
            f"'{spec}': two bare numbers may stand anywhere by chance; add @first-line, @line or @last-line"
        )
    between_pattern = _loose(between) if between.strip() else _between_scores(high)
    first, second = _score(high), _score(high) + _NO_MORE_DIGITS
    return VerdictFormat(
        name=spec,
        pattern=_placed(_loose(before.lstrip()) + first + between_pattern + second + _loose(after.rstrip()), where),
        labels={},
        texts={},
        opening="",
        closing="",
        at_end=where == "last-line",
        at_start=where == "first-line",
        score_range=(low, high),
    )


def _texts(spec: str, inner: str) -> dict[str, Label]:
    """Label by text, in the order of the declaration."""
    parts = [part.strip() for part in inner.split("|")]
    spelled = [_SPELLED.fullmatch(part) for part in parts]
    texts: dict[str, Label] = {}
    if any(spelled):
        texts = {match[1].strip(): cast(Label, match[2].upper()) for match in spelled if match}
    elif 2 <= len(parts) <= 3 and all(parts):
        texts = dict(zip(parts, _LABELS, strict=False))
    if len(texts) < max(len(parts), 2):
        raise UserError(
            f"'{spec}': '{{{inner}}}' should be {{A|B}}, {{A|B|TIE}}, or TEXT:LABEL each, with the labels A, B and TIE"
        )
    if not {"A", "B"} <= set(texts.values()):
        raise UserError(f"'{spec}': '{{{inner}}}' should have texts for A as well as for B")
    return texts


def _placed(pattern: str, where: str) -> re.Pattern[str]:
    return re.compile(pattern if where == "anywhere" else f"(?m){_LEAD}{pattern}{_TRAIL}")


def _key(text: str) -> str:
    return "".join(text.split()).casefold()


def _has_word(text: str) -> bool:
    return re.search(r"[^\W\d_]{2}", text) is not None


def _alternative(text: str, any_case: bool) -> str:
    pieces = re.findall(r"[^\W_]+|[^\w\s]+|_+", text)
    pattern = r"\s{0,2}".join(re.escape(piece) for piece in pieces)
    if text.casefold() == "a":
        pattern += _ARTICLE_ONLY
    return f"(?i:{pattern})" if any_case or _has_word(text) else pattern


def _blanks_beside(sign: str) -> str:
    """Blanks that may stand between a sign ("<verdict>") and the label; words keep the distance declared."""
    return "" if sign.isalnum() or sign.isspace() else r"\s{0,3}"


def _loose(text: str, *, closes: bool = False) -> str:
    """Pattern of a fixed text as judges dress it. `closes`: it ends a verdict, so nothing has to follow it."""
    pieces = re.findall(r"\s+|[^\W_]+|_+|[^\w\s]", text)
    pattern = ""
    for index, piece in enumerate(pieces):
        if piece.isspace():
            after_colon = index > 0 and pieces[index - 1] in (":", "：", "=")
            pattern += rf"[{_MARKS}]{{0,3}}\s{{{0 if after_colon else 1},4}}[{_MARKS}]{{0,3}}"
        elif piece in "[({<":
            pattern += rf"\\?\{piece}\s{{0,3}}"
        elif piece in "])}>":
            pattern += rf"\s{{0,3}}\\?\{piece}"
        elif piece in (":", "："):
            pattern += rf"[{_MARKS}]{{0,3}}\s{{0,3}}[:：][{_MARKS}]{{0,3}}"
        else:
            pattern += f"(?i:{re.escape(piece)})"
    if not closes and pieces and re.match(r"[^\W_]", pieces[0]):
        pattern = _NO_WORD_BEFORE + pattern
    if closes and pieces and re.match(r"[^\W_]", pieces[-1]):
        pattern += _NO_WORD_AFTER
    return pattern


def _score(high: int) -> str:
    scale = rf"(?:[ \t]?(?:/|out\sof)[ \t]?{high}(?!\d))?"
    return rf"(?<![\w.])[{_MARKS}]{{0,3}}(\d{{1,3}}(?:\.\d{{1,3}})?)(?!\d){scale}[{_MARKS}]{{0,3}}"


def _between_scores(high: int) -> str:
    slash = rf"/(?![ \t]?{high}(?!\d))"
    return rf"[ \t]{{0,3}}(?:[,;|&:]|{slash}|[ \t](?:and|vs\.?|[-–—])[ \t]|[ \t])[ \t]{{0,3}}"


def _owner(names: str) -> str:
    """Whose score follows: "Assistant 1: ", "The score of Response A is "."""
    noun = r"(?:assistant|response|answer|output|model|option)"
    of = r"(?:(?:the\s)?(?:score|rating)\s(?:of|for)\s)?"
    verb = r"(?:\s?[:=-]|\sis|['’]s\sscore(?::|\sis))"
    return rf"(?i:[{_MARKS}]{{0,3}}{of}{noun}\s?#?(?:{names})[{_MARKS}]{{0,3}}{verb}[{_MARKS}]{{0,3}}[ \t]{{0,3}})"


def _preset_scores(name: str, pattern: str, *, at_start: bool) -> VerdictFormat:
    return VerdictFormat(name, re.compile(pattern), {}, {}, "", "", at_start=at_start, score_range=(0, 10))


def _two_scores() -> VerdictFormat:
    """As Vicuna's judge was asked: two scores alone on the first line, with or without whose they are."""
    lead = r"(?i:(?:the\s)?(?:scores?|ratings?)(?:\sare)?\s?[:=]?\s{0,2})?[(\[]{0,2}"
    first = f"{_owner('1|A')}?{_score(10)}"
    # Where it says whose they are, the second may stand on the next line.
    own_line = rf"[ \t\r.,;]{{0,4}}\n[ \t>*-]{{0,4}}{_owner('2|B')}"
    between = rf"(?:{_between_scores(10)}[(\[]{{0,2}}{_owner('2|B')}?|{own_line})"
    second = f"{_score(10)}{_NO_MORE_DIGITS}"
    pattern = rf"(?m){_LEAD}{lead}{first}{between}{second}{_TRAIL}"
    return _preset_scores("two_scores", pattern, at_start=True)


def _named_scores() -> VerdictFormat:
    """As FairEval's judge is asked: "The score of Assistant 1: 8", then that of Assistant 2, behind the reasons."""
    between = rf"[{_MARKS}]{{0,3}}[.,;|]?[\s>#-]{{1,6}}(?:and\s)?"
    pattern = f"{_owner('1|A')}{_score(10)}{between}{_owner('2|B')}{_score(10)}{_NO_MORE_DIGITS}"
    return _preset_scores("named_scores", pattern, at_start=False)


# Names by which these formats are known elsewhere, beside the ones they have here.
_OTHER_NAMES = {"output_a": "output_paren", "last_line": "final_line"}

PRESETS: dict[str, VerdictFormat] = {
    **FORMATS,
    "two_scores": _two_scores(),
    "named_scores": _named_scores(),
    **{other: FORMATS[name] for other, name in _OTHER_NAMES.items()},
}
