"""Material that strategies bring along: instructions written by code, with both responses.

A weak generator writes no program worth mutating and no proof worth spoiling. A strategy that implements `SelfSupplied`
makes its own instructions, and knows by construction which of the two responses is the worse one. No model is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

from ste_plugin.draws import Draws
from ste_plugin.instructions import Instruction
from ste_plugin.model_request import derive_seed
from ste_plugin.negatives.strategy import Dropped, make_pair
from ste_plugin.pairs import Pair

SOURCE = "ste/built-in"
"""`source` of every built-in instruction, and so of the pairs made of it."""

TRIES = 40
"""Numbers tried for each instruction that is asked for, before the material counts as used up."""


@dataclass(frozen=True, slots=True)
class BuiltInItem:
    """An instruction's text, both responses, and what is known of them all (JSON values, for provenance)."""

    prompt: str
    chosen: str
    rejected: str
    facts: Mapping[str, Any] = field(default_factory=dict, hash=False)


@runtime_checkable
class SelfSupplied(Protocol):
    """A strategy that can make its own instructions."""

    def built_in(self, count: int, seed: int) -> list[Instruction]:
        """`count` different instructions, or as many as there are; the first n of them do not depend on `count`."""
        ...


def built_in_instructions(
    strategy: str, build: Callable[[Draws], BuiltInItem | None], count: int, seed: int
) -> list[Instruction]:
    """Instructions number 0, 1, ... of `build`, without those whose text has come already.

    What stands under an id depends on `seed`, `strategy` and the id alone. `build` gives None for draws that come to
    nothing.
    """
    found: dict[str, Instruction] = {}
    for number in range(count * TRIES):
        if len(found) == count:
            break
        item = build(Draws(derive_seed(seed, "built-in", strategy, number)))
        if item is not None and item.prompt not in found:
            id_ = f"built-in-{strategy}-{number:05d}"
            found[item.prompt] = Instruction(id_, item.prompt, SOURCE, {"item": item})
    return list(found.values())


def built_in_item(instruction: Instruction) -> BuiltInItem | None:
    """The responses that came with `instruction`; None for one of the run's own."""
    item = instruction.meta.get("item")
    return item if isinstance(item, BuiltInItem) else None


def without_responses(instruction: Instruction) -> Instruction:
    """`instruction` and what is known of it: a strategy treats it as one of the run's own."""
    item = built_in_item(instruction)
    return replace(instruction, meta=dict(item.facts) if item else instruction.meta)


def built_in_pair(instruction: Instruction, strategy: str, item: BuiltInItem) -> Pair | Dropped:
    """The pair of a built-in instruction; its provenance says `"material": "built_in"`."""
    return make_pair(instruction, strategy, item.chosen, item.rejected, material="built_in", **item.facts)
