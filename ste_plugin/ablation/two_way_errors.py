"""Standard errors of a mean over seeds and pairs, where every seed's judge has judged the same pairs.

Seeds and pairs are both drawn: another seed would have given another judge, another benchmark other pairs. A score is
taken as x[s, i] = subset mean + a[s, subset] + b[i] + e[s, i], all three random, pairs of one source prompt (a cluster)
moving together. The variance of the mean is then that of a crossed two-way layout,

    V = V_seeds + V_pairs - V_both

V_seeds: squared standard error of the seeds' means (over seeds alone). V_pairs: the cluster-robust variance of the
pairs' scores averaged over seeds (over pairs alone). Both hold the variance of e once, so V_both, that of the
residuals, is taken off once. The form is that of two-way clustering (Cameron, Gelbach and Miller 2011, Robust Inference
with Multiway Clustering, J. Bus. Econ. Stat. 29). Their third term is made of deviations from the one mean; with two
or three seeds it would take off a good part of V_pairs as well, so here it is made of the residuals after both means:
the unbiased moment estimate of a crossed layout without replication (Searle, Casella and McCulloch 1992, Variance
Components, chapter 4). V is at least the larger of V_seeds and V_pairs, which it is in truth.

Quantiles are those of the t distribution with Satterthwaite's degrees of freedom of the three terms. In simulation
(tests/unit/test_two_way_errors.py, 500 runs a case) intervals of 95 % hold the truth in 93 to 95 of 100 runs. Two seeds
that happen to agree hide what seeds do: where only seeds differ, the intervals of two hold it in 91.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from ste_plugin.gate.estimates import cluster_sums
from ste_plugin.gate.paired_data import Floats, PairedScores, Place

LEVEL = 0.95
"""Of the intervals that are shown."""


@dataclass(frozen=True, slots=True)
class TwoWayEstimate:
    """A mean over seeds at one place of a benchmark, in points (scores 0-100, differences -100 to 100).

    Attributes:
        value: the mean.
        over_seeds: its standard error over seeds alone; None with one seed.
        over_pairs: its standard error over pairs alone, clustered by source prompt.
        joint: over both together; None with one seed.
        df: degrees of freedom that belong to `joint`; None with it.
    """

    value: float
    over_seeds: float | None
    over_pairs: float
    joint: float | None
    df: float | None

    def interval(self, level: float = LEVEL) -> tuple[float, float] | None:
        """Ends of the two-sided interval over seeds and pairs; None with one seed."""
        if self.joint is None or self.df is None:
            return None
        reach = float(stats.t.ppf((1 + level) / 2, self.df)) * self.joint
        return self.value - reach, self.value + reach


def two_way(values: Floats, layout: PairedScores, place: Place) -> TwoWayEstimate:
    """The mean of `values` at `place` with its errors.

    Args:
        values: [seeds, pairs] scores 0..1, or differences -1..1.
        layout: clusters, subsets and places of the pairs; its own scores are not looked at.
        place: one of `layout.places`.
    """
    seeds = len(values)
    mean = np.asarray(values.mean(axis=0), dtype=np.float64)
    nothing = np.zeros_like(mean)
    total, influence, size = cluster_sums(replace(layout, candidate=mean, baseline=nothing), place)
    clusters = int((size > 0).sum())
    of_pairs = float((influence**2).sum())
    value = 100 * float(total.sum())
    if seeds < 2:
        return TwoWayEstimate(value, None, 100 * math.sqrt(of_pairs), None, None)
    # of each seed: its distance from the mean as a whole, and what of it is left in each cluster
    distances, left = [], 0.0
    for own in values:
        parts, residual, _ = cluster_sums(replace(layout, candidate=own, baseline=mean), place)
        distances.append(float(parts.sum()))
        left += float((residual**2).sum())
    of_seeds = math.fsum(distance**2 for distance in distances) / (seeds * (seeds - 1))
    of_both = left / (seeds * (seeds - 1))
    variance = max(of_seeds + of_pairs - of_both, of_seeds, of_pairs)
    return TwoWayEstimate(
        value=value,
        over_seeds=100 * math.sqrt(of_seeds),
        over_pairs=100 * math.sqrt(of_pairs),
        joint=100 * math.sqrt(variance),
        df=_degrees_of_freedom(variance, of_seeds, of_pairs, of_both, seeds - 1, max(clusters - 1, 1)),
    )


def _degrees_of_freedom(
    variance: float, of_seeds: float, of_pairs: float, of_both: float, seeds: int, clusters: int
) -> float:
    """Satterthwaite's; `seeds` and `clusters` are one less than there are."""
    spread = of_seeds**2 / seeds + of_pairs**2 / clusters + of_both**2 / (seeds * clusters)
    return max(1.0, variance**2 / spread) if spread > 0 else float(clusters)
