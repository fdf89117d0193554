"""`inspect eval ste/synthesize_pairs`: pairs in which one response is worse by construction (paper section 3.2)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any, cast

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageAssistant, ChatMessageUser
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, Value, mean, metric, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver

from ste.stage_output import StageOutput
from ste.stage_setup import LazyAsker, generator_model, stage_config, weak_generator_model
from ste.task_arguments import checks_arguments
from ste.user_errors import reports_user_errors, user_errors_reported
from ste_plugin.pairs import Pair, pair_to_row
from ste_plugin.recipe import load_recipe
from ste_plugin.synthesize_stage import Synthesis, check_pairs, outcome_counts, outcome_of, plan_synthesis

OUTCOME = "ste_outcome"


class PairsOutput(StageOutput):
    """The pairs that were made; none at all is an error."""

    def rows(self) -> Iterable[dict[str, Any]]:
        check_pairs(list(islice(super().rows(), 1)), self.path)
        return super().rows()


@task
@reports_user_errors
@checks_arguments
def synthesize_pairs(
    recipe: str = "smollm2-demo",
    instructions: str | None = None,
    out: str = "pairs.jsonl",
    seed: int | None = None,
    journal: str | None = None,
    label: str | None = None,
) -> Task:
    """Make pairs from instructions as `recipe.synthesize` says and write them to `out`.

    The answers are written by the model role ``generator`` where it is given, else by the task's model; the rejected
    ones of the strategy ``weaker_answer`` by the role ``weak_generator`` where that is given.

    Args:
        recipe: a built-in recipe or a YAML file.
        instructions: JSONL file, for instance one that ste/select_instructions has written; else the recipe's.
        out: the file that is written, one pair a line.
        seed: instead of the recipe's.
        journal: file of recorded answers; a run that was stopped goes on from it.
        label: a name for this run's place in a larger one; only logged.
    """
    settings = load_recipe(recipe)
    number = settings.seed if seed is None else seed
    weak = weak_generator_model()
    weak_name = str(weak) if weak is not None else None
    synthesis = plan_synthesis(settings, instructions or settings.select.source, number, weak_name)
    output = PairsOutput(out, list(synthesis.items))
    samples = [
        Sample(input=instruction.text, id=item, metadata={"strategy": strategy, "instruction": instruction.id})
        for item, (instruction, strategy) in synthesis.items.items()
    ]
    return Task(
        dataset=MemoryDataset(samples, name="instructions"),
        solver=make_pairs(synthesis, output, journal),
        scorer=synthesis_scorer(),
        config=stage_config(generator_model()),
    )


@solver
def make_pairs(synthesis: Synthesis, output: StageOutput, journal: str | None) -> Solver:
    """Run each item's negative strategy."""
    asker = LazyAsker(journal, generator=True)

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        item = str(state.sample_id)
        instruction, _ = synthesis.items[item]
        with user_errors_reported():
            outcome = await asker().run(synthesis.steps(item))
            if isinstance(outcome, Pair):
                output.put(item, [pair_to_row(outcome)])
        if isinstance(outcome, Pair):
            state.messages = [
                ChatMessageUser(content=instruction.text),
                ChatMessageAssistant(content=f"[chosen]\n{outcome.chosen[-1]}"),
                ChatMessageAssistant(content=f"[rejected]\n{outcome.rejected[-1]}"),
            ]
        state.store.set(OUTCOME, outcome_of(outcome))
        return state

    return solve


@metric
def outcomes() -> Metric:
    """How many items became a pair ("kept"), and how many were dropped by which reason."""

    def compute(scores: list[SampleScore]) -> Value:
        return cast(Value, outcome_counts([sample.score.answer or "" for sample in scores]))

    return cast(Metric, compute)


@scorer(metrics=[mean(), outcomes()])
def synthesis_scorer() -> Scorer:
    """1 for an item that became a pair, 0 for a dropped one; the answer is "kept" or the reason."""

    async def score(state: TaskState, target: Target) -> Score:
        outcome = state.store.get(OUTCOME)
        kept = outcome == "kept"
        return Score(value=int(kept), answer=outcome, reason=None if kept else outcome)

    return score
