"""What a stage asks a model and what it gets back; the same for every harness and provider."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any, Literal, TypeVar

from ste_plugin.pairs import Message
from ste_plugin.verdicts import closed_verdict, holds_verdict

StopReason = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class ForcedVerdict:
    """A verdict that is written for a model which does not write one itself (DESIGN section 4).

    When a draw ends (end of text, or its token budget) without a verdict (the pattern `complete`) of the judge's
    own, the engine appends `opening`, lets the model choose one of `labels` by its probability and appends `closing`.
    A denied verdict is none, nor is one in a quotation of `quoted`: the responses shown that hold a verdict.
    """

    opening: str
    closing: str
    labels: tuple[str, ...]
    complete: str
    quoted: tuple[str, ...] = ()

    def found_in(self, text: str, *, cut: bool = False) -> bool:
        """Whether `text` already holds a verdict; see `holds_verdict`."""
        return holds_verdict(text, re.compile(self.complete), self.closing, self.quoted, cut=cut)

    def closed_in(self, text: str, *, ended: bool = False) -> int | None:
        """Where a verdict ends behind which nothing more has to be written; see `closed_verdict`."""
        return closed_verdict(text, re.compile(self.complete), self.quoted, ended=ended)

    def to_json(self) -> dict[str, object]:
        """As plain JSON values, to travel in a harness's provider-specific options."""
        return {
            "opening": self.opening,
            "closing": self.closing,
            "labels": list(self.labels),
            "complete": self.complete,
            **({"quoted": list(self.quoted)} if self.quoted else {}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> ForcedVerdict:
        """The inverse of `to_json`. Raises KeyError for a field that is missing."""
        labels, quoted = data["labels"], data.get("quoted", ())
        assert isinstance(labels, (list, tuple)) and isinstance(quoted, (list, tuple))
        return cls(
            opening=str(data["opening"]),
            closing=str(data["closing"]),
            labels=tuple(str(label) for label in labels),
            complete=str(data["complete"]),
            quoted=tuple(str(text) for text in quoted),
        )


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One prompt and how often, how long and how hot to continue it.

    `temperature` 0 is greedy. `draws` continuations share one prefill; draw j of seed s is the same text
    whatever else is in the batch (up to the rounding of the number format). `stop` strings end a draw
    and stay out of its text. `role` names the model role that answers; "" is the stage's own model.
    """

    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int | None = None
    seed: int = 0
    draws: int = 1
    stop: tuple[str, ...] = ()
    forced: ForcedVerdict | None = None
    role: str = ""

    def key(self, model: str) -> str:
        """32 hex digits that name this request to `model`: equal for equal requests, in every process."""
        settings = asdict(self)
        if not self.role:  # the key of a request of before there were roles
            del settings["role"]
        if self.forced is not None and not self.forced.quoted:  # likewise
            del settings["forced"]["quoted"]
        text = json.dumps([model, settings], sort_keys=True, ensure_ascii=True)
        return blake2b(text.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """One draw. `tokens` counts what was generated, appended verdict openings included."""

    text: str
    tokens: int
    stop_reason: StopReason
    forced: bool = False
    label_probabilities: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class ModelAnswers:
    """All draws of one request, in draw order.

    A prompt that does not fit the model has no answers and says how many tokens would fit in `limit`.
    """

    prompt_tokens: int
    answers: tuple[Answer, ...]
    limit: int | None = None

    @property
    def too_long(self) -> bool:
        """Whether the prompt did not fit. Nothing is ever cut silently."""
        return self.limit is not None

    @property
    def tokens(self) -> int:
        """Tokens generated, all draws together."""
        return sum(answer.tokens for answer in self.answers)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ModelAnswers:
        """The inverse of `to_json`. Raises KeyError or TypeError for data of another shape."""
        answers = tuple(Answer(**answer) for answer in data["answers"])
        return cls(data["prompt_tokens"], answers, data["limit"])


T = TypeVar("T")
Steps = Generator[ModelRequest, ModelAnswers, T]
"""A stage for one item, free of input and output: it yields requests, is sent the answers, returns its result.

A harness shell drives it with whatever model it has; a test drives it with a function.
"""


def derive_seed(*parts: object) -> int:
    """A seed in [0, 2**63) that depends on `parts` alone, in every process the same."""
    text = "\0".join(str(part) for part in parts)
    # surrogatepass: a lone surrogate is legal in JSON, and so in an id.
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") >> 1
