"""What the strategies of a recipe work on: the run's instructions, which have to suit them, or their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ste_plugin.instructions import Instruction
from ste_plugin.negatives.registry import strategy_named
from ste_plugin.negatives.strategy import Selective
from ste_plugin.recipe_sections import SynthesizeRecipe
from ste_plugin.synthesis_plan import brings_its_own, plan_pairs, shares, suits

WITHOUT_BASELINE = frozenset({"wrong_result"})
"""Strategies that do not ask for the baseline response: this one's solutions are draws of their own."""


@dataclass(frozen=True, slots=True)
class MaterialShares:
    """Pairs tried, by strategy: on instructions of the run (`own`) and on built-in ones (`built_in`).

    `baselines` is how many of the run's instructions need a baseline response, each counted once.
    """

    own: Mapping[str, int]
    built_in: Mapping[str, int]
    baselines: int


def material_shares(
    settings: SynthesizeRecipe, instructions: Sequence[Instruction] | None, number: int, seed: int
) -> MaterialShares:
    """What `settings` make of the `number` instructions of a run.

    Where these are not known (None), all of them are taken to suit every strategy that works on the run's: the most
    that a generator could be asked for. Raises UserError for an unknown strategy.
    """
    weights = settings.strategies
    quotas = shares(weights, settings.pairs)
    material = {name: settings.material.get(name, "auto") for name in weights}
    if instructions is None:
        alone = {name for name in weights if brings_its_own(name, material[name]) and material[name] != "auto"}
        own = {name: 0 if name in alone else min(quotas[name], number) for name in weights}
        needed = sum(count for name, count in own.items() if name not in WITHOUT_BASELINE)
    else:
        plan = plan_pairs(
            instructions,
            weights,
            settings.pairs,
            seed,
            suits=lambda name, instruction: suits(name, material[name], instruction),
        )
        own = {**dict.fromkeys(weights, 0), **Counter(name for _, name in plan)}
        needed = len({instruction.id for instruction, name in plan if name not in WITHOUT_BASELINE})
    built_in = {name: quotas[name] - own[name] if brings_its_own(name, material[name]) else 0 for name in weights}
    # a neighbour's response is the baseline of another instruction
    return MaterialShares(own, built_in, min(number, needed + own.get("neighbor", 0)))


def chooses(settings: SynthesizeRecipe) -> list[str]:
    """Names of the strategies that cannot use every instruction of the run, and work on those they can."""
    return [
        name
        for name in settings.strategies
        if isinstance(strategy_named(name), Selective)
        and settings.material.get(name, "auto") in ("auto", "instructions")
    ]
