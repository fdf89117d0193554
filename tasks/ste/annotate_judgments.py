"""`inspect eval ste/annotate_judgments`: the judge's own correct judgments of synthetic pairs (paper section 3.3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from inspect_ai import Task, task
from inspect_ai.model import ChatMessageAssistant, get_model
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, Value, metric, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver

from ste.asking import chat
from ste.judge_pairs import check_judging, pair_dataset
from ste.stage_output import StageOutput
from ste.stage_setup import LazyAsker, stage_config
from ste.task_arguments import checks_arguments
from ste.user_errors import reports_user_errors, user_errors_reported
from ste_plugin.annotate_stage import annotation_steps, example_figures
from ste_plugin.pairs import load_pairs, pair_from_row
from ste_plugin.recipe import Recipe, load_recipe
from ste_plugin.stage_rows import annotation_to_row

ANNOTATIONS = "ste_annotations"
SCORED = ("order", "drawn", "generated", "tokens", "prompt_tokens", "outcomes", "accepted")
"""What the scorer needs of an example's row."""


@task
@reports_user_errors
@checks_arguments
def annotate_judgments(
    pairs: str,
    recipe: str = "smollm2-demo",
    out: str = "annotations.jsonl",
    seed: int | None = None,
    journal: str | None = None,
    label: str | None = None,
) -> Task:
    """Draw judgments of `pairs` until one names the chosen response, as `recipe.annotate` says; write them to `out`.

    Args:
        pairs: JSONL file of pairs, for instance one that ste/synthesize_pairs has written.
        recipe: a built-in recipe or a YAML file.
        out: the file that is written, one example (pair and order) a line.
        seed: instead of the recipe's.
        journal: file of recorded answers; a run that was stopped goes on from it.
        label: a name for this run's place in a larger one; only logged.
    """
    settings = load_recipe(recipe)
    if seed is not None:
        settings = settings.model_copy(update={"seed": seed})
    loaded = load_pairs(Path(pairs))
    judge_settings = settings.judge_settings(annotating=True)
    model = get_model()
    check_judging(loaded, judge_settings, model)
    output = StageOutput(out, [pair.id for pair in loaded])
    return Task(
        dataset=pair_dataset(loaded, "pairs"),
        solver=annotate_pairs(settings, output, journal),
        scorer=annotation_scorer(),
        config=stage_config(model),
        metadata={"prompt_hash": judge_settings.prompt.hash, "prompt_name": judge_settings.prompt.name},
    )


@solver
def annotate_pairs(recipe: Recipe, output: StageOutput, journal: str | None) -> Solver:
    """Annotate each pair in the recipe's orders."""
    asker = LazyAsker(journal)

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        rows: list[dict[str, Any]] = []
        with user_errors_reported():
            pair = pair_from_row(state.metadata["pair"], f"pair {state.sample_id}")
            state.messages = []
            # both orders at the same time, as in judging
            for annotation in await asker().run_all(list(annotation_steps(pair, recipe).values())):
                rows.append(annotation_to_row(annotation))
                state.messages += chat(annotation.messages)
                if annotation.accepted is not None:
                    state.messages.append(ChatMessageAssistant(content=annotation.accepted.text))
            output.put(pair.id, rows)
        # without the prompts, which the messages have
        state.store.set(ANNOTATIONS, [{name: row[name] for name in SCORED} for row in rows])
        return state

    return solve


@metric
def examples() -> Metric:
    """Over all examples (pair and order): the accepted share, draws and tokens spent, and the draws' outcomes."""

    def compute(scores: list[SampleScore]) -> Value:
        rows = [row for sample in scores for row in (sample.score.metadata or {})["examples"]]
        return cast(Value, example_figures(rows))

    return cast(Metric, compute)


@scorer(metrics=[examples()])
def annotation_scorer() -> Scorer:
    """Share of a pair's orders for which a correct judgment was found."""

    async def score(state: TaskState, target: Target) -> Score:
        rows: list[dict[str, Any]] = state.store.get(ANNOTATIONS)
        slim = [{**row, "accepted": row["accepted"] is not None} for row in rows]
        found = sum(row["accepted"] for row in slim)
        return Score(
            value=found / len(rows),
            answer=f"{found} of {len(rows)}",
            explanation="\n\n".join(row["accepted"]["text"] for row in rows if row["accepted"]),
            metadata={"examples": slim},
        )

    return score
