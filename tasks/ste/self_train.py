"""`inspect eval ste/self_train`: one command trains a judge on itself and scores every iteration.

A task source: it yields the registered stage tasks one after the other and keeps what they leave behind in a work
directory. After an interruption of any kind the same command goes on with the first stage that is not finished,
and within that stage with what has been generated.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
from inspect_ai import Task, TaskSource, task_source
from inspect_ai.log import EvalLog
from inspect_ai.model import Model, get_model

from ste.annotate_judgments import annotate_judgments
from ste.benchmark_tasks import benchmark_task
from ste.check_pairs import check_pairs
from ste.iteration_models import trained_judge, training_start
from ste.report_run import report_run
from ste.select_instructions import select_instructions
from ste.stage_output import pending_output
from ste.stage_setup import generator_model, model_identity, weak_generator_model
from ste.synthesize_pairs import synthesize_pairs
from ste.task_arguments import checks_arguments
from ste.train_judge import train_judge
from ste.user_errors import ReportedError, reports_user_errors, user_errors_reported
from ste.vllm_servers import set_up_server, stop_servers
from ste_plugin.errors import UserError
from ste_plugin.self_training import ModelIdentity, SelfTraining, run_recipe
from ste_plugin.stages import Stage


@task_source
@reports_user_errors
@checks_arguments
def self_train(
    recipe: str = "smollm2-demo",
    workdir: str = "ste-run",
    instructions: str | None = None,
    dataset: str | None = None,
    iterations: int | None = None,
    seed: int | None = None,
    journal: str | None = None,
    alike: str | None = None,
) -> TaskSource:
    """Train the judge given by --model on its own synthetic data; score the seed and every iteration.

    Args:
        recipe: a built-in recipe or a YAML file.
        workdir: folder of the run; the same command goes on with it after an interruption.
        instructions: "builtin" or a JSONL file; instead of the recipe's.
        dataset: source of RewardBench ("hub", "builtin" or a file); instead of the recipe's.
        iterations: instead of the recipe's.
        seed: instead of the recipe's.
        journal: file of recorded answers instead of the work directory's own, so that several runs (of an ablation,
            one after the other) generate nothing twice.
        alike: work directory of another run; this one is refused if a model, prompt or file of the same name differs.
    """
    settings = run_recipe(recipe, instructions=instructions, dataset=dataset, iterations=iterations, seed=seed)
    shared = (Path(path) if path else None for path in (journal, alike))
    return SelfTrainingSource(SelfTraining(settings, Path(workdir), *shared))


class SelfTrainingSource(TaskSource):
    """Drives one run. The harness asks for the next tasks; this finishes a stage and starts the one after it."""

    def __init__(self, run: SelfTraining) -> None:
        self.run = run
        self.recipe = run.recipe
        self.current: Stage | None = None
        self._log: EvalLog | None = None
        self._ended = anyio.Event()
        self._several = False

    def initial_tasks(self) -> list[Task]:
        """Check that the folder fits model and recipe; the first task that is not finished."""
        with self._given_back_on_error():
            self.seed_judge: Model = get_model()
            self.generator: Model = generator_model()
            self.training_start = training_start(self.seed_judge)
            set_up_server(self.seed_judge, self._adapter_rank)  # the seed's server is to take the adapters to come
            models = (self.seed_judge, self.generator, weak_generator_model())
            self.run.claim(*(m and ModelIdentity(str(m), model_identity(m)) for m in models))
            task = self._start_next()
            if task is None:  # everything is finished: show it once more
                self.current = Stage("report")
                task = self._task(self.current)
        return [task]

    async def task_complete(self, log: EvalLog) -> list[Task] | None:
        # With several models Inspect runs every task once for each of them.
        self._several = self._several or self._ended.is_set() or log.eval.task_args.get("label") != self._label
        self._log = log
        self._ended.set()
        return None

    async def next_tasks(self) -> list[Task] | None:
        """Finish the current stage and start the next; an exception here ends the run with exit code 1 or 2."""
        await self._ended.wait()
        with self._given_back_on_error():
            if self._several:
                raise UserError("ste/self_train trains one judge at a time; give one --model")
            assert self.current is not None and self._log is not None
            self._finish(self.current, self._log)
            self._ended = anyio.Event()
            task = self._start_next()
        if task is None:
            self.run.close()
            return None
        return [task]

    @contextmanager
    def _given_back_on_error(self) -> Iterator[None]:
        """An error ends the run, so another run in this process may have the folder."""
        try:
            with user_errors_reported():
                yield
        except BaseException:
            self.run.close()
            raise

    @property
    def _label(self) -> str | None:
        return self.current.name if self.current is not None else None

    def _start_next(self) -> Task | None:
        stage = self.run.next_stage()
        if stage is None:
            return None
        self.current = stage
        task = self._task(stage)
        stop_servers(but=self._served(stage, task))
        return task

    def _served(self, stage: Stage, task: Task) -> Model | None:
        """The model that a server may hold in memory during `stage`.

        Training all weights needs the room that they take. An adapter is trained beside the server that it is loaded
        into afterwards.
        """
        if stage.kind == "report" or (stage.kind == "train" and self._adapter_rank is None):
            return None
        return task.model

    @property
    def _adapter_rank(self) -> int | None:
        train = self.recipe.train
        return train.lora.rank if train.method == "lora" else None

    def _task(self, stage: Stage) -> Task:
        inputs = self.run.inputs(stage)
        shared: dict[str, Any] = {"recipe": str(self.run.recipe_file(stage)), "label": stage.name}
        journal = str(self.run.journal)
        if stage.kind == "score":
            task = benchmark_task(self.recipe, self.run.benchmark(stage), journal, stage.name)
            task.model = self._judge(inputs.judge)
        elif stage.kind == "select":
            task = select_instructions(**shared, out=str(inputs.out), journal=journal)
            task.model = self.generator
        elif stage.kind == "synthesize":
            task = synthesize_pairs(
                **shared,
                instructions=str(self.run.work.instructions),
                out=str(inputs.out),
                seed=inputs.seed,
                journal=journal,
            )
            task.model = self.generator
        elif stage.kind == "check":
            task = check_pairs(
                **shared,
                pairs=str(inputs.pairs),
                out=str(inputs.out),
                report=str(self.run.quality_report(stage)),
                seed=inputs.seed,
                journal=journal,
            )
            task.model = self._judge(inputs.judge)
        elif stage.kind == "annotate":
            task = annotate_judgments(
                **shared,
                pairs=str(inputs.pairs),
                out=str(inputs.out),
                seed=inputs.seed,
                journal=journal,
            )
            task.model = self._judge(inputs.judge)
        elif stage.kind == "train":
            start = str(self.run.work.checkpoint(inputs.start_from)) if inputs.start_from else self.training_start
            task = train_judge(
                **shared,
                annotations=str(inputs.annotations),
                pairs=str(inputs.pairs),
                start=start,
                out=str(inputs.out),
                seed=inputs.seed,
                judge=str(self._judge(inputs.judge)),
            )
            task.model = self._judge(inputs.judge)
        else:
            task = report_run(workdir=str(self.run.work.path), label=stage.name)
        return task

    def _judge(self, iteration: int) -> Model:
        if iteration == 0:
            return self.seed_judge
        return trained_judge(self.seed_judge, self.run.work.checkpoint(iteration), self.recipe.train.method)

    def _finish(self, stage: Stage, log: EvalLog) -> None:
        """Write what the stage leaves behind and record it. Raises UserError when it failed or left nothing."""
        if log.status != "success":
            reason = log.error.message if log.error else f"it was {log.status}"
            raise UserError(f"stage {stage.name} did not finish: {reason} (log: {log.location})")
        out = log.eval.task_args.get("out")
        output = pending_output(out) if isinstance(out, str) else None
        if output is not None:
            output.write()
        figures = _figures(log)
        self.run.finish(stage, log=log.location, figures=figures, tokens=_tokens(log, figures))


def _figures(log: EvalLog) -> dict[str, float]:
    # a scorer's further rows, one for each key of its value, repeat its figures for Inspect's view
    scores = [score for score in log.results.scores if score.name == score.scorer] if log.results else []
    return {name: float(value.value) for score in scores for name, value in score.metrics.items()}


def _tokens(log: EvalLog, figures: dict[str, float]) -> int:
    """Prompt and generated tokens: as the stage counted them (journaled answers included), else as the log did."""
    if "prompt_tokens" in figures:
        return int(figures["prompt_tokens"] + figures["tokens"])
    return sum(usage.total_tokens for usage in log.stats.model_usage.values())


__all__ = ["ReportedError", "SelfTrainingSource", "self_train"]
