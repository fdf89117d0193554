"""The stages of the loop as tasks of their own: what each asks, and the file it leaves behind."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from ste_plugin.instructions import Instruction, load_instructions
from ste_plugin.judge_prompt import JudgePrompt
from ste_plugin.pairs import load_pairs
from ste_plugin.selection import InstructionLabel, balanced, sample
from tests.harness.stock_inspect import StockInspect, figures

GENERATOR = ("--model", "mock/silent", "--model-role", "generator=mock/generator")
INSTRUCTIONS = [
    {"id": f"i{n}", "instruction": f"Write {n} lines about the {thing}, {'at length ' * (n % 4)}please."}
    for n, thing in enumerate(["sea", "moon", "tram", "oak", "rain", "desk", "lamp", "hill", "boat", "clay"], start=1)
]
PAIRS = [
    {"id": f"p{n}", "prompt": f"Request {n}", "chosen": f"marvellous {n}", "rejected": f"poor {n}"} for n in range(3)
]


def answer_to(request: str) -> str:
    """What mock/generator answers."""
    return f"Here is an answer to this request: {request}"


@pytest.fixture
def stock(stock: StockInspect) -> StockInspect:
    stock.write_rows("all.jsonl", INSTRUCTIONS)
    stock.write_rows("some-pairs.jsonl", PAIRS)
    return stock


def write_recipe(stock: StockInspect, **settings: Any) -> None:
    stock.write("recipe.yaml", yaml.safe_dump({"name": "of a test", **settings}))


class TestSelect:
    def select(self, stock: StockInspect, *words: str) -> list[dict[str, Any]]:
        given = ("-T", "recipe=recipe.yaml", "-T", "instructions=all.jsonl", *words)
        stock.eval("ste/select_instructions", *GENERATOR, *given).succeeded()
        return stock.rows("instructions.jsonl")

    def test_by_chance(self, stock: StockInspect) -> None:
        write_recipe(stock, seed=5, select={"limit": 6, "max_chars": 60})
        rows = self.select(stock)
        expected = sample(load_instructions(stock.folder / "all.jsonl"), 6, 5, 60)
        assert rows == [{"id": one.id, "instruction": one.text, "source": ""} for one in expected]
        assert len(rows) == 6
        assert stock.calls() == []

    def test_limit_of_the_command_line(self, stock: StockInspect) -> None:
        write_recipe(stock, select={"limit": 6})
        rows = self.select(stock, "--limit", "2", "-T", "out=kept/two.jsonl")
        assert rows == []
        expected = sample(load_instructions(stock.folder / "all.jsonl"), 2, 0, 2000)
        assert [row["id"] for row in stock.rows("kept/two.jsonl")] == [one.id for one in expected]

    def test_by_a_model(self, stock: StockInspect) -> None:
        write_recipe(stock, select={"method": "llm", "limit": 4, "candidates": 8, "complexity": [1, 4]})
        rows = self.select(stock)
        calls = stock.calls()
        assert [call["model"] for call in calls] == ["generator"] * 8
        candidates = sample(load_instructions(stock.folder / "all.jsonl"), 8, 0, 2000)
        labels = {one.id: label_of(one) for one in candidates}
        settings: dict[str, Any] = {"categories": None, "complexity": (1, 4), "keep_unlabelled": False}
        expected = balanced(candidates, labels, limit=4, **settings)
        assert [row["id"] for row in rows] == [one.id for one in expected]
        for row in rows:
            label = labels[row["id"]]
            assert (row["category"], row["complexity"], row["length"]) == (label.category, label.complexity, "short")
        assert figures(stock.log())["mean"] == 1

    def test_nothing_is_left(self, stock: StockInspect) -> None:
        write_recipe(stock, select={"method": "llm", "limit": 4})
        words = ("-T", "recipe=recipe.yaml", "-T", "instructions=all.jsonl")
        message = stock.eval("ste/select_instructions", "--model", "mock/mute", *words).failed()
        assert message.startswith("no instruction of 'all.jsonl' passes the selection")
        assert not (stock.folder / "instructions.jsonl").exists()


def label_of(instruction: Instruction) -> InstructionLabel:
    """What mock/generator says of it."""
    size = len(instruction.text)
    return InstructionLabel("coding" if size % 2 else "advice", 1 + size % 5, "short")


class TestSynthesize:
    STRATEGIES = ("modified_instruction", "modified_instruction_in_one", "neighbor")

    def synthesize(self, stock: StockInspect, *words: str) -> list[dict[str, Any]]:
        given = ("-T", "recipe=recipe.yaml", "-T", "instructions=all.jsonl", *words)
        stock.eval("ste/synthesize_pairs", *GENERATOR, *given).succeeded()
        return stock.rows("pairs.jsonl")

    def test_every_strategy(self, stock: StockInspect) -> None:
        write_recipe(stock, synthesize={"pairs": 9, "strategies": dict.fromkeys(self.STRATEGIES, 1)})
        rows = self.synthesize(stock)
        texts = {row["id"]: row["instruction"] for row in INSTRUCTIONS}
        assert [row["subset"] for row in rows] == [name for name in self.STRATEGIES for _ in range(3)]
        for row in rows:
            meta = row["meta"]
            request = texts[meta["instruction_id"]]
            assert row["id"] == f"{meta['instruction_id']}:{meta['strategy']}"
            assert (row["prompt"], row["chosen"]) == (request, answer_to(request))
            if row["subset"] == "neighbor":
                assert meta["neighbor_id"] != meta["instruction_id"]
                assert row["rejected"] == answer_to(texts[meta["neighbor_id"]])
            elif row["subset"] == "modified_instruction":
                assert meta["modified_instruction"] == f"{request} But do the opposite of it."
                assert row["rejected"] == answer_to(meta["modified_instruction"])
            else:
                assert meta["modified_instruction"] == f"{request} But do the opposite of it."
                assert row["rejected"] == "Here is the opposite of it."
        assert len(load_pairs(stock.folder / "pairs.jsonl")) == 9
        found = figures(stock.log())
        assert (found["mean"], found["kept"]) == (1, 9)
        assert {call["model"] for call in stock.calls()} == {"generator"}
        assert len(stock.calls()) == 3 * 3 + 3 * 2 + 3 * 2

    def test_a_weak_generator_writes_the_weaker_answers_alone(self, stock: StockInspect) -> None:
        strategies = {"neighbor": 1, "weaker_answer": 1}
        write_recipe(stock, synthesize={"pairs": 8, "strategies": strategies, "temperature": 0.3, "max_tokens": 50})
        rows = self.synthesize(stock, "--model-role", "weak_generator=mock/apprentice", "-T", "journal=answers.jsonl")
        for row in rows:
            assert row["chosen"] == answer_to(row["prompt"])
            weak = row["subset"] == "weaker_answer"
            assert row["rejected"].startswith("No idea." if weak else "Here is an answer")
            assert row["meta"].get("weak_generator") == ("mock/apprentice" if weak else None)
        assert len(rows) == 8
        asked = [call for call in stock.calls() if call["model"] == "apprentice"]
        assert sorted(call["text"] for call in asked) == sorted(
            r["prompt"] for r in rows if "weak_generator" in r["meta"]
        )
        assert {(call["temperature"], call["max_tokens"]) for call in stock.calls()} == {(0.3, 50)}
        # the journal keeps the two models' answers apart: another weak generator is asked anew, the generator is not
        before = len(stock.calls())
        self.synthesize(stock, "--model-role", "weak_generator=mock/generator", "-T", "journal=answers.jsonl")
        assert len(stock.calls()) == before + 4

    def test_shared_answers_and_a_second_run(self, stock: StockInspect) -> None:
        write_recipe(stock, synthesize={"pairs": 10, "strategies": {"neighbor": 1}})
        rows = self.synthesize(stock, "-T", "journal=answers.jsonl")
        assert len(rows) == 10
        # with a journal one baseline answer serves all pairs that need it, even at the same time
        assert len(stock.calls()) == len(stock.rows("answers.jsonl")) == 10
        before = (stock.folder / "pairs.jsonl").read_bytes()
        self.synthesize(stock, "-T", "journal=answers.jsonl")
        assert len(stock.calls()) == 10
        assert (stock.folder / "pairs.jsonl").read_bytes() == before

    def test_limit_of_the_command_line(self, stock: StockInspect) -> None:
        write_recipe(stock, synthesize={"pairs": 10, "strategies": {"neighbor": 1}})
        assert len(self.synthesize(stock, "--limit", "2")) == 2

    def test_nothing_is_left(self, stock: StockInspect) -> None:
        write_recipe(stock, synthesize={"pairs": 4})
        words = ("--model", "mock/mute", "-T", "recipe=recipe.yaml", "-T", "instructions=all.jsonl")
        message = stock.eval("ste/synthesize_pairs", *words).failed()
        assert message.startswith("pairs.jsonl: not one pair")
        assert not (stock.folder / "pairs.jsonl").exists()
        assert figures(stock.log())["empty_response"] == 4


class TestAnnotate:
    def annotate(self, stock: StockInspect, judge: str, *words: str) -> list[dict[str, Any]]:
        given = ("-T", "recipe=recipe.yaml", "-T", "pairs=some-pairs.jsonl", *words)
        stock.eval("ste/annotate_judgments", "--model", f"mock/{judge}", *given).succeeded()
        return stock.rows("annotations.jsonl")

    def test_good_judge(self, stock: StockInspect) -> None:
        write_recipe(stock, annotate={"draws": 4})
        rows = self.annotate(stock, "good")
        assert [(row["pair_id"], row["order"]) for row in rows] == [
            (f"p{n}", order) for n in range(3) for order in ("chosen_first", "rejected_first")
        ]
        for row in rows:
            assert row["accepted"]["verdict"]["label"] == ("A" if row["order"] == "chosen_first" else "B")
            assert (row["drawn"], row["generated"], row["outcomes"]) == (1, 1, {"chosen": 1})
            shown = "\n\n".join(message["content"] for message in row["messages"])
            assert shown in {call["text"] for call in stock.calls()}
        assert {(call["draws"], call["temperature"]) for call in stock.calls()} == {(1, 0.7)}
        found = figures(stock.log())
        assert (found["examples"], found["accepted_share"], found["first_draw_correct"]) == (6, 100, 100)
        assert stock.log().eval.metadata == {"prompt_hash": JudgePrompt.load("judge").hash, "prompt_name": "judge"}

    def test_biased_judge(self, stock: StockInspect) -> None:
        write_recipe(stock, annotate={"draws": 4})
        rows = self.annotate(stock, "biased")
        for row in rows:
            if row["order"] == "chosen_first":
                assert row["accepted"]["verdict"]["label"] == "A"
            else:
                assert row["accepted"] is None
                assert (row["drawn"], row["outcomes"]) == (4, {"rejected": 4})
        found = figures(stock.log())
        assert (found["accepted_share"], found["outcome/rejected"], found["draws"]) == (50, 12, 15)

    def test_limit_and_out(self, stock: StockInspect) -> None:
        write_recipe(stock, annotate={"draws": 2, "orders": "single"})
        assert self.annotate(stock, "good", "--limit", "2", "-T", "out=here.jsonl") == []
        assert [row["pair_id"] for row in stock.rows("here.jsonl")] == ["p0", "p1"]


@pytest.mark.slow
class TestTrain:
    def test_alone(self, stock: StockInspect, tiny_model: Any) -> None:
        """Annotate, then train on what was accepted, and judge with the result."""
        short = {"epochs": 1, "batch_size": 2, "micro_batch_size": 2, "learning_rate": 1e-4}
        write_recipe(stock, judge={"prompt": "judge_short"}, train=short, curate={"validation_share": 0.34})
        words = ("-T", "recipe=recipe.yaml", "-T", "pairs=some-pairs.jsonl")
        stock.eval("ste/annotate_judgments", "--model", "mock/good", *words).succeeded()
        words += ("-T", "annotations=annotations.jsonl", "-T", f"start={tiny_model}", "-T", "out=here/judge")
        stock.eval("ste/train_judge", "--model", "none", *words).succeeded()
        folder = stock.folder / "here"
        assert {path.name for path in folder.iterdir()} >= {"judge", "train.jsonl", "validation.jsonl", "training.log"}
        assert not (folder / "judge.part").exists()
        result = json.loads((folder / "judge" / "ste_training.json").read_text(encoding="utf-8"))
        found = figures(stock.logs()[-1])
        assert (found["train"], found["validation"], found["steps"]) == (4, 2, 2)
        assert (result["steps"], result["examples"], result["left_out"]) == (2, 4, 0)
        rows = stock.rows("here/train.jsonl")
        assert {(row["verdict"], row["prompt_hash"]) for row in rows} == {
            (letter, JudgePrompt.load("judge_short").hash) for letter in "AB"
        }
        words = ("-T", "dataset=some-pairs.jsonl", "-T", "prompt=judge_short", "-T", "max_tokens=4")
        words += ("-T", "force_verdict=true", "--limit", "1")
        stock.eval("ste/rewardbench", "--model", f"ste/{folder / 'judge'}", *words).succeeded()
        assert figures(stock.logs()[-1])["parse_rate"] == 100
