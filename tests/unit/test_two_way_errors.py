"""Errors over seeds and pairs together, against the variance of simulated runs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest

from ste_plugin.ablation.pair_table import PairTable
from ste_plugin.ablation.two_way_errors import two_way
from ste_plugin.gate.paired_data import Floats, PairedScores, Place

SUBSETS, PAIRS = 4, 30


@dataclass(frozen=True)
class World:
    """Spread of seeds, of seeds within a subset, of clusters of pairs, of pairs, and of what neither explains."""

    seed: float = 0.0
    seed_subset: float = 0.0
    cluster: float = 0.0
    rest: float = 0.1


def layout(cluster_size: int) -> PairedScores:
    n = SUBSETS * PAIRS
    nothing = np.zeros(n)
    subset = np.repeat(np.arange(SUBSETS), PAIRS)
    shares = np.array([0.4, 0.3, 0.2, 0.1])
    place = Place("overall", "overall", shares)
    names = tuple("abcd")
    return PairedScores(nothing, nothing, np.arange(n) // cluster_size, subset, names, names, (place,))


def drawn(world: World, seeds: int, pairs: PairedScores, rng: np.random.Generator) -> Floats:
    """[seeds, pairs] scores around 0.6."""
    n = len(pairs.subset)
    scores = 0.6 + rng.normal(0, world.seed, (seeds, 1)) + rng.normal(0, world.rest, (seeds, n))
    scores += rng.normal(0, world.seed_subset, (seeds, SUBSETS))[:, pairs.subset]
    return np.asarray(scores + rng.normal(0, world.cluster, pairs.clusters)[pairs.cluster], dtype=np.float64)


WORLDS = {
    "both": World(seed=0.03, cluster=0.25),
    "seeds by section": World(seed_subset=0.08, cluster=0.2),
    "pairs alone": World(cluster=0.3),
    "seeds alone": World(seed=0.04),
}


@pytest.mark.parametrize("seeds", [2, 3, 6])
@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_the_joint_interval_covers(world: World, seeds: int) -> None:
    """95 % of the intervals hold the truth; the estimated variance is the variance of the mean, or a little more."""
    rng = np.random.default_rng(7)
    pairs = layout(cluster_size=3)
    place = pairs.places[0]
    runs = 500
    held, variances, means = 0, [], []
    for _ in range(runs):
        found = two_way(drawn(world, seeds, pairs, rng), pairs, place)
        interval = found.interval()
        assert interval is not None and found.joint is not None
        held += interval[0] <= 60 <= interval[1]
        variances.append(found.joint**2)
        means.append(found.value)
    # two seeds that happen to agree hide what seeds do; the module says so. Below: three standard errors over 500 runs
    level = 0.95 if seeds > 2 else 0.92
    assert held / runs > level - 3 * math.sqrt(level * (1 - level) / runs)
    assert 0.8 < float(np.mean(variances)) / float(np.var(means)) < (1.25 if world.seed + world.seed_subset else 1.6)


def test_either_error_alone_does_not_cover() -> None:
    """What the table printed side by side before: neither is the error of the mean."""
    rng = np.random.default_rng(11)
    pairs = layout(cluster_size=3)
    held = {"seeds": 0, "pairs": 0}
    for _ in range(300):
        found = two_way(drawn(World(seed=0.05, cluster=0.17), 4, pairs, rng), pairs, pairs.places[0])
        assert found.over_seeds is not None
        held["seeds"] += abs(found.value - 60) < 3.18 * found.over_seeds  # t, three degrees of freedom
        held["pairs"] += abs(found.value - 60) < 1.98 * found.over_pairs
    assert held["seeds"] < 0.92 * 300 and held["pairs"] < 0.92 * 300


def test_single_terms() -> None:
    """Over seeds: the seeds' means. Over pairs: the mean over seeds. Equal seeds add nothing."""
    pairs = layout(cluster_size=1)
    place = pairs.places[0]
    rng = np.random.default_rng(3)
    scores = drawn(WORLDS["both"], 3, pairs, rng)
    found = two_way(scores, pairs, place)
    each = [two_way(scores[[seed]], pairs, place) for seed in range(3)]
    assert found.value == pytest.approx(np.mean([one.value for one in each]))
    assert found.over_seeds == pytest.approx(np.std([one.value for one in each], ddof=1) / math.sqrt(3))
    assert found.over_pairs == two_way(scores.mean(0, keepdims=True), pairs, place).over_pairs
    assert [(one.over_seeds, one.joint, one.interval()) for one in each] == [(None, None, None)] * 3
    same = two_way(np.repeat(scores[:1], 3, axis=0), pairs, place)
    assert same.over_seeds == pytest.approx(0) and same.joint == pytest.approx(each[0].over_pairs)
    flat = two_way(np.full((2, len(pairs.subset)), 0.5), pairs, place)
    assert flat.value == pytest.approx(50) and flat.joint == pytest.approx(0)


def test_by_hand() -> None:
    """Two seeds, three pairs, one subset: terms worked out on paper."""
    place = Place("overall", "overall", np.array([1.0]))
    nothing = np.zeros(3)
    pairs = PairedScores(nothing, nothing, np.arange(3), np.zeros(3, dtype=np.int64), ("a",), ("a",), (place,))
    found = two_way(np.array([[1.0, 0.0, 0.5], [1.0, 0.5, 0.0]]), pairs, place)
    assert found.value == pytest.approx(50)
    assert found.over_seeds == pytest.approx(0)
    # pair means 1, .25, .25: variance .1875, over three pairs .0625; residuals 0, +-.25, -+.25 of both seeds:
    # 4 * .0625 / ((2-1)(3-1)) / (2*3) = .0208, but the whole is not below its largest part
    assert found.over_pairs == pytest.approx(25)
    assert found.joint == pytest.approx(25)


def test_a_difference_is_more_certain_than_what_it_is_of() -> None:
    """Pairs that are hard for both cells cancel out."""
    rng = np.random.default_rng(5)
    pairs = layout(cluster_size=1)
    hard = rng.normal(0, 0.3, len(pairs.subset))
    cells = [np.clip(0.5 + gain + hard + rng.normal(0, 0.05, (3, len(hard))), -1, 2) for gain in (0.0, 0.1)]
    ids = tuple(str(number) for number in range(len(hard)))
    first, second = (PairTable((0, 1, 2), ids, cell, pairs) for cell in cells)
    both = second.minus(first)
    assert both is not None
    found, own = both.estimates()["overall"], first.estimates()["overall"]
    assert found.joint is not None and own.joint is not None
    assert found.value == pytest.approx(10, abs=3 * found.joint)
    assert found.joint < own.joint / 3
    assert first.minus(PairTable((7,), ids, cells[0][:1], pairs)) is None
    other = PairTable((0,), (*ids[1:], "x"), cells[0][:1], pairs)
    assert first.minus(other) is None
