"""The prompts of a batch as a tree: what several of them start with stands in it once.

The judge's instructions are common to all prompts of a batch, and a pair's question to the two orders it is judged in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

SHORTEST_COMMON = 16
"""Tokens below which a common start is read again for each prompt: a segment of its own would cost as much."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Segment:
    """Packed tokens `start` to `end`; they follow, and may see, those in `before` (spans of packed tokens)."""

    start: int
    end: int
    before: tuple[Span, ...]


@dataclass(slots=True)
class PromptTree:
    """All different tokens of some prompts, packed into one sequence, parents before children.

    Attributes:
        tokens, positions: packed token ids, and their places in the prompts they come from.
        segments: cover the packed tokens in order.
        spans: for each prompt, the packed spans that it consists of, in order.
    """

    tokens: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    spans: list[tuple[Span, ...]] = field(default_factory=list)

    @classmethod
    def of(cls, prompts: Sequence[Sequence[int]]) -> PromptTree:
        """The tree of `prompts`, none of them empty; each keeps at least its last token for itself."""
        tree = cls(spans=[()] * len(prompts))
        tree._grow([tuple(prompt) for prompt in prompts], list(range(len(prompts))), 0, ())
        return tree

    def _grow(self, prompts: list[tuple[int, ...]], group: list[int], start: int, before: tuple[Span, ...]) -> None:
        """Add the prompts of `group`, whose tokens up to `start` are in `before`."""
        if len(group) == 1:
            self.spans[group[0]] = self._add(prompts[group[0]], start, len(prompts[group[0]]), before)
            return
        common = common_start([prompts[index] for index in group])
        if common - start >= SHORTEST_COMMON:
            before = self._add(prompts[group[0]], start, common, before)
            start = common
        parts: dict[int, list[int]] = {}
        for index in group:
            parts.setdefault(prompts[index][common], []).append(index)
        # one part: a prompt ends there, and keeps its last token
        for part in parts.values() if len(parts) > 1 else [[index] for index in group]:
            self._grow(prompts, part, start, before)

    def _add(self, prompt: tuple[int, ...], start: int, end: int, before: tuple[Span, ...]) -> tuple[Span, ...]:
        place = len(self.tokens)
        self.tokens += prompt[start:end]
        self.positions += range(start, end)
        self.segments.append(Segment(place, len(self.tokens), before))
        if before and before[-1][1] == place:  # it stands right behind what it follows
            return (*before[:-1], (before[-1][0], len(self.tokens)))
        return (*before, (place, len(self.tokens)))


def common_start(prompts: Sequence[Sequence[int]]) -> int:
    """Tokens that all `prompts` start with; each keeps at least one of its own."""
    ordered = [tuple(prompt) for prompt in prompts]
    first, last = min(ordered), max(ordered)  # what these two share, all share
    most = min(map(len, prompts)) - 1
    return next((i for i in range(most) if first[i] != last[i]), most)
