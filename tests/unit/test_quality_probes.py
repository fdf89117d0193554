"""Shortcut probes: they find what is there, find nothing where there is nothing, and a mixture can cancel them."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from ste_plugin.pairs import Message, Pair
from ste_plugin.quality.check import probe_mixture
from ste_plugin.quality.probes import PROBES, Probed, ProbeResult, probe_pairs, probes_by_strategy, text_groups
from ste_plugin.quality.rebalance import rebalance
from ste_plugin.quality.settings import ProbeSettings

WORDS = ["sun", "moon", "tram", "oak", "rain", "desk", "lamp", "hill"]
WORDS += ["boat", "clay", "wind", "salt", "rope", "coin", "bell", "nest"]


def text(source: random.Random, length: int) -> str:
    return " ".join(source.choice(WORDS) for _ in range(length)) + "."


def pairs(number: int, strategy: str = "s", longer: str = "", seed: int = 0, word: str = "") -> list[Pair]:
    """`number` pairs of random words; the response `longer` is twice as long, the chosen one holds `word`."""
    source = random.Random(f"{seed}{strategy}")
    made = []
    for index in range(number):
        sizes = {"chosen": source.randint(18, 22), "rejected": source.randint(18, 22)}
        if longer:
            sizes[longer] *= 2
        chosen, rejected = text(source, sizes["chosen"]), text(source, sizes["rejected"])
        made.append(
            Pair(
                id=f"{strategy}-{index}",
                prompt=(Message("user", f"{strategy} {index} {text(source, 6)}"),),
                chosen=(f"{word} {chosen}".strip(),),
                rejected=(rejected,),
                meta={"strategy": strategy},
            )
        )
    return made


def test_no_rule_beats_chance_where_labels_are_chance() -> None:
    results = probe_pairs(pairs(200)).results
    assert set(results) == set(PROBES)
    for name, result in results.items():
        assert abs(result.accuracy - 50) <= 3.5 * max(result.stderr, 1.0), name
        assert (result.pairs, result.groups) == (200, 200)


def test_length_is_found() -> None:
    results = probe_pairs(pairs(80, longer="rejected")).results
    assert results["length"].accuracy == 100
    assert results["length"].stderr == 0
    assert results["position"].accuracy == 50


def test_a_single_word_is_found() -> None:
    results = probe_pairs(pairs(80, word="marvellous")).results
    assert results["bag_of_words"].accuracy > 95


def test_overlap_with_the_request_is_found() -> None:
    made = []
    for index in range(60):
        request = f"Tell me of the {WORDS[index % 16]}{index} and the {WORDS[index // 4]}{index}"
        on_topic = f"Well, the {WORDS[index % 16]}{index} is fine, I dare say, and so it was."
        made.append(
            Pair(
                f"p{index}",
                (Message("user", request),),
                (on_topic,),
                (f"Well, others ({index}) are fine, I dare say, so.",),
            )
        )
    assert probe_pairs(made).results["overlap"].accuracy == 100


def test_position_follows_the_order_policy() -> None:
    made = pairs(400)
    assert probe_pairs(made).results["position"].stderr == 0
    single = probe_pairs(made, policy="single").results["position"]
    assert single.stderr > 1  # a fair coin: not exactly 50, and not told apart from it
    assert abs(single.accuracy - 50) < 4 * single.stderr


def test_what_cancels_in_the_mixture_is_fine() -> None:
    mixture = pairs(80, "long-wins", longer="chosen") + pairs(80, "short-wins", longer="rejected")
    settings = ProbeSettings(limit=65)
    checked = probe_mixture(mixture, {}, settings, policy="both", seed=0)
    assert checked.probes is not None and checked.stop is None
    for strategy in ("long-wins", "short-wins"):
        assert checked.probes.results[strategy]["length"].accuracy == 100
    assert checked.probes.results["mixture"]["length"].accuracy < 60
    within = checked.probes.within  # whichever way the mixture's rule goes, it is right on one and wrong on the other
    assert sum(within[strategy]["length"] for strategy in within) / 2 == pytest.approx(
        checked.probes.results["mixture"]["length"].accuracy
    )


def test_above_the_limit_the_run_stops_with_the_figure() -> None:
    checked = probe_mixture(pairs(60, longer="chosen"), {}, ProbeSettings(limit=65), policy="both", seed=0)
    assert checked.stop is not None
    assert "100.0 ± 0.0 % (limit 65)" in checked.stop
    assert checked.probes is not None and "length" in checked.probes.beating
    assert len(checked.pairs) == 60


def test_without_a_limit_nothing_stops_and_without_probes_nothing_is_fitted() -> None:
    made = pairs(20, longer="chosen")
    assert probe_mixture(made, {}, ProbeSettings(), policy="both", seed=0).stop is None
    assert probe_mixture(made, {}, ProbeSettings(enabled=False), policy="both", seed=0).probes is None


def test_an_uneven_mixture_is_rebalanced() -> None:
    mixture = pairs(120, "long-wins", longer="chosen") + pairs(60, "short-wins", longer="rejected")
    settings = ProbeSettings(limit=58, above_limit="rebalance")
    checked = probe_mixture(mixture, {"gone": "empty"}, settings, policy="both", seed=3)
    assert checked.stop is None and checked.probes is not None and checked.probes.before is not None
    assert checked.probes.before["length"].accuracy > 62
    assert all(not result.beats(58) for result in checked.probes.results["mixture"].values())
    left = [pair.meta["strategy"] for pair in checked.pairs]
    assert left.count("short-wins") == 60  # only pairs that the rule is right about go
    assert 60 <= left.count("long-wins") < 120
    rebalanced = {id_ for id_, reason in checked.dropped.items() if reason == "rebalanced"}
    assert rebalanced == {pair.id for pair in mixture} - {pair.id for pair in checked.pairs}
    assert checked.dropped["gone"] == "empty"
    assert checked == probe_mixture(mixture, {"gone": "empty"}, settings, policy="both", seed=3)


def test_where_every_pair_teaches_the_shortcut_there_is_nothing_to_balance() -> None:
    made = pairs(60, longer="chosen")
    result = rebalance(made, probe_pairs(made), limit=60, keep_at_least=0.5)
    assert result.failed
    checked = probe_mixture(made, {}, ProbeSettings(limit=60, above_limit="rebalance"), policy="both", seed=0)
    assert checked.stop is not None and "sampling cannot mend that" in checked.stop


def test_pairs_with_a_text_in_common_are_one_group() -> None:
    def one(id_: str, prompt: str, chosen: str, rejected: str) -> Pair:
        return Pair(id_, (Message("user", prompt),), (chosen,), (rejected,))

    chain = [one("a", "x", "1", "2"), one("b", "y", "2", "3"), one("c", "z", "4", "5"), one("d", "x", "6", "7")]
    others = [one(f"o{n}", f"p{n}", f"c{n}", f"r{n}") for n in range(8)]
    groups = text_groups([*chain, *others])
    assert groups[0] == groups[1] == groups[3] != groups[2]
    assert len(set(groups)) == 10
    # sharing that ties too much together is let be, but for the prompts
    assert len(set(text_groups(chain))) == 3


def shared(answers: list[tuple[str, str]]) -> list[Pair]:
    return [
        Pair(f"p{number}", (Message("user", f"prompt {number}"),), (chosen,), (rejected,))
        for number, (chosen, rejected) in enumerate(answers)
    ]


def test_a_chain_of_shared_responses_looks_like_chance() -> None:
    """As `neighbor` makes it: each response wins once and loses once, so no word tells the better one."""
    source = random.Random(1)
    texts = [" ".join(f"w{source.randrange(600)}" for _ in range(25)) for _ in range(150)]
    chain = shared([(one, texts[number - 1]) for number, one in enumerate(texts)])
    assert len(set(text_groups(chain))) == 150  # all tied together: only prompts count
    result = probe_pairs(chain).results["bag_of_words"]
    assert abs(result.accuracy - 50) <= 3.5 * result.stderr


def test_a_response_that_always_loses_is_found_wherever_it_stands() -> None:
    source = random.Random(1)
    fixed = shared([(text(source, 20), "I cannot help with that.") for _ in range(60)])
    assert probe_pairs(fixed).results["bag_of_words"].accuracy > 95
    mostly = [("I cannot help with that.", text(source, 20)) for _ in range(10)]
    both = shared([(pair.chosen[0], pair.rejected[0]) for pair in fixed] + mostly)
    assert probe_pairs(both).results["bag_of_words"].accuracy > 70


@pytest.mark.parametrize("number", [0, 1])
def test_too_few_pairs_have_no_probes(number: int) -> None:
    assert probe_pairs(pairs(number)).results == {}
    assert probes_by_strategy(pairs(number)) == ({"s": {}} if number else {})


def test_noise_in_a_small_set_does_not_beat_a_limit() -> None:
    assert not ProbeResult(70.0, 12.0, 10, 10).beats(60)
    assert ProbeResult(70.0, 4.0, 100, 100).beats(60)
    assert not ProbeResult(70.0, 4.0, 100, 100).beats(75)
    results = {"a": ProbeResult(70.0, 1.0, 9, 9), "b": ProbeResult(90.0, 1.0, 9, 9), "c": ProbeResult(50.0, 1.0, 9, 9)}
    empty: dict[str, Any] = {name: np.zeros(1) for name in results}
    assert Probed(results, empty).beating(60) == ["b", "a"]
