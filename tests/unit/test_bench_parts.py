"""The parts that the measurements in ci/bench are made of: what is resumed, what is ended, which words go where."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil
import pytest

from ste_plugin.judging import Judgment
from ste_plugin.verdicts import Verdict

BENCH = Path(__file__).resolve().parents[2] / "ci" / "bench"


@pytest.fixture
def bench() -> Iterator[Callable[[str], ModuleType]]:
    """Imports a module of the bench as its own scripts do."""
    sys.path.insert(0, str(BENCH))
    known = set(sys.modules)
    yield importlib.import_module
    sys.path.remove(str(BENCH))
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(BENCH)):
            del sys.modules[name]


def test_a_success_supersedes_errors(bench: Callable[[str], ModuleType]) -> None:
    files = bench("report_files")
    runs = [
        {"row": "a", "n": 0, "error": "early"},
        {"row": "a", "n": 0, "s": 1},
        {"row": "a", "n": 0, "error": "late"},
        {"row": "b", "n": 0, "error": "first"},
        {"row": "b", "n": 0, "error": "second"},
        {"row": "b", "n": 1, "s": 2},
    ]
    assert files.without_superseded(runs, "row", "n") == [runs[1], runs[4], runs[5]]


def test_runs_are_told_apart(bench: Callable[[str], ModuleType], tmp_path: Path) -> None:
    work_module, files = bench("judging_work"), bench("report_files")
    item = work_module.Item("p-chosen_first", [{"role": "user", "content": "?"}], "<?>", {"id": "p"})
    work = work_module.Work("/m/last", "judge", [item], [item], 9, 1, 8, 0.0, 1.0, 60, 1, "float32")
    work.save(tmp_path / "work.json.gz")
    assert work_module.Work.load(tmp_path / "work.json.gz").digest == work.digest
    others = [
        replace(work, model="/n/last"),
        replace(work, items=[replace(item, text="<!>")]),
        replace(work, temperature=0.7),
        replace(work, warm_up=[]),
    ]
    assert len({work.digest, *(other.digest for other in others)}) == 5
    here = files.machine()
    assert "load_average" not in here
    assert files.state_digest(here) == files.state_digest(dict(here)) != files.state_digest(here | {"cores": 0})


def test_sources_decide_the_state(
    bench: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = bench("report_files")
    place = tmp_path / "ci" / "bench" / "report_files.py"
    place.parent.mkdir(parents=True)
    monkeypatch.setattr(files, "__file__", str(place))
    (tmp_path / "tasks").mkdir()
    states = []
    for name, text in (("tasks/a.py", "1"), ("tasks/a.py", "2"), ("tasks/b.py", "2"), ("tasks/README.md", "2")):
        (tmp_path / name).write_text(text)
        states.append(files.state_digest({}))
    assert len(set(states[:3])) == 3
    assert states[3] == states[2]


@pytest.mark.parametrize("own_session", [False, True])
def test_a_whole_tree_is_ended(bench: Callable[[str], ModuleType], own_session: bool) -> None:
    server = f"subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session={own_session})"
    code = f"import subprocess, sys, time; print({server}.pid, flush=True); time.sleep(60)"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        server_id = int(process.stdout.readline())
        bench("process_tree").end_all(process.pid)
    assert process.returncode == -9
    assert gone(server_id)


def test_a_run_that_takes_too_long_is_ended(
    bench: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Noted(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    with pytest.raises(subprocess.TimeoutExpired):
        bench("process_tree").run_alone(["sleep", "60"], os.environ, 0.1)
    assert [process.returncode for process in started] == [-9]


def test_a_server_that_outlives_a_run_is_ended(bench: Callable[[str], ModuleType]) -> None:
    server = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
    code = f"import subprocess, sys; print({server}.pid, file=sys.stderr); sys.exit(3)"
    status, said = bench("process_tree").run_alone([sys.executable, "-c", code], os.environ, 60)
    assert status == 3
    assert gone(int(said))


def gone(pid: int) -> bool:
    for _ in range(100):
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


def test_peaks_are_added_up(bench: Callable[[str], ModuleType]) -> None:
    peaks = bench("peak_memory")
    code = "x = bytearray(60 * 2**20); del x; print(1, flush=True); input()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        one, other = psutil.Process(), psutil.Process(process.pid)
        if sys.platform == "linux":
            assert 60 < peaks.peak_mib([other]) < 120, "of the program itself, and though the memory is free again"
        assert peaks.peak_mib([one, other]) >= peaks.peak_mib([one]) + 1
        process.communicate(b"\n")


def test_a_vote_is_compared_with_all_draws(bench: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> None:
    """A vote that stopped too early would be seen, and draws beyond those of a vote change nothing."""
    savings = bench("savings")
    labels = ["A", "B", "B", "A", "B", "B", "A"]
    item = [(Judgment("", Verdict(label), False, 2), False) for label in labels]
    options = Namespace(votes=5, draws=7, orders=20)
    told = savings.votes([item], options)
    cells = {line.split("|")[1].strip(): line.split("|")[2:-1] for line in told.splitlines() if "|" in line}
    assert [cell.strip() for cell in cells["all draws"]] == ["5.0", "1.00", "1.00", "0.000", "-", "-"]
    mean, worst = map(float, cells["until decided"][4].split(","))
    assert mean == worst == 0 == float(cells["until decided"][3])
    monkeypatch.setattr("ste_plugin.votes.decided", lambda tally, remaining: tally.drawn > 0)
    with pytest.raises(AssertionError, match="verdict of all draws"):
        savings.votes([item], options)


class TestRunScript:
    """run.sh with an environment whose `python` notes its words."""

    @pytest.fixture
    def told(self, tmp_path: Path) -> Callable[..., list[list[str]]]:
        root = tmp_path / "repository"
        (root / "ci" / "bench").mkdir(parents=True)
        (root / "bin").mkdir()
        (root / "ci/bench/run.sh").write_bytes((BENCH / "run.sh").read_bytes())
        (root / "ci/env.sh").write_text(f"STE_ROOT={root}; PATH={root}/bin:$PATH\n")
        note = tmp_path / "words"
        for name, line in (("ste", "exit 0"), ("python", f'printf "%s\\t" "${{@##*/}}" >>{note}; echo >>{note}')):
            (root / "bin" / name).write_text(f"#!/bin/sh\n{line}\n" if name == "ste" else f"#!/bin/bash\n{line}\n")
            (root / "bin" / name).chmod(0o755)

        def run(*words: str) -> list[list[str]]:
            note.unlink(missing_ok=True)
            subprocess.run(["bash", root / "ci/bench/run.sh", *words], check=True, cwd=tmp_path)
            return [line.split("\t")[:-1] for line in note.read_text().splitlines()]

        return run

    def test_words_reach_the_parts_that_know_them(self, told: Callable[..., list[list[str]]], tmp_path: Path) -> None:
        assert told("--quick", "--data", "d", "--out", "o", "--pairs=3") == [
            [part, "--quick", *given, "--out", "o", *pairs]
            for part in ("compare.py", "savings.py", "growth.py", "ideas.py")
            for given, pairs in [([], []) if part == "growth.py" else (["--data", "d"], ["--pairs=3"])]
        ]
        assert told() == [["compare.py"], ["savings.py"], ["growth.py"], ["ideas.py"]]
        real = tmp_path / "shared/data/rewardbench_v1.jsonl.gz"
        real.parent.mkdir(parents=True)
        real.touch()
        found = ["--data", real.name]
        assert told() == [["compare.py", *found], ["savings.py", *found], ["growth.py"], ["ideas.py", *found]]
        assert told("compare", "--data", "d") == [["compare.py", *found, "--data", "d"]], "the last one counts"

    @pytest.mark.parametrize("words", [["--data"], ["--clock", "cpu"], ["everything"]])
    def test_other_words_are_refused(self, words: list[str]) -> None:
        done = subprocess.run(["bash", BENCH / "run.sh", *words], capture_output=True, text=True)
        assert done.returncode == 2
        assert done.stderr.startswith(f"run.sh: {words[0]}") and done.stderr.count("\n") == 1


def test_ways_of_sampling_differ_only_in_it(
    bench: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = bench("compare")
    options = Namespace(repetitions=2, settings=["greedy", "draws15"])
    runs = list(compare.schedule(["ste_engine", "ste_task_inspect"], options))
    assert [
        (setting, sum(run[1:] == (setting, "ste_task_inspect") for run in runs)) for setting in options.settings
    ] == [
        ("greedy", 2),
        ("draws15", 0),
    ]
    assert json.dumps(sorted({run[0] for run in runs})) == "[0, 1]"
