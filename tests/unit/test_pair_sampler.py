from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")

from ste_plugin.training.pair_sampler import PairSampler

groups = st.lists(st.integers(0, 30).map(str), min_size=1, max_size=120)


@given(groups, st.integers(1, 9), st.integers(0, 5))
def test_an_epoch_yields_every_example_once_and_pairs_together(names: list[str], batch: int, seed: int) -> None:
    sampler = PairSampler([len(name) for name in names], names, batch, seed)
    for _ in range(2):
        order = list(sampler)
        assert sorted(order) == list(range(len(names)))
        for name in set(names):
            places = [place for place, index in enumerate(order) if names[index] == name]
            assert places == list(range(places[0], places[0] + len(places)))
    assert len(sampler) == len(names)


@given(st.integers(1, 60), st.integers(1, 5), st.integers(0, 5))
def test_no_pair_is_cut_by_a_batch_border(pairs: int, pairs_a_batch: int, seed: int) -> None:
    names = [str(i) for i in range(pairs) for _ in range(2)]
    batch = 2 * pairs_a_batch
    order = list(PairSampler([1] * len(names), names, batch, seed))
    for start in range(0, len(order) - batch + 1, batch):
        inside = [names[index] for index in order[start : start + batch]]
        assert all(inside.count(name) == 2 for name in inside)


def test_epochs_differ_and_the_seed_decides() -> None:
    names = [str(i) for i in range(200)]
    first, again, other = (PairSampler([1] * 200, names, 8, seed) for seed in (1, 1, 2))
    epochs = [list(first), list(first)]
    assert epochs[0] != epochs[1]
    assert epochs == [list(again), list(again)]
    assert epochs[0] != list(other)


def test_batches_are_of_like_length() -> None:
    lengths = [10, 400] * 64
    order = list(PairSampler(lengths, [str(i) for i in range(128)], 8, 0))
    batches = [order[i : i + 8] for i in range(0, 128, 8)]
    mixed = sum(len({lengths[i] for i in batch}) > 1 for batch in batches)
    assert mixed <= 1


@given(groups, st.integers(1, 9), st.integers(0, 5))
def test_the_first_epoch_goes_stage_by_stage_and_later_ones_mix(names: list[str], batch: int, seed: int) -> None:
    stages = [int(name) % 3 for name in names]
    sampler = PairSampler([1] * len(names), names, batch, seed, stages)
    first, later = list(sampler), list(sampler)
    assert sorted(first) == sorted(later) == list(range(len(names)))
    assert later == list(sampled(PairSampler([1] * len(names), names, batch, seed), 2))
    # whatever did not fill a batch is put off, less than a batch of each length of group
    whole = [index for index in first if names.count(names[index]) == 1 and batch == 1]
    assert [stages[index] for index in whole] == sorted(stages[index] for index in whole)


@given(st.lists(st.integers(1, 40), min_size=2, max_size=4), st.integers(1, 4), st.integers(0, 5))
def test_stages_keep_full_batches_whole(sizes: list[int], pairs_a_batch: int, seed: int) -> None:
    stage_of = [stage for stage, size in enumerate(sizes) for _ in range(size)]
    names = [str(pair) for pair in range(len(stage_of)) for _ in range(2)]
    stages = [stage_of[int(name)] for name in names]
    batch = 2 * pairs_a_batch
    order = list(PairSampler([1] * len(names), names, batch, seed, stages))
    batches = [order[start : start + batch] for start in range(0, len(order), batch)]
    assert all(sum(names[i] == names[j] for i in part for j in part) == 2 * len(part) for part in batches)
    # a batch that holds two stages comes between them
    latest = [max(stages[index] for index in part) for part in batches[: len(order) // batch]]
    assert latest == sorted(latest)


def sampled(sampler: PairSampler, epoch: int) -> list[int]:
    for _ in range(epoch - 1):
        list(sampler)
    return list(sampler)
