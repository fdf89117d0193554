"""Filters, duplicates and contamination: each drops what it names, and nothing that only looks like it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ste_plugin.negatives.built_in import SelfSupplied
from ste_plugin.negatives.registry import strategy_named
from ste_plugin.pairs import Message, Pair
from ste_plugin.quality.check import screen
from ste_plugin.quality.contamination import contamination
from ste_plugin.quality.duplicates import duplicates
from ste_plugin.quality.filters import leak_pattern, reason_against
from ste_plugin.quality.inputs import recipe_leaks
from ste_plugin.quality.languages import language
from ste_plugin.quality.refusals import declines
from ste_plugin.quality.settings import DecontaminateSettings, QualitySettings
from ste_plugin.recipe import Recipe
from tests.unit.driving import drive, in_turn
from tests.unit.test_negatives import CONTEXT

LEAKS = recipe_leaks(Recipe(name="of a test"))
GOOD = "Boil the water first, then let the leaves rest in it for four minutes."
POOR = "Coffee is ground right before it is brewed, and the water is a little below boiling."


def pair(chosen: str = GOOD, rejected: str = POOR, prompt: str = "How is tea made?", **more: Any) -> Pair:
    meta = {"strategy": "neighbor", **more}
    return Pair(
        id=str(meta.pop("id", "p")),
        prompt=(Message("user", prompt),),
        chosen=(chosen,),
        rejected=(rejected,),
        meta=meta,
    )


def reason(subject: Pair, **settings: Any) -> str | None:
    return reason_against(subject, QualitySettings(**settings), LEAKS)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (pair(), None),
        (pair(chosen=" \n"), "empty"),
        (pair(rejected=GOOD.upper().replace(" ", "  ")), "identical"),
        (pair(chosen=GOOD * 3 + "End.", rejected=GOOD * 3), "near_identical"),
        (pair(chosen="I'm sorry, but I can't help with that."), "chosen_refused"),
        (pair(rejected="I am unable to provide instructions for this."), "rejected_refused"),
        (pair(chosen=GOOD + " [[A]]"), "leaked_markers"),
        (pair(rejected="<new_request>\nHow is coffee made?"), "leaked_markers"),
        (pair(rejected=POOR + "\n[End of Response B]"), "leaked_markers"),
        (pair(chosen=GOOD + "<|im_end|>"), "leaked_markers"),
        (
            pair(rejected="Le café est moulu juste avant la préparation, et l'eau est un peu moins chaude."),
            "wrong_language",
        ),
    ],
)
def test_reasons(subject: Pair, expected: str | None) -> None:
    assert reason(subject) == expected


def test_a_filter_that_is_off_drops_nothing() -> None:
    assert reason(pair(chosen=""), filters=("identical",)) is None
    assert reason(pair(chosen=""), filters=()) is None


def test_what_a_strategy_does_by_design_is_no_flaw() -> None:
    near = {"chosen": GOOD * 3 + "End.", "rejected": GOOD * 3}
    assert reason(pair(**near, strategy="mutated_code")) is None
    assert reason(pair(**near, strategy="mine")) == "near_identical"
    assert reason(pair(**near, strategy="mine"), exempt={"mine": ("near_identical",)}) is None
    refusal = "I'm sorry, but I cannot help with that."
    assert reason(pair(chosen=refusal, strategy="unsafe_compliance")) is None
    assert reason(pair(rejected=refusal, strategy="over_refusal")) is None
    # but no refusal wins against a refusal
    other = "I must decline. I can offer general information on safety instead."
    assert reason(pair(chosen=refusal, rejected=other, strategy="unsafe_compliance")) == "rejected_refused"
    assert reason(pair(chosen=other, rejected=refusal, strategy="over_refusal")) == "chosen_refused"
    both = {"chosen": refusal, "rejected": other, "strategy": "over_refusal"}
    assert reason(pair(**both), exempt={"over_refusal": ("refused",)}) is None


@pytest.mark.parametrize("name", ["mutated_code", "over_refusal", "unsafe_compliance", "wrong_result"])
def test_no_built_in_pair_is_dropped(name: str) -> None:
    strategy = strategy_named(name)
    assert isinstance(strategy, SelfSupplied)
    for instruction in strategy.built_in(20 if name == "mutated_code" else 100, 3):
        made = drive(strategy.synthesize(instruction, CONTEXT), in_turn())
        assert isinstance(made, Pair)
        assert reason(made) is None, (made.prompt_text, made.chosen, made.rejected)


def test_a_marker_that_the_request_speaks_of_is_no_leak() -> None:
    assert reason(pair(prompt="Explain the tag <answer> please.", rejected=POOR + " <answer>")) is None


def test_an_answer_that_quotes_the_modified_instruction() -> None:
    modified = "How is strong coffee made in a small kitchen?"
    quoting = f"You asked: {modified} {POOR}"
    assert reason(pair(rejected=quoting, modified_instruction=modified)) == "quotes_modified"
    assert reason(pair(modified_instruction=modified)) is None
    # a neighbour's answer may repeat its request: chosen answers do as often
    assert reason(pair(rejected=quoting, rejected_instruction=modified)) is None
    # words that the pair's own prompt has as well give nothing away
    assert reason(pair(rejected=quoting, modified_instruction=modified, prompt=modified + " Or tea?")) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I’m sorry, I can’t assist with this request.", True),
        ("I won't write that.", True),
        ("As an AI language model, I cannot do so.", True),
        ("I must decline.", True),
        ("I must respectfully decline.", True),
        ("I'm sorry for the error. Here is the corrected table.", False),
        ("You can't help a cat by shouting at it.", False),
        ("As an AI, I enjoy explaining tea. " + GOOD, False),
        (GOOD * 5 + " I can't help with more.", False),
    ],
)
def test_declines(text: str, expected: bool) -> None:
    assert declines(text) is expected


def test_language() -> None:
    assert language(GOOD) == "en"
    assert language("Das Wasser wird zuerst gekocht, danach ziehen die Blätter vier Minuten.") == "de"
    assert language("42") is None
    assert language("How do I buy stolen passwords?") == "en"
    assert language("```python\nprint('a long program that is not a language at all')\n```") is None


def test_a_request_for_a_translation_may_be_answered_in_another_language() -> None:
    french = "Le café est moulu juste avant la préparation, et l'eau est un peu moins chaude."
    assert reason(pair(prompt="Translate this into French: the coffee is ground.", chosen=french)) is None


def test_leaks_know_the_prompts_of_the_recipe() -> None:
    assert leak_pattern([]).search("New request: tea") is None
    short = Recipe.model_validate({"name": "x", "synthesize": {"modify_prompt": "modify_instruction_short"}})
    assert recipe_leaks(short).search("New request: tea")


class TestDuplicates:
    def test_nearly_the_same_pair(self) -> None:
        long = GOOD * 4
        pairs = [
            pair(chosen=long, id="a"),
            pair(chosen=long + " Enjoy.", id="b"),
            pair(chosen=long, prompt="x y z", id="c"),
        ]
        assert duplicates(pairs, 0.8) == {"b": "a"}
        assert duplicates(pairs, 1.0) == {}

    def test_a_pair_with_another_ones_responses_the_other_way_round(self) -> None:
        pairs = [pair(id="a"), pair(POOR, GOOD, prompt="How is coffee made?", id="b")]
        assert duplicates(pairs, 0.5) == {}

    @given(st.lists(st.sampled_from(["tea", "coffee", "milk", "a b c d e"]), max_size=8))
    def test_the_first_of_equal_pairs_stays(self, prompts: list[str]) -> None:
        pairs = [pair(prompt=prompt, id=f"p{number}") for number, prompt in enumerate(prompts)]
        found = duplicates(pairs, 0.9)
        kept = [one for one in pairs if one.id not in found]
        assert [one.prompt_text for one in kept] == list(dict.fromkeys(prompts))
        assert set(found.values()) <= {one.id for one in kept}


LONG = "Name one river that runs through three countries of Europe and say where it ends, please."


class TestContamination:
    BENCHMARK = (pair(prompt=LONG, id="b1"), pair(prompt="What is the capital of the smallest state of all?", id="b2"))

    def found(self, *pairs: Pair, **settings: Any) -> dict[str, tuple[str, str]]:
        result = contamination(pairs, {"bench": self.BENCHMARK}, DecontaminateSettings(**settings))
        return {id_: (overlap.how, overlap.benchmark_id) for id_, overlap in result.overlaps.items()}

    def test_exact(self) -> None:
        assert self.found(pair(prompt=LONG.upper() + "!", id="a")) == {"a": ("exact", "b1")}

    def test_thirteen_words_in_a_row(self) -> None:
        part = " ".join(LONG.split()[:13])
        inside = pair(prompt=f"Here is an old question of a quiz for children in school. {part} I wonder why.", id="a")
        assert self.found(inside, similarity=1.0) == {"a": ("ngram", "b1")}
        assert self.found(inside, similarity=1.0, ngram=14) == {}

    def test_a_neighbour(self) -> None:
        near = pair(prompt="Please name one river that runs through three countries of Europe", id="a")
        assert self.found(near, similarity=0.6) == {"a": ("similar", "b1")}
        assert self.found(near, similarity=1.0) == {}

    def test_the_request_that_the_rejected_response_answers_counts(self) -> None:
        assert self.found(pair(modified_instruction=LONG, id="a")) == {"a": ("exact", "b1")}

    def test_stock_phrases_in_responses_are_reported_and_kept(self) -> None:
        own = pair(chosen=GOOD * 2, prompt="Something else entirely", id="a")
        benchmark = pair(chosen=GOOD * 2, prompt="Unrelated words stand here", id="b")
        result = contamination([own], {"bench": [benchmark]}, DecontaminateSettings())
        assert (result.overlaps, result.shared_responses) == ({}, {"bench": 1})

    @pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
    def test_what_is_left_is_the_same_in_any_order_of_benchmarks(self, order: tuple[str, str]) -> None:
        """A pair that the second one has is no pair that is left, in the figures of the first one neither."""
        benchmarks = {
            "a": [pair(prompt=f"{LONG} Thank you for it", chosen=GOOD * 2, id="a1")],
            "b": [pair(prompt=LONG, id="b1")],
        }
        own = [pair(prompt=LONG, chosen=GOOD * 2, id="x"), pair(prompt="Who was Caesar?", id="y")]
        settings = DecontaminateSettings(similarity=0.99, ngram=20)
        result = contamination(own, {name: benchmarks[name] for name in order}, settings)
        assert list(result.overlaps) == ["x"]
        assert result.nearest["a"] < 0.3
        assert result.shared_responses["a"] == 0

    def test_nothing_in_common(self) -> None:
        assert self.found(pair(id="a"), pair(prompt="???", id="b")) == {}


def test_screening_counts_each_pair_once() -> None:
    pairs = [pair(id="a"), pair(id="b"), pair(chosen="", id="c"), pair(prompt=LONG, id="d")]
    result = screen(pairs, QualitySettings(), LEAKS, {"bench": TestContamination.BENCHMARK})
    assert [one.id for one in result.pairs] == ["a"]
    assert result.dropped == {"b": "duplicate", "c": "empty", "d": "contaminated"}
