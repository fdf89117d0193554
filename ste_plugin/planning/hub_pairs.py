"""How many pairs a benchmark has, without asking the hub: the published numbers, as the loaders make them."""

from __future__ import annotations

from collections.abc import Mapping

from ste_plugin.benchmarks import llmbar, rewardbench, rewardbench2
from ste_plugin.benchmarks.choosing import resolve_subsets
from ste_plugin.recipe_sections import BenchmarkRecipe

_JUDGEBENCH: Mapping[str, Mapping[str, int]] = {
    "gpt": {"knowledge": 154, "reasoning": 98, "math": 56, "coding": 42},
    "claude": {"knowledge": 154, "reasoning": 51, "math": 34, "coding": 31},
}
_UNITS: Mapping[str, Mapping[str, int]] = {
    "rewardbench": rewardbench.ROW_COUNTS,
    "llmbar": llmbar.ROW_COUNTS,
    "mtbench": {"turn-1": 910, "turn-2": 904},
    "rmbench": {"chat": 129, "math": 529, "code": 228, "safety-refuse": 284, "safety-response": 157},
    "rewardbench2": rewardbench2.ROW_COUNTS,
    "helpsteer2": {"validation": 519},
}
"""What `limit_per_subset` counts: pairs, of RM-Bench prompts, of RewardBench 2 items."""
_PAIRS_OF_A_UNIT = {"rmbench": 9, "rewardbench2": 3}
"""RewardBench 2's "Ties" have more, by their numbers of responses. HelpSteer2 has fewer than 519: responses that are
rated alike are no pair."""


def hub_pairs(benchmark: BenchmarkRecipe) -> int | None:
    """Pairs that are judged with `dataset: hub`; None where their number is not known.

    Raises UserError for a subset that there is not.
    """
    name = benchmark.benchmark.name
    if name == "judgebench":
        split = benchmark.split or "gpt"
        one, other = (_JUDGEBENCH[half] for half in ("gpt", "claude"))
        units = {key: one[key] + other[key] for key in one} if split == "both" else _JUDGEBENCH[split]
    elif name in _UNITS:
        units = _UNITS[name]
    else:
        return None
    if benchmark.subsets is not None:
        groups = llmbar.GROUPS if name == "llmbar" else benchmark.benchmark.sections
        wanted = resolve_subsets(benchmark.subsets, set(units), groups, "hub")
        units = {subset: number for subset, number in units.items() if subset in wanted}
    limit = benchmark.limit_per_subset
    counted = sum(min(number, limit) if limit is not None else number for number in units.values())
    return counted * _PAIRS_OF_A_UNIT.get(name, 1)
