"""Which instruction is turned into a pair by which negative strategy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from ste_plugin.instructions import Instruction
from ste_plugin.model_request import derive_seed
from ste_plugin.negatives.built_in import SelfSupplied, without_responses
from ste_plugin.negatives.registry import strategy_named
from ste_plugin.negatives.strategy import Selective

Material = Literal["auto", "instructions", "built_in", "built_in_requests", "built_in_half"]
"""What a strategy works on: the run's instructions that suit it, its own built-in ones with their responses, those
without, so that the generator responds to them, half of them in the one way and half in the other, or ("auto") the
first kind, filled up with the second where there are too few."""

GENERATED_OF_BUILT_IN: Mapping[str, int] = {"built_in_requests": 1, "built_in_half": 2}
"""Which built-in instructions the generator responds to: every one, or every second one; none for other material."""


def synthesis_plan(
    instructions: Sequence[Instruction],
    weights: Mapping[str, float],
    pairs: int,
    seed: int,
    material: Mapping[str, Material],
) -> list[tuple[Instruction, str]]:
    """`plan_pairs` with the strategies of the registry; those not in `material` are "auto". Raises UserError."""

    def suitable(name: str, instruction: Instruction) -> bool:
        return suits(name, material.get(name, "auto"), instruction)

    def built_in(name: str, count: int) -> Sequence[Instruction]:
        strategy = strategy_named(name)
        if not brings_its_own(name, material.get(name, "auto")) or not isinstance(strategy, SelfSupplied):
            return ()
        every = GENERATED_OF_BUILT_IN.get(material.get(name, "auto"))
        own = strategy.built_in(count, seed)
        return own if every is None else [i if n % every else without_responses(i) for n, i in enumerate(own)]

    return plan_pairs(instructions, weights, pairs, seed, suits=suitable, built_in=built_in)


def suits(name: str, material: Material, instruction: Instruction) -> bool:
    """Whether the strategy `name` can use one of the run's instructions. Raises UserError."""
    strategy = strategy_named(name)
    if material.startswith("built_in"):
        return not isinstance(strategy, SelfSupplied)
    return not isinstance(strategy, Selective) or strategy.suits(instruction)


def brings_its_own(name: str, material: Material) -> bool:
    """Whether the strategy `name` has built-in instructions where the run's do not suffice. Raises UserError."""
    return material != "instructions" and isinstance(strategy_named(name), SelfSupplied)


def plan_pairs(
    instructions: Sequence[Instruction],
    weights: Mapping[str, float],
    pairs: int,
    seed: int,
    *,
    suits: Callable[[str, Instruction], bool] = lambda strategy, instruction: True,
    built_in: Callable[[str, int], Sequence[Instruction]] = lambda strategy, count: (),
) -> list[tuple[Instruction, str]]:
    """(instruction, strategy) for at most `pairs` pairs, shared out by `weights` (largest remainders).

    A strategy gets instructions that suit it, the least used first and in a seeded order among those, so that
    strategies use different ones while there are enough. The strategies that fewest instructions suit choose
    first. No (instruction, strategy) comes twice; where the instructions do not suffice for a strategy's share,
    `built_in` is asked for the rest of it.
    """
    ordered = sorted(instructions, key=lambda i: derive_seed(seed, "plan", i.id))
    quotas = shares(weights, pairs)
    fitting = {name: [n for n, i in enumerate(ordered) if suits(name, i)] for name in weights}
    uses = [0] * len(ordered)
    plan: dict[str, list[tuple[Instruction, str]]] = {}
    for strategy in sorted(weights, key=lambda name: (len(fitting[name]), name)):
        taken = sorted(fitting[strategy], key=lambda n: (uses[n], n))[: quotas[strategy]]
        for number in taken:
            uses[number] += 1
        missing = quotas[strategy] - len(taken)
        chosen = [ordered[n] for n in taken]
        chosen += built_in(strategy, missing) if missing else ()
        plan[strategy] = [(instruction, strategy) for instruction in chosen]
    return [item for strategy in sorted(plan) for item in plan[strategy]]


def shares(weights: Mapping[str, float], total: int) -> dict[str, int]:
    """`total` pairs shared out by weights (largest remainders)."""
    whole = sum(weights.values())
    exact = {name: total * weight / whole for name, weight in weights.items()}
    found = {name: int(value) for name, value in exact.items()}
    left = total - sum(found.values())
    for name in sorted(weights, key=lambda n: (found[n] - exact[n], n))[:left]:
        found[name] += 1
    return found
