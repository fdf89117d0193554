"""RewardBench 2 (Malik et al. 2025, arXiv 2506.01937): one good response among four, and ties among good ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from ste_plugin import jsonl
from ste_plugin.benchmarks.grouped_pairs import load_grouped
from ste_plugin.benchmarks.rewardbench2_scoring import SECTIONS, TIES, Comparison, aggregate
from ste_plugin.benchmarks.source import HubDataset, texts
from ste_plugin.errors import UserError
from ste_plugin.pairs import Message, Pair, pair_from_row

__all__ = ["ROW_COUNTS", "SECTIONS", "TIES", "Comparison", "aggregate", "comparison_of", "load"]

DATASET = "allenai/reward-bench-2"
# The commit of the published test split; `load` checks the number of rows, too.
REVISION = "7ff08853b0d5686e79b13fda8677024f566a104a"
ROWS = 1865
ROW_COUNTS: Mapping[str, int] = {
    "Factuality": 475,
    "Precise IF": 160,
    "Math": 183,
    "Safety": 450,
    "Focus": 495,
    TIES: 102,
}
KINDS = ("ref", "tied")


def load(
    source: str,
    *,
    subsets: str | Sequence[str] | None = None,
    limit_per_subset: int | None = None,
    seed: int = 0,
    revision: str = REVISION,
) -> list[Pair]:
    """The comparisons that a pairwise judge is asked for, those of one item side by side.

    Of most items the good response is compared with each of the others. Of an item of "Ties" every response is compared
    with every other; where both are good or both are not, the pair's meta says "level" and "chosen" is merely the one
    that stands first.

    Args:
        source: "hub" or a .jsonl or .jsonl.gz file with RewardBench 2's own rows (id, prompt, chosen and rejected as
            lists, subset) or pairs of `ste_plugin.pairs` with what `comparison_of` reads in their meta.
        subsets, seed: see `choose`; the subsets are those of ROW_COUNTS.
        limit_per_subset: of items with all their comparisons; of "Ties" of prompts, each of them two items.
        revision: of the hub's data set.

    Raises:
        UserError: the source cannot be read, a row is malformed, or no pair is left.
    """
    hub = HubDataset(DATASET, "test", revision)
    choice: dict[str, Any] = {"subsets": subsets, "limit_per_subset": limit_per_subset, "seed": seed}
    return load_grouped(source, hub, ROWS, _to_pairs, SECTIONS, **choice)


def comparison_of(meta: Mapping[str, Any]) -> Comparison:
    """What a pair compares, from its meta, as `load` leaves it."""
    return Comparison(
        item=meta["item"],
        first=meta["first"],
        second=meta["second"],
        good=meta["good"],
        responses=meta["responses"],
        comparisons=meta["comparisons"],
    )


def _to_pairs(row: Mapping[str, Any], where: str) -> Iterator[Pair]:
    if isinstance(row.get("chosen"), str):
        yield _pair_with_item(row, where)
        return
    subset = jsonl.field(row, "subset", str, where)
    number = row.get("id")
    if not isinstance(number, (int, str)):
        raise UserError(f"{where}: field 'id' should be a number or a string")
    prompt = Message("user", jsonl.field(row, "prompt", str, where))
    chosen, rejected = (texts(row, side, where) for side in ("chosen", "rejected"))
    if not chosen or not rejected:
        raise UserError(f"{where}: fields 'chosen' and 'rejected' should hold a response each at least")
    cluster = f"rewardbench2-{subset}-{number}"
    if subset == TIES:
        kind, _, prompt_number = str(number).partition(":")
        if kind not in KINDS or not prompt_number:
            raise UserError(f"{where}: field 'id' should be 'ref:NUMBER' or 'tied:NUMBER' in '{TIES}', is '{number}'")
        cluster = f"rewardbench2-{subset}-{prompt_number}"
    else:
        chosen = chosen[:1]  # the others of its kind are not compared
    responses = (*chosen, *rejected)
    compared = combinations(range(len(responses)), 2) if subset == TIES else ((0, j) for j in range(1, len(responses)))
    for first, second in (places := list(compared)):
        yield Pair(
            id=f"rewardbench2/{subset}/{number}/{first}-{second}",
            prompt=(prompt,),
            chosen=(responses[first],),
            rejected=(responses[second],),
            subset=subset,
            cluster=cluster,
            meta={
                "item": str(number),
                "first": first,
                "second": second,
                "good": len(chosen),
                "responses": len(responses),
                "comparisons": len(places),
                **({"level": True} if (first < len(chosen)) == (second < len(chosen)) else {}),
            },
        )


def _pair_with_item(row: Mapping[str, Any], where: str) -> Pair:
    pair = pair_from_row(row, where)
    here = f"{where}: field 'meta'"
    jsonl.field(pair.meta, "item", str, here)
    for name in ("first", "second", "good", "responses", "comparisons"):
        jsonl.field(pair.meta, name, int, here)
    return pair
