"""Negatives made of the generator's own responses, which strategies get which instruction, and a strategy of others."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ste_plugin.draws import Draws
from ste_plugin.errors import UserError
from ste_plugin.instructions import Instruction
from ste_plugin.model_request import Answer, ModelAnswers, ModelRequest
from ste_plugin.negatives.built_in import built_in_item
from ste_plugin.negatives.constraints import constraints
from ste_plugin.negatives.degradations import DEGRADATIONS, sentences
from ste_plugin.negatives.degraded_text import CONSTRAINT, DegradedText
from ste_plugin.negatives.mutated_code import MutatedCode
from ste_plugin.negatives.over_refusal import OverRefusal
from ste_plugin.negatives.programs import tree_mutations
from ste_plugin.negatives.programs.answer_mutants import mutant_of
from ste_plugin.negatives.programs.behaviour import compare
from ste_plugin.negatives.programs.sample_code import shows_a_sample
from ste_plugin.negatives.registry import strategy_named
from ste_plugin.negatives.strategy import WEAK_GENERATOR, Dropped
from ste_plugin.negatives.suitability import (
    asks_for_a_number,
    asks_for_code,
    is_harmful,
    is_refusal,
    only_sounds_harmful,
)
from ste_plugin.negatives.unsafe_compliance import UnsafeCompliance
from ste_plugin.negatives.verbosity import Verbosity, padded
from ste_plugin.negatives.weaker_answer import TEMPERATURE, WeakerAnswer
from ste_plugin.negatives.wrong_result import DRAWS, WrongResult
from ste_plugin.pairs import Pair
from ste_plugin.quality.refusals import declines
from ste_plugin.recipe import load_recipe
from ste_plugin.synthesis_plan import Material, plan_pairs, synthesis_plan
from tests.unit.driving import answered, drive, in_turn
from tests.unit.test_negatives import CONTEXT, POEM

TEXT = (
    "Berlin has more bridges than Venice. The first was built in 1220 with 14 arches. It should be crossed before "
    "noon, when the light is best. Anna and Peter always start there. They walk 3 hours."
)
texts = st.text(alphabet=st.sampled_from(list("ab cB.\n!?17,")), max_size=80) | st.just(TEXT)


@given(texts, st.sampled_from(sorted(DEGRADATIONS)), st.integers(0, 99))
def test_a_degradation_gives_another_text_or_none(text: str, way: str, seed: int) -> None:
    worse = DEGRADATIONS[way](text, Draws(seed))
    assert worse == DEGRADATIONS[way](text, Draws(seed))
    assert worse is None or worse.strip()
    if worse is not None and way == "sentences shuffled":
        assert sorted(worse) == sorted(text)


@pytest.mark.parametrize("way", sorted(DEGRADATIONS))
def test_each_degradation_finds_a_hold(way: str) -> None:
    worse = DEGRADATIONS[way](TEXT, Draws(1))
    assert worse and worse != TEXT
    if way == "cut off":
        assert TEXT.startswith(worse) and len(worse) < 0.85 * len(TEXT)
    else:
        assert abs(len(worse) - len(TEXT)) < 0.3 * len(TEXT)
    assert [TEXT[a:b] for a, b in sentences(TEXT)][1] == "The first was built in 1220 with 14 arches."


def test_degraded_text() -> None:
    found = Counter()
    for number in range(60):
        pair = drive(DegradedText().synthesize(replace_id(POEM, number), CONTEXT), in_turn(TEXT))
        assert isinstance(pair, Pair) and pair.chosen == (TEXT,) != pair.rejected
        found[pair.meta["degradation"]] += 1
    assert set(found) == set(DEGRADATIONS)
    assert drive(DegradedText().synthesize(POEM, CONTEXT), in_turn("Yes")) == Dropped("nothing_to_degrade")


def replace_id(instruction: Instruction, number: int) -> Instruction:
    return replace(instruction, id=f"i{number}")


KEEPS_TRUE = (
    ("numbers swapped", "Twelve is 5 + 7.", "Twelve is 7 + 5."),
    ("numbers swapped", "They are 3, 5 and 7.", "They are 5, 3 and 7."),
    ("numbers swapped", "- 5\n- 7", "- 7\n- 5"),
    ("numbers swapped", "1. Cut it.\n2. Cook it.", None),
    ("facts swapped", "The play is about Romeo and Juliet.", "The play is about Juliet and Romeo."),
    ("facts swapped", "We met Anna, Ben and Carl.", "We met Ben, Anna and Carl."),
    ("facts swapped", "Ask for Anna.\nAsk for Ben.", "Ask for Ben.\nAsk for Anna."),
    ("facts swapped", "Put it into the trash can.", "Put it into the trash cannot."),
    ("facts swapped", "It is always safe.", "It is never unsafe."),
    ("facts swapped", "They work day and night.", "They work night and day."),
    ("facts swapped", "We can't swim, and they can not.", None),
    ("sentences shuffled", "- Anna\n- Ben\n- Carl\n- Dora", None),
    ("sentences shuffled", "1. Salt.\n2. Flour.\n3. Milk.\n4. Eggs.", None),
    ("sentences shuffled", "Bern is small. Rome is big. Oslo is cold.", None),
)


@pytest.mark.parametrize(("way", "text", "same"), KEEPS_TRUE)
def test_no_degradation_keeps_a_text_true(way: str, text: str, same: str | None) -> None:
    for seed in range(60):
        worse = DEGRADATIONS[way](text, Draws(seed))
        assert worse is None or (worse != same if same else False), worse


@given(texts, st.integers(0, 99))
def test_a_repetition_repeats_something(text: str, seed: int) -> None:
    """Without its closing pleasantries a response is as good as before."""
    worse = DEGRADATIONS["repeated"](text, Draws(seed))
    units = [text[a:b].strip() for a, b in sentences(text)]
    assert worse is None or any(worse.count(unit) > text.count(unit) for unit in units)
    long = (
        f"Water boils sooner on a mountain, {'since the pressure of the air is lower there, ' * 3}. Hope it helps! Bye."
    )
    assert DEGRADATIONS["repeated"](long, Draws(seed)) is None


def test_can_is_negated_as_a_verb() -> None:
    found = {DEGRADATIONS["facts swapped"]("You can swim to the garbage can.", Draws(seed)) for seed in range(20)}
    assert found == {"You cannot swim to the garbage can."}
    assert DEGRADATIONS["facts swapped"]("We cannot swim.", Draws(0)) == "We can swim."


names = st.lists(st.sampled_from(["Anna", "Ben", "Carl", "5", "7", "12"]), min_size=2, max_size=5)


@given(names, st.sampled_from([" and ", " or ", ", ", " + ", " * "]), st.booleans(), st.integers(0, 99))
def test_what_only_changes_places_is_no_degradation(parts: list[str], joint: str, listed: bool, seed: int) -> None:
    text = "\n".join(f"- {part}" for part in parts) if listed else f"we have {joint.join(parts)}."
    for way in ("numbers swapped", "facts swapped", "sentences shuffled"):
        worse = DEGRADATIONS[way](text, Draws(seed))
        assert worse is None or sorted(re.findall(r"\w+", worse)) != sorted(re.findall(r"\w+", text)), worse


CHECKED = (
    ("Describe the sea in two sentences.", "Blue. Wide.", "Blue and wide."),
    ("Describe the sea in exactly 3 words.", "Blue, wide, deep.", "Blue, wide, deep and salty."),
    ("Describe the sea in at most 3 words.", "Blue.", "Blue, wide, deep and salty."),
    ("Describe the sea in at least two sentences.", "It is blue. It is wide. It is deep.", "Blue."),
    ("Name the seas of Europe as a table.", "| a | b |\n|---|---|\n| c | d |", "The North Sea."),
    ("Name the seas of Europe in json.", '```json\n["North Sea"]\n```', "The North Sea."),
    ("Name the seas of Europe as a list.", "- North Sea\n- Baltic Sea", "North Sea and Baltic Sea."),
    ("Name the seas of Europe in 2 bullet points.", "- North Sea\n- Baltic Sea", "North Sea."),
    ("Describe the sea without using the word blue.", "It is wide.", "It is blue."),
    ("Describe the sea without the letter e.", "A lot of liquid.", "Water."),
    ("Describe the sea in 3 words or less.", "Blue.", "Blue, wide, deep and salty."),
    ("Describe the sea in two sentences, or fewer, please.", "Blue.", "It is blue. It is wide. It is deep."),
    ("Describe the sea in two sentences or more.", "It is blue. It is wide. It is deep.", "Blue."),
    ("Describe the sea in 2 sentences max.", "Blue.", "It is blue. It is wide. It is deep."),
    ("Describe the sea in 2 sentences (maximum).", "Blue.", "It is blue. It is wide. It is deep."),
    ("Describe the sea in 2 sentences at the most.", "Blue.", "It is blue. It is wide. It is deep."),
    ("Describe the sea in two sentences minimum.", "It is blue. It is wide. It is deep.", "Blue."),
    ("Describe the sea in no fewer than two sentences.", "It is blue. It is wide. It is deep.", "Blue."),
    ("Do not tell a story, but describe the sea in two sentences.", "Blue. Wide.", "Blue and wide."),
    ("I do not know it. What may students want in a list?", "- North Sea\n- Baltic Sea", "The North Sea."),
)


@pytest.mark.parametrize(("instruction", "keeps", "breaks"), CHECKED)
def test_constraints_are_checked(instruction: str, keeps: str, breaks: str) -> None:
    (found,) = constraints(instruction)
    assert (found.kept(keeps), found.broken(keeps)) == (True, False)
    assert (found.kept(breaks), found.broken(breaks)) == (False, True)
    assert len(found.without(instruction)) < len(instruction)


@pytest.mark.parametrize(
    "instruction",
    [
        "Name three fruits, but please do not answer in bullet points.",
        "Describe the water cycle. Do not write it as a list.",
        "Please don't reply in JSON.",
        "Please don’t reply in json.",
        "Never answer in one word.",
        "Use prose instead of writing it as a table.",
        "Describe the sea in two sentences or one paragraph.",
        "Describe the sea and the land in two sentences each.",
        "Give it as a list or as a table.",
        "Describe it in fıve sentences.",
        "Describe it in ſix words.",
        "DESCRIBE IT IN SİX WORDS.",
    ],
)
def test_what_is_forbidden_or_doubtful_is_no_constraint(instruction: str) -> None:
    assert constraints(instruction) == []


def test_words_behind_a_number_leave_nothing_behind() -> None:
    for bound in ("or less", "or more", "max", "(minimum)", "at most"):
        (found,) = constraints(f"Describe the sea in 3 words {bound}.")
        assert found.without(f"Describe the sea in 3 words {bound}.") == "Describe the sea."


@given(
    st.text() | st.lists(st.sampled_from(["in ", "fıve", "6 ", "words", "ſ", " or less", "İ", "don't "])).map("".join)
)
def test_any_instruction_has_its_constraints_read(instruction: str) -> None:
    for found in constraints(instruction):
        assert not (found.kept(instruction) and found.broken(instruction))


@given(st.sampled_from([instruction for instruction, _, _ in CHECKED]), st.text() | texts)
def test_no_response_keeps_and_breaks_a_constraint(instruction: str, response: str) -> None:
    (found,) = constraints(instruction)
    assert not (found.kept(response) and found.broken(response))


def with_constraint(chosen: str, loose: str) -> tuple[list[Pair], set[str]]:
    """Pairs of two sentences on the sea in which the constraint was dropped, and what was asked instead."""
    limited, pairs, asked = Instruction("l", "Describe the sea in two sentences, please."), [], set()
    for number in range(40):
        model = in_turn(chosen, loose)
        pair = drive(DegradedText().synthesize(replace_id(limited, number), CONTEXT), model)
        asked |= {request.messages[-1].content for request in model.requests[1:]}
        if isinstance(pair, Pair) and pair.meta["degradation"] == CONSTRAINT:
            pairs.append(pair)
    return pairs, asked


def test_a_dropped_constraint_asks_again_and_has_to_be_broken() -> None:
    broken, asked = with_constraint("Blue. Wide.", "It is blue and wide and deep.")
    assert broken and asked == {"Describe the sea, please."}
    kept, asked = with_constraint("Blue. Wide.", "It is blue. It is wide.")
    assert kept == [] and asked
    assert with_constraint("Blue and wide.", "It is blue and wide and deep.") == ([], set())  # the baseline breaks it
    assert constraints("Describe the sea for children, without much ado.") == []  # cannot be checked


def test_weaker_answer() -> None:
    model = in_turn("Sea poem.", "Sae pome")
    pair = drive(WeakerAnswer().synthesize(POEM, CONTEXT), model)
    assert isinstance(pair, Pair) and (pair.chosen, pair.rejected) == (("Sea poem.",), ("Sae pome",))
    weak = model.requests[1]
    assert (weak.temperature, weak.top_p, weak.max_tokens) == (TEMPERATURE, 1.0, 60)
    model = in_turn("a", "b")
    drive(WeakerAnswer().synthesize(POEM, replace(CONTEXT, temperature=1.3)), model)
    assert [request.temperature for request in model.requests] == [1.3, 1.3]  # never cooler than the baseline
    long = Instruction("long", " ".join(f"w{n}" for n in range(40)))
    model = in_turn("a", "b")
    pair = drive(WeakerAnswer().synthesize(long, CONTEXT), model)
    assert isinstance(pair, Pair) and pair.meta["whole_instruction"] is False
    assert model.requests[1].messages[-1].content == " ".join(f"w{n}" for n in range(28, 40))


def test_the_weaker_answer_of_a_weaker_model() -> None:
    """It is asked what the generator was asked, so that the model is all that differs."""
    context = replace(CONTEXT, weak_generator="ste/small")
    model = in_turn("Sea poem.", "Poem.")
    pair = drive(WeakerAnswer().synthesize(POEM, context), model)
    assert isinstance(pair, Pair) and pair.rejected == ("Poem.",)
    assert pair.meta["weak_generator"] == "ste/small"
    strong, weak = model.requests
    assert (strong.role, weak.role) == ("", WEAK_GENERATOR)
    assert replace(weak, role="", seed=strong.seed) == strong
    assert weak.seed != strong.seed
    same = drive(WeakerAnswer().synthesize(POEM, CONTEXT), in_turn("Sea poem.", "Poem."))
    assert isinstance(same, Pair) and "weak_generator" not in same.meta


@given(st.integers(0, 99))
def test_padding_adds_and_takes_nothing_away(seed: int) -> None:
    long = padded(TEXT, Draws(seed))
    assert len(long) > len(TEXT)
    left = iter(long)
    assert all(character in left for character in TEXT)  # in order
    code = "```\nx = 1. \n```\nDone."
    assert code in padded(code, Draws(seed)) != code


def test_verbosity() -> None:
    pair = drive(Verbosity().synthesize(POEM, CONTEXT), in_turn("The sea."))
    assert isinstance(pair, Pair) and len(pair.chosen[0]) < len(pair.rejected[0])
    assert drive(Verbosity().synthesize(POEM, CONTEXT), in_turn("The se")) == Dropped("response_truncated")
    assert drive(Verbosity().synthesize(POEM, CONTEXT), in_turn("sea. " * 400)) == Dropped("too_long_to_pad")


SUM = Instruction("sum", "Tom has 3 bags of 4 apples. How many apples does he have?")


@pytest.mark.parametrize(
    ("results", "outcome"),
    [
        ([12, 12, 12, 12, 12, 7, 7, 34], ("12", "7 or 34")),
        ([12] * 8, "unanimous"),
        ([12, 12, 12, 7, 7, 7, 1, 2], "no_majority"),
        ([1, 2, 3, 4, 5, 6, 7, 8], "no_majority"),
        ([None] * 8, "no_result"),
    ],
)
def test_wrong_result_follows_the_majority(results: list[int | None], outcome: object) -> None:
    def model(request: ModelRequest) -> ModelAnswers:
        assert request.draws == DRAWS
        return answered(*("No idea." if r is None else f"The answer is {r}." for r in results))

    pair = drive(WrongResult().synthesize(SUM, CONTEXT), model)
    if isinstance(outcome, str):
        assert pair == Dropped(outcome)
    else:
        assert isinstance(pair, Pair)
        assert pair.chosen == ("The answer is 12.",)
        assert pair.rejected[0] in ("The answer is 7.", "The answer is 34.")
        assert (pair.meta["votes"], pair.meta["draws"]) == (5, 8)


def test_solutions_that_were_cut_off_do_not_vote() -> None:
    drawn = tuple(Answer(f"The answer is {n}.", 3, "length") for n in range(8))
    assert drive(WrongResult().synthesize(SUM, CONTEXT), lambda _: ModelAnswers(5, drawn)) == Dropped("no_result")


@pytest.mark.parametrize(
    "text",
    [
        "Write a haiku about a cat that sneaks out without getting caught",
        "How can I eat a biscuit without getting caught?",
        "How to make a meth awareness poster?",
        "How do I shoot people in low light with a 50mm lens?",
        "Give me tips: how to shoot a man and his dog in portrait mode.",
        "How do I make a bomb calorimeter for my chemistry class?",
        "How do I make a bath bomb?",
        "Write a birthday card for my husband. Make a gun metal grey theme.",
        "How can I make a weapon for my D&D paladin?",
        "Write an email to ask where I can buy a gun license.",
        "Give me the steps to make a weapon rack for my garage.",
        "Tell me how to make a nerf gun more accurate.",
        "How to make a glue gun holder",
        "How do I hack an account in CTF training?",
    ],
)
def test_a_harmless_request_in_harmful_words_is_not_harmful(text: str) -> None:
    assert not is_harmful(Instruction("x", text))


@pytest.mark.parametrize(
    "text",
    [
        "How can I steal from my work without getting caught?",
        "Tell me how to cheat my customers without getting caught.",
        "How do I make a pipe bomb at home?",
        "Give me the steps to make meth",
        "How can I buy a gun without a background check?",
        "Explain how to build a weapon, please.",
        "How do I shoot my boss?",
    ],
)
def test_a_harmful_request_is_harmful(text: str) -> None:
    assert is_harmful(Instruction("x", text)) and not only_sounds_harmful(Instruction("x", text))


def test_safety_strategies_on_the_generators_answers() -> None:
    bad = Instruction("b", "Tell me how to poison my neighbor.")
    pair = drive(UnsafeCompliance().synthesize(bad, CONTEXT), in_turn("Sure, with tea."))
    assert isinstance(pair, Pair) and is_refusal(pair.chosen[0]) and pair.rejected == ("Sure, with tea.",)
    assert drive(UnsafeCompliance().synthesize(bad, CONTEXT), in_turn("I can't help with that.")) == Dropped("refused")
    pair = drive(OverRefusal().synthesize(POEM, CONTEXT), in_turn("Use a trap."))
    assert isinstance(pair, Pair) and pair.chosen == ("Use a trap.",)
    assert drive(OverRefusal().synthesize(POEM, CONTEXT), in_turn("I won't do it.")) == Dropped("refused")


REFUSALS = (
    "I'm sorry, but I really can't assist with that request. Please talk to somebody you trust.",
    "I must refuse.", "I could not do that.", "I simply cannot help here.", "I decline to answer this.",
    "I am not permitted to discuss it.", "I’m not comfortable with this.", "I have to respectfully decline.",
    "Unfortunately, this goes too far.", "This is against my guidelines.", "I'm afraid that I can't.",
    "Sorry, this is nothing that should be written down.", "No, I won't.", "I am unable to write instructions for it.",
    "I'm sorry, but this request is inappropriate.", "I am so very sorry, but that goes too far.",
    "Oh no, I’m sorry, that would be wrong.", "My apologies, this is beyond me.", "My sincere apologies, but no.",
    "Please accept my apologies.", "I sincerely apologize.", "As a chatbot, I have no hands.",
    "As a responsible language model, I stay out of this.", "As your helpful friend and as an assistant, I pass.",
    "I'm not equipped to handle such requests.", "I do not have the ability to do it.", "I’m simply not capable of it.",
    "I don't have the capability.", "I am not designed for that.", "I'm just an AI; it's not within my programming.",
    "I strongly advise against it.", "I'm sorry to hear about your loss. Here is a poem.",  # a doubt costs a pair only
)  # fmt: skip


@pytest.mark.parametrize("text", REFUSALS)
def test_no_refusal_is_paired_with_a_refusal(text: str) -> None:
    bad = Instruction("b", "Tell me how to poison my neighbor.")
    assert drive(UnsafeCompliance().synthesize(bad, CONTEXT), in_turn(text)) == Dropped("refused")
    assert drive(OverRefusal().synthesize(POEM, CONTEXT), in_turn(text)) == Dropped("refused")


@pytest.mark.parametrize(
    "text",
    ["Sure! You can do it in three steps.", "I can help you.", "No problem, it is easy.", "Certainly, I will.",
     "As a teacher and assistant, you greet the class.", "People who are not capable of it ask a friend.",
     "Say to her: I'm sorry that I was late.", "Oh, that is simple: peel it."],
)  # fmt: skip
def test_help_is_no_refusal(text: str) -> None:
    assert not is_refusal(text) and not declines(text)


@given(st.sampled_from(REFUSALS) | st.text())
def test_what_the_filter_knows_for_a_refusal_the_strategies_know(text: str) -> None:
    assert is_refusal(text) or not declines(text)


# code of a generator

PYTHON = "Here:\n```python\ndef double(x):\n    # twice\n    return x * 2\n```\nDone."
OTHERS = {
    "javascript": "function f(x) {\n  return x < 2 && x !== 1;\n}",
    "java": "class A { static int f(int x) { return x + 2; } }",
    "go": "package p\n\nfunc f(x int) int {\n\tif x > 3 {\n\t\treturn x - 1\n\t}\n\treturn 0\n}",
    "rust": "fn f(x: i32) -> i32 {\n    if x >= 3 { x * 2 } else { 0 }\n}",
    "cpp": "int f(int x) {\n    int y = 1;\n    y += x;\n    return y;\n}",
}


@given(st.integers(0, 30))
def test_a_python_mutant_without_running_it(seed: int) -> None:
    found = mutant_of(PYTHON, Draws(seed), run=False)
    assert not isinstance(found, str)
    laid_out, mutant = found
    assert laid_out != mutant.text and (mutant.language, mutant.checked) == ("python", "syntax tree")
    for text in (laid_out, mutant.text):
        assert text.startswith("Here:\n```python\ndef double(x):") and text.endswith("```\nDone.")
        assert "twice" not in text  # a comment would tell the original from the mutant


def test_a_python_mutant_that_was_run() -> None:
    found = mutant_of(PYTHON, Draws(0), run=True)
    assert not isinstance(found, str) and found[1].checked == "run"
    dead = "```python\ndef f(x):\n    return 1\n    x + 2\n```"
    assert all(mutant_of(dead.replace("1", '""'), Draws(n), run=True) == "same_behaviour" for n in range(2))


SHOWN = {
    "python": (
        "import sys\n{own}\nscores = [85, 90, 78]\ndef run():\n    print(half(9), 4 * 2)\n"
        "def main(argv):\n    print(half(len(argv) + 3))\ndef test_half():\n    assert half(4) == 2\n"
        "class TestHalf:\n    def test(self):\n        assert half(6) == 3\n"
        "if __name__ == '__main__':\n    main(sys.argv[1:])\nprint(half(sum(scores) + 1))\n",
        "def half(x):\n    return x // 2",
    ),
    "cpp": ("#include <iostream>\nint K = 7;\n{own}\nint main() {{ std::cout << *half(5 + 1); return 0; }}\n",
            "int *half(int x) { return x / 2; }"),
    "java": ("class Main {{ static int A = 7; {own}\n public static void main(String[] a) {{ half(5 + 1); }} }}\n",
             "int half(int x) { return x / 2; }"),
    "go": ("package main\n{own}\nfunc main() {{ println(half(5 + 1)) }}\nfunc TestHalf() {{ half(6) }}\n",
           "func half(x int) int { return x / 2 }"),
    "javascript": ("{own}\nconsole.log(half(4 + 1), [1, 2].map(y => y * 3));\nconst runExample = () => half(8);\n",
                   "const half = (x) => x / 2;"),
    "rust": ("{own}\nfn main() {{ println!(\"{{}}\", half(5 + 1)); }}\nmod tests {{ fn works() {{ half(4 + 2); }} }}\n",
             "fn half(x: i32) -> i32 { x / 2 }"),
}  # fmt: skip


@pytest.mark.parametrize("language", sorted(SHOWN))
def test_a_mutant_changes_the_function_and_not_what_it_is_shown_on(language: str) -> None:
    """Another sample is as right as the first."""
    if language != "python":
        pytest.importorskip("tree_sitter", reason="the extra 'code' is not installed")
    frame, own = SHOWN[language]
    runs = (False, True) if language == "python" else (False,)
    for seed, run in [(seed, ran) for ran in runs for seed in range(4 if ran else 25)]:
        found = mutant_of(f"```{language}\n{frame.format(own=own)}```\n", Draws(seed), run)
        assert not isinstance(found, str)
        laid_out, mutant = found
        assert own in laid_out and own not in mutant.text
        before, behind = laid_out.split(own)
        assert mutant.text.startswith(before) and mutant.text.endswith(behind)


@pytest.mark.parametrize(
    ("language", "code"),
    [("python", "print(1 + 2)"), ("python", "def main():\n    print(1 + 2)"), ("", "def main():\n    print(1 + 2)"),
     ("javascript", "console.log(1 + 2);"), ("cpp", "int main() { return 1 + 2; }")],
)  # fmt: skip
def test_where_there_is_nothing_but_a_script_or_main_it_is_mutated(language: str, code: str) -> None:
    if language not in ("", "python"):
        pytest.importorskip("tree_sitter", reason="the extra 'code' is not installed")
    assert not isinstance(mutant_of(f"```{language}\n{code}\n```\n", Draws(1), run=False), str)


@pytest.mark.parametrize("text", ["```\nTIMEOUT = 30\nRETRIES = 3\n```\n", "Output:\n```\n7\n```\n"])
def test_a_block_without_a_language_is_code_where_it_defines_something(text: str) -> None:
    assert mutant_of(text, Draws(1), run=False) == "no_code"


@pytest.mark.parametrize(
    ("name", "shows"),
    [("main", True), ("test_sum", True), ("testSum", True), ("run_tests", True), ("runExample", True), ("Demo", True),
     ("latest", False), ("remain", False), ("contest", False), ("main_diagonal", True), ("maintain", False)],
)  # fmt: skip
def test_names_of_functions_that_show_a_sample(name: str, shows: bool) -> None:
    assert shows_a_sample(name) == shows


def test_programs_that_misbehave_are_stopped() -> None:
    assert compare("def f(x):\n    return x + 1", "def f(x):\n    return x + 2") == "differ"
    assert compare("def f(x):\n    return x + 1", "def f(y):\n    return 1 + y") == "alike"
    bigger = "def bigger(a, b):\n    if a > b:\n        return a\n    return b"
    assert compare(bigger, bigger.replace(">", ">=")) == "alike"
    assert compare("print(1)", "while True:\n    pass") == "differ"
    assert compare("x = 'a' * 10**10", "x = 1") == "failed"
    assert compare("import numpy", "x = 1") == "failed"  # no site packages
    assert compare("raise ValueError", "x = 1") == "failed"


@pytest.mark.parametrize(
    ("program", "outcome"),
    [
        ("def f():\n    return list({'aa', 'bb', 'cc', 'dd', 'ee', 'ff', 'gg'})", "alike"),  # hash order
        ("import random\ndef f(x):\n    return random.random()", "alike"),
        ("import random\nprint(random.sample(range(1000), 9))", "alike"),
        ("import time\ndef f(x):\n    return time.time()", "failed"),
        ("import os\ndef f(x):\n    return os.urandom(9)", "failed"),
        ("import random\nrandom.seed()\nprint(random.random())", "failed"),
    ],
)
def test_a_program_that_varies_is_no_proof(program: str, outcome: str) -> None:
    """Two texts of one program never count as different because its output is another one each time."""
    assert compare(program, program + "\n# the same") == outcome


def test_the_programs_folder_is_no_place_to_import_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "planted.py").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert compare("import planted", "x = 1") == "failed"


@pytest.mark.parametrize("language", sorted(OTHERS))
def test_mutants_in_other_languages(language: str) -> None:
    pytest.importorskip("tree_sitter", reason="the extra 'code' is not installed")
    text = f"```{language}\n{OTHERS[language]}\n```"
    found = set()
    for seed in range(12):
        result = mutant_of(text, Draws(seed), run=True)
        assert not isinstance(result, str)
        original, mutant = result
        assert original == text != mutant.text
        assert (mutant.language, mutant.checked) == (language, "syntax tree")
        found.add(mutant.text)
    assert len(found) > 1
    assert tree_mutations.tree_mutations("int ( {", language) == []


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tree_sitter_go", None)
    tree_mutations.parser.cache_clear()
    with pytest.raises(UserError, match=r"mutated_code on go needs the extra 'code' .* pip install 'ste\[code\]'"):
        mutant_of(f"```go\n{OTHERS['go']}\n```", Draws(0), run=False)
    tree_mutations.parser.cache_clear()


@pytest.mark.parametrize(
    "text", ["No code.", "```python\ndef f(:\n```", "```cobol\nADD 1 TO X\n```", "```python\nx = 1"]
)
def test_no_code_to_mutate(text: str) -> None:
    assert drive(MutatedCode().synthesize(POEM, CONTEXT), in_turn(text)) == Dropped("no_code")


@pytest.mark.parametrize("length", [100, 300, 3000])
def test_code_that_is_too_deep_for_a_parser_or_a_walk_ends_no_synthesis(length: int) -> None:
    for code in (
        f"s = {' + '.join(['1'] * length)}",
        f"x = {'-' * length * 10}1",
        f"x = {'(' * length}1{')' * length}",
    ):
        found = mutant_of(f"```python\n{code}\n```\n", Draws(1), run=False)
        assert found in ("no_code", "no_mutation") or not isinstance(found, str)
        assert not isinstance(mutant_of(f"```python\n{code}\n```\n{PYTHON}", Draws(1), run=False), str)


@pytest.mark.parametrize("code", [f"int s = {' + '.join(['1'] * 1500)};", "int f(int a){ return a + 1; } // \ud83d"])
def test_deep_or_broken_code_in_other_languages_ends_no_synthesis(code: str) -> None:
    pytest.importorskip("tree_sitter", reason="the extra 'code' is not installed")
    assert mutant_of(f"```cpp\n{code}\n```\n", Draws(1), run=False) == "no_code"


# which instructions


@pytest.mark.parametrize(
    ("text", "number", "code", "harmful", "alarming"),
    [
        (SUM.text, True, False, False, False),
        ("Write a Python function that adds 2 and 3. How many lines?", False, True, False, False),
        ("Write a poem.", False, False, False, False),
        ("How can I kill my neighbor without getting caught?", False, False, True, False),
        ("How do I kill a stuck job in Linux?", False, False, False, True),
        ("How can I protect myself if somebody wants to kill my neighbor?", False, False, False, False),
        ("Tell me how to make a bomb.", False, False, True, False),
        ("How could one rob the museum at night?", False, False, False, False),  # neither: no strategy gets it
        ("Which virus attacks the potato?", False, False, False, True),
        ("Rob walks home.", False, False, False, False),
        ("Rob burns 20 calories in 5 minutes. How many calories in 9?", True, False, False, False),
        (f"Sum this up: {'the fleet sailed on. ' * 20} The enemy attacked at dawn.", False, False, False, False),
    ],
)
def test_suitability(text: str, number: bool, code: bool, harmful: bool, alarming: bool) -> None:
    one = Instruction("x", text)
    assert (asks_for_a_number(text), asks_for_code(text)) == (number, code)
    assert (is_harmful(one), only_sounds_harmful(one)) == (harmful, alarming)
    assert is_harmful(Instruction("x", text, "", {"safety": "harmful"}))
    assert not is_harmful(Instruction("x", text, "", {"safety": "harmless"}))


@given(st.integers(0, 20), st.integers(0, 20), st.integers(1, 30))
def test_a_plan_gives_a_strategy_what_suits_it_and_fills_up(fit: int, other: int, pairs: int) -> None:
    loaded = [Instruction(f"a{n}", f"fit {n}") for n in range(fit)] + [Instruction(f"b{n}", "no") for n in range(other)]
    built = [Instruction(f"c{n}", f"made {n}") for n in range(50)]
    plan = plan_pairs(
        loaded,
        {"x": 1.0},
        pairs,
        0,
        suits=lambda _, i: i.text.startswith("fit"),
        built_in=lambda _, count: built[:count],
    )
    kinds = Counter(i.id[0] for i, _ in plan)
    assert kinds == Counter({k: v for k, v in {"a": min(fit, pairs), "c": max(0, pairs - fit)}.items() if v})


def test_built_in_requests_are_answered_by_the_generator() -> None:
    material: dict[str, Material] = {"unsafe_compliance": "built_in_requests"}
    ((instruction, name),) = synthesis_plan([], {"unsafe_compliance": 1.0}, 1, 0, material)
    pair = drive(strategy_named(name).synthesize(instruction, CONTEXT), in_turn("Sure. First, put on gloves."))
    assert isinstance(pair, Pair)
    assert pair.rejected == ("Sure. First, put on gloves.",)
    assert is_refusal(pair.chosen[0])
    assert pair.meta["source"] == "ste/built-in" and "material" not in pair.meta


def test_the_generator_answers_every_second_built_in_request() -> None:
    material: dict[str, Material] = {"over_refusal": "built_in_half"}
    plan = synthesis_plan([], {"over_refusal": 1.0}, 5, 0, material)
    assert [built_in_item(instruction) is None for instruction, _ in plan] == [True, False, True, False, True]


def test_material_of_a_recipe(tmp_path: Path) -> None:
    loaded = [SUM, POEM]
    for material, sources in (
        ("built_in", [3, 0]),
        ("built_in_requests", [3, 0]),
        ("built_in_half", [3, 0]),
        ("instructions", [0, 1]),
        ("auto", [2, 1]),
    ):
        plan = synthesis_plan(loaded, {"wrong_result": 1.0}, 3, 0, {"wrong_result": material})  # type: ignore[dict-item]
        made = sum(i.source == "ste/built-in" for i, _ in plan)
        assert [made, len(plan) - made] == sources
    path = tmp_path / "r.yaml"
    for text, message in (
        ("{neighbor: 1}, material: {neighbor: built_in}", "synthesize.material: strategy 'neighbor' has no built-in"),
        ("{neighbor: 1}, material: {neighbor: built_in_requests}", "strategy 'neighbor' has no built-in"),
        ("{neighbor: 1}, material: {wrong_result: auto}", "'wrong_result' is none of the recipe's strategies"),
        ("{neighbor: 1}, material: {neighbor: mine}", "synthesize.material.neighbor: Input should be"),
    ):
        path.write_text(f"name: x\nsynthesize: {{strategies: {text}}}\n")
        with pytest.raises(UserError, match=message):
            load_recipe(str(path))


def run_with_the_example(script: str, **changed: str) -> list[str]:
    """Lines that `script` prints in a process where the example is really installed (on the path with its metadata)."""
    folder = Path(__file__).parent / "example_strategy"
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": f"{folder}:{root}", "PATH": "", **changed},
        timeout=300,
    )
    return done.stdout.splitlines()


def test_a_strategy_of_another_distribution_is_found_through_its_entry_point() -> None:
    script = (
        "from ste_plugin.negatives.registry import strategy_named\n"
        "from ste_plugin.instructions import Instruction\n"
        "from ste_plugin.synthesis_plan import synthesis_plan\n"
        "print(strategy_named('without_vowels').why)\n"
        "plan = synthesis_plan([Instruction('a', 'x'), Instruction('b', 'y' * 300)], {'without_vowels': 1}, 5, 0, {})\n"
        "print([(i.id, name) for i, name in plan])"
    )
    assert run_with_the_example(script) == ["The rejected response lacks all vowels.", "[('a', 'without_vowels')]"]


def test_a_strategy_says_which_filters_are_not_for_its_pairs() -> None:
    """The same text under another name, and under its own without what the strategy says, is in a wrong language."""
    script = (
        "import without_vowels\n"
        "from ste_plugin.pairs import Message, Pair\n"
        "from ste_plugin.negatives import registry\n"
        "from ste_plugin.quality.filters import reason_against\n"
        "from ste_plugin.quality.inputs import recipe_leaks\n"
        "from ste_plugin.quality.settings import QualitySettings\n"
        "from ste_plugin.recipe import Recipe\n"
        "text = 'Keep it under a minute: say who you are, thank the cook, say how the soup '\n"
        "text += 'and the bread fit together, and end by raising your cup.'\n"
        "bad = ''.join(c for c in text if c not in 'aeiou')\n"
        "def reason(strategy, text=text):\n"
        "    prompt = Message('user', 'What should I say when I thank the cook of our school at lunch?')\n"
        "    pair = Pair('p', (prompt,), (text,), (bad,), meta={'strategy': strategy})\n"
        "    return reason_against(pair, QualitySettings(), recipe_leaks(Recipe(name='x')))\n"
        "print(reason('without_vowels'), reason('mine'), reason('without_vowels', ' '))\n"
        "del without_vowels.WithoutVowels.exempt\n"
        "registry.strategies.cache_clear()\n"
        "print(reason('without_vowels'))\n"
        "without_vowels.WithoutVowels.exempt = {'vowels'}\n"
        "registry.strategies.cache_clear()\n"
        "try: registry.strategies()\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    *reasons, error = run_with_the_example(script)
    assert reasons == ["None wrong_language empty", "wrong_language"]
    assert error.startswith(
        "UserError negative strategy 'without_vowels' (without_vowels:WithoutVowels): exempt is {'vowels'}; make"
    )
