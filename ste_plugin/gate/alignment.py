"""Brings two judges' results together pair by pair, or says why they cannot be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ste_plugin.gate.judge_results import Entry, JudgeResults, hashed
from ste_plugin.result_rows import ResultRow

_NAMED = 3

NOT_BY_PAIRS: Mapping[str, str] = {
    "mtbench": "weighs each pair by its votes",
    "rewardbench2": "scores items of several pairs each",
}
"""Benchmarks whose figures are no means over pairs, and what they are instead. The gate's mean would be another figure
than the log's, and could rise where that falls."""


@dataclass(frozen=True, slots=True)
class AlignedPair:
    """The two results on one pair."""

    baseline: Entry
    candidate: Entry

    @property
    def pair_id(self) -> str:
        """The id, from the side that knows it unhashed."""
        ids = (self.candidate.row.pair_id, self.baseline.row.pair_id)
        return next((one for one in ids if one != self.candidate.key), ids[0])


def align(baseline: JudgeResults, candidate: JudgeResults) -> tuple[dict[str, list[AlignedPair]], list[str]]:
    """(aligned pairs by benchmark, reasons why they are not comparable, one line each).

    Pairs are sorted by section, subset and id, whatever the order in which a harness finished them.

    There is something wrong as soon as there is one reason; the pairs are then those that match nevertheless.
    """
    faults = [*own_faults(baseline, "baseline"), *own_faults(candidate, "candidate")]
    faults = list(dict.fromkeys(faults))  # what is said of a benchmark is the same of both
    base = {entry.key: entry for entry in baseline.entries}
    cand = {entry.key: entry for entry in candidate.entries}
    missing = [entry for key, entry in base.items() if key not in cand]
    extra = [entry for key, entry in cand.items() if key not in base]
    if missing:
        faults.append(f"{_count(missing)} of the baseline missing in the candidate: {_names(missing)}")
    if extra:
        faults.append(f"{_count(extra)} of the candidate missing in the baseline: {_names(extra)}")
    aligned: dict[str, list[AlignedPair]] = {}
    for key, entry in sorted(cand.items(), key=lambda item: _place(item[1])):
        if key in base:
            aligned.setdefault(entry.row.benchmark, []).append(AlignedPair(base[key], entry))
    for benchmark, pairs in aligned.items():
        faults += _differences(benchmark, pairs)
    return aligned, faults


def _place(entry: Entry) -> tuple[str, str, str, str]:
    row = entry.row
    return row.benchmark, row.section or "", row.subset, row.pair_id


def own_faults(results: JudgeResults, name: str) -> list[str]:
    """Why one judge's results are not comparable with anything: unfinished, twice the same pair, mixed up, or of a
    benchmark that the gate cannot score."""
    faults = [f"{name}: {fault}" for fault in results.faults]
    found = {entry.row.benchmark for entry in results.entries}
    faults += [_cannot_score(benchmark, how) for benchmark, how in NOT_BY_PAIRS.items() if benchmark in found]
    seen: dict[str, Entry] = {}
    twice = []
    for entry in results.entries:
        if entry.key in seen:
            twice.append((seen[entry.key], entry))
        seen.setdefault(entry.key, entry)
    if twice:
        first, second = twice[0]
        faults.append(
            f"{name}: {len(twice)} pair{'s' * (len(twice) > 1)} more than once, '{first.row.pair_id}' for example "
            f"({first.where}; {second.where}); name one log of one run"
        )
    for title, value in _SETTINGS.items():
        by_benchmark: dict[str, Counter[str]] = {}
        for entry in results.entries:
            by_benchmark.setdefault(entry.row.benchmark, Counter())[value(entry.row)] += 1
        for benchmark, counts in by_benchmark.items():
            if len(counts) > 1:
                faults.append(f"{name}: {benchmark} with more than one {title}: {', '.join(sorted(counts))}")
    return faults


def _cannot_score(benchmark: str, how: str) -> str:
    return (
        f"{benchmark}: its log {how}, the gate compares means over pairs; compare the figures and errors in the logs,"
        " and name only logs of other benchmarks here"
    )


_SETTINGS: Mapping[str, Callable[[ResultRow], str]] = {
    "benchmark revision": lambda row: row.revision,
    "order policy": lambda row: row.order_policy,
}


def _differences(benchmark: str, pairs: list[AlignedPair]) -> list[str]:
    faults = []
    for title, value in _SETTINGS.items():
        old, new = ({value(entry.row) for entry in side} for side in _sides(pairs))
        if old != new:
            faults.append(f"{benchmark}: another {title}: {_both(old, new)}")
    # A benchmark may have several prompts (MT-Bench: one a turn), so hashes are compared pair by pair.
    other = [pair for pair in pairs if pair.baseline.row.prompt_hash != pair.candidate.row.prompt_hash]
    if other:
        old, new = ({entry.row.prompt_hash for entry in side} for side in _sides(other))
        faults.append(f"{benchmark}: {_count(other)} with another prompt hash: {_both(old, new)}")
    for title, same in _PER_PAIR.items():
        changed = [pair.candidate for pair in pairs if not same(pair.baseline.row, pair.candidate.row)]
        if changed:
            faults.append(f"{benchmark}: {_count(changed)} with another {title}: {_names(changed)}")
    return faults


def _sides(pairs: list[AlignedPair]) -> tuple[list[Entry], list[Entry]]:
    return [pair.baseline for pair in pairs], [pair.candidate for pair in pairs]


def _both(old: set[str], new: set[str]) -> str:
    return f"baseline {', '.join(sorted(old))}, candidate {', '.join(sorted(new))}"


def _same_orders(one: ResultRow, other: ResultRow) -> bool:
    return {result.order for result in one.results} == {result.order for result in other.results}


def _same_cluster(one: ResultRow, other: ResultRow) -> bool:
    # A saved baseline has its clusters hashed, a log has not.
    return one.cluster == other.cluster or hashed(one.cluster) == other.cluster or one.cluster == hashed(other.cluster)


_PER_PAIR: Mapping[str, Callable[[ResultRow, ResultRow], bool]] = {
    "order (single orders come from the seed)": _same_orders,
    "subset, section or weight": lambda one, other: (
        (one.subset, one.section, one.subset_weight) == (other.subset, other.section, other.subset_weight)
    ),
    "cluster": _same_cluster,
    "length of the responses": lambda one, other: (
        (one.chosen_chars, one.rejected_chars) == (other.chosen_chars, other.rejected_chars)
    ),
}


def _count(entries: Sequence[object]) -> str:
    return f"{len(entries)} pair{'s' if len(entries) > 1 else ''}"


def _names(entries: list[Entry]) -> str:
    names = [entry.row.pair_id for entry in entries[:_NAMED]]
    return ", ".join(names) + (", ..." if len(entries) > _NAMED else "")
