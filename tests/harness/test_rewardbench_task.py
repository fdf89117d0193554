"""`inspect eval ste/rewardbench` as users run it: the figures of its log, its options, and going on from a journal."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import EvalLog, EvalSample

from ste_plugin.benchmarks import mini, rewardbench
from ste_plugin.gate.sources import read_results
from ste_plugin.judge_prompt import JudgePrompt
from ste_plugin.pairs import placement
from ste_plugin.result_rows import result_row, result_row_from_json
from ste_plugin.scoring import OrderResult
from ste_plugin.verdicts import Verdict
from ste_plugin.votes import MajorityVote
from tests.harness.stock_inspect import StockInspect, figures

JUDGES = ("good", "bad", "biased", "silent", "tie")
LIMIT = 2
PAIRS = rewardbench.load("builtin", limit_per_subset=LIMIT)
SUBSETS = sorted({pair.subset for pair in PAIRS})
MARKED = [
    {"id": f"pair {n}", "prompt": f"Request {n}", "chosen": f"marvellous {n}", "rejected": f"poor {n}"}
    for n in range(5)
]


def orders_of(sample: EvalSample) -> list[dict[str, Any]]:
    """What was made of a pair, one row an order."""
    assert sample.scores is not None
    details = sample.scores["pair_scorer"].metadata
    assert details is not None
    orders: list[dict[str, Any]] = details["orders"]
    return orders


def samples_of(log: EvalLog) -> list[EvalSample]:
    assert log.status == "success" and log.samples
    return log.samples


@pytest.fixture(scope="module")
def all_judges(tmp_path_factory: pytest.TempPathFactory) -> StockInspect:
    """One run of every kind of judge."""
    stock = StockInspect(tmp_path_factory.mktemp("all-judges"))
    models = ",".join(f"mock/{judge}" for judge in JUDGES)
    words = ("ste/rewardbench", "--model", models, "-T", "dataset=builtin", "-T", f"limit_per_subset={LIMIT}")
    stock.eval(*words).succeeded()
    return stock


@pytest.fixture(scope="module")
def logs(all_judges: StockInspect) -> dict[str, EvalLog]:
    return {log.eval.model.removeprefix("mock/"): log for log in all_judges.logs()}


class TestFigures:
    # official, strict, parsed, consistent, winner shown first, winner shown second, verdict A
    EXPECTED = {  # noqa: RUF012
        "good": (100, 100, 100, 100, 100, 100, 50),
        "bad": (0, 0, 100, 100, 0, 0, 50),
        "biased": (50, 50, 100, 0, 100, 0, 100),
        "silent": (50, 0, 0, 0, 50, 50, None),
        "tie": (50, 0, 0, 0, 50, 50, None),
    }

    @pytest.mark.parametrize("judge", JUDGES)
    def test_every_place(self, logs: dict[str, EvalLog], judge: str) -> None:
        found = figures(logs[judge])
        official, strict, parsed, consistent, first, second, verdict_a = self.EXPECTED[judge]
        assert found["official_overall"] == official
        assert found["strict_overall"] == strict
        assert found["parse_rate"] == parsed
        for place in ("overall", "pairs", *mini.SECTIONS):
            assert found[f"official/{place}"] == official
            assert found[f"strict/{place}"] == strict
            assert found[f"parse_rate/{place}"] == parsed
            assert found[f"chosen_first/{place}"] == first
            assert found[f"rejected_first/{place}"] == second
            assert found.get(f"consistency/{place}") == consistent
            assert found.get(f"verdict_a/{place}") == verdict_a
            assert found[f"forced_rate/{place}"] == 0
        for subset in SUBSETS:
            assert found[f"official/{subset}"] == official
            assert found[f"n/{subset}"] == LIMIT
        assert found["n/overall"] == len(PAIRS)
        assert found["shortened"] == found["overlong"] == 0

    @pytest.mark.parametrize(("judge", "reason"), [("silent", "no_verdict"), ("tie", "tie_not_allowed")])
    def test_reasons_of_unparsed_verdicts(self, logs: dict[str, EvalLog], judge: str, reason: str) -> None:
        for sample in samples_of(logs[judge]):
            assert sample.scores is not None
            score = sample.scores["pair_scorer"]
            halves = {"official": 0.5, "chosen_first": 0.5, "rejected_first": 0.5}
            assert score.value == {**halves, "strict": 0.0, "parsed": 0.0, "consistent": 0.0}
            assert score.answer == "unparsed / unparsed"
            assert score.reason == reason
            assert [row["verdict"] for row in orders_of(sample)] == [{"label": "UNPARSED", "reason": reason}] * 2

    def test_every_score_holds_a_result_row(self, logs: dict[str, EvalLog]) -> None:
        content = rewardbench.content(PAIRS, "builtin")
        by_id = {pair.id: pair for pair in PAIRS}
        for sample in samples_of(logs["good"]):
            assert sample.scores is not None
            details = sample.scores["pair_scorer"].metadata
            assert details is not None
            pair = by_id[str(sample.id)]
            results = [OrderResult("chosen_first", Verdict("A")), OrderResult("rejected_first", Verdict("B"))]
            assert result_row_from_json(details, "here") == result_row(
                pair, content, JudgePrompt.load("judge").hash, "both", results
            )

    def test_the_headline(self, logs: dict[str, EvalLog]) -> None:
        for log in logs.values():
            assert log.results is not None and log.results.headline is not None
            assert log.results.headline.metric == "official_overall"

    def test_what_a_log_tells(self, logs: dict[str, EvalLog]) -> None:
        log = logs["good"]
        prompt = JudgePrompt.load("judge")
        assert log.eval.metadata == {"prompt_hash": prompt.hash, "prompt_name": "judge", "degenerate_pairs": 0}
        assert log.eval.task == "ste/rewardbench"
        assert {str(sample.id) for sample in samples_of(log)} == {pair.id for pair in PAIRS}
        by_id = {pair.id: pair for pair in PAIRS}
        for sample in samples_of(log):
            assert sample.input == by_id[str(sample.id)].prompt_text
            assert [row["order"] for row in orders_of(sample)] == ["chosen_first", "rejected_first"]
            assert [message.role for message in sample.messages] == ["system", "user", "assistant"] * 2
            texts = [row["judgments"][0]["text"] for row in orders_of(sample)]
            assert texts == [message.text for message in sample.messages if message.role == "assistant"]

    def test_the_dumped_log_says_the_same(self, all_judges: StockInspect, logs: dict[str, EvalLog]) -> None:
        dumped = json.loads(all_judges.run("log", "dump", logs["biased"].location).succeeded().stdout)
        score, *rows = dumped["results"]["scores"]
        values = {name: metric["value"] for name, metric in score["metrics"].items()}
        assert values == figures(logs["biased"])
        kinds = {"parsed": "parse_rate", "consistent": "consistency"}
        assert len(rows) == 6
        for row in rows:  # the table in Inspect's view
            shown = {metric["name"]: metric["value"] for metric in row["metrics"].values()}
            assert {"overall", "Chat Hard", *(pair.subset for pair in PAIRS)} <= set(shown)
            assert shown["Chat Hard"] == values[f"{kinds.get(row['name'], row['name'])}/Chat Hard"]
        assert dumped["results"]["headline"]["metric"] == "official_overall"
        assert len(dumped["samples"]) == len(PAIRS)

    def test_greedy_by_default(self, all_judges: StockInspect) -> None:
        calls = all_judges.calls()
        assert len(calls) == 2 * len(PAIRS) * len(JUDGES)
        assert {(call["draws"], call["temperature"], call["max_tokens"]) for call in calls} == {(1, 0.0, 1024)}


class TestOptions:
    def test_single_order(self, stock: StockInspect) -> None:
        rows = [row | {"id": f"{row['id']}{letter}"} for row in MARKED for letter in "abcd"]
        stock.write_rows("pairs.jsonl", rows)
        words = ("-T", "dataset=pairs.jsonl", "-T", "order=single", "-T", "seed=3")
        stock.eval("ste/rewardbench", "--model", "mock/biased", *words).succeeded()
        found = {str(sample.id): [row["order"] for row in orders_of(sample)] for sample in samples_of(stock.log())}
        assert found == {row["id"]: [placement(row["id"], 3)] for row in rows}
        shares = Counter(order for (order,) in found.values())
        assert len(shares) == 2
        # it always says A, so it is right where the better response stands first
        share = 100 * shares["chosen_first"] / len(rows)
        assert figures(stock.log())["official/overall"] == pytest.approx(share)
        assert len(stock.calls()) == len(rows)

    def test_votes_stop_when_they_are_decided(self, stock: StockInspect) -> None:
        stock.write_rows("pairs.jsonl", MARKED)
        words = ("-T", "dataset=pairs.jsonl", "-T", "votes=5", "--model", "mock/good,mock/wavering")
        stock.eval("ste/rewardbench", *words).succeeded()
        calls = {judge: [c for c in stock.calls() if c["model"] == judge] for judge in ("good", "wavering")}
        # three of five are enough, in one request
        assert [call["draws"] for call in calls["good"]] == [3] * 2 * len(MARKED)
        assert {call["temperature"] for call in stock.calls()} == {0.7}
        assert {call["draws"] for call in calls["wavering"]} == {1, 3}
        logs = {log.eval.model: log for log in stock.logs()}
        assert figures(logs["mock/good"])["official_overall"] == 100
        counts = []
        for sample in samples_of(logs["mock/wavering"]):
            for row in orders_of(sample):
                vote = MajorityVote(5)
                for judgment in row["judgments"]:
                    assert not vote.decided
                    vote.add(JudgePrompt.load("judge").parse(judgment["text"]))
                assert vote.decided
                assert row["verdict"]["label"] == vote.verdict.label
                counts.append(len(row["judgments"]))
        assert set(counts) == {3, 4, 5}

    def test_votes_of_a_provider_that_gives_one_choice(self, stock: StockInspect) -> None:
        stock.write_rows("pairs.jsonl", MARKED)
        words = ("-T", "dataset=pairs.jsonl", "-T", "votes=5", "--model", "mock/good", "-M", "choices=1")
        stock.eval("ste/rewardbench", *words).succeeded()
        calls = stock.calls()
        assert len(calls) == 3 * 2 * len(MARKED)
        seeds: dict[str, set[int]] = {}
        for call in calls:
            seeds.setdefault(call["text"], set()).add(call["seed"])
        assert all(len(three) == 3 for three in seeds.values())  # another draw each time
        assert figures(stock.log())["official_overall"] == 100

    def test_prompt_file_subsets_and_limit(self, stock: StockInspect) -> None:
        own = (
            "---\nverdict_format: brackets\n---\n{% block user %}\nOURS\n[User Request]\n{{ instruction }}\n\n"
            "[Response A]\n{{ response_a }}\n\n[Response B]\n{{ response_b }}\n{% endblock %}\n"
        )
        prompt = JudgePrompt.load(str(stock.write("own.jinja", own)))
        words = ("-T", "prompt=own.jinja", "-T", "subsets=Safety,mini-code", "-T", "limit_per_subset=1")
        stock.eval("ste/rewardbench", "--model", "mock/good", "-T", "dataset=builtin", *words).succeeded()
        log = stock.log()
        assert log.eval.metadata is not None
        assert (log.eval.metadata["prompt_name"], log.eval.metadata["prompt_hash"]) == ("own", prompt.hash)
        assert all(call["text"].startswith("OURS") for call in stock.calls())
        subsets = Counter(sample.metadata["subset"] for sample in samples_of(log))
        assert subsets == {"mini-refuse": 1, "mini-over-refusal": 1, "mini-code": 1}
        assert "official/Chat" not in figures(log)

    @pytest.mark.parametrize("policy", ["unparsed", "skip", "shorten"])
    def test_pairs_beyond_the_context(self, stock: StockInspect, policy: str) -> None:
        long = {"id": "long", "prompt": "Request", "chosen": "marvellous" + " x" * 3000, "rejected": "poor"}
        stock.write_rows("pairs.jsonl", [*MARKED, long])
        words = ("-T", "dataset=pairs.jsonl", "-T", f"overlong={policy}")
        stock.eval("ste/rewardbench", "--model", "mock/narrow", *words).succeeded()
        log = stock.log()
        found = figures(log)
        sample = next(sample for sample in samples_of(log) if sample.id == "long")
        assert sample.scores is not None
        score = sample.scores["pair_scorer"]
        assert log.results is not None
        scored = log.results.scores[0]
        if policy == "unparsed":
            assert found["official/pairs"] == pytest.approx(100 * 5.5 / 6)
            assert found["strict/pairs"] == pytest.approx(100 * 5 / 6)
            assert (found["overlong"], found["shortened"], found["n/overall"]) == (1, 0, 6)
            assert score.reason == "prompt_too_long"
        elif policy == "skip":
            assert found["official/pairs"] == found["strict/pairs"] == 100
            assert (found["n/overall"], scored.unscored_samples) == (5, 1)
            assert score.reason == "prompt_too_long"
            judged = read_results([Path(log.location)]).entries  # the gate counts what the log counts
            assert len(judged) == 5 and "long" not in {entry.row.pair_id for entry in judged}
        else:
            assert found["official/pairs"] == found["strict/pairs"] == 100
            assert (found["overlong"], found["shortened"], found["n/overall"]) == (0, 1, 6)
            assert [row["shortened"] for row in orders_of(sample)] == [True, True]

    def test_model_that_counts_no_tokens(self, stock: StockInspect) -> None:
        stock.write_rows("pairs.jsonl", MARKED)
        words = ("-T", "dataset=pairs.jsonl", "-M", "usage=false")
        stock.eval("ste/rewardbench", "--model", "mock/good", *words).succeeded()
        found = figures(stock.log())
        assert (found["official_overall"], found["prompt_tokens"], found["tokens"]) == (100, 0, 0)


class TestJournal:
    def test_a_killed_run_goes_on(self, stock: StockInspect) -> None:
        """Killed in the middle: what was answered is not asked again, and the figures are those of one run."""
        words = ("ste/rewardbench", "--model", "mock/good", "-T", "dataset=builtin", "-T", "limit_per_subset=3")
        words += ("--max-connections", "2", "-T", "journal=answers.jsonl")
        journal = stock.folder / "answers.jsonl"
        started = stock.start_eval(*words, STE_MOCK_DELAY="0.05")
        wait_for_lines(journal, 6)
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()
        journaled = stock.rows("answers.jsonl")
        asked = len(stock.calls())
        pairs = len(rewardbench.load("builtin", limit_per_subset=3))
        assert 6 <= len(journaled) < 2 * pairs

        stock.eval(*words).succeeded()
        assert len(stock.calls()) - asked == 2 * pairs - len(journaled)
        log = stock.logs()[-1]
        assert figures(log)["official_overall"] == 100
        assert figures(log)["n/overall"] == pairs
        rows = stock.rows("answers.jsonl")
        assert rows[: len(journaled)] == journaled
        assert len({row["key"] for row in rows}) == len(rows) == 2 * pairs

        asked = len(stock.calls())
        stock.eval(*words).succeeded()
        assert len(stock.calls()) == asked
        assert figures(stock.logs()[-1]) == figures(log)

    def test_another_model_is_asked_anew(self, stock: StockInspect) -> None:
        stock.write_rows("pairs.jsonl", MARKED)
        words = ("-T", "dataset=pairs.jsonl", "-T", "journal=answers.jsonl", "--model", "mock/good,mock/bad")
        stock.eval("ste/rewardbench", *words).succeeded()
        assert len(stock.calls()) == 2 * 2 * len(MARKED)
        found = {log.eval.model: figures(log)["official_overall"] for log in stock.logs()}
        assert found == {"mock/good": 100, "mock/bad": 0}

    def test_settings_that_inspect_adds_are_asked_anew(self, stock: StockInspect) -> None:
        stock.write_rows("pairs.jsonl", MARKED)
        words = ("ste/rewardbench", "-T", "dataset=pairs.jsonl", "-T", "journal=answers.jsonl", "--model", "mock/good")
        for more in ((), ("--max-connections", "3"), ("--reasoning-effort", "high"), ("--system-message", "Be brief.")):
            stock.eval(*words, *more).succeeded()
        assert len(stock.calls()) == 3 * 2 * len(MARKED)  # how many at once changes no answer

    def test_epochs_are_refused(self, stock: StockInspect) -> None:
        stock.write_rows("pairs.jsonl", MARKED)
        words = ("-T", "dataset=pairs.jsonl", "--model", "mock/good", "--epochs", "2")
        assert "--epochs: a pair is judged in one epoch" in stock.eval("ste/rewardbench", *words).failed()


def wait_for_lines(path: Path, count: int, seconds: float = 60) -> None:
    """Return as soon as the file has `count` lines."""
    end = time.monotonic() + seconds
    while not path.exists() or path.read_bytes().count(b"\n") < count:
        assert time.monotonic() < end, f"{path} did not get {count} lines"
        time.sleep(0.01)
