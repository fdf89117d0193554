"""The stage "train", free of a harness: annotations to training rows, and the training in a process of its own."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

from ste_plugin import jsonl
from ste_plugin.annotation_file import AnnotationFile
from ste_plugin.curation import Curated, PairOrigin, curate
from ste_plugin.errors import UserError
from ste_plugin.judge_prompt import JudgePrompt
from ste_plugin.model_folder import model_folder
from ste_plugin.pairs import read_pairs
from ste_plugin.recipe import Recipe
from ste_plugin.training.job import RESULT_FILE, TrainJob, TrainProgress, TrainResult, start_training

POLL_SECONDS = 0.5
"""How often to look whether a training has ended."""


def prepare_training(
    recipe: Recipe, *, annotations: Path, pairs: Path | None, start: str, out: Path, seed: int, judge: str
) -> tuple[TrainJob, Curated]:
    """The job that leaves the judge in `out`, and the rows that it trains on.

    Args:
        recipe: `curate`, `train` and `judge.prompt` are used.
        annotations: JSONL file of the stage "annotate".
        pairs: the annotated pairs, for the strategies in the rows' provenance and the instructions that validation
            holds out.
        start: the model training starts from: an embedded model's name or a folder.
        out: folder of the checkpoint; rows, log and progress lie beside it.
        seed: of placement in training and validation, and of the training.
        judge: name of the judge that wrote the judgments, for provenance.

    Raises UserError: a file that is none of ours, nothing to train on, or `out` holds something else than a judge.
    """
    prompt = JudgePrompt.load(recipe.judge.prompt)
    _check_output(out)
    if recipe.train.curriculum and pairs is None:
        raise UserError("train.curriculum needs each pair's strategy: name the file of pairs, too (-T pairs=FILE)")
    curated = curate(
        AnnotationFile(annotations),
        judge=judge,
        prompt_hash=prompt.hash,
        pairs=(PairOrigin(pair.id, pair.subset, pair.cluster) for pair in read_pairs(pairs)) if pairs else (),
        balance=recipe.curate.balance,
        validation_share=recipe.curate.validation_share,
        seed=seed,
        both_orders=recipe.curate.both_orders,
    )
    if not curated.train:
        raise UserError(
            f"{annotations}: no accepted judgment is left to train on "
            f"({curated.counts['accepted']} of {curated.counts['examples']} accepted before balancing); "
            "use a stronger seed model, more draws or force_verdict"
        )
    folder = out.resolve().parent
    job = TrainJob(
        start=model_folder(start),
        train=folder / "train.jsonl",
        validation=folder / "validation.jsonl",
        output=out.resolve(),
        progress=folder / "training.json",
        opening=prompt.opening,
        seed=seed,
        settings=recipe.train,
    )
    return job, curated


def _check_output(path: Path) -> None:
    """Training replaces the folder `path`: raises UserError where something else than a checkpoint would go."""
    if path.exists() and not (path / RESULT_FILE).exists() and not (path.is_dir() and not any(path.iterdir())):
        raise UserError(f"{path}: is there already and no judge that ste has trained; name a new folder for -T out")


class Training:
    """A training under way; ends with its ``with`` block, by whatever way that is left.

    ::

        with Training(job, curated) as training:
            while training.running:
                sleep(POLL_SECONDS)
        figures = training.figures()
    """

    def __init__(self, job: TrainJob, curated: Curated) -> None:
        self.job = job
        self.curated = curated
        self._log = job.output.parent / "training.log"

    def __enter__(self) -> Training:
        """Write the rows and start. Raises UserError where the disk refuses."""
        jsonl.write_rows(self.job.train, self.curated.train)
        jsonl.write_rows(self.job.validation, self.curated.validation)
        try:
            self._process = start_training(self.job, self.job.output.parent / "training_job.json", self._log)
        except OSError as error:
            raise UserError(f"{self._log.parent}: training cannot be started: {error.strerror or error}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the training with its stage (Ctrl-C, an error elsewhere); it leaves no checkpoint then."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    @property
    def running(self) -> bool:
        """Whether it is still at work."""
        return self._process.poll() is None

    @property
    def progress(self) -> TrainProgress | None:
        """How far it is; None before its first step."""
        try:
            return TrainProgress.model_validate_json(self.job.progress.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def figures(self) -> dict[str, Any]:
        """Counts of the rows and the fields of `TrainResult`. Raises UserError when the training has failed."""
        if self._process.returncode != 0:
            raise UserError(f"training failed: {_why(self._process.returncode, self._log)} (all of it: {self._log})")
        result = TrainResult.model_validate_json((self.job.output / RESULT_FILE).read_text(encoding="utf-8"))
        losses = [loss for _, loss in result.validation_losses]
        best = {"validation_loss": min(losses)} if losses else {}
        return {**self.curated.counts, **result.model_dump(), **best}


def numbers_of(details: dict[str, Any]) -> dict[str, float]:
    """What of `Training.figures` is a number."""
    return {key: value for key, value in details.items() if isinstance(value, int | float)}


def _why(returncode: int, log_file: Path) -> str:
    if returncode == -signal.SIGKILL:  # the last line would be a step's loss
        return "killed, as the system does when memory runs out; if so, try a smaller train.micro_batch_size"
    return _last_line(log_file)


def _last_line(log_file: Path) -> str:
    lines = [line.strip() for line in log_file.read_text(encoding="utf-8", errors="replace").splitlines()]
    lines = [line for line in lines if line]
    # a launcher has its own last words, and several processes may say the same
    said = [line for line in lines if line.startswith("error: ")] or lines
    return said[-1].removeprefix("error: ") if said else "it printed nothing"
