"""The stage "score" in lm-eval: the recipe's benchmark as a task of the group ``ste_judge``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lm_eval.tasks import TaskManager

from ste.lm_eval.stage_asking import StageModel
from ste_plugin.benchmarks.registry import BENCHMARKS, Benchmark
from ste_plugin.errors import UserError
from ste_plugin.pairs import Pair
from ste_plugin.recipe import Recipe
from ste_plugin.recipe_sections import BenchmarkRecipe
from ste_plugin.result_rows import SAMPLE_KEY
from ste_plugin.stage_rows import pair_result
from ste_plugin.table import SUBSET_KINDS

TASK_CONFIGS = Path(__file__).parent / "task_configs"
TASKS = {"ste/rewardbench": "ste_rewardbench", "ste/mtbench": "ste_mtbench"}
"""The group of lm-eval that is a benchmark's task of Inspect."""


def check_benchmarks(recipe: Recipe) -> None:
    """Raises UserError for a benchmark of `recipe` that lm-eval has no task for."""
    for benchmark in recipe.score:
        if benchmark.task not in TASKS:
            raise UserError(
                f"recipe '{recipe.name}': benchmark '{benchmark.task}' is no task of lm-eval yet; "
                "leave it out of `score` or use --harness inspect"
            )


def score(recipe: Recipe, benchmark: BenchmarkRecipe, model: StageModel, logs: Path) -> dict[str, float]:
    """The figures of `benchmark`, by the names that the Inspect task gives them. Raises UserError."""
    judge = recipe.judge_settings(annotating=False, benchmark=benchmark)
    options: dict[str, Any] = {
        "dataset": benchmark.dataset,
        "order": benchmark.order,
        "votes": judge.votes,
        "flip_bound": judge.flip_bound,
        "prompt": recipe.judge.prompt,
        "subsets": benchmark.subsets,
        "limit_per_subset": benchmark.limit_per_subset,
        "max_tokens": judge.max_tokens,
        "temperature": judge.temperature,
        "top_p": judge.top_p,
        "force_verdict": judge.force_verdict,
        "max_response_chars": judge.max_response_chars,
        "overlong": judge.overlong,
        "seed": benchmark.seed,
        **benchmark.own_options,
    }
    given = {name: value for name, value in options.items() if value is not None}
    manager = TaskManager(include_path=str(TASK_CONFIGS), include_defaults=False, metadata=given)
    results = model.evaluate([TASKS[benchmark.task]], logs, manager)
    samples = [sample for rows in results["samples"].values() for sample in rows]
    found = {row["pair_id"]: row for row in (sample.get(SAMPLE_KEY) for sample in samples) if row is not None}
    scored = BENCHMARKS[benchmark.task.removeprefix("ste/")]
    pairs = scored.load(
        benchmark.dataset,
        subsets=benchmark.subsets,
        limit_per_subset=benchmark.limit_per_subset,
        seed=benchmark.seed,
        **{name: given[name] for name in scored.options if name in given},
    )
    return _figures(scored, pairs, [found[pair.id] for pair in pairs])


def _figures(benchmark: Benchmark, pairs: list[Pair], rows: list[dict[str, Any]]) -> dict[str, float]:
    """Figures of the result rows that lm-eval logged of `pairs`, in the same order."""
    counted = [(pair, row) for pair, row in zip(pairs, rows, strict=True) if not row["skipped"]]
    judged = [
        (pair_result(row["pair_id"], row["subset"], row["cluster"], row["orders"]), pair.meta) for pair, row in counted
    ]
    orders = [order for _, row in counted for order in row["orders"]]
    figures: dict[str, float] = {
        "overlong": sum(any(order["overlong"] for order in row["orders"]) for _, row in counted),
        "shortened": sum(any(order["shortened"] for order in row["orders"]) for _, row in counted),
        "prompt_tokens": sum(order["prompt_tokens"] for order in orders),
        "tokens": sum(order["tokens"] for order in orders),
    }
    if judged:
        found = benchmark.figures(judged)
        if found.table is not None:
            overall = found.table.overall
            numbers = {
                "official_overall": overall.number("official"),
                "strict_overall": overall.number("strict"),
                "official_stderr": overall.number("stderr"),
                "parse_rate": overall.number("parse_rate"),
            }
            figures |= {name: value for name, value in numbers.items() if value is not None}
        figures |= found.flat(SUBSET_KINDS)
    return figures
