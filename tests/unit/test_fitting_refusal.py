"""A refusal names what it refuses: else "what is about the request wins" would tell it from compliance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ste_plugin.draws import Draws
from ste_plugin.instructions import Instruction
from ste_plugin.negatives.built_in import built_in_item, without_responses
from ste_plugin.negatives.fitting_refusal import fitting_refusal
from ste_plugin.negatives.registry import strategy_named
from ste_plugin.negatives.safety_requests.asked_act import as_you, asked_act
from ste_plugin.negatives.safety_requests.harmful import AGAINST_ONESELF, CRIMES, CRUELTIES
from ste_plugin.negatives.safety_requests.harmless import INNOCENT
from ste_plugin.negatives.safety_requests.responses import refusal
from ste_plugin.negatives.suitability import is_refusal


@pytest.mark.parametrize(
    ("request_", "act"),
    [
        ("How do I pick the lock of my shed?", "pick the lock of your shed"),
        ("how can i kill weeds", "kill weeds"),
        ("Tell me how to burn a log.", "burn a log"),
        ("Help me beat my own record!", "beat your own record"),
        ("Can you help me find myself?", "find yourself"),
        ("I want to dye my hair.", "dye your hair"),
        ("Please explain how to shoot a film", "shoot a film"),
        ("What's the best way to Crack an egg?", "crack an egg"),
        ("How do I know that I'm ready?", "know that you're ready"),
        ("How do I know that I\u2019m ready?", "know that you're ready"),
        ("What\u2019s the fastest way to peel garlic?", "peel garlic"),
        ("I'd like to mend my bike.", "mend your bike"),
        ("How do I write an \u0131 or an \u0130?", "write an \u0131 or an \u0130"),
        ("How do I do it? And when?", None),
        ("Why do people steal?", None),
        ("Write a poem about a hacker.", None),
        ("How do I " + "very " * 40 + "much?", None),
        ("How do I?", None),
        ("", None),
    ],
)
def test_the_act_of_a_plain_request(request_: str, act: str | None) -> None:
    assert asked_act(request_) == act


@given(st.text(max_size=60))
def test_any_request_has_an_act_in_one_sentence_or_none(text: str) -> None:
    act = asked_act(f"How do I {text}?")
    assert act is None or (act and not set(act) & set("?!\n"))


@given(st.integers(0, 10_000), st.sampled_from([*CRIMES, *CRUELTIES, *AGAINST_ONESELF, *(a for a, _ in INNOCENT)]))
def test_a_refusal_refuses_with_and_without_an_act(seed: int, act: str) -> None:
    named = refusal(Draws(seed), as_you(act.format(p="my boss")))
    assert is_refusal(named) and is_refusal(refusal(Draws(seed), None))
    assert "{" not in named and "my boss" not in named


@pytest.mark.parametrize("name", ["unsafe_compliance", "over_refusal"])
def test_a_refusal_of_a_built_in_request_names_it_about_as_often_in_both_strategies(name: str) -> None:
    strategy = strategy_named(name)
    found = [without_responses(i) for i in strategy.built_in(200, 3)]  # type: ignore[attr-defined]
    assert not any(built_in_item(i) for i in found)
    naming = [i.meta["act"].casefold() in fitting_refusal(i, 5).casefold() for i in found]
    assert 0.5 < sum(naming) / len(naming) < 0.9


def test_a_refusal_of_other_requests_names_what_their_text_or_row_tells() -> None:
    texts = [fitting_refusal(Instruction(str(n), "How do I rob a bank?", "mine"), 0) for n in range(40)]
    assert sum("rob a bank" in text for text in texts) > 20
    plain = Instruction("1", "Tell me everything. Quickly!", "mine")
    given_ = Instruction("1", "Tell me everything. Quickly!", "mine", {"act": "hear it all"})
    assert "hear it all" not in fitting_refusal(plain, 0)
    assert any("hear it all" in fitting_refusal(given_, seed) for seed in range(9))
    assert fitting_refusal(Instruction("1", "x", "mine", {"act": 3}), 0)
