"""What the runs of an ablation came to: each cell's last judge, by section, with its errors over seeds and pairs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from ste_plugin.ablation.pair_table import PairTable, read_pair_table
from ste_plugin.ablation.two_way_errors import TwoWayEstimate
from ste_plugin.errors import UserError
from ste_plugin.report import SECTIONS, IterationRow, iteration_rows

OVERALL = "overall"
_SAME = 0.005
"""Points by which a score made anew of its pairs may differ from the logged one."""


@dataclass(frozen=True, slots=True)
class MeanScore:
    """A score over several seeds.

    Attributes:
        value: mean of the seeds' official scores, 0-100.
        over_seeds: standard error of that mean from its spread over seeds, in points; None with one seed.
        over_pairs: standard error of that mean over the benchmark's pairs (clustered by prompt); None where the logs
            do not tell it. The seeds share the benchmark, so it shrinks little with their number.
        joint: over both together (`two_way_errors`); None with one seed, or where the logs do not tell it.
        interval: of 95 %, from `joint`.
    """

    value: float
    over_seeds: float | None
    over_pairs: float | None
    joint: float | None = None
    interval: tuple[float, float] | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "value": self.value,
            "over_seeds": self.over_seeds,
            "over_pairs": self.over_pairs,
            "joint": self.joint,
            "interval": list(self.interval) if self.interval is not None else None,
        }


@dataclass(frozen=True, slots=True)
class CellResult:
    """A cell's judge after its last iteration (or the seed judge, iteration 0) on one benchmark.

    `table` has the scores pair by pair; where it is None, `unread` says why in one line.
    """

    cell: str
    benchmark: str
    iteration: int
    seeds: tuple[int, ...]
    scores: Mapping[str, MeanScore]
    pairs: int
    examples: float | None
    table: PairTable | None = None
    unread: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values, without the table."""
        return {
            "cell": self.cell,
            "benchmark": self.benchmark,
            "iteration": self.iteration,
            "seeds": list(self.seeds),
            "pairs": self.pairs,
            "examples": self.examples,
            "scores": {name: score.to_json() for name, score in self.scores.items()},
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """How much better one cell's last judge is than another's on one benchmark: by section, paired by pair and seed.

    `iterations` are those of the two judges: an axis may vary them, and a run may not have come to its end yet.
    """

    cell: str
    than: str
    benchmark: str
    iterations: tuple[int, int]
    seeds: tuple[int, ...]
    scores: Mapping[str, MeanScore]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "cell": self.cell,
            "than": self.than,
            "benchmark": self.benchmark,
            "iterations": list(self.iterations),
            "seeds": list(self.seeds),
            "scores": {name: score.to_json() for name, score in self.scores.items()},
        }


ReadTable = Callable[[Mapping[int, str]], PairTable]


def cell_results(
    cell: str, stages_by_seed: Mapping[int, Mapping[str, Any]], read: ReadTable = read_pair_table
) -> list[CellResult]:
    """Results of one cell for each benchmark: iteration 0, and the last iteration that every seed has.

    `stages_by_seed` maps each seed to its run's finished stages; `read` reads the logs of one benchmark, by seed.
    """
    rows = {
        seed: {(r.benchmark, r.iteration): r for r in iteration_rows(stages)} for seed, stages in stages_by_seed.items()
    }
    rows = {seed: found for seed, found in rows.items() if found}
    if not rows:
        return []
    common = set.intersection(*(set(found) for found in rows.values()))
    results = []
    for benchmark in sorted({name for name, _ in common}):
        iterations = sorted(number for name, number in common if name == benchmark)
        for iteration in dict.fromkeys((iterations[0], iterations[-1])):
            own = {seed: found[benchmark, iteration] for seed, found in rows.items()}
            results.append(_result(cell, benchmark, iteration, own, read))
    return results


def _result(cell: str, benchmark: str, iteration: int, rows: Mapping[int, IterationRow], read: ReadTable) -> CellResult:
    own = list(rows.values())
    scores = {OVERALL: _mean([(row.official, row.stderr) for row in own])}
    for section in SECTIONS:
        if all(section in row.sections for row in own):
            scores[section] = _mean([row.sections[section] for row in own])
    examples = [row.examples for row in own if row.examples is not None]
    table, unread = None, None
    try:
        table = read({seed: row.log for seed, row in rows.items()})
        scores = _with_errors(scores, table.estimates())
    except UserError as error:
        unread = str(error)
    return CellResult(
        cell=cell,
        benchmark=benchmark,
        iteration=iteration,
        seeds=tuple(rows),
        scores=scores,
        pairs=own[0].pairs,
        examples=fmean(examples) if examples else None,
        table=table,
        unread=unread,
    )


def _mean(figures: Sequence[tuple[float, float | None]]) -> MeanScore:
    """From the logged figures alone: `over_pairs` is the seeds' mean error, a little too large."""
    values = [value for value, _ in figures]
    errors = [error for _, error in figures if error is not None and not math.isnan(error)]
    known = not any(map(math.isnan, values))  # nan: not one pair could be scored
    return MeanScore(
        value=fmean(values),
        over_seeds=stdev(values) / math.sqrt(len(values)) if known and len(values) > 1 else None,
        over_pairs=fmean(errors) if len(errors) == len(figures) else None,
    )


def _with_errors(scores: Mapping[str, MeanScore], found: Mapping[str, TwoWayEstimate]) -> dict[str, MeanScore]:
    """`scores` with the errors of `found`, where that is the same figure: some benchmarks add theirs up otherwise."""
    return {
        name: _score(found[name]) if name in found and _same(found[name], score) else score
        for name, score in scores.items()
    }


def _score(estimate: TwoWayEstimate) -> MeanScore:
    return MeanScore(estimate.value, estimate.over_seeds, estimate.over_pairs, estimate.joint, estimate.interval())


def differences(results: Sequence[CellResult]) -> list[Difference]:
    """Of each benchmark, the last judge of every cell against that of the first cell, where both have been scored on
    the same pairs with a seed in common."""
    last = {(one.benchmark, one.cell): one for one in results if one.iteration}
    found = []
    for (benchmark, cell), one in last.items():
        first = next(other for (name, _), other in last.items() if name == benchmark)
        if one is first or one.table is None or first.table is None:
            continue
        table = one.table.minus(first.table)
        if table is None:
            continue
        estimates = table.estimates()
        names = [name for name in one.scores if name in _means_of_pairs(one) & _means_of_pairs(first)]
        scores = {name: _score(estimates[name]) for name in names}
        if scores:
            between = (one.iteration, first.iteration)
            found.append(Difference(cell, first.cell, benchmark, between, table.seeds, scores))
    return found


def _means_of_pairs(result: CellResult) -> set[str]:
    """The scores that are the weighted mean over pairs that an estimate is of."""
    found = result.table.estimates() if result.table is not None else {}
    return {name for name, one in found.items() if name in result.scores and _same(one, result.scores[name])}


def _same(estimate: TwoWayEstimate, score: MeanScore) -> bool:
    return abs(estimate.value - score.value) < _SAME
