"""Negative strategies by name: ours, and those that other distributions bring.

A distribution adds its own with an entry point of group ``ste.negatives`` whose value is a class without
constructor arguments that follows `NegativeStrategy`.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from importlib.metadata import entry_points
from typing import cast

from ste_plugin.errors import UserError
from ste_plugin.negatives.degraded_text import DegradedText
from ste_plugin.negatives.modified_instruction import ModifiedInstruction
from ste_plugin.negatives.modified_instruction_in_one import ModifiedInstructionInOne
from ste_plugin.negatives.mutated_code import MutatedCode
from ste_plugin.negatives.neighbor import Neighbor
from ste_plugin.negatives.over_refusal import OverRefusal
from ste_plugin.negatives.strategy import Exempt, NegativeStrategy
from ste_plugin.negatives.unsafe_compliance import UnsafeCompliance
from ste_plugin.negatives.verbosity import Verbosity
from ste_plugin.negatives.weaker_answer import WeakerAnswer
from ste_plugin.negatives.wrong_result import WrongResult
from ste_plugin.quality.settings import FILTERS

GROUP = "ste.negatives"


@cache
def strategies() -> dict[str, NegativeStrategy]:
    """All strategies by name. Raises UserError where an entry point cannot be loaded, takes a name twice, or is exempt
    from a filter that does not exist."""
    own: tuple[NegativeStrategy, ...] = (
        DegradedText(),
        ModifiedInstruction(),
        ModifiedInstructionInOne(),
        MutatedCode(),
        Neighbor(),
        OverRefusal(),
        UnsafeCompliance(),
        Verbosity(),
        WeakerAnswer(),
        WrongResult(),
    )
    found = {strategy.name: strategy for strategy in own}
    for entry in entry_points(group=GROUP):
        try:
            strategy: NegativeStrategy = entry.load()()
            name = strategy.name
        except Exception as error:  # a plug-in fails as it likes
            raise UserError(f"negative strategy '{entry.name}' ({entry.value}) does not load: {error}") from error
        if name in found:
            raise UserError(f"negative strategy '{name}' exists twice; rename that of {entry.value}")
        exempt: object = getattr(strategy, "exempt", frozenset())
        listed = isinstance(exempt, Collection) and not isinstance(exempt, str)
        if not listed or any(one not in FILTERS for one in cast(Collection[object], exempt)):
            raise UserError(
                f"negative strategy '{name}' ({entry.value}): exempt is {exempt!r}; make it a set of some of "
                f"the filters {', '.join(FILTERS)}"
            )
        found[name] = strategy
    return found


def strategy_named(name: str) -> NegativeStrategy:
    """The strategy `name`; UserError with all names where there is none."""
    known = strategies()
    if name not in known:
        raise UserError(f"unknown negative strategy '{name}'; there are {', '.join(sorted(known))}")
    return known[name]


def declared_exemptions(name: str) -> frozenset[str]:
    """The quality filters that the strategy `name` says it breaks by design (`Exempt`); empty where none has that name,
    as with pairs from elsewhere. Raises UserError as `strategies` does."""
    strategy = strategies().get(name)
    return frozenset(strategy.exempt) if isinstance(strategy, Exempt) else frozenset()
