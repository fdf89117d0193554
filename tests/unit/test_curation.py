"""From accepted judgments to rows: balanced, split by pair, and the same whatever the order they came in."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from ste_plugin.annotation import Annotation
from ste_plugin.curation import PairOrigin, curate
from ste_plugin.judging import Judgment
from ste_plugin.pairs import ORDERS, Message, Order
from ste_plugin.verdicts import Verdict


def annotation(pair_id: str, order: Order, found: bool = True) -> Annotation:
    label = "A" if order == "chosen_first" else "B"
    accepted = Judgment(f"{pair_id} {order} [[{label}]]", Verdict(label), forced=label == "B", tokens=4)
    return Annotation(
        pair_id=pair_id,
        order=order,
        accepted=accepted if found else None,
        drawn=2,
        generated=3,
        tokens=12,
        prompt_tokens=20,
        outcomes={"rejected": 1, "chosen": 1},
        messages=(Message("system", "s"), Message("user", f"{pair_id} {order}")),
    )


class Listed:
    """Annotations in memory; a place is an index."""

    def __init__(self, annotations: Iterable[Annotation]) -> None:
        self.annotations = list(annotations)

    def __iter__(self) -> Iterator[tuple[int, Annotation]]:
        return iter(enumerate(self.annotations))

    def read(self, places: Iterable[int]) -> Iterator[Annotation]:
        return (self.annotations[place] for place in places)


class Rows(NamedTuple):
    """All that is curated, looked at."""

    train: tuple[dict[str, Any], ...]
    validation: tuple[dict[str, Any], ...]
    counts: Mapping[str, int]


def curated(annotations: Iterable[Annotation], instructions: Mapping[str, str] | None = None, **changes: Any) -> Rows:
    settings: dict[str, Any] = {
        "judge": "ste/seed",
        "prompt_hash": "abc",
        "balance": True,
        "validation_share": 0.2,
        "seed": 0,
    }
    origins = {"p0": PairOrigin("p0", "neighbor", "p0")}
    for pair_id, instruction in (instructions or {}).items():
        origins[pair_id] = PairOrigin(pair_id, "", instruction)
    result = curate(Listed(annotations), pairs=origins.values(), **(settings | changes))
    rows = Rows(tuple(result.train), tuple(result.validation), result.counts)
    assert (len(result.train), len(result.validation)) == (len(rows.train), len(rows.validation))
    assert (tuple(result.train), tuple(result.validation)) == rows[:2], "they can be read again"
    return rows


def id_of(row: dict[str, Any]) -> tuple[str, str]:
    return row["pair_id"], row["order"]


examples = st.lists(
    st.builds(annotation, st.integers(0, 12).map("p{}".format), st.sampled_from(ORDERS), st.booleans()),
    unique_by=lambda a: (a.pair_id, a.order),
    max_size=26,
)


@given(examples, st.floats(0, 0.5), st.integers(0, 3), st.booleans())
def test_rows(annotations: list[Annotation], share: float, seed: int, balance: bool) -> None:
    result = curated(annotations, validation_share=share, seed=seed, balance=balance)
    rows = [*result.train, *result.validation]
    accepted = {(a.pair_id, a.order): a for a in annotations if a.accepted is not None}
    labels = Counter(a.accepted.verdict.label for a in accepted.values() if a.accepted)
    kept = Counter(row["verdict"] for row in rows)

    if balance:  # as many A as B in each part, and no more left out than that takes
        for part in (result.train, result.validation):
            verdicts = Counter(row["verdict"] for row in part)
            assert verdicts["A"] == verdicts["B"]
        everything = curated(annotations, validation_share=share, seed=seed, balance=False)
        for part, whole in ((result.train, everything.train), (result.validation, everything.validation)):
            assert {id_of(row) for row in part} <= {id_of(row) for row in whole}
            assert len(part) == 2 * min(sum(row["verdict"] == label for row in whole) for label in "AB")
    else:
        assert kept == labels
        pair_ids = {row["pair_id"] for row in rows}
        assert len({row["pair_id"] for row in result.validation}) == round(share * len(pair_ids))
    for row in rows:  # each row is an accepted example, none comes twice
        source = accepted.pop((row["pair_id"], row["order"]))
        assert row["completion"] == [{"role": "assistant", "content": source.accepted and source.accepted.text}]
        assert row["prompt"][1] == {"role": "user", "content": f"{source.pair_id} {source.order}"}

    sides = [{row["pair_id"] for row in side} for side in (result.train, result.validation)]
    assert not sides[0] & sides[1]

    assert result.counts == {
        "examples": len(annotations),
        "accepted": sum(labels.values()),
        "one_order": 0,
        "unbalanced": sum(labels.values()) - len(rows),
        "train": len(result.train),
        "validation": len(result.validation),
        "verdict_a": kept["A"],
        "verdict_b": kept["B"],
    }


@given(examples, st.randoms())
def test_the_order_of_the_examples_is_of_no_matter(annotations: list[Annotation], random: Any) -> None:
    shuffled = list(annotations)
    random.shuffle(shuffled)
    assert curated(shuffled) == curated(annotations)


def test_the_seed_decides_what_is_left_out_and_what_validates() -> None:
    many = [annotation(f"p{n}", "chosen_first") for n in range(20)] + [
        annotation(f"p{n}", "rejected_first") for n in range(5)
    ]
    results = [curated(many, seed=seed) for seed in range(5)]
    assert len({tuple(sorted(row["pair_id"] for row in r.train)) for r in results}) > 1
    assert len({tuple(sorted(row["pair_id"] for row in r.validation)) for r in results}) > 1
    assert all(r.counts["unbalanced"] == 15 for r in results)


@given(examples, st.floats(0, 0.5), st.integers(0, 3), st.booleans())
def test_an_instruction_is_on_one_side_only(annotations: list[Annotation], share: float, seed: int, both: bool) -> None:
    instructions = {f"p{n}": f"x{n // 3}" for n in range(13)}
    result = curated(annotations, validation_share=share, seed=seed, both_orders=both, instructions=instructions)
    sides = [{instructions[row["pair_id"]] for row in side} for side in (result.train, result.validation)]
    assert not sides[0] & sides[1]


def test_a_judge_that_is_right_in_one_order_only_leaves_nothing() -> None:
    result = curated([annotation(f"p{n}", "chosen_first") for n in range(9)])
    assert (result.train, result.validation) == ((), ())
    assert result.counts["unbalanced"] == 9


def test_a_row_is_json_with_its_provenance() -> None:
    both = [annotation("p0", order) for order in ORDERS]
    rows = json.loads(json.dumps(curated(both, validation_share=0.0).train))
    (row,) = [row for row in rows if row["order"] == "rejected_first"]
    assert row == {
        "prompt": [{"role": "system", "content": "s"}, {"role": "user", "content": "p0 rejected_first"}],
        "completion": [{"role": "assistant", "content": "p0 rejected_first [[B]]"}],
        "pair_id": "p0",
        "order": "rejected_first",
        "verdict": "B",
        "forced": True,
        "drawn": 2,
        "strategy": "neighbor",
        "judge": "ste/seed",
        "prompt_hash": "abc",
    }
    assert curated([annotation("p1", order) for order in ORDERS]).train[0]["strategy"] == ""


def test_both_orders_keeps_whole_pairs_only() -> None:
    whole = [annotation("whole", order) for order in ORDERS]
    half = [annotation("half", "chosen_first"), annotation("half", "rejected_first", found=False)]
    both = curated([*whole, *half], both_orders=True, validation_share=0.0)
    assert [row["pair_id"] for row in both.train] == ["whole", "whole"]
    assert both.counts["accepted"] == 3
    assert (both.counts["one_order"], both.counts["unbalanced"]) == (1, 0)
    either = curated([*half, annotation("other", "rejected_first")], validation_share=0.0)
    assert {row["pair_id"] for row in either.train} == {"half", "other"}
