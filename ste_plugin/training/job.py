"""A training job: what the subprocess is told, what it reports, and how it is started."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ste_plugin.training.launcher import launcher_words
from ste_plugin.training.ranks import PARENT, this_process
from ste_plugin.training.settings import TrainSettings


class TrainJob(BaseModel):
    """One training run: rows in `train` and `validation` (JSONL), from the model folder `start` to `output`.

    `opening` is the judge prompt's verdict opening. `output` appears only when training has succeeded.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: Path
    train: Path
    validation: Path
    output: Path
    progress: Path
    opening: str
    seed: int
    settings: TrainSettings


class TrainProgress(BaseModel):
    """The newest state of a run, written over and over to the job's `progress` file."""

    model_config = ConfigDict(extra="forbid")

    step: int
    steps: int
    loss: float | None = None
    validation_loss: float | None = None


class TrainResult(BaseModel):
    """How a run ended; lies as ``ste_training.json`` in the output folder.

    `validation_losses` are (optimiser step, loss) pairs, the one before the first step included.
    """

    model_config = ConfigDict(extra="forbid")

    steps: int
    examples: int
    left_out: int
    tokens: int
    train_loss: float
    validation_losses: list[tuple[int, float]]
    seconds: float
    method: str


RESULT_FILE = "ste_training.json"


def start_training(job: TrainJob, job_file: Path, log_file: Path) -> subprocess.Popen[bytes]:
    """Start `job` in a process of its own, or in those of its launcher; all their output goes to `log_file`.

    Raises UserError for a launcher that is not there. Exit code 2 is a user's mistake (1 with a launcher).
    """
    words = launcher_words(job.settings.launcher)
    job_file.parent.mkdir(parents=True, exist_ok=True)
    job_file.write_text(job.model_dump_json(indent=1), encoding="utf-8")
    environment = os.environ | {"TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1", PARENT: this_process()}
    with log_file.open("wb") as log:
        return subprocess.Popen(
            [*words, "-m", "ste_plugin.training.run", str(job_file)],
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
