"""Inspect's provider ``vllm/`` with our tasks, against a stand-in for `vllm serve`: who starts, who is asked, who ends.

The real one is in tests/e2e/test_vllm.py.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from itertools import groupby
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest
import yaml
from inspect_ai.model import get_model

from ste.stage_setup import model_identity, stage_config
from ste.vllm_servers import set_up_server
from ste_plugin.work_directory import read_run
from tests.harness.stock_inspect import INSPECT, StockInspect, figures, read_rows
from tests.harness.test_self_train import RECIPE

STAND_IN = Path(__file__).with_name("stand_in_vllm")
PATIENCE = 120.0
ENDING = 30.0


class Served:
    """`inspect` that finds the stand-in as vLLM."""

    def __init__(self, folder: Path) -> None:
        self.stock = StockInspect(folder)
        self.notes_file = folder / "vllm.jsonl"
        self.command = command = folder / "bin" / "vllm"
        command.parent.mkdir()
        command.write_text(f'#!/bin/sh\nexec {sys.executable} {STAND_IN / "server.py"} "$@"\n', encoding="utf-8")
        command.chmod(0o755)
        self.environment = {
            "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join((str(STAND_IN), str(STAND_IN.with_name("mock_provider")))),
            "STE_STAND_IN_VLLM": str(self.notes_file),
        }

    def notes(self, event: str) -> list[dict[str, Any]]:
        rows = read_rows(self.notes_file) if self.notes_file.exists() else []
        return [row for row in rows if row["event"] == event]

    def wait_for(self, event: str) -> None:
        end = time.monotonic() + PATIENCE
        while not self.notes(event):
            assert time.monotonic() < end, f"no {event}"
            time.sleep(0.05)

    def assert_all_ended(self, within: float = 0) -> None:
        """After so many seconds at the latest."""
        starts = self.notes("start")
        assert starts
        processes = {process for start in starts for process in (start["pid"], start["engine"])}
        end = time.monotonic() + within
        while left := {process for process in processes if runs(process)}:
            assert time.monotonic() < end, f"{left} of {starts}"
            time.sleep(0.05)
        for start in starts:
            with socket.socket() as client:
                assert client.connect_ex(("127.0.0.1", start["port"])) != 0, "something still listens"


def runs(process: int) -> bool:
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def served(tmp_path: Path) -> Served:
    return Served(tmp_path)


def scoring(model: Path) -> tuple[str, ...]:
    options = ("dataset=builtin", "limit_per_subset=1", "prompt=judge_verdict", "force_verdict=true", "max_tokens=0")
    return ("ste/rewardbench", "--model", f"vllm/{model}", *(word for one in options for word in ("-T", one)))


def test_a_benchmark_starts_a_server_for_this_machine_alone_and_ends_it(served: Served, tiny_model: Path) -> None:
    # nor are there commands like pkill, without which Inspect ends nothing
    bare = {**served.environment, "PATH": os.pathsep.join((str(served.command.parent), str(INSPECT.parent)))}
    served.stock.eval(*scoring(tiny_model), **bare).succeeded()
    (start,) = served.notes("start")
    assert (start["host"], start["model"], start["enable_lora"]) == ("127.0.0.1", str(tiny_model), False)
    served.assert_all_ended()
    log = served.stock.log()
    found = figures(log)
    assert found["parse_rate/overall"] == found["forced_rate/overall"] == 100
    for ask in served.notes("ask"):
        body = ask["body"]
        assert body["messages"][-1] == {"role": "assistant", "content": "[["}
        assert body["continue_final_message"] is True and body["add_generation_prompt"] is False
        assert body["structured_outputs"] == {"choice": ["A", "B"]}


@pytest.mark.parametrize(
    ("way", "while_it", "event"),
    [
        (signal.SIGINT, "HANGS", "ask"),
        (signal.SIGTERM, "HANGS", "ask"),
        (signal.SIGKILL, "HANGS", "ask"),
        (signal.SIGKILL, "SLEEPS", "start"),
    ],
)
def test_the_server_ends_with_the_run(
    served: Served, tiny_model: Path, way: signal.Signals, while_it: str, event: str
) -> None:
    """In whatever way the run ends, also while its server is still starting."""
    more = {f"STE_STAND_IN_VLLM_{while_it}": "1"}
    process = served.stock.start_eval(*scoring(tiny_model), **served.environment, **more)
    try:
        served.wait_for(event)
        os.kill(process.pid, way)
        process.wait(timeout=PATIENCE)
    finally:
        process.kill()
    served.assert_all_ended(within=0 if way == signal.SIGINT else ENDING)


def test_a_server_that_never_answers(served: Served, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in served.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("STE_STAND_IN_VLLM_SLEEPS", "1")
    monkeypatch.syspath_prepend(str(STAND_IN))
    model = get_model(f"vllm/{tiny_model}", memoize=False, timeout=2)
    set_up_server(model)
    with pytest.raises(RuntimeError, match="within timeout period"):
        anyio.run(model.generate, "Are you there?")
    # it may have been ended before it could take any note
    assert not [child for child in psutil.Process().children(recursive=True) if serves(child, tiny_model)]


def serves(process: psutil.Process, model: Path) -> bool:
    try:
        return str(model) in process.cmdline()
    except psutil.NoSuchProcess:  # or it has ended and waits for its parent
        return False


@pytest.mark.slow
@pytest.mark.parametrize("method", ["lora", "full"])
def test_self_training(served: Served, tiny_model: Path, method: str) -> None:
    """The adapter of each iteration is loaded into the server that runs; other weights get a server of their own."""
    recipe = {
        **RECIPE,
        "iterations": 2,
        "select": {"limit": 8, "max_chars": 120},
        "synthesize": {"strategies": {"neighbor": 1}, "pairs": 8, "max_tokens": 8},
        "train": {**RECIPE["train"], "method": method, "lora": {"rank": 4, "alpha": 8}, "max_steps": 3},
        "score": [{"name": "mini", "dataset": "builtin", "limit_per_subset": 1}],
    }
    served.stock.write("recipe.yaml", yaml.safe_dump(recipe))
    words = ("ste/self_train", "--model", f"vllm/{tiny_model}", "-T", "recipe=recipe.yaml", "-T", "workdir=run")
    served.stock.eval(*words, **served.environment).succeeded()
    served.assert_all_ended()
    judges = [str(served.stock.folder / "run" / f"iteration-{number}" / "judge") for number in (1, 2)]
    starts, asks = served.notes("start"), served.notes("ask")
    scored = [log for log in served.stock.logs() if log.eval.task_args.get("label") in ("score-1-mini", "score-2-mini")]
    asked = [model for model, _ in groupby(ask["body"]["model"] for ask in asks)]
    assert asked == [str(tiny_model), *judges]
    if method == "lora":
        (start,) = starts
        assert start["enable_lora"] and start["max_lora_rank"] == "8"
        loads = served.notes("load")
        assert [(load["name"], load["allowed"]) for load in loads] == [(judge, True) for judge in judges]
        assert {ask["pid"] for ask in asks} == {load["pid"] for load in loads} == {start["pid"]}
        assert [log.eval.model for log in scored] == [f"vllm/{tiny_model}:{judge}" for judge in judges]
    else:
        assert [start["model"] for start in starts] == [str(tiny_model), *judges]
        assert not any(start["enable_lora"] for start in starts)
        assert [process for process, _ in groupby(ask["pid"] for ask in asks)] == [start["pid"] for start in starts]
        assert [log.eval.model for log in scored] == [f"vllm/{judge}" for judge in judges]
    _, stages = read_run(served.stock.folder / "run")
    assert all(stages[f"score-{number}-mini"]["figures"]["parse_rate/overall"] == 100 for number in (1, 2))


PLAIN = {"host": "127.0.0.1", "timeout": 3600}


class TestServerArguments:
    @pytest.fixture(autouse=True)
    def alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("ste.vllm_servers._used", {})
        monkeypatch.setattr("ste.vllm_servers._ranks", {})
        monkeypatch.delenv("VLLM_ALLOW_RUNTIME_LORA_UPDATING", raising=False)

    def arguments(self, name: str, rank: int | None = None, **given: Any) -> dict[str, Any]:
        model = get_model(f"vllm/{name}", memoize=False, **given)
        set_up_server(model, rank)
        return model.api.server_args  # type: ignore[attr-defined]

    def test_what_the_user_says_holds(self) -> None:
        assert self.arguments("org/one", host="0.0.0.0", timeout=60) == {"host": "0.0.0.0", "timeout": 60}
        assert self.arguments("org/two") == PLAIN

    @pytest.mark.parametrize(("rank", "accepted"), [(1, 1), (4, 8), (8, 8), (17, 32), (300, 320), (600, 600)])
    def test_the_rank_is_one_that_vllm_takes(self, rank: int, accepted: int) -> None:
        assert self.arguments("org/one", rank)["max_lora_rank"] == accepted

    def test_models_over_one_base_share_its_rank(self, tmp_path: Path) -> None:
        (tmp_path / "adapter_config.json").write_text(json.dumps({"r": 12}))
        assert self.arguments(f"org/one:{tmp_path}")["max_lora_rank"] == 16
        assert self.arguments("org/one") == {**PLAIN, "enable_lora": True, "max_lora_rank": 16}
        assert "enable_lora" not in self.arguments("org/other")


def test_a_server_gets_as_many_requests_as_it_works_on() -> None:
    given = [stage_config(get_model("vllm/org/one", memoize=False, **more)) for more in ({}, {"max_num_seqs": 16})]
    assert [config.max_connections for config in given] == [256, 16]


def test_recorded_answers_are_found_again_whatever_port_the_server_got(tiny_model: Path) -> None:
    model = get_model(f"vllm/{tiny_model}", memoize=False)
    before = model_identity(model)
    model.api.base_url = "http://localhost:31234/v1"
    assert model_identity(model) == before
    assert str(tiny_model) not in before  # by what is in the folder, which may come to hold another model


def test_an_adapter_is_part_of_the_identity_also_when_its_server_runs(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps({"r": 8}))
    (tmp_path / "adapter_model.safetensors").write_bytes(b"weights")
    base, model = (get_model(f"vllm/{name}", memoize=False) for name in (tiny_model, f"{tiny_model}:{tmp_path}"))
    before = model_identity(model)
    assert before != model_identity(base)
    model.api.model_name = str(tiny_model)  # what Inspect makes of it
    assert model_identity(model) == before
