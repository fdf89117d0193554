"""What the judges of one cell made of each pair, one judge a seed, read from their logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np

from ste_plugin.ablation.two_way_errors import TwoWayEstimate, two_way
from ste_plugin.errors import UserError
from ste_plugin.gate.paired_data import SCORES, Floats, PairedScores, paired_scores
from ste_plugin.gate.sources import read_results
from ste_plugin.result_rows import ResultRow

SCORE = "official"


@dataclass(frozen=True, slots=True)
class PairTable:
    """Official scores of several judges on the same n pairs.

    Attributes:
        seeds: one a judge.
        pairs: [n] ids, sorted.
        scores: [seeds, n] 0..1 (mean of the orders in which a pair was shown); of a difference -1..1.
        layout: clusters, subsets and places of the pairs.
    """

    seeds: tuple[int, ...]
    pairs: tuple[str, ...]
    scores: Floats
    layout: PairedScores

    def estimates(self) -> dict[str, TwoWayEstimate]:
        """By "overall" and section, the mean over seeds with its errors."""
        places = [place for place in self.layout.places if place.level != "subset"]
        return {place.name: two_way(self.scores, self.layout, place) for place in places}

    def minus(self, other: PairTable) -> PairTable | None:
        """The difference by pair and seed, over the seeds of both; None where there is none, or other pairs."""
        seeds = tuple(seed for seed in self.seeds if seed in other.seeds)
        if not seeds or self.pairs != other.pairs:
            return None
        own = self.scores[[self.seeds.index(seed) for seed in seeds]]
        return PairTable(
            seeds, self.pairs, own - other.scores[[other.seeds.index(seed) for seed in seeds]], self.layout
        )


def read_pair_table(logs: Mapping[int, str]) -> PairTable:
    """The table of the judges whose logs of one benchmark are at `logs`, by seed; at least one.

    Raises UserError: a log that is not there or cannot be read, or two logs of different pairs.
    """
    seeds = tuple(logs)
    rows = {seed: _rows(Path(log)) for seed, log in logs.items()}
    first = rows[seeds[0]]
    for seed in seeds:
        if rows[seed].keys() != first.keys():
            raise UserError(f"{logs[seed]}: holds other pairs than {logs[seeds[0]]}; score both on the same benchmark")
    pairs = tuple(sorted(first))
    ordered = [[rows[seed][pair] for pair in pairs] for seed in seeds]
    measure = SCORES[SCORE]
    scores = np.array([[fmean(map(measure, row.results)) for row in own] for own in ordered], dtype=np.float64)
    return PairTable(seeds, pairs, scores, paired_scores(ordered[0], ordered[0], SCORE))


def _rows(log: Path) -> dict[str, ResultRow]:
    return {entry.row.pair_id: entry.row for entry in read_results([log]).entries}
