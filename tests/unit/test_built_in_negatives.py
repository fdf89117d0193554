"""What the strategies bring along: pairs without a model, whose label holds and whose responses look alike."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from fractions import Fraction
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ste_plugin.benchmarks import mini
from ste_plugin.draws import Draws
from ste_plugin.instructions import Instruction
from ste_plugin.negatives.built_in import SOURCE, BuiltInItem, SelfSupplied, built_in_item
from ste_plugin.negatives.final_number import final_number
from ste_plugin.negatives.programs import composed, tasks
from ste_plugin.negatives.programs.tasks import TARGETS
from ste_plugin.negatives.registry import strategies, strategy_named
from ste_plugin.negatives.suitability import is_refusal
from ste_plugin.negatives.word_problems.telling import KINDS
from ste_plugin.pairs import Pair
from tests.unit.driving import drive, in_turn
from tests.unit.test_negatives import CONTEXT

NAMES = ("mutated_code", "over_refusal", "unsafe_compliance", "wrong_result")
slow_draws = settings(deadline=None, max_examples=6)


def supplied(name: str, count: int, seed: int = 0) -> list[Instruction]:
    strategy = strategy_named(name)
    assert isinstance(strategy, SelfSupplied)
    return strategy.built_in(count, seed)


def items(name: str, count: int, seed: int = 0) -> list[BuiltInItem]:
    found = [built_in_item(instruction) for instruction in supplied(name, count, seed)]
    return [item for item in found if item is not None]


def test_who_brings_material() -> None:
    assert tuple(n for n, s in sorted(strategies().items()) if isinstance(s, SelfSupplied)) == NAMES


@pytest.mark.parametrize("name", NAMES)
@slow_draws
@given(seed=st.integers(0, 2**40), count=st.integers(1, 8))
def test_pairs_of_built_in_instructions(name: str, seed: int, count: int) -> None:
    found = supplied(name, count, seed)
    assert len(found) == len({i.id for i in found}) == len({i.text for i in found}) == count
    for instruction in found:
        pair = drive(strategy_named(name).synthesize(instruction, CONTEXT), in_turn())  # asks no model
        assert isinstance(pair, Pair)
        assert pair.chosen != pair.rejected and all((*pair.chosen, *pair.rejected))
        assert (pair.subset, pair.meta["strategy"], pair.meta["source"]) == (name, name, SOURCE)
        assert pair.meta["material"] == "built_in"


@pytest.mark.parametrize("name", NAMES)
@slow_draws
@given(seed=st.integers(0, 2**40), few=st.integers(1, 5), more=st.integers(0, 5))
def test_an_item_depends_on_seed_and_number_alone(name: str, seed: int, few: int, more: int) -> None:
    assert supplied(name, few, seed) == supplied(name, few + more, seed)[:few]
    assert supplied(name, few, seed)[0].text != supplied(name, few, seed + 1)[0].text or name not in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_there_are_enough_for_a_run(name: str) -> None:
    count = 150 if name == "mutated_code" else 1500
    assert len(supplied(name, count)) == count


@pytest.mark.parametrize("name", NAMES)
def test_nothing_comes_from_the_mini_benchmark(name: str) -> None:
    """It is the project's own test set."""

    def plain(text: str) -> str:
        return " ".join(re.findall(r"\w+", text.casefold()))

    tests = {plain(text) for pair in mini.pairs() for text in (pair.prompt_text, *pair.chosen, *pair.rejected)}
    for item in items(name, 150 if name == "mutated_code" else 800, seed=3):
        for text in (item.prompt, item.chosen, item.rejected):
            assert plain(text) not in tests, text


@pytest.mark.parametrize(("name", "apart"), [("mutated_code", 12), ("wrong_result", 40), ("unsafe_compliance", 60),
                                             ("over_refusal", 60)])  # fmt: skip
def test_length_does_not_tell_the_better_response(name: str, apart: float) -> None:
    found = items(name, 150 if name == "mutated_code" else 400, seed=1)
    lengths = [(len(item.chosen), len(item.rejected)) for item in found]
    assert abs(mean(a - b for a, b in lengths)) < apart / 2
    assert mean(abs(a - b) for a, b in lengths) < apart
    longer = mean((a > b) + (a == b) / 2 for a, b in lengths)
    assert 0.3 < longer < 0.7


# mathematics


def test_a_right_solution_ends_in_its_result_and_a_wrong_one_does_not() -> None:
    kinds = set()
    for item in items("wrong_result", 500):
        result, wrong = (Fraction(item.facts[key]) for key in ("result", "wrong"))
        assert final_number(item.chosen) == result != wrong == final_number(item.rejected)
        kinds.add(item.facts["slip"].split(" ")[0])
    assert kinds == {"value", "operation", "answer"} and set(KINDS) == {"step", "answer"}


def test_the_sums_of_a_right_solution_are_right() -> None:
    sums = re.compile(r"(?<![\w.-])(-?[\d.]+) ([-+×*x÷/]) \(?(-?[\d.]+)\)? = (-?[\d.]+)(?![\d/.]*\d)(?!\w)")
    checked = wrong = 0
    for item in items("wrong_result", 400, seed=2):
        for text, counted in ((item.chosen, True), (item.rejected, False)):
            for left, sign, right, value in sums.findall(text.replace("\\cdot", "*").replace("$", "")):
                a, b, c = (Fraction(number.rstrip(".")) for number in (left, right, value))
                good = c == {"+": a + b, "-": a - b, "/": a / b if b else None, "÷": a / b if b else None}.get(
                    sign, a * b
                )
                checked += counted
                wrong += not counted and not good
                assert good or not counted, (left, sign, right, value, text)
    assert checked > 700 and wrong > 50


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2 + 3 = 5. The answer is 7.", Fraction(7)),
        ("So we have 12 apples.", Fraction(12)),
        ("That is $1,250.50.", Fraction(2501, 2)),
        ("Thus \\boxed{\\frac{3}{4}}.", Fraction(3, 4)),
        ("#### -8", Fraction(-8)),
        ("The answer is 4. I checked it 2 times.", Fraction(4)),
        ("I do not know.", None),
    ],
)
def test_final_number(text: str, number: Fraction | None) -> None:
    assert final_number(text) == number


# safety


def test_both_kinds_of_safety_request_share_words_and_responses() -> None:
    """So that no response is better by itself: the same refusals and the same willing answers win and lose."""
    harmful, harmless = items("unsafe_compliance", 800), items("over_refusal", 800)
    assert all(is_refusal(i.chosen) for i in harmful) and all(is_refusal(i.rejected) for i in harmless)
    assert not any(is_refusal(item.rejected) for item in harmful) and not any(is_refusal(i.chosen) for i in harmless)

    def sentences(texts: list[str]) -> set[str]:
        return {s.strip() for text in texts for s in re.split(r"(?<=[.!])\s", text)}

    declined = sentences([i.chosen for i in harmful]), sentences([i.rejected for i in harmless])
    willing = sentences([i.rejected for i in harmful]), sentences([i.chosen for i in harmless])
    for one, other in (declined, willing):
        assert len(one & other) > 40

    def words(found: list[BuiltInItem]) -> set[str]:
        return {word for item in found for word in re.findall(r"[a-z]+", item.prompt.casefold())}

    shared = words(harmful) & words(harmless)
    assert {"kill", "shoot", "poison", "bomb", "steal", "hack", "burn", "smuggle", "forge", "rob"} <= shared


# code


def test_all_languages_come_up() -> None:
    assert {item.facts["language"] for item in items("mutated_code", 150)} == set(TARGETS)


def code_of(text: str) -> str:
    fenced = re.search(r"```\w*\n(.*?)```", text, re.DOTALL)
    return fenced[1] if fenced else text


RUN_ALL = """
import json, sys
for right, wrong, call in json.load(sys.stdin):
    results = []
    for code in (right, wrong):
        space = {}
        exec(code, space)
        results.append(repr(eval(call, space)))
    print(json.dumps(results))
"""


def test_every_mutant_behaves_differently_when_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """By Python itself, not by our interpreter, which picked them. Programs of all languages are taken before their
    translation, which `test_program_translation` compiles and runs.
    """
    untranslated = tasks.source
    monkeypatch.setattr(
        tasks, "source", lambda tree, target: untranslated(tree, target) and untranslated(tree, "python")
    )
    found = items("mutated_code", 100, seed=4)
    assert {item.facts["language"] for item in found} == set(TARGETS)
    programs = [(code_of(item.chosen), code_of(item.rejected), item.facts["shows_on"]) for item in found]
    for right, wrong, _ in programs:
        assert ast.dump(ast.parse(right)) != ast.dump(ast.parse(wrong))
    done = subprocess.run(
        [sys.executable, "-c", RUN_ALL], input=json.dumps(programs), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) == len(found) == 100
    for item, (right, wrong) in zip(found, results, strict=True):
        assert item.facts["fails"] >= 1 and right != wrong, (item.chosen, item.rejected, item.facts)


def test_the_wrong_function_has_the_signature_that_is_asked_for() -> None:
    """Another one would tell it apart without reading on: names and constants are the same in both functions."""

    def head(text: str) -> str:
        return next(line for line in code_of(text).splitlines() if "(" in line and line.rstrip()[-1:] in "{:")

    found = items("mutated_code", 160, seed=6)
    twins = [item for item in found if item.facts["mutation"] == "other task"]
    assert len(twins) > 30 and {item.facts["language"] for item in twins} == set(TARGETS)
    for item in found:
        assert head(item.chosen) == head(item.rejected), item.facts


def test_what_two_programs_have_in_common_is_called_the_same() -> None:
    for number in range(60):
        first, second = composed.twins(Draws(number))
        names, values = tasks.names_and_values((first, second), Draws(number))
        assert set(values) == set(first.constants) | set(second.constants)
        assert len(set(names.values())) == len(names)
        for seed in (first, second):
            tree, spec, domains = tasks.named(seed, names, values)
            assert list(domains) == [names["xs"]] and names["xs"] in spec and tasks.function_of(tree).name == names["f"]


def test_mutants_differ_in_a_few_characters() -> None:
    found = items("mutated_code", 100, seed=5)
    assert mean(abs(len(i.chosen) - len(i.rejected)) for i in found) < 12
    assert mean(i.chosen.count("\n") == i.rejected.count("\n") for i in found) > 0.7
