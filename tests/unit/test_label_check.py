"""The check of labels: what the judge's two orders say, and whether the estimate finds the share that was put in."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from ste_plugin.check_stage import PairCheck
from ste_plugin.judge_prompt import JudgePrompt
from ste_plugin.judging import JudgeSettings
from ste_plugin.model_request import ModelAnswers, ModelRequest
from ste_plugin.pairs import Message, Pair, Winner
from ste_plugin.quality.label_check import LabelEstimate, LabelVerdict, check_label, estimate_labels
from ste_plugin.recipe import Recipe
from tests.unit.driving import Recorded, answered, drive

SETTINGS = JudgeSettings(JudgePrompt.load("judge_short"), max_tokens=50, temperature=0.7, top_p=0.9)
PAIR = Pair("p", (Message("user", "How is tea made?"),), ("fine",), ("poor",))


@pytest.mark.parametrize(
    ("winners", "outcome"),
    [
        (("chosen", "chosen"), "confirmed"),
        (("rejected", "rejected"), "contradicted"),
        (("chosen", "rejected"), "inconsistent"),
        (("rejected", None), "undecided"),
        (("tie", "chosen"), "undecided"),
    ],
)
def test_outcomes(winners: tuple[Winner | None, Winner | None], outcome: str) -> None:
    assert LabelVerdict("p", winners).outcome == outcome


def judged(votes: int, *letters: str) -> tuple[LabelVerdict, Recorded]:
    left = list(letters)

    def model(request: ModelRequest) -> ModelAnswers:
        return answered(*(f"So: [[{left.pop(0)}]]" for _ in range(request.draws)))

    recorded = Recorded(model)
    return drive(check_label(PAIR, SETTINGS, votes), recorded), recorded


def test_one_judgment_an_order_is_greedy() -> None:
    verdict, asked = judged(1, "B", "A")
    assert verdict.winners == ("rejected", "rejected")
    assert [request.temperature for request in asked.requests] == [0.0, 0.0]
    assert verdict.tokens > 0 and verdict.prompt_tokens == 14


def test_more_are_a_majority_of_draws() -> None:
    verdict, asked = judged(3, "A", "A", "A", "A")
    assert verdict.winners == ("chosen", "rejected")
    assert {request.temperature for request in asked.requests} == {0.7}


def verdicts(number: int, wrong: float, first: float, second: float, seed: int = 1) -> list[LabelVerdict]:
    """A judge that finds the better response with chance `first` where it stands first, else `second`."""
    source = random.Random(seed)
    made = []
    for index in range(number):
        mislabelled = source.random() < wrong
        found = (
            source.random() < (second if mislabelled else first),
            source.random() < (first if mislabelled else second),
        )
        winners = ["chosen" if right != mislabelled else "rejected" for right in found]
        made.append(LabelVerdict(f"p{index}", (winners[0], winners[1])))  # type: ignore[arg-type]
    return made


@pytest.mark.parametrize("wrong", [0.0, 0.1, 0.3])
@pytest.mark.parametrize(("first", "second"), [(0.9, 0.8), (0.95, 0.55)])
def test_the_share_of_wrong_labels_is_found(wrong: float, first: float, second: float) -> None:
    estimate = estimate_labels(verdicts(4000, wrong, first, second), {})
    assert estimate.wrong is not None and estimate.wrong_stderr is not None
    assert 0 < estimate.wrong_stderr < 6
    assert abs(estimate.wrong - 100 * wrong) < 3.5 * max(estimate.wrong_stderr, 1.0)
    assert estimate.judge_accuracy == pytest.approx(50 * (first + second), abs=3)
    assert estimate.confirmed + estimate.contradicted + estimate.inconsistent == pytest.approx(100)


def test_a_judge_that_guesses_says_nothing() -> None:
    always_a = [LabelVerdict(f"p{n}", ("chosen", "rejected")) for n in range(50)]
    estimate = estimate_labels(always_a, {})
    assert (estimate.wrong, estimate.wrong_stderr, estimate.inconsistent) == (None, None, 100)


def given(number: int, wrong: float, first: float, second: float, runs: int) -> list[LabelEstimate]:
    """The estimates that are given in `runs` checks of `number` pairs."""
    found = [estimate_labels(verdicts(number, wrong, first, second, seed), {}, seed) for seed in range(runs)]
    return [estimate for estimate in found if estimate.judge_tells]


@pytest.mark.parametrize("first", [0.5, 0.8, 0.95])
@pytest.mark.parametrize(("number", "runs"), [(6, 400), (20, 400), (100, 200), (400, 100)])
def test_coins_give_no_estimate_but_by_rare_chance(number: int, runs: int, first: float) -> None:
    """Whatever the judge's taste for the first place, an estimate in at most one check of twenty."""
    assert len(given(number, 0.1, first, 1 - first, runs)) <= 0.05 * runs


def test_coins_thrown_once_a_prompt_give_no_estimate_either() -> None:
    """Eight pairs of each prompt with the same verdicts: 25 throws, not 200."""
    found = []
    for seed in range(200):
        thrown = verdicts(25, 0.5, 0.5, 0.5, seed)
        said = [LabelVerdict(f"p{number}", thrown[number // 8].winners) for number in range(200)]
        found.append(estimate_labels(said, {f"p{number}": str(number // 8) for number in range(200)}, seed).judge_tells)
    assert sum(found) <= 0.05 * len(found)


@pytest.mark.parametrize("wrong", [0.0, 0.1, 0.3])
@pytest.mark.parametrize(
    ("first", "second", "number", "least"),
    [(0.6, 0.6, 400, 0.0), (0.7, 0.7, 400, 0.7), (0.9, 0.5, 400, 0.7), (0.8, 0.8, 100, 0.8), (0.95, 0.9, 100, 1.0)],
)
def test_an_estimate_that_is_given_stays_within_its_error(
    wrong: float, first: float, second: float, number: int, least: float
) -> None:
    """`least` is the share of checks that a judge of that accuracy has to give an estimate in."""
    runs = 80
    found = given(number, wrong, first, second, runs)
    errors = [(abs(one.wrong - 100 * wrong), one.wrong_stderr) for one in found if one.wrong is not None]
    outside = sum(stderr is None or error > 2 * stderr for error, stderr in errors)
    assert len(found) >= least * runs
    assert outside <= 0.12 * runs  # 2 to 7 of 100 are, over many more runs than these


def test_undecided_pairs_are_left_aside() -> None:
    few = [LabelVerdict("a", ("chosen", None)), LabelVerdict("b", ("chosen", "chosen"))]
    estimate = estimate_labels(few, {})
    assert (estimate.pairs, estimate.undecided, estimate.confirmed) == (2, 1, 100)
    assert (estimate.judge_accuracy, estimate.wrong) == (None, None)  # one pair says nothing
    assert estimate_labels(few[:1], {}).judge_accuracy is None


def test_no_wrong_label_among_few_is_not_sure_to_be_none() -> None:
    confirmed = [LabelVerdict(f"p{number}", ("chosen", "chosen")) for number in range(20)]
    estimate = estimate_labels(confirmed, {})
    assert (estimate.judge_accuracy, estimate.wrong) == (100, 0)
    assert estimate.wrong_stderr is not None and 2 < estimate.wrong_stderr < 10


def test_pairs_of_one_prompt_are_one_draw() -> None:
    sample = verdicts(400, 0.2, 0.9, 0.9)
    alone = estimate_labels(sample, {})
    tens = estimate_labels(sample, {verdict.pair_id: str(int(verdict.pair_id[1:]) // 10) for verdict in sample})
    assert alone.wrong == tens.wrong
    assert alone.wrong_stderr != tens.wrong_stderr
    assert estimate_labels(sample, dict.fromkeys((v.pair_id for v in sample), "one")).wrong is None


@pytest.mark.parametrize(("accuracy", "drops"), [(0.5, False), (1.0, True)])
def test_a_guessing_judge_drops_no_pair(accuracy: float, drops: bool, tmp_path: Path) -> None:
    said = verdicts(40, 0.2, accuracy, accuracy)
    rows = [{"id": one.pair_id, "prompt": f"Ask {one.pair_id}", "chosen": "good", "rejected": "bad"} for one in said]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    quality = {
        "filters": [],
        "dedupe": None,
        "decontaminate": {"enabled": False},
        "probes": {"enabled": False},
        "check_labels": {"votes": 1},
    }
    check = PairCheck(tmp_path / "pairs.jsonl", Recipe.model_validate({"name": "of a test", "quality": quality}))
    check.seen.update(one.pair_id for one in said)
    check.verdicts.extend(said)
    against = [one.pair_id for one in said if one.outcome == "contradicted"]
    checked, report = check.checked()
    assert against and report["labels"]["contradicted"] > 0
    assert sorted(checked.dropped) == (sorted(against) if drops else [])
