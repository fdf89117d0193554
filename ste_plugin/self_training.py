"""One self-training run, free of a harness: which stage is next, what it reads and writes, when the run is refused.

A harness shell asks `SelfTraining` for the next stage, runs it with the inputs it is told, and reports it finished.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ste_plugin.fingerprint import file_fingerprint
from ste_plugin.model_request import derive_seed
from ste_plugin.negatives.strategy import WEAK_GENERATOR
from ste_plugin.recipe import Recipe, load_recipe
from ste_plugin.recipe_sections import BenchmarkRecipe
from ste_plugin.stages import Stage, stages
from ste_plugin.work_directory import WorkDirectory, check_same, read_run, write_text

ROLES = ("judge", "generator", WEAK_GENERATOR)


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """A model by its name, and by what names its weights as well as can be."""

    name: str
    weights: str


@dataclass(frozen=True, slots=True)
class StageInputs:
    """What one stage of a run works with. Files are absolute paths.

    Attributes:
        seed: of the stage's draws and placements.
        judge: the iteration whose judge is asked, or annotates the rows that are trained on; 0 is the seed model.
        pairs, annotations: files of the iteration that the stage reads; None where it reads none. The pairs are those
            that were made for the check, those that passed it for what follows.
        out: the file or folder the stage leaves behind, None for a score and the report.
        start_from: the iteration whose checkpoint training starts from; 0 is the seed model.
    """

    seed: int
    judge: int
    pairs: Path | None
    annotations: Path | None
    out: Path | None
    start_from: int = 0


def run_recipe(
    recipe: str,
    *,
    instructions: str | None = None,
    dataset: str | None = None,
    iterations: int | None = None,
    seed: int | None = None,
) -> Recipe:
    """The recipe of a run: a built-in name or a YAML file, with what a command line puts in place of its settings.

    Args:
        instructions: instead of `select.source`.
        dataset: source of RewardBench.
        iterations, seed: instead of the recipe's.

    Raises UserError.
    """
    overrides: dict[str, Any] = {"select.source": instructions, "iterations": iterations, "seed": seed}
    settings = load_recipe(recipe, **{key: value for key, value in overrides.items() if value is not None})
    if dataset is not None:
        settings = settings.with_dataset(dataset)
    return settings


class SelfTraining:
    """A run of `recipe` in the work directory `path`, which it takes until `close`."""

    def __init__(self, recipe: Recipe, path: Path, journal: Path | None = None, alike: Path | None = None) -> None:
        """`alike` is the work directory of another run, with the same models and files.

        Raises UserError: the folder cannot be written, or another run has it.
        """
        self.recipe = recipe
        self._alike = alike
        self.work = WorkDirectory(path)
        self.journal = journal.resolve() if journal is not None else self.work.answers

    def claim(
        self, judge: ModelIdentity, generator: ModelIdentity, weak_generator: ModelIdentity | None = None
    ) -> None:
        """Check that the folder was made with the same recipe, models, prompts and data, or make it so.

        Raises UserError naming the first thing that differs, here or from the run that this one is to be alike.
        """
        models = dict(zip(ROLES, (judge, generator, weak_generator), strict=True))
        # a role that no model has is left out
        roles = {role: {"name": one.name, "weights": one.weights} for role, one in models.items() if one is not None}
        manifest = {**what_decides(self.recipe), **roles}
        if self._alike is not None:
            check_alike(self._alike, manifest)
        self.work.claim(manifest)
        _write_recipe(self._recipe_file, self.recipe)

    def recipe_of(self, stage: Stage) -> Recipe:
        """The settings that are in force in `stage`."""
        changing = stage.kind in ("synthesize", "check", "annotate", "train")
        return self.recipe.at(stage.iteration) if changing and self.recipe.from_iteration else self.recipe

    def recipe_file(self, stage: Stage) -> Path:
        """`recipe_of(stage)` as a file. Raises UserError where it cannot be written."""
        recipe = self.recipe_of(stage)
        if recipe is self.recipe:
            return self._recipe_file
        file = self.work.iteration(stage.iteration) / "recipe.yaml"
        _write_recipe(file, recipe)
        return file

    @property
    def _recipe_file(self) -> Path:
        return self.work.path / "recipe.yaml"

    def next_stage(self) -> Stage | None:
        """The first stage that is not finished; None when all are."""
        finished = self.work.summaries()
        return next((stage for stage in stages(self.recipe) if stage.name not in finished), None)

    def inputs(self, stage: Stage) -> StageInputs:
        """What `stage` works with. Raises UserError where its folder cannot be made."""
        iteration, work = stage.iteration, self.work
        seed = derive_seed(self.recipe.seed, "iteration", iteration) % 2**31
        made_for = iteration or None if self.recipe.synthesize.each_iteration else None
        pairs, checked = work.pairs(made_for), work.checked_pairs(made_for)
        if stage.kind == "select":
            return StageInputs(self.recipe.seed, 0, None, None, work.instructions)
        if stage.kind == "synthesize":
            return StageInputs(seed, 0, None, None, pairs)
        if stage.kind == "check":
            return StageInputs(seed, max(0, iteration - 1), pairs, None, checked)
        if stage.kind in ("annotate", "train"):
            annotations = work.iteration(iteration) / "annotations.jsonl"
            if stage.kind == "annotate":
                return StageInputs(seed, iteration - 1, checked, None, annotations)
            start = iteration - 1 if self.recipe.start_from == "previous" else 0
            return StageInputs(seed, iteration - 1, checked, annotations, work.checkpoint(iteration), start)
        seed = self.benchmark(stage).seed if stage.kind == "score" else self.recipe.seed
        return StageInputs(seed, iteration, None, None, None)

    def quality_report(self, stage: Stage) -> Path:
        """Where the check of the pairs leaves its report."""
        return self.work.quality(stage.iteration if self.recipe.synthesize.each_iteration else None)

    def benchmark(self, stage: Stage) -> BenchmarkRecipe:
        """The benchmark of a stage that scores."""
        return next(benchmark for benchmark in self.recipe.score if benchmark.name == stage.benchmark)

    def finish(
        self, stage: Stage, *, log: str, figures: Mapping[str, float], tokens: int, seconds: float | None = None
    ) -> None:
        """Record that `stage` is finished: where its log is, its figures, prompt and generated tokens.

        `seconds` is what it took, where the log does not say so.
        """
        summary = {"log": log, "figures": dict(figures), "tokens": tokens}
        self.work.finish(stage.name, summary if seconds is None else {**summary, "seconds": seconds})

    def close(self) -> None:
        """Let another run have the folder."""
        self.work.close()


def _write_recipe(file: Path, recipe: Recipe) -> None:
    write_text(file, yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False))


def what_decides(recipe: Recipe) -> dict[str, Any]:
    """All but the models that decides what a run of `recipe` produces: the part of its manifest that needs no harness.

    Raises UserError for a prompt or a file that cannot be read.
    """
    return {
        "recipe": recipe.what_decides(),
        "prompts": recipe.prompt_hashes(),
        "data": {file: file_fingerprint(Path(file)) for file in recipe.data_files()},
    }


def check_alike(path: Path, manifest: Mapping[str, Any]) -> None:
    """Raises UserError where the run in `path` has another model, prompt or file than `manifest` under the same name.

    Prompts and files that only one of the two names are fine.
    """
    stored = read_run(path)[0]
    own: dict[str, Any] = {role: stored.get(role) for role in ROLES}
    wanted: dict[str, Any] = {role: manifest.get(role) for role in ROLES}
    for files in ("prompts", "data"):
        common = stored.get(files, {}).keys() & manifest.get(files, {}).keys()
        own[files], wanted[files] = ({name: one[files][name] for name in sorted(common)} for one in (stored, manifest))
    check_same(path, own, wanted, "make these runs apart from it, in another folder")
