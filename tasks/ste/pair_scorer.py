"""Scores of judged pairs and their table: by subset, section and overall, in both aggregations."""

from __future__ import annotations

import math
from typing import Any, cast

from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, Value, metric, scorer
from inspect_ai.solver import TaskState

from ste_plugin.benchmarks.registry import Figures, benchmark_of
from ste_plugin.pairs import ORDERS, pair_from_row, winner
from ste_plugin.result_rows import BenchmarkContent, result_row, result_row_to_json
from ste_plugin.scoring import OrderResult, official, strict
from ste_plugin.stage_rows import pair_result, verdict_from_row
from ste_plugin.table import SUBSET_KINDS, Kind

JUDGED = "ste_judged"
"""Key of the sample's store under which the solver leaves one row for each order."""

ASKED = "ste_asked"
"""Key of the sample's store under which the solver leaves how the judge was asked: "prompt_hash", "order_policy"."""

UNDECIDED = "unparsed"
"""What a sample's answer says of a verdict that names no winner."""


def figures_of(scores: list[SampleScore]) -> Figures:
    """The figures of all scored samples, at least one. The pairs' verdicts come from the scores' metadata."""
    judged = []
    for sample in scores:
        row: dict[str, Any] = sample.score.metadata or {}
        result = pair_result(str(sample.sample_id), row["subset"], row["cluster"], row["orders"])
        judged.append((result, row["pair_meta"]))
    benchmark: str = (scores[0].score.metadata or {})["benchmark"]
    return benchmark_of(benchmark).figures(judged)


@metric
def pair_table() -> Metric:
    """All figures, 0-100, as "KIND/PLACE": "official/overall", "stderr/Chat", "parse_rate/hep-go", ..."""

    def compute(scores: list[SampleScore]) -> Value:
        return cast(Value, figures_of(scores).flat(SUBSET_KINDS) if scores else {})

    return cast(Metric, compute)


@metric
def official_overall() -> Metric:
    """Mean of the sections, 0-100; a tie or an unparsed verdict counts half (the official RewardBench rule)."""
    return _overall("official")


@metric
def strict_overall() -> Metric:
    """Mean of the sections, 0-100; a tie or an unparsed verdict counts as wrong."""
    return _overall("strict")


@metric
def official_stderr() -> Metric:
    """Standard error of `official_overall` in points, clustered by source prompt; nan below two clusters."""
    return _overall("stderr")


@metric
def parse_rate() -> Metric:
    """Share of verdicts that could be read, 0-100."""
    return _overall("parse_rate")


@metric
def shortened() -> Metric:
    """Number of pairs of which a response was cut in its middle."""
    return _count("shortened")


@metric
def overlong() -> Metric:
    """Number of pairs that did not fit the judge's context (those skipped are unscored samples instead)."""
    return _count("overlong")


@metric
def prompt_tokens() -> Metric:
    """Tokens of all prompts that were judged, journaled ones included (local models; else 0)."""
    return _sum("prompt_tokens")


@metric
def tokens() -> Metric:
    """Tokens of all judgments, journaled ones included."""
    return _sum("tokens")


@metric
def place(kind: Kind, stderr: Kind | None = None) -> Metric:
    """One row of the table: a figure of the whole, of every section and of every subset, each with its error."""

    def compute(scores: list[SampleScore]) -> Value:
        found = figures_of(scores) if scores else Figures(None)
        errors = found.by_place(stderr) if stderr else {}
        row: dict[str, float] = {}
        for name, value in found.by_place(kind).items():
            row[name] = value
            if name in errors:
                row[f"{name} ±"] = errors[name]
        return cast(Value, row)

    return cast(Metric, compute)


def _overall(kind: Kind) -> Metric:
    def compute(scores: list[SampleScore]) -> Value:
        table = figures_of(scores).table if scores else None
        value = None if table is None else table.overall.number(kind)
        return float("nan") if value is None else value

    return cast(Metric, compute)


def _count(flag: str) -> Metric:
    def compute(scores: list[SampleScore]) -> Value:
        return sum(any(row[flag] for row in (s.score.metadata or {})["orders"]) for s in scores)

    return cast(Metric, compute)


def _sum(field: str) -> Metric:
    def compute(scores: list[SampleScore]) -> Value:
        return sum(int(row[field]) for s in scores for row in (s.score.metadata or {})["orders"])

    return cast(Metric, compute)


@scorer(
    metrics=[
        official_overall(),
        strict_overall(),
        official_stderr(),
        parse_rate(),
        overlong(),
        shortened(),
        prompt_tokens(),
        tokens(),
        pair_table(),
        # one row each in Inspect's view; the keys are those of a sample's value
        {
            "official": [place("official", "stderr")],
            "strict": [place("strict", "strict_stderr")],
            "parsed": [place("parse_rate")],
            "consistent": [place("consistency")],
            "chosen_first": [place("chosen_first")],
            "rejected_first": [place("rejected_first")],
        },
    ]
)
def pair_scorer(skip_overlong: bool = False) -> Scorer:
    """Scores one pair by whom the judge's verdicts name.

    Args:
        skip_overlong: leave a pair that did not fit the judge's context out of all figures.
    """

    async def score(state: TaskState, target: Target) -> Score:
        rows: list[dict[str, Any]] = state.store.get(JUDGED)
        results = [OrderResult(r["order"], verdict_from_row(r["verdict"]), r["forced"]) for r in rows]
        details = _result_row(state, results, rows)
        named = [winner(result.verdict, result.order) or UNDECIDED for result in results]
        answer = " / ".join(named)
        explanation = "\n\n".join(
            f"[{row['order']}] {row['verdict']['label']}"
            + (f" ({row['verdict']['reason']})" if row["verdict"]["reason"] else "")
            + "".join(f"\n{judgment['text']}" for judgment in row["judgments"])
            for row in rows
        )
        if skip_overlong and any(row["overlong"] for row in rows):
            return Score.unscored(
                reason="prompt_too_long",
                answer=answer,
                explanation=explanation,
                metadata={**details, "skipped": True},  # for whoever reads the rows without Inspect (the gate)
            )
        reasons = [row["verdict"]["reason"] for row in rows if row["verdict"]["reason"]]
        by_order = {result.order: official(result) for result in results}
        return Score(
            value={
                "official": sum(map(official, results)) / len(results),
                "strict": sum(map(strict, results)) / len(results),
                "parsed": sum(result.verdict.parsed for result in results) / len(results),
                "consistent": math.nan if len(results) < 2 else float(named[0] == named[1] != UNDECIDED),
                **{order: by_order.get(order, math.nan) for order in ORDERS},
            },
            answer=answer,
            explanation=explanation,
            reason=reasons[0] if reasons else None,
            metadata=details,
        )

    return score


def _result_row(state: TaskState, results: list[OrderResult], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The sample's result row (`ste_plugin.result_rows`), with all that the solver left about each order.

    "pair_meta" is the meta of the pair, which some benchmarks are scored by, without its reference answers.
    """
    about, asked = state.metadata, state.store.get(ASKED)
    pair = pair_from_row(about["pair"], f"pair {state.sample_id}")
    content = BenchmarkContent(
        benchmark=about["benchmark"],
        revision=about["revision"],
        sections={} if about["section"] is None else {pair.subset: about["section"]},
        weights={} if about["subset_weight"] is None else {pair.subset: about["subset_weight"]},
    )
    row = result_row(pair, content, asked["prompt_hash"], asked["order_policy"], results)
    meta = {name: value for name, value in pair.meta.items() if name != "reference"}
    return {**result_row_to_json(row, rows), "pair_meta": meta}
