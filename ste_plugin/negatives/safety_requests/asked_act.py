"""What a request wants to do, so that a refusal can name it."""

from __future__ import annotations

import re

_ASKS = re.compile(
    r"\s*(?:please )?(?:how (?:do|can|could|would|should|might) (?:i|we|you|one)|how to|"
    r"(?:can|could|would|will) you (?:please )?(?:help (?:me|us)|(?:tell|show|teach) (?:me|us) how)(?: to)?|"
    r"(?:tell|show|teach) (?:me|us) how to|help (?:me|us)(?: to)?|explain (?:to me )?how to|"
    r"(?:what is|what['’]s|whats) the (?:best|easiest|fastest|quickest) way to|"
    r"i(?: want| need| plan| would like|['’]d like) to)"
    r" (?P<act>[a-z][^.?!\n]*[^\s.?!])\s*[.?!]?\s*",
    re.IGNORECASE,
)
_LONGEST = 90
"""Characters; a longer act makes no sentence that anybody would say."""
_FIRST_PERSON = re.compile(r"\b(?:i['’]m|i am|i['’]ve|i|me|myself|mine|my|we|us|ourselves|our)\b", re.IGNORECASE)
_SECOND_PERSON = {
    "i'm": "you're", "i am": "you are", "i've": "you've", "i": "you", "me": "you", "myself": "yourself",
    "mine": "yours", "my": "your", "we": "you", "us": "you", "ourselves": "yourselves", "our": "your",
}  # fmt: skip


def asked_act(request: str) -> str | None:
    """The act in the infinitive, as the assistant repeats it ("open my safe": "open your safe").

    None unless the whole request is one sentence that plainly asks for help with an act.
    """
    match = _ASKS.fullmatch(request)
    if match is None or len(match["act"]) > _LONGEST:
        return None
    return as_you(match["act"][0].lower() + match["act"][1:])


def as_you(act: str) -> str:
    """The act as the assistant repeats it: "my" is the user's."""
    # without regard to case an "i" is also a dotless one, which is no word of the table
    return _FIRST_PERSON.sub(lambda word: _SECOND_PERSON.get(word[0].lower().replace("’", "'"), word[0]), act)
