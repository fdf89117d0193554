"""`ste self-train --harness lm-eval`: the whole loop with a tiny model, and what is left of it when it is killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ste_plugin.work_directory import read_run
from tests.harness.stock_inspect import read_rows
from tests.tiny_model import make_tiny_model

pytestmark = pytest.mark.slow

STE = Path(sys.executable).with_name("ste")
RECIPE: dict[str, Any] = {
    "name": "tiny",
    "iterations": 1,
    "select": {"limit": 12, "max_chars": 120},
    "synthesize": {"strategies": {"neighbor": 1}, "pairs": 12, "max_tokens": 8},
    "judge": {"prompt": "judge_verdict", "max_tokens": 0, "force_verdict": True, "max_response_chars": 200},
    "annotate": {"draws": 4, "first_round": 2},
    "curate": {"validation_share": 0.2},
    "train": {"learning_rate": 1e-3, "epochs": 4, "batch_size": 4, "micro_batch_size": 4, "max_steps": 6},
    "score": [{"name": "mini", "dataset": "builtin", "limit_per_subset": 1}],
}
STAGES = ["score-0-mini", "select", "synthesize", "check", "annotate-1", "train-1", "score-1-mini", "report"]
FILES = ["instructions.jsonl", "pairs.jsonl"] + [
    f"iteration-1/{name}" for name in ("annotations.jsonl", "train.jsonl", "validation.jsonl")
]
# float32: what a draw says must not hang on which other draws are in its batch;
# two rows at a time: slow enough to be killed in the middle
ENGINE = "dtype=float32,max_rows=2"
POLL_SECONDS = 0.002
PATIENCE = 240.0


class Loop:
    """Runs in one folder, with the work directory ``run``."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.work = folder / "run"
        folder.mkdir(exist_ok=True)
        (folder / "recipe.yaml").write_text(yaml.safe_dump({**RECIPE, **settings}))

    def start(self, model: str, arguments: str, *more: str, harness: str = "lm-eval") -> subprocess.Popen[str]:
        words = ["--model", model, "--model-args", arguments, "--recipe", "recipe.yaml", "--workdir", "run", *more]
        return subprocess.Popen(
            [str(STE), "self-train", "--harness", harness, *words],
            cwd=self.folder,
            env={**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, model: str, arguments: str, *more: str, harness: str = "lm-eval") -> str:
        """Run it to its end; what it printed."""
        process = self.start(model, arguments, *more, harness=harness)
        out, error = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, out + error
        return out

    def refused(self, model: str, arguments: str, *more: str) -> str:
        """The one line of a user's mistake."""
        process = self.start(model, arguments, *more)
        out, error = process.communicate(timeout=PATIENCE)
        assert process.returncode == 2, out + error
        lines = error.splitlines()
        assert out == "" and len(lines) == 1 and lines[0].startswith("ste: "), out + error
        return lines[0].removeprefix("ste: ")

    def kill(self, model: str, moment: Callable[[], bool]) -> None:
        """Start it and `kill -9` the whole group as soon as it is the `moment`."""
        process = self.start(model, ENGINE)
        try:
            end = time.monotonic() + PATIENCE
            while not moment():
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < end, "the moment did not come"
                time.sleep(POLL_SECONDS)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    def stages(self) -> dict[str, Any]:
        """The finished stages."""
        return read_run(self.work)[1] if (self.work / "manifest.json").exists() else {}

    def keys(self) -> list[str]:
        """The journal's keys, its whole lines alone."""
        journal = self.work / "answers.jsonl"
        return [row["key"] for row in read_rows(journal)] if journal.exists() else []

    def answers(self) -> int:
        """Number of journaled answers; reads while they are written."""
        journal = self.work / "answers.jsonl"
        return journal.read_bytes().count(b"\n") if journal.exists() else 0

    def left(self) -> dict[str, bytes]:
        """What the run is for, by file."""
        return {name: (self.work / name).read_bytes().replace(bytes(self.work), b"WORK") for name in FILES}


def scores(loop: Loop) -> dict[str, Any]:
    return {name: stage["figures"] for name, stage in loop.stages().items() if name.startswith("score")}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    """A copy of the tiny model that a test may change for a while."""
    folder = tmp_path_factory.mktemp("own-model") / "model"
    shutil.copytree(tiny_model, folder)
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Loop:
    """A loop that nobody disturbed."""
    loop = Loop(tmp_path_factory.mktemp("finished"))
    printed = loop.run(f"ste/{model}", ENGINE)
    assert "score-1-mini: " in printed and "0 (seed)" in printed
    return loop


class TestFinished:
    def test_what_is_left(self, finished: Loop, model: Path) -> None:
        assert list(finished.stages()) == STAGES
        pairs = read_rows(finished.work / "pairs.jsonl")
        assert len(pairs) == finished.stages()["synthesize"]["figures"]["kept"] == 12
        examples = read_rows(finished.work / "iteration-1" / "annotations.jsonl")
        orders = ("chosen_first", "rejected_first")
        assert [(row["pair_id"], row["order"]) for row in examples] == [(p["id"], o) for p in pairs for o in orders]
        train = read_rows(finished.work / "iteration-1" / "train.jsonl")
        assert {row["judge"] for row in train} == {f"ste/{model}"}
        for iteration in (0, 1):
            stage = finished.stages()[f"score-{iteration}-mini"]
            assert stage["figures"]["n/overall"] == 9 and stage["figures"]["forced_rate/overall"] == 100
            assert stage["tokens"] > 0
            # the logs are lm-eval's own, with our result rows in its samples
            samples = [row for path in Path(stage["log"]).glob("samples_*.jsonl") for row in read_rows(path)]
            assert len({row["ste_result"]["pair_id"] for row in samples if "ste_result" in row}) == 9
            assert len(list(Path(stage["log"]).glob("results_*.json"))) == 1

    def test_nothing_was_generated_twice(self, finished: Loop) -> None:
        assert len(finished.keys()) == len(set(finished.keys()))

    def test_report(self, finished: Loop) -> None:
        done = subprocess.run(
            [str(STE), "report", str(finished.work)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "COLUMNS": "200"},
        )
        assert "0 (seed)" in done.stdout and "not finished" not in done.stdout
        assert finished.stages()["score-1-mini"]["log"] in done.stdout

    def test_the_same_command_again(self, finished: Loop, model: Path) -> None:
        before = (finished.left(), finished.keys(), finished.stages())
        assert "0 (seed)" in finished.run(f"ste/{model}", ENGINE)
        assert (finished.left(), finished.keys(), finished.stages()) == before


class TestParity:
    def test_inspect_leaves_the_same(self, finished: Loop, tmp_path: Path, model: Path) -> None:
        """From the same journal: rows, training rows, and every score to the last digit; nothing is asked anew."""
        answers = tmp_path / "answers.jsonl"
        shutil.copy(finished.work / "answers.jsonl", answers)
        known = answers.read_bytes()
        inspect = Loop(tmp_path)
        inspect.run(f"ste/{model}", ENGINE, "--journal", str(answers), harness="inspect")
        assert inspect.left() == finished.left()
        assert scores(inspect) == scores(finished)
        assert list(inspect.stages()) == STAGES
        assert inspect.stages()["annotate-1"]["figures"] == finished.stages()["annotate-1"]["figures"]
        assert answers.read_bytes() == known
        # the folder is of the same kind: the other harness goes on with it
        assert "0 (seed)" in inspect.run(f"ste/{model}", ENGINE, "--journal", str(answers))


class TestKilled:
    def test_in_the_middle_of_two_stages(self, finished: Loop, tmp_path: Path, model: Path) -> None:
        """`kill -9` while it scores and while it annotates: in the end there is what an undisturbed run leaves."""
        loop = Loop(tmp_path)
        name = f"ste/{model}"
        loop.kill(name, lambda: loop.answers() >= 4)
        assert loop.stages() == {}
        first = loop.keys()
        assert first

        start: list[int] = []

        def annotating() -> bool:
            if "check" in loop.stages():
                start.append(loop.answers())
            return bool(start) and start[-1] >= start[0] + 3

        loop.kill(name, annotating)
        assert list(loop.stages()) == STAGES[:4]
        assert not (loop.work / "iteration-1" / "annotations.jsonl").exists()
        second = loop.keys()
        assert second[: len(first)] == first, "what was journaled stays"

        loop.run(name, ENGINE)
        assert loop.keys()[: len(second)] == second
        assert sorted(loop.keys()) == sorted(finished.keys()), "and nothing of it was asked again"
        assert loop.left() == finished.left()
        assert scores(loop) == scores(finished)


class TestRefused:
    def test_another_recipe(self, finished: Loop, model: Path) -> None:
        before = {path: path.read_bytes() for path in finished.work.glob("*.json*")}
        message = finished.refused(f"ste/{model}", ENGINE, "--seed", "7")
        assert message.startswith(f"{finished.work}: was made with recipe.seed = 0, now it is 7")
        weights = model / "model.safetensors"
        kept = weights.read_bytes()
        try:
            weights.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
            assert "judge.weights" in finished.refused(f"ste/{model}", ENGINE)
        finally:
            weights.write_bytes(kept)
        assert {path: path.read_bytes() for path in finished.work.glob("*.json*")} == before

    def test_models(self, tmp_path: Path, model: Path) -> None:
        loop = Loop(tmp_path)
        for name, arguments, said in (
            ("openai/gpt-4o-mini", "", "the weights of 'openai' cannot be trained here; use one of ste/, hf/"),
            ("ste/nowhere", "", "nowhere"),
            ("hf", "", "which one? say --model hf/NAME"),
            (f"ste/{model}", "widht=3", "unknown model argument 'widht'"),
        ):
            assert said in loop.refused(name, arguments)


def test_votes_that_stop_below_a_bound(tmp_path: Path, model: Path) -> None:
    """A recipe's `flip_bound` reaches the judge by way of both harnesses, which draw the same and score the same."""
    vote = {"task": "ste/rewardbench", "dataset": "builtin", "limit_per_subset": 1, "votes": 9}
    score = [{**vote, "name": "decided"}, {**vote, "name": "bounded", "flip_bound": 0.3}]
    # runs with other seeds, too: the scoring has its own
    lm_eval, inspect = (
        Loop(tmp_path / harness, iterations=0, score=score, seed=seed)
        for seed, harness in enumerate(("lm-eval", "inspect"))
    )
    lm_eval.run(f"ste/{model}", ENGINE)
    inspect.run(f"ste/{model}", ENGINE, harness="inspect")
    assert scores(lm_eval) == scores(inspect)
    figures = scores(inspect)
    decided, bounded = (figures[f"score-0-{name}"] for name in ("decided", "bounded"))
    assert 0 < bounded["tokens"] < decided["tokens"]


def test_stock_model_with_adapters(tmp_path: Path, model: Path) -> None:
    """``hf``: reasoning and a forced verdict by likelihoods, LoRA; the live object takes the adapter in.

    Another model writes the weaker answers.
    """
    training = {**RECIPE["train"], "method": "lora", "lora": {"rank": 4, "alpha": 8}, "max_steps": 3}
    judge = {**RECIPE["judge"], "prompt": "judge_short", "max_tokens": 4}
    synthesis = {**RECIPE["synthesize"], "strategies": {"weaker_answer": 1, "neighbor": 1}}
    loop = Loop(tmp_path, train=training, judge=judge, synthesize=synthesis)
    weak = make_tiny_model(tmp_path / "weak", seed=1)
    words = (f"hf/{model}", "dtype=float32,device=cpu,batch_size=8", "--weak-generator", f"hf/{weak}")
    printed = loop.run(*words, "--weak-generator-args", "dtype=float32,device=cpu,batch_size=8")
    assert "training: step" in printed
    assert list(loop.stages()) == STAGES
    named = {row["meta"].get("weak_generator") for row in read_rows(loop.work / "pairs.jsonl")}
    assert named == {None, f"hf/{weak}"}
    assert "weak_generator = {" in loop.refused(*words[:2])
    assert (loop.work / "iteration-1" / "judge" / "adapter_config.json").exists()
    found = scores(loop)
    assert found["score-0-mini"]["parse_rate"] == found["score-1-mini"]["parse_rate"] == 100
    keys = loop.keys()
    assert len(keys) == len(set(keys))
    # of each response its own line: texts, and the likelihoods of both letters
    assert {key.split(":")[1] for key in keys} == {"generate_until", "loglikelihood"}
