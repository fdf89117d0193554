"""The stage "synthesize", free of a harness: which pairs are tried, and the steps to each (paper section 3.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ste_plugin.dry_run import dry_run
from ste_plugin.errors import UserError
from ste_plugin.instructions import Instruction, load_instructions
from ste_plugin.model_request import Steps
from ste_plugin.negatives.neighbors import nearest_neighbors
from ste_plugin.negatives.registry import strategy_named
from ste_plugin.negatives.strategy import Dropped, SynthesisContext
from ste_plugin.pairs import Pair
from ste_plugin.recipe import Recipe
from ste_plugin.synthesis_plan import synthesis_plan
from ste_plugin.text_prompt import TextPrompt


@dataclass(frozen=True, slots=True)
class Synthesis:
    """What is to be made: instruction and strategy by item, in the order of the file; what the strategies share."""

    items: Mapping[str, tuple[Instruction, str]]
    context: SynthesisContext

    def steps(self, item: str) -> Steps[Pair | Dropped]:
        """The steps to the pair of `item`."""
        instruction, strategy = self.items[item]
        return strategy_named(strategy).synthesize(instruction, self.context)


def plan_synthesis(recipe: Recipe, instructions: str | Path, seed: int, weak_generator: str | None = None) -> Synthesis:
    """What `recipe.synthesize` makes of the instructions in a file. Raises the UserError that asking would end with.

    `weak_generator` names the model that has this role, if one has.
    """
    loaded = load_instructions(instructions)
    wanted = recipe.synthesize
    plan = synthesis_plan(loaded, wanted.strategies, wanted.pairs, seed, wanted.material)
    items = {f"{instruction.id}:{strategy}": (instruction, strategy) for instruction, strategy in plan}
    synthesis = Synthesis(items, synthesis_context(recipe, loaded, seed, weak_generator))
    for item in items:
        dry_run(synthesis.steps(item))
    return synthesis


def synthesis_context(
    recipe: Recipe, instructions: list[Instruction], seed: int, weak_generator: str | None = None
) -> SynthesisContext:
    """What the recipe's strategies share. Raises UserError for a prompt that does not exist."""
    settings = recipe.synthesize
    return SynthesisContext(
        respond=TextPrompt.load(settings.respond_prompt),
        modify=TextPrompt.load(settings.modify_prompt),
        modify_and_answer=TextPrompt.load(settings.modify_and_answer_prompt),
        max_tokens=settings.max_tokens,
        temperature=settings.temperature,
        top_p=settings.top_p,
        modify_max_tokens=settings.modify_max_tokens,
        seed=seed,
        neighbors=nearest_neighbors(instructions),
        run_code=settings.run_code,
        weak_generator=weak_generator,
    )


def outcome_of(result: Pair | Dropped) -> str:
    """ "kept", or the reason for which no pair came out."""
    return "kept" if isinstance(result, Pair) else result.reason


def outcome_counts(outcomes: Sequence[str]) -> dict[str, int]:
    """How many items became a pair ("kept"), and how many were dropped by which reason."""
    return {outcome: list(outcomes).count(outcome) for outcome in sorted(set(outcomes))}


def check_pairs(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Raises UserError where not one pair came out."""
    if not rows:
        raise UserError(f"{path}: not one pair came out of the synthesis; its log says why each was dropped")
