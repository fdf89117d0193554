"""A real vLLM server, end to end. Run by `bash ci/vllm_test.sh`, which makes the environment it needs: many minutes."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
from inspect_ai.event import ModelEvent
from inspect_ai.log import EvalLog, read_eval_log

from ste_plugin.work_directory import read_run
from tests.harness.stock_inspect import figures, heed_interrupts

VENV = os.environ.get("STE_VLLM_VENV", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not VENV, reason="STE_VLLM_VENV names no environment with vLLM (bash ci/vllm_test.sh)"),
]

# One thread and 1 GiB of keys and values. A server that shares its cores is slow: that is no failure here.
CPU = {
    "OMP_NUM_THREADS": "1",
    "TORCHDYNAMO_DISABLE": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "0",
    "VLLM_ENGINE_READY_TIMEOUT_S": "3600",
    "VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS": "3600",
    "VLLM_NO_USAGE_STATS": "1",
}
PATIENCE = 3600.0
SERVER = ("max_model_len=2048", "enforce_eager=true", "max_num_seqs=16", f"timeout={PATIENCE:.0f}")

RECIPE = """
name: vllm
iterations: {iterations}
select: {{source: builtin, limit: 8, max_chars: 120}}
synthesize: {{strategies: {{neighbor: 1}}, pairs: 8, max_tokens: 16}}
quality: {{filters: [empty, identical]}}
judge: {{prompt: judge_verdict, max_tokens: 0, force_verdict: true, max_response_chars: 200}}
annotate: {{draws: 15, first_round: 8, temperature: 1.5}}
curate: {{validation_share: 0.2}}
train: {{method: {method}, learning_rate: 1.0e-3, epochs: 1, max_steps: 3, batch_size: 4, micro_batch_size: 4,
  lora: {{rank: 4, alpha: 8}}}}
score: [{{name: mini, dataset: builtin, limit_per_subset: 1}}]
"""


@dataclass
class Watch:
    """The processes that a command starts, and the addresses at which vLLM takes requests among them."""

    command: psutil.Process
    addresses: set[tuple[str, int]] = field(default_factory=set)
    processes: set[psutil.Process] = field(default_factory=set)

    def look(self) -> None:
        try:
            self.processes |= set(self.command.children(recursive=True))
        except psutil.NoSuchProcess:
            return
        for process in self.processes:
            try:
                words = process.cmdline()
                if "serve" in words and "--port" in words:
                    port = int(words[words.index("--port") + 1])
                    found = [one.laddr for one in process.net_connections(kind="tcp") if one.status == "LISTEN"]
                    self.addresses |= {(address.ip, port) for address in found if address.port == port}
            except psutil.Error:
                continue

    def look_until(self, ended: threading.Event) -> None:
        while not ended.wait(0.5):
            self.look()

    def left(self) -> list[psutil.Process]:
        """The processes that are still there a while after the command's end."""
        _, alive = psutil.wait_procs(list(self.processes), timeout=60)
        return alive


class Command:
    """`inspect eval` of the environment with vLLM, in `folder`."""

    def __init__(self, folder: Path, model: Path, task: str, *options: str) -> None:
        self.folder = folder
        words = [
            "eval",
            task,
            "--model",
            f"vllm/{model}",
            "--display",
            "plain",
            "--no-log-realtime",
            "--ctl-server",
            "false",
        ]
        words += [word for one in SERVER for word in ("-M", one)] + [word for one in options for word in ("-T", one)]
        self.output = (folder / "output.txt").open("w+")
        self.process = subprocess.Popen(
            [Path(VENV, "bin", "inspect"), *words, "--log-level", "info"],
            cwd=folder,
            env=os.environ | CPU | {"PATH": f"{VENV}/bin{os.pathsep}{os.environ['PATH']}"},
            stdout=self.output,
            stderr=subprocess.STDOUT,
            preexec_fn=heed_interrupts,
        )
        self.watch = Watch(psutil.Process(self.process.pid))
        self._ended = threading.Event()
        self._watching = threading.Thread(target=self.watch.look_until, args=(self._ended,))
        self._watching.start()

    def wait(self) -> int:
        """The exit code."""
        try:
            return self.process.wait(timeout=PATIENCE)
        finally:
            self.process.kill()
            self._ended.set()
            self._watching.join()

    def said(self) -> str:
        self.output.seek(0)
        return self.output.read()[-5000:]

    def assert_stopped(self) -> None:
        """A server has listened, on this machine alone, and is gone."""
        assert self.watch.addresses, self.said()
        assert {host for host, _ in self.watch.addresses} == {"127.0.0.1"}
        assert self.watch.left() == []


def scoring(folder: Path, model: Path) -> Command:
    options = ("dataset=builtin", "limit_per_subset=1", "prompt=judge_verdict", "force_verdict=true", "max_tokens=0")
    return Command(folder, model, "ste/rewardbench", *options)


def logs(folder: Path) -> list[EvalLog]:
    files = sorted((folder / "logs").glob("*.eval"), key=lambda path: path.stat().st_mtime_ns)
    return [read_eval_log(str(path)) for path in files]


def label_logprobs(log: EvalLog) -> Iterator[dict[str, float]]:
    """Each forced verdict's labels with their log-probabilities."""
    for sample in sorted(log.samples or [], key=lambda one: str(one.id)):
        for event in sample.events:
            if isinstance(event, ModelEvent):
                (first, *_) = event.output.choices[0].logprobs.content  # type: ignore[union-attr]
                yield {top.token: top.logprob for top in first.top_logprobs or []}


def test_a_benchmark(embedded_model: Path, tmp_path: Path) -> None:
    command = scoring(tmp_path, embedded_model)
    assert command.wait() == 0, command.said()
    command.assert_stopped()
    (log,) = logs(tmp_path)
    found = figures(log)
    assert found["parse_rate/overall"] == found["forced_rate/overall"] == 100
    probabilities = [top["A"] for top in label_logprobs(log)]
    assert len(probabilities) == 2 * len(log.samples or [])
    assert len(set(probabilities)) > 2  # by what is judged; in bfloat16 few values are possible


@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGKILL])
def test_the_server_ends_with_the_run(embedded_model: Path, tmp_path: Path, way: signal.Signals) -> None:
    command = scoring(tmp_path, embedded_model)
    end = time.monotonic() + PATIENCE
    while not any("EngineCore" in " ".join(process.cmdline()) for process in alive(command)):
        assert command.process.poll() is None and time.monotonic() < end, command.said()
        time.sleep(1)
    while not command.watch.addresses and command.process.poll() is None and time.monotonic() < end:
        time.sleep(1)
    command.process.send_signal(way)
    command.wait()
    command.assert_stopped()


def alive(command: Command) -> list[psutil.Process]:
    return [process for process in command.watch.processes.copy() if process.is_running()]


@pytest.mark.parametrize(("method", "iterations"), [("lora", 2), ("full", 1)])
def test_iterations(embedded_model: Path, tmp_path: Path, method: str, iterations: int) -> None:
    """Each judge is another model than the one before: from the same server (adapters) or from one of its own."""
    (tmp_path / "recipe.yaml").write_text(RECIPE.format(method=method, iterations=iterations))
    command = Command(tmp_path, embedded_model, "ste/self_train", "recipe=recipe.yaml", "workdir=run")
    assert command.wait() == 0, command.said()
    command.assert_stopped()
    by_label = {log.eval.task_args["label"]: log for log in logs(tmp_path)}
    base = f"vllm/{embedded_model}"
    judges = [tmp_path / "run" / f"iteration-{number}" / "judge" for number in range(1, iterations + 1)]
    names = [base, *(f"{base}:{judge}" if method == "lora" else f"vllm/{judge}" for judge in judges)]
    scored = [by_label[f"score-{number}-mini"] for number in range(iterations + 1)]
    assert [log.eval.model for log in scored] == names
    seed, *trained = (list(label_logprobs(log)) for log in scored)
    assert {len(each) for each in trained} == {len(seed)}
    for each in trained:
        assert max(abs(after["A"] - before["A"]) for before, after in zip(seed, each, strict=True)) > 0.05
    assert all(one != following for one, following in pairwise(trained))
    assert len({port for _, port in command.watch.addresses}) == (1 if method == "lora" else iterations + 1)
    _, stages = read_run(tmp_path / "run")
    for number in range(iterations + 1):
        assert stages[f"score-{number}-mini"]["figures"]["parse_rate/overall"] == 100
