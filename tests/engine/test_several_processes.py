"""Training in two processes, on the CPU with gloo: what a single process learns, saved by the main one alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import torch
from transformers import AutoModelForCausalLM

from ste_plugin import jsonl
from ste_plugin.training import run
from ste_plugin.training.job import RESULT_FILE, TrainJob, TrainProgress, TrainResult, start_training
from ste_plugin.training.settings import TrainSettings
from tests.engine.test_training import rows

pytestmark = pytest.mark.slow

TWO_PROCESSES = """
compute_environment: LOCAL_MACHINE
distributed_type: MULTI_GPU
num_machines: 1
num_processes: 2
main_process_port: 0
mixed_precision: 'no'
"""
SHARDED = """
compute_environment: LOCAL_MACHINE
distributed_type: FSDP
num_machines: 1
num_processes: 2
main_process_port: 0
mixed_precision: 'no'
fsdp_config:
  fsdp_version: 2
  fsdp_auto_wrap_policy: TRANSFORMER_BASED_WRAP
  fsdp_reshard_after_forward: true
  fsdp_state_dict_type: FULL_STATE_DICT
  fsdp_cpu_ram_efficient_loading: true
  fsdp_offload_params: false
"""
# accelerate shards on accelerators alone; this makes it take a process of the CPU for one
SHARDING_ON_THE_CPU = """
import os

if "RANK" in os.environ:
    import torch
    from accelerate import state

    def take_the_processor(self, cpu=False, sagemaker_dp=False, backend=None):
        self.device = torch.device("cpu")
        if not torch.distributed.is_initialized():
            torch.distributed.init_process_group("gloo")
        return "gloo", state.DistributedType.MULTI_GPU

    state.PartialState._prepare_backend = take_the_processor
"""
PATIENCE = 600.0


@pytest.fixture
def job(tmp_path: Path, tiny_model: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> TrainJob:
    """Twelve steps of eight examples: four micro-batches of both orders of a pair, two for each of two processes."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "first"), str(repository)]))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    data = [{**row, "pair_id": f"pair {number // 2}"} for number, row in enumerate(rows(48))]
    jsonl.write_rows(tmp_path / "train.jsonl", data)
    jsonl.write_rows(tmp_path / "validation.jsonl", rows(8))
    return TrainJob(
        start=tiny_model,
        train=tmp_path / "train.jsonl",
        validation=tmp_path / "validation.jsonl",
        output=tmp_path / "judge",
        progress=tmp_path / "training.json",
        opening="[[",
        seed=3,
        settings=TrainSettings(
            learning_rate=3e-3, batch_size=8, micro_batch_size=2, epochs=2, patience=2, evaluate_every=6
        ),
    )


def launched(job: TrainJob, folder: Path, config: str) -> TrainJob:
    """`job` for two processes, with everything it leaves in `folder`."""
    folder.mkdir()
    (folder / "launch.yaml").write_text(config)
    launcher = ("accelerate", "launch", "--config_file", str(folder / "launch.yaml"))
    return job.model_copy(
        update={
            "output": folder / "judge",
            "progress": folder / "training.json",
            "settings": job.settings.model_copy(update={"launcher": launcher}),
        }
    )


def trained(job: TrainJob) -> TrainResult:
    """Run `job` to its end."""
    log = job.output.with_name("training.log")
    process = start_training(job, job.output.with_name("job.json"), log)
    try:
        assert process.wait(PATIENCE) == 0, log.read_text()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    return TrainResult.model_validate_json((job.output / RESULT_FILE).read_text())


def assert_same(job: TrainJob, result: TrainResult, other: TrainJob, expected: TrainResult) -> None:
    """The same steps on the same examples, up to the order in which gradients are added and bfloat16 rounds."""
    assert (result.steps, result.examples) == (expected.steps, expected.examples) == (12, 48)
    assert result.train_loss == pytest.approx(expected.train_loss, rel=0.02)
    steps, losses = zip(*result.validation_losses, strict=True)
    assert list(steps) == [step for step, _ in expected.validation_losses]
    assert list(losses) == pytest.approx([loss for _, loss in expected.validation_losses], rel=0.03)
    assert losses[-1] < 0.8 * losses[0]
    start, one, two = (
        AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).state_dict()
        for folder in (job.start, other.output, job.output)
    )
    assert one.keys() == two.keys()
    moved = sum(float((one[name] - start[name]).square().sum()) for name in one) ** 0.5
    apart = sum(float((one[name] - two[name]).square().sum()) for name in one) ** 0.5
    assert apart < 0.1 * moved, (apart, moved)
    folders = [{path.name: path.stat().st_size for path in folder.output.iterdir()} for folder in (job, other)]
    assert folders[0].keys() == folders[1].keys()
    assert folders[0]["model.safetensors"] == folders[1]["model.safetensors"]  # whole, in bfloat16
    assert {path.name for path in job.output.parent.iterdir()} == {
        "judge",
        "job.json",
        "launch.yaml",
        "training.json",
        "training.log",
    }
    assert TrainProgress.model_validate_json(job.progress.read_text()).step == 12


def test_two_processes_learn_what_one_does(job: TrainJob, tmp_path: Path) -> None:
    """With the weights whole in each process, and in parts (FSDP2)."""
    expected = run.train(job)
    copies = launched(job, tmp_path / "copies", TWO_PROCESSES)
    assert_same(copies, trained(copies), job, expected)
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "sitecustomize.py").write_text(SHARDING_ON_THE_CPU)
    sharded = launched(job, tmp_path / "sharded", SHARDED)
    assert_same(sharded, trained(sharded), job, expected)


def trainings(job_file: Path) -> list[int]:
    """Processes that work on a job: launcher and ranks."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline", "status"])
        if str(job_file) in (process.info["cmdline"] or ()) and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def test_every_process_ends_with_the_one_that_started_them(job: TrainJob, tmp_path: Path) -> None:
    """`kill -9` leaves neither a launcher's processes nor a checkpoint."""
    endless = launched(job, tmp_path / "run", TWO_PROCESSES)
    endless = endless.model_copy(update={"settings": endless.settings.model_copy(update={"epochs": 100_000})})
    file = tmp_path / "run" / "job.json"
    (tmp_path / "parent.py").write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from ste_plugin.training.job import TrainJob, start_training\n"
        "job = TrainJob.model_validate_json(sys.stdin.read())\n"
        f"start_training(job, Path({str(file)!r}), Path({str(tmp_path / 'run' / 'training.log')!r})).wait()\n"
    )
    parent = subprocess.Popen([sys.executable, str(tmp_path / "parent.py")], stdin=subprocess.PIPE)
    assert parent.stdin is not None
    parent.stdin.write(endless.model_dump_json().encode())
    parent.stdin.close()
    try:
        wait_until(lambda: endless.progress.exists() or parent.poll() is not None)
        assert endless.progress.exists(), (tmp_path / "run" / "training.log").read_text()
        assert len(trainings(file)) == 3
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    wait_until(lambda: not trainings(file))
    assert not endless.output.exists()


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.2)
