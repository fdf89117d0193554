"""`ste/check_pairs` and `ste check-pairs`: what passes, what is reported, and when the run stops."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.stock_inspect import StockInspect, figures

WORDS = ["sun", "moon", "tram", "oak", "rain", "desk", "lamp", "hill", "boat", "clay", "wind", "salt"]


def text(number: int, step: int, length: int) -> str:
    return (
        " ".join(WORDS[(number * step + place * place) % len(WORDS)] + str(number % 5) for place in range(length)) + "."
    )


def pair(number: int, *, longer: str = "", mark: str = "chosen", **changes: Any) -> dict[str, Any]:
    """Responses of equal length, one of which the mock judges prefer; the one named by `longer` is longer."""
    sizes = {"chosen": 20, "rejected": 20}
    if longer:
        sizes[longer] = 30
    replies = {"chosen": text(number, 5, sizes["chosen"]), "rejected": text(number, 7, sizes["rejected"])}
    replies[mark] = f"marvellous {replies[mark]}"
    meta = {"strategy": f"{longer or 'no'}-length"}
    return {"id": f"p{number}", "prompt": f"Request {number} {text(number, 3, 6)}", **replies, "meta": meta, **changes}


FLAWED = [
    pair(90, chosen=" "),
    pair(91, rejected="I'm sorry, but I cannot help with that."),
    pair(92, chosen="<answer> marvellous words"),
]
GOOD = [pair(number) for number in range(12)]


@pytest.fixture
def stock(stock: StockInspect) -> StockInspect:
    stock.write_rows("raw.jsonl", GOOD + FLAWED)
    return stock


def write_recipe(stock: StockInspect, **quality: Any) -> None:
    stock.write("recipe.yaml", yaml.safe_dump({"name": "of a test", "quality": quality}))


WORDS_OF_TASK = ("ste/check_pairs", "-T", "recipe=recipe.yaml", "-T", "pairs=raw.jsonl")


def test_flawed_pairs_are_left_out_and_counted(stock: StockInspect) -> None:
    write_recipe(stock)
    stock.eval(*WORDS_OF_TASK, "--model", "mock/good").succeeded()
    assert stock.rows("checked-pairs.jsonl") == [
        row | {"subset": "", "cluster": own["cluster"]}
        for row, own in zip(GOOD, stock.rows("checked-pairs.jsonl"), strict=True)
    ]
    assert stock.calls() == []
    found = figures(stock.log())
    assert (found["pairs"], found["kept"], found["mean"]) == (15, 12, 0.8)
    assert (found["empty"], found["rejected_refused"], found["leaked_markers"]) == (1, 1, 1)
    assert found["probe/position"] == 50 and found["probe/length"] == 100  # by the word that the mock judge looks for
    report = json.loads((stock.folder / "quality.json").read_text())
    assert report["dropped_pairs"] == {"p90": "empty", "p91": "rejected_refused", "p92": "leaked_markers"}
    assert set(report["contamination"]["nearest"]) == {"builtin"}
    assert report["probes"]["mixture"]["overlap"]["accuracy"] == pytest.approx(found["probe/overlap"])


def test_a_probe_above_the_limit_stops_the_run(stock: StockInspect) -> None:
    write_recipe(stock, probes={"limit": 70})
    message = stock.eval(*WORDS_OF_TASK, "--model", "mock/good").failed()
    assert "the rule 'length' names" in message and "limit 70" in message and "quality.json" in message
    assert not (stock.folder / "checked-pairs.jsonl").exists()
    assert json.loads((stock.folder / "quality.json").read_text())["beating"][0] == "length"


def test_the_judge_says_what_labels_are_wrong(stock: StockInspect) -> None:
    wrong = [pair(number, mark="rejected") for number in range(20, 23)]
    stock.write_rows("raw.jsonl", GOOD + wrong + FLAWED)
    write_recipe(stock, check_labels={"votes": 3}, probes={"enabled": False})
    stock.eval(*WORDS_OF_TASK, "--model", "mock/good", "-T", "journal=answers.jsonl").succeeded()
    assert [row["id"] for row in stock.rows("checked-pairs.jsonl")] == [row["id"] for row in GOOD]
    found = figures(stock.log())
    assert (found["judge_prefers_rejected"], found["labels/pairs"]) == (3, 15)
    assert found["labels/wrong"] == pytest.approx(20)
    assert found["labels/judge_accuracy"] == pytest.approx(100)
    assert found["prompt_tokens"] > 0
    # two orders of the fifteen pairs that came through the filters, as many judgments as decide a vote of three
    assert [call["draws"] for call in stock.calls()] == [2] * 30
    stock.eval(*WORDS_OF_TASK, "--model", "mock/good", "-T", "journal=answers.jsonl").succeeded()
    assert len(stock.calls()) == 30


def test_limit_of_the_command_line(stock: StockInspect) -> None:
    write_recipe(stock, probes={"enabled": False})
    stock.eval(*WORDS_OF_TASK, "--model", "mock/good", "--limit", "3").succeeded()
    assert [row["id"] for row in stock.rows("checked-pairs.jsonl")] == ["p0", "p1", "p2"]


def test_nothing_passes(stock: StockInspect) -> None:
    stock.write_rows("raw.jsonl", FLAWED)
    write_recipe(stock)
    assert "not one pair passes" in stock.eval(*WORDS_OF_TASK, "--model", "mock/good").failed()


class TestCommand:
    def ste(self, stock: StockInspect, *words: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("ste")), "check-pairs", *words]
        return subprocess.run(command, cwd=stock.folder, capture_output=True, text=True, check=False)

    def test_the_same_result_as_the_stage(self, stock: StockInspect) -> None:
        write_recipe(stock)
        stock.eval(*WORDS_OF_TASK, "--model", "mock/good").succeeded()
        done = self.ste(stock, "raw.jsonl", "--recipe", "recipe.yaml", "--out", "own.jsonl", "--report", "own.json")
        assert done.returncode == 0, done.stderr
        assert stock.rows("own.jsonl") == stock.rows("checked-pairs.jsonl")
        assert (stock.folder / "own.json").read_text() == (stock.folder / "quality.json").read_text()
        assert "bag_of_words" in done.stdout and "against builtin: 0 exact" in done.stdout

    def test_not_one_pair_passes(self, stock: StockInspect) -> None:
        stock.write_rows("flawed.jsonl", FLAWED)
        done = self.ste(stock, "flawed.jsonl", "--out", "own.jsonl")
        assert done.returncode == 2 and "flawed.jsonl: not one pair passes the check" in done.stderr
        assert "rejected_refused" in done.stdout and not (stock.folder / "own.jsonl").exists()

    def test_contamination(self, stock: StockInspect) -> None:
        stock.write_rows("bench.jsonl", [{"id": "b", "prompt": GOOD[0]["prompt"], "chosen": "x", "rejected": "y"}])
        done = self.ste(stock, "raw.jsonl", "--against", "bench.jsonl")
        assert "against bench.jsonl: 1 exact" in done.stdout

    @pytest.mark.parametrize(
        ("words", "part"),
        [
            (("none.jsonl",), "none.jsonl: no such file"),
            (("raw.jsonl", "--recipe", "none.yaml"), "no such recipe"),
            (("raw.jsonl", "--against", "none.jsonl"), "none.jsonl: no such file"),
        ],
    )
    def test_bad_input(self, stock: StockInspect, words: tuple[str, ...], part: str) -> None:
        done = self.ste(stock, *words)
        assert done.returncode == 2 and part in done.stderr
        assert len(done.stderr.splitlines()) == 1
