"""Runs the matrix: one stock `inspect eval ste/self_train` for each cell and seed, one after the other."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from ste_plugin.ablation.axes import Cell, cells, seeds_of, varied
from ste_plugin.ablation.begun_runs import check_made, check_words, record_words
from ste_plugin.ablation.plot import plot
from ste_plugin.ablation.results import CellResult, cell_results, differences
from ste_plugin.ablation.tables import differences_table, results_table
from ste_plugin.errors import UserError
from ste_plugin.recipe import Recipe, load_recipe
from ste_plugin.self_training import check_alike
from ste_plugin.task_words import task_words
from ste_plugin.work_directory import MANIFEST, read_run, write_json, write_text

_WIDEST = 10_000


@dataclass(frozen=True, slots=True)
class Run:
    """One cell with one seed, and its work directory."""

    cell: Cell
    seed: int
    recipe: Recipe
    work: Path

    @property
    def begun(self) -> bool:
        """Whether it has been started, with a recipe and models that fit."""
        return (self.work / MANIFEST).exists()

    @property
    def stages(self) -> dict[str, Any]:
        """Its finished stages. Raises UserError for a folder that is not what a run left."""
        return read_run(self.work)[1] if self.begun else {}

    @property
    def finished(self) -> bool:
        """Whether every stage is."""
        return "report" in self.stages


class Ablation:
    """A matrix of runs in `folder`; what differs between them is only what the axes say, and the seed.

    The journal is shared: its keys name the model's weights, the whole prompt and the draw's seed, so an answer is
    taken over only where the very same one would be asked for. Cells with one seed thereby get the same baseline
    responses, which makes their difference more precise than two runs on their own.
    """

    def __init__(
        self,
        *,
        recipe: str,
        vary: tuple[str, ...],
        seeds: str,
        model: str,
        folder: Path,
        instructions: str | None = None,
        dataset: str | None = None,
        words: tuple[str, ...] = (),
    ) -> None:
        """Raises UserError: an axis, seed or setting does not fit, or a run that is there was begun with others."""
        self.model, self.folder, self.words = model, folder, words
        base = load_recipe(recipe)
        overrides = {"select.source": instructions} if instructions is not None else {}
        self.name = base.name
        self.runs: list[Run] = []
        given = {"select.source": "--instructions" if instructions else None, "score": "--dataset" if dataset else None}
        for cell in cells(vary, base, {key: option for key, option in given.items() if option}):
            for seed in seeds_of(seeds, base.seed):
                settings = varied(recipe, cell, seed, **overrides)
                if dataset is not None:
                    settings = settings.with_dataset(dataset)
                self.runs.append(Run(cell, seed, settings, folder / f"{cell.slug}-seed{seed}"))
        self._check_begun()

    def run(self) -> None:
        """Do what is left to do, then print, write and plot the results. Raises UserError naming runs that failed."""
        failed = []
        for number, run in enumerate(self.runs, start=1):
            if run.finished:
                continue
            print(f"run {number} of {len(self.runs)}: {run.cell.label}, seed {run.seed}", file=sys.stderr, flush=True)
            if self._start(run) or not run.finished:
                failed.append(run)
        self.report()
        if failed:
            names = ", ".join(str(run.work) for run in failed)
            raise UserError(
                f"{len(failed)} of {len(self.runs)} runs did not finish (their last lines say why): {names}"
            )

    def results(self) -> list[CellResult]:
        """Results of all cells over the seeds that have been scored."""
        labels = dict.fromkeys(run.cell.label for run in self.runs)
        found = []
        for label in labels:
            stages = {run.seed: run.stages for run in self.runs if run.cell.label == label}
            found += cell_results(label, stages)
        return found

    def report(self) -> None:
        """Print the tables, and write ``ablation.json`` and ``ablation.svg``."""
        results = self.results()
        if not results:
            return
        title = f"{self.name}, {self.model}"
        between = differences(results)
        _print(results_table(results, title))
        if between:
            _print(differences_table(between))
        for reason in dict.fromkeys(result.unread for result in results if result.unread):
            print(f"no error over seeds and pairs together: {reason}")
        found = {"cells": [one.to_json() for one in results], "differences": [one.to_json() for one in between]}
        write_json(self.folder / "ablation.json", found)
        write_text(self.folder / "ablation.svg", plot(results, title))
        print(f"plot: {self.folder / 'ablation.svg'}")

    def _start(self, run: Run) -> int:
        file = run.work.with_name(f"{run.work.name}.yaml")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{self.folder}: {error.strerror}; name another folder") from None
        write_text(file, yaml.safe_dump(run.recipe.model_dump(mode="json"), sort_keys=False))
        record_words(run.work, self.words)
        other = next((one.work for one in self.runs if one.begun and one is not run), None)
        paths = {"recipe": file, "workdir": run.work, "journal": self.folder / "answers.jsonl", "alike": other}
        command = [
            *(str(Path(sys.executable).with_name("inspect")), "eval", "ste/self_train", "--model", self.model),
            *task_words(paths),
            *("--log-dir", str(self.folder / "logs"), *self.words),
        ]
        try:
            return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
        except FileNotFoundError:
            raise UserError(f"{command[0]}: not found; install inspect-ai into this environment") from None

    def _check_begun(self) -> None:
        """Runs that are there already are to be this matrix's: of its recipes and words, and all of one kind."""
        begun = [run for run in self.runs if run.begun]
        for run in begun:
            manifest = read_run(run.work)[0]
            check_made(run.work, manifest, run.recipe, self.model)
            check_words(run.work, self.words)
            try:
                check_alike(begun[0].work, manifest)
            except UserError as error:
                raise UserError(f"{run.work}: is not like the other runs: {error}") from None


def _print(table: Table) -> None:
    """At its full width, however narrow the terminal."""
    width = max(Console().width, Console(width=_WIDEST).measure(table).maximum)
    Console(width=width, markup=False, highlight=False, soft_wrap=True).print(table, soft_wrap=False)
