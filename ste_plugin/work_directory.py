"""The work directory of a self-training run: what it was started with, which stages are finished, where files lie."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import BaseModel, TypeAdapter, ValidationError

from ste_plugin import __version__
from ste_plugin.errors import UserError
from ste_plugin.validation import first_fault
from ste_plugin.whole_file import write_whole

MANIFEST = "manifest.json"
STAGES = "stages.json"
LOCK = "lock"
QUALITY = "quality.json"


class _RecipeHead(BaseModel):
    name: str


class _Judge(BaseModel):
    name: str


class _Run(BaseModel):
    recipe: _RecipeHead
    judge: _Judge


class _Summary(BaseModel):
    figures: dict[str, Any]
    log: str


_RUN, _STAGES = TypeAdapter(_Run), TypeAdapter(dict[str, _Summary])
"""What is taken for granted of a finished or interrupted run that is only read."""


class WorkDirectory:
    """Opened by one process at a time; every file in it appears whole or not at all.

    ``manifest.json`` holds everything that decides what a run produces; opening with another one is refused.
    ``stages.json`` maps finished stages to their summaries. ``answers.jsonl`` is the journal of generated text.
    """

    def __init__(self, path: Path) -> None:
        """Take the folder, made if needed. Raises UserError when it cannot be written or is in use."""
        self.path = path.resolve()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(self.path / LOCK)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise UserError(f"{path}: another run is using this work directory; wait for it or name another") from None
        except OSError as error:
            raise UserError(f"{path}: {error.strerror or error}; name a work directory that can be written") from error

    def close(self) -> None:
        """Let another process have the folder."""
        self._lock.release()

    def claim(self, manifest: Mapping[str, Any]) -> None:
        """Record `manifest` in a new folder, or check that the folder was made with the same one.

        Raises UserError naming the first setting that differs, and both values.
        """
        wanted = _with_score_seeds(json.loads(json.dumps(manifest)))
        stored = _read_manifest(self.path / MANIFEST)
        if stored is None:
            # a run that was killed while it wrote its first file leaves a part of it
            if any(p.name not in (LOCK, "logs", _part(self.path / MANIFEST).name) for p in self.path.iterdir()):
                raise UserError(f"{self.path}: not empty and not a work directory of ste; name a new folder for it")
            write_json(self.path / MANIFEST, {"ste": __version__, "run": wanted})
            return
        check_same(self.path, stored, wanted, "name a new work directory")

    def summary(self, stage: str) -> dict[str, Any] | None:
        """What the finished `stage` left behind; None where it is not finished."""
        summary: dict[str, Any] | None = self.summaries().get(stage)
        return summary

    def summaries(self) -> dict[str, Any]:
        """All finished stages, in the order in which they finished."""
        return read_json(self.path / STAGES) or {}

    def finish(self, stage: str, summary: Mapping[str, Any]) -> None:
        """Record that `stage` is finished. Raises UserError on a full disk."""
        write_json(self.path / STAGES, {**self.summaries(), stage: dict(summary)})

    @property
    def manifest(self) -> dict[str, Any] | None:
        """What the folder was made with; None for a new one."""
        return _read_manifest(self.path / MANIFEST)

    @property
    def answers(self) -> Path:
        """The journal of generated text."""
        return self.path / "answers.jsonl"

    @property
    def instructions(self) -> Path:
        """The selected instructions."""
        return self.path / "instructions.jsonl"

    def pairs(self, iteration: int | None) -> Path:
        """The synthesised pairs; of one iteration where each has its own."""
        return self._of(iteration) / "pairs.jsonl"

    def checked_pairs(self, iteration: int | None) -> Path:
        """The pairs that passed the quality check, which are annotated."""
        return self._of(iteration) / "checked-pairs.jsonl"

    def quality(self, iteration: int | None) -> Path:
        """The report of the quality check."""
        return self._of(iteration) / QUALITY

    def _of(self, iteration: int | None) -> Path:
        return self.path if iteration is None else self.iteration(iteration)

    def iteration(self, iteration: int) -> Path:
        """The folder of one iteration (from 1), made if needed. Raises UserError where it cannot be."""
        folder = self.path / f"iteration-{iteration}"
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise UserError(f"{folder}: {error.strerror}; make room and run the same command again") from error
        return folder

    def checkpoint(self, iteration: int) -> Path:
        """The judge that iteration `iteration` trained."""
        return self.iteration(iteration) / "judge"


def read_run(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """(manifest, finished stages) of the work directory `path`, without taking it. Raises UserError."""
    manifest = _read_manifest(path / MANIFEST)
    if manifest is None:
        raise UserError(f"{path}: no run of ste/self_train there ({MANIFEST} is missing)")
    stages = read_json(path / STAGES) or {}
    for file, shape, data in ((MANIFEST, _RUN, manifest), (STAGES, _STAGES, stages)):
        try:
            shape.validate_python(data)
        except ValidationError as error:
            raise UserError(f"{path / file}: {first_fault(error)}; this is not a work directory of ste") from None
    return manifest, stages


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a file of a work directory; None where there is no such file. Raises UserError."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read ({error}); this is not a work directory of ste") from error
    if not isinstance(data, dict):
        raise UserError(f"{path}: should hold a JSON object, not {type(data).__name__}; mend it or name a new folder")
    return data


def write_json(path: Path, data: object) -> None:
    """Write `data` as `write_text` does. Raises TypeError for data that JSON does not know."""
    write_text(path, json.dumps(data, indent=1))


def write_text(path: Path, text: str) -> None:
    """Write `text` in one move; nothing half-written stays. Raises UserError when the disk refuses."""
    # one name for the part: a killed run leaves one at most, which the next one writes over
    write_whole(path, text, problem="{reason}; make room and run the same command again", part=_part(path))


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def _read_manifest(path: Path) -> dict[str, Any] | None:
    stored = read_json(path)
    if stored is None:
        return None
    run = stored.get("run")
    if not isinstance(run, dict):
        raise UserError(f"{path}: field 'run' should be an object; this is not a work directory of ste")
    return _with_score_seeds(run)


def _with_score_seeds(run: dict[str, Any]) -> dict[str, Any]:
    """The manifest of a run from before benchmarks had a seed of their own says which one they were scored with."""
    recipe = run.get("recipe")
    if not isinstance(recipe, dict) or "seed" not in recipe:
        return run
    benchmarks = recipe.get("score")
    if not isinstance(benchmarks, list) or not all(isinstance(one, dict) for one in benchmarks):
        return run  # of nobody's making; whoever reads it says so
    score = [{**one, "seed": one.get("seed", recipe["seed"])} for one in benchmarks]
    return {**run, "recipe": {**recipe, "score": score}}


def first_difference(old: Any, new: Any, key: str = "") -> tuple[str, Any, Any] | None:
    """(dotted key, old value, new value) of the first place where two JSON values differ; None where none does."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *(name for name in new if name not in old)]:
            found = first_difference(old.get(name), new.get(name), f"{key}.{name}" if key else name)
            if found is not None:
                return found
        return None
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            found = first_difference(one, other, f"{key}.{index}")
            if found is not None:
                return found
        return None
    return None if old == new else (key, old, new)


def check_same(path: Path, stored: Any, wanted: Any, otherwise: str) -> None:
    """Raises UserError naming the first setting that differs and both values, and what to do `otherwise`.

    Args:
        path: the run's folder.
        stored, wanted: JSON values, those that it was made with and those of now.
    """
    difference = first_difference(stored, wanted)
    if difference is not None:
        key, old, new = difference
        raise UserError(
            f"{path}: was made with {key} = {_short(old)}, now it is {_short(new)}; change it back or {otherwise}"
        )


def _short(value: Any) -> str:
    text = json.dumps(value)  # long paths and model arguments often differ at their end only
    return text if len(text) <= 80 else f"{text[:37]}...{text[-40:]}"
