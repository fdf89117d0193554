"""The order in which examples are trained on: both orders of a pair in one batch, batches of like length."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from torch.utils.data import Sampler

BATCHES_SORTED_TOGETHER = 16


class PairSampler(Sampler[int]):
    """Yields the indices of all examples once an epoch, another order each epoch.

    Examples with the same entry in `groups` (the two orders of a pair) follow one another. Without that, a batch
    teaches by chance "A is better" or "B is better", and a weak judge swings between the two places instead of
    reading the responses; with it, whatever is said about the place cancels out within the step. For little padding,
    groups are sorted by length within stretches of 16 batches, and the batches are shuffled again.

    In the first epoch a group comes after those of an earlier stage (see `TrainSettings.curriculum`).
    """

    def __init__(
        self,
        lengths: Sequence[int],
        groups: Sequence[str],
        batch_size: int,
        seed: int,
        stages: Sequence[int] | None = None,
    ) -> None:
        """`lengths` in tokens, `groups` and `stages` have one entry an example; `batch_size` counts examples."""
        self._groups: dict[str, list[int]] = {}
        for index, group in enumerate(groups):
            self._groups.setdefault(group, []).append(index)
        self._lengths = {name: max(lengths[i] for i in members) for name, members in self._groups.items()}
        self._stages = {name: stages[members[0]] if stages else 0 for name, members in self._groups.items()}
        self._count = len(groups)
        self._batch_size = batch_size
        self._seed = seed
        self._epoch = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[int]:
        rng = random.Random(f"{self._seed}:{self._epoch}")
        names = list(self._groups)
        rng.shuffle(names)
        staged = self._epoch == 0
        self._epoch += 1
        left: list[list[str]] = []
        for stage in sorted(set(self._stages.values())) if staged else (0,):
            more = [name for name in names if self._stages[name] == stage] if staged else names
            # what did not fill a batch goes on with the next stage: a full batch must not be cut across the
            # trainer's batch border, so those that are not full come last of all
            full, left = self._batches([*(name for batch in left for name in batch), *more])
            rng.shuffle(full)
            yield from self._examples(full)
        yield from self._examples(left)

    def _batches(self, names: Sequence[str]) -> tuple[list[list[str]], list[list[str]]]:
        """(batches that are full, the others), of groups of like length."""
        stretch = BATCHES_SORTED_TOGETHER * self._batch_size
        batches: list[list[str]] = []
        for start in range(0, len(names), stretch):
            batch: list[str] = []
            for name in sorted(names[start : start + stretch], key=lambda n: self._lengths[n]):
                if batch and self._size(batch) + len(self._groups[name]) > self._batch_size:
                    batches.append(batch)
                    batch = []
                batch = [*batch, name]
            batches.append(batch)
        full = [batch for batch in batches if self._size(batch) == self._batch_size]
        return full, [batch for batch in batches if batch and self._size(batch) != self._batch_size]

    def _size(self, batch: Sequence[str]) -> int:
        return sum(len(self._groups[name]) for name in batch)

    def _examples(self, batches: Sequence[Sequence[str]]) -> Iterator[int]:
        return (index for batch in batches for name in batch for index in self._groups[name])
