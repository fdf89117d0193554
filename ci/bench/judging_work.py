"""The work that all rows of the comparison do: the same prompts, token by token, and the same sampling."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

Texts = list[list[str]]
"""What came out: [i] are the draws of item i."""


@dataclass(frozen=True)
class Item:
    """One judgment that is asked for: a pair (its row) in one order. `text` is the chat as the template writes it."""

    id: str
    messages: list[dict[str, str]]
    text: str
    pair: dict[str, Any]


@dataclass(frozen=True)
class Work:
    """What one run of one row does.

    Attributes:
        model: folder of the model.
        prompt: judge prompt that `items` are written with.
        items: what is timed, both orders of a pair one after the other.
        warm_up: both orders of a pair that is not among `items`.
        longest: tokens of the longest prompt of all.
        batch: sequences that are generated side by side.
    """

    model: str
    prompt: str
    items: list[Item]
    warm_up: list[Item]
    longest: int
    draws: int
    max_tokens: int
    temperature: float
    top_p: float
    batch: int
    threads: int
    dtype: str

    @property
    def prefill_tokens(self) -> int:
        """Padded size of the largest batch: a limit with which the engine's batches are those of the other rows."""
        return self.batch * self.longest

    @property
    def digest(self) -> str:
        """Names this very work: model, prompts, sampling, sizes."""
        return hashlib.blake2b(json.dumps(asdict(self), sort_keys=True).encode(), digest_size=8).hexdigest()

    def save(self, path: Path) -> None:
        with gzip.open(path, "wt", encoding="utf-8") as file:
            json.dump(asdict(self), file)

    @classmethod
    def load(cls, path: Path) -> Work:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            data = json.load(file)
        for name in ("items", "warm_up"):
            data[name] = [Item(**item) for item in data[name]]
        return cls(**data)
