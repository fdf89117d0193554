"""The engine's ideas change what judging costs, not what comes of it (`ci/bench/run.sh ideas` takes each out)."""

from __future__ import annotations

import sys
import threading
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from ste_plugin.engine.local_model import LocalModel

BENCH = Path(__file__).resolve().parents[2] / "ci" / "bench"


@pytest.fixture(scope="module")
def ideas() -> Iterator[tuple[ModuleType, ModuleType]]:
    """The modules of the bench, imported as its own scripts do."""
    sys.path.insert(0, str(BENCH))
    try:
        import engine_ideas
        import ideas_work

        yield engine_ideas, ideas_work
    finally:
        sys.path.remove(str(BENCH))
        for name in ("engine_ideas", "ideas_work"):
            sys.modules.pop(name, None)


def test_without_any_idea_the_outcome_is_the_same(
    ideas: tuple[Any, Any], tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine_ideas, ideas_work = ideas
    monkeypatch.setattr(ideas_work, "LONGEST", 80)
    monkeypatch.setattr(ideas_work.Bench, "dtype", "float32")
    bench = ideas_work.Bench(Namespace(model=str(tiny_model), data="builtin", pairs=4, max_tokens=6))
    calls = []
    generate = LocalModel.generate
    monkeypatch.setattr(LocalModel, "generate", lambda self, *a: calls.append(len(a[0])) or generate(self, *a))
    for workload in ("verdict", "greedy", "draws"):
        shipped = bench.run(workload)
        assert len(shipped) == (30 if workload == "draws" else 8)
        for idea in engine_ideas.IDEAS.values():
            if workload in idea.workloads:
                with idea.without(bench):
                    other = bench.run(workload)
                assert other == (pytest.approx(shipped, abs=1e-4) if workload == "verdict" else shipped), idea.title
        assert bench.run(workload) == shipped, "all is put back"
    assert sum(calls) > 0 and max(calls) == 8
    for text in (bench.agreement("verdict", [0.4, 0.6], [0.6, 0.6]), bench.agreement("greedy", ["a", "b"], ["a", "c"])):
        assert text.startswith("1 of 2")


def test_one_thread_calculates(ideas: tuple[Any, Any], tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's thread alone loads and judges, and its number of threads is what the idea changes."""
    engine_ideas, ideas_work = ideas
    monkeypatch.setattr(ideas_work, "LONGEST", 80)
    seen: list[tuple[str, int]] = []

    def noted(function: Any) -> Any:
        def call(*args: Any, **more: Any) -> Any:
            seen.append((threading.current_thread().name, torch.get_num_threads()))
            return function(*args, **more)

        return call

    for name in ("__init__", "generate"):
        monkeypatch.setattr(LocalModel, name, noted(getattr(LocalModel, name)))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        bench = ideas_work.Bench(Namespace(model=str(tiny_model), data="builtin", pairs=2, max_tokens=2))
        with engine_ideas.IDEAS["bfloat16"].without(bench):
            pass
        bench.run("verdict")
        with engine_ideas.IDEAS["threads"].without(bench):
            bench.run("verdict")
        bench.run("verdict")
        bench.run("training")
    finally:
        torch.set_num_threads(before)
    assert [name for name, _ in seen] == ["ste-engine"] * 5
    assert [number for _, number in seen] == [2, 2, 2, 1, 2]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("training")]


def test_a_training_step_without_blocks(ideas: tuple[Any, Any], tiny_model: Path, monkeypatch: Any) -> None:
    engine_ideas, ideas_work = ideas
    monkeypatch.setattr(ideas_work, "LONGEST", 80)
    bench = ideas_work.Bench(Namespace(model=str(tiny_model), data="builtin", pairs=2, max_tokens=6))
    shipped = bench.run("training")
    with engine_ideas.IDEAS["blocks"].without(bench):
        other = bench.run("training")
    assert other == pytest.approx(shipped, rel=0.05)
