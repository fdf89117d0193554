"""Where one draw stands: written freely, being led to a verdict, or finished."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ste_plugin.engine.sampling import uniforms
from ste_plugin.model_request import Answer, ForcedVerdict, ModelRequest, StopReason

WATCHED_TOKENS = 24
"""How many of the last tokens are read again for a complete verdict or a stop string (more for a longer one)."""


@dataclass(frozen=True, slots=True)
class ForcedTokens:
    """Token ids of a forced verdict's opening and of the first token of each label."""

    opening: tuple[int, ...]
    labels: tuple[int, ...]


@dataclass(slots=True)
class DrawState:
    """One draw of one request while its batch is generated.

    The engine asks `choosing_label` before it picks a token and tells `take` what it picked; `take`
    returns the token to feed next, or None when the draw is finished.
    """

    request: ModelRequest
    index: int
    """Position of the request in the batch."""
    draw: int
    forced_tokens: ForcedTokens | None
    tokenizer: Any
    eos: frozenset[int]
    free: list[int] = field(default_factory=list)
    queue: list[int] = field(default_factory=list)
    choosing_label: bool = False
    fed: int = 0
    answer: Answer | None = None
    uniform: NDArray[np.float64] = field(init=False)
    _text: str = ""
    _watched: int = 0

    def __post_init__(self) -> None:
        request = self.request
        self.uniform = uniforms(request.seed, self.draw, request.max_tokens + 1)
        if request.max_tokens == 0:  # verdict alone: the opening already ends the prompt
            self.choosing_label = True
        if request.stop or request.forced is not None:
            # a stop string of n bytes spans at most n tokens
            longest = max((len(stop.encode("utf-8", "surrogatepass")) for stop in request.stop), default=0)
            self._watched = max(WATCHED_TOKENS, longest)

    @property
    def next_uniform(self) -> float:
        """The uniform number of the token or label that is picked now; the last one belongs to the label alone."""
        return float(self.uniform[-1 if self.choosing_label else len(self.free)])

    def take(self, token: int) -> int | None:
        """Record the token picked from the model's logits (ignored while an opening is being fed)."""
        if self.queue:
            return self._feed_opening()
        if token in self.eos:
            return self._end_of_free(self._decoded(), "stop")
        self.free.append(token)
        self.fed += 1
        if self._watched and (text := self._ended_text()) is not None:
            return self._end_of_free(text, "stop")
        if len(self.free) >= self.request.max_tokens:
            follow = self._end_of_free(self._decoded(), "length")
            if follow is not None:
                # the last free token is fed first; the opening follows it
                self.queue.insert(0, follow)
                self.choosing_label = False
                self.fed -= 1
                return token
            return None
        return token

    def take_label(self, position: int, probabilities: dict[str, float]) -> None:
        """Finish with the label at `position` of the request's forced verdict."""
        forced = self.request.forced
        assert forced is not None
        text = self._text + forced.opening + forced.labels[position] + forced.closing
        self.answer = Answer(text, self.fed + 1, "stop", True, probabilities)

    def _feed_opening(self) -> int:
        token = self.queue.pop(0)
        self.fed += 1
        self.choosing_label = not self.queue
        return token

    def _end_of_free(self, text: str, reason: StopReason) -> int | None:
        forced = self.request.forced
        if forced is None:
            self.answer = Answer(text, self.fed, reason)
            return None
        if forced.found_in(text, cut=reason == "length"):
            self.answer = Answer(self._up_to_verdict(text, forced), self.fed, "stop")
            return None
        assert self.forced_tokens is not None
        self._text = text  # as it is: the model has read its trailing blanks, and training must see them too
        self.queue = list(self.forced_tokens.opening)
        return self._feed_opening()

    def _ended_text(self) -> str | None:
        """The text so far where a stop string (left out of it) or the line of a verdict has ended it, else None."""
        stops, forced = self.request.stop, self.request.forced
        tail = self._decode(self.free[-self._watched :])
        if not any(stop in tail for stop in stops) and not (forced is not None and forced.closed_in(tail) is not None):
            return None
        text = self._decoded()
        ends = [end for stop in stops if (end := text.find(stop)) >= 0]
        if ends:
            return text[: min(ends)]
        return text if forced is not None and forced.closed_in(text) is not None else None

    def _up_to_verdict(self, text: str, forced: ForcedVerdict) -> str:
        """`text` without the tokens that only showed that the line of its verdict ends there."""
        end = forced.closed_in(text, ended=True)
        if end is None:
            return text
        count = len(self.free)
        while len(self._decode(self.free[: count - 1])) >= end:
            count -= 1
        shorter = self._decode(self.free[:count])
        return shorter if len(shorter) < len(text) else text

    def _decoded(self) -> str:
        return self._decode(self.free)

    def _decode(self, tokens: list[int]) -> str:
        return str(self.tokenizer.decode(tokens, skip_special_tokens=True))
