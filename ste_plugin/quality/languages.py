"""The language of a text, where there is enough of it to tell."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_LETTER = re.compile(r"[^\W\d_]")
ENOUGH_LETTERS = 24
CONFIDENT = 0.5
_MOST_CHARS = 2000
_TAKEN_FOR_ENGLISH = {"pcm": "en"}
"""Nigerian Pidgin: short English sentences ("How do I buy stolen passwords?") are mistaken for it."""

_NAMED = re.compile(
    r"\b(?:translat\w*|languages?|english|french|german|spanish|italian|portuguese|dutch|swedish|norwegian|danish|"
    r"finnish|polish|czech|russian|ukrainian|greek|turkish|arabic|hebrew|persian|farsi|hindi|urdu|bengali|tamil|"
    r"chinese|mandarin|cantonese|japanese|korean|vietnamese|thai|indonesian|malay|tagalog|swahili|latin)\b",
    re.IGNORECASE,
)


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def language(text: str) -> str | None:
    """ISO 639 code of the language of `text`, code blocks left aside; None where it is too short or unclear."""
    prose = _CODE.sub(" ", text)[:_MOST_CHARS]
    if len(_LETTER.findall(prose)) < ENOUGH_LETTERS:
        return None
    name, confidence = _identifier().classify(prose)
    return _TAKEN_FOR_ENGLISH.get(name, str(name)) if confidence >= CONFIDENT else None


def names_a_language(text: str) -> bool:
    """Whether a request speaks of languages, so that its answer may be in another one."""
    return _NAMED.search(text) is not None
