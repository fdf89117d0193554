"""The benchmark tasks by name, and the one that scores a judge as a recipe says."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from inspect_ai import Task

from ste.helpsteer2 import helpsteer2
from ste.judgebench import judgebench
from ste.llmbar import llmbar
from ste.mtbench import mtbench
from ste.preferences import preferences
from ste.rewardbench import rewardbench
from ste.rewardbench2 import rewardbench2
from ste.rmbench import rmbench
from ste_plugin.recipe import Recipe
from ste_plugin.recipe_sections import BenchmarkRecipe

TASKS: Mapping[str, Callable[..., Task]] = {
    "ste/helpsteer2": helpsteer2,
    "ste/judgebench": judgebench,
    "ste/llmbar": llmbar,
    "ste/mtbench": mtbench,
    "ste/preferences": preferences,
    "ste/rewardbench": rewardbench,
    "ste/rewardbench2": rewardbench2,
    "ste/rmbench": rmbench,
}


def benchmark_task(recipe: Recipe, benchmark: BenchmarkRecipe, journal: str, label: str) -> Task:
    """The task that scores a judge on one benchmark of `recipe`; `label` and `journal` as in JudgingOptions."""
    judge = recipe.judge_settings(annotating=False, benchmark=benchmark)
    return TASKS[benchmark.task](
        dataset=benchmark.dataset,
        order=benchmark.order,
        votes=judge.votes,
        flip_bound=judge.flip_bound,
        prompt=recipe.judge.prompt,
        subsets=benchmark.subsets,
        limit_per_subset=benchmark.limit_per_subset,
        max_tokens=judge.max_tokens,
        temperature=judge.temperature,
        top_p=judge.top_p,
        force_verdict=judge.force_verdict,
        max_response_chars=judge.max_response_chars,
        overlong=judge.overlong,
        seed=benchmark.seed,
        journal=journal,
        label=label,
        **benchmark.own_options,
    )
