"""Benchmarks of which one row is several pairs, sampled together: RM-Bench's prompts, RewardBench 2's items."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ste_plugin.benchmarks.choosing import choose
from ste_plugin.benchmarks.source import HubDataset, load_rows, unique_pairs
from ste_plugin.pairs import Pair


def load_grouped(
    source: str,
    hub: HubDataset,
    published: int,
    to_pairs: Callable[[Mapping[str, Any], str], Iterable[Pair]],
    sections: Mapping[str, Sequence[str]],
    *,
    subsets: str | Sequence[str] | None,
    limit_per_subset: int | None,
    seed: int,
) -> list[Pair]:
    """The pairs that `to_pairs` makes of each row of `source` and where it stands.

    Args:
        source: "hub", or the path of a .jsonl or .jsonl.gz file.
        hub: what "hub" is; it has `published` rows, which is checked.
        sections, subsets, seed: see `choose`.
        limit_per_subset: of clusters, each with all its pairs.

    Raises:
        UserError: see `load_rows`, `unique_pairs` and `choose`.
    """
    rows = load_rows(source, {hub.split: hub}, {hub.split: published}, "the path of a .jsonl file")
    return choose(
        unique_pairs(rows, to_pairs),
        source,
        sections,
        subsets=subsets,
        limit_per_subset=limit_per_subset,
        seed=seed,
        unit=lambda pair: pair.cluster,
    )
