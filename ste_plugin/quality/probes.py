"""Shortcut probes: rules that do not judge, and how well they tell the chosen response from the rejected one.

A probe is a linear classifier of the difference between the two responses' features (logistic regression without
an intercept, so that it says the opposite when the responses change places). It is fitted on all but one fold of
the instructions and asked about that fold; 50 is chance. What it predicts, a judge can learn instead of judging.
Within one strategy nearly every probe has something to find. What matters is the mixture that is trained on:
there, a rule that helps on one strategy has to be wrong on another.
"""

from __future__ import annotations

import math
import warnings
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ste_plugin.model_request import derive_seed
from ste_plugin.pairs import ORDERS, Pair, orders
from ste_plugin.quality.features import SURFACE, surface_differences
from ste_plugin.quality.words import reply_text, strategy_of, words

PROBES: tuple[str, ...] = ("position", *SURFACE, "surface_together", "bag_of_words")
CLEARLY = 2.0
"""Standard errors above chance from which an accuracy above the limit counts."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """How often a probe names the chosen response of pairs it was not fitted on.

    Attributes:
        accuracy: 0 to 100; a pair that the probe cannot tell apart counts half. 50 is chance.
        stderr: standard error in points, pairs of one group taken as one draw.
        pairs, groups: how many; pairs with a text in common are one group.
    """

    accuracy: float
    stderr: float
    pairs: int
    groups: int

    def beats(self, limit: float) -> bool:
        """Whether the accuracy is above `limit`, and by more than chance above 50."""
        return self.accuracy > limit and self.accuracy > 50 + CLEARLY * self.stderr


@dataclass(frozen=True, slots=True)
class Probed:
    """All probes on one set of pairs.

    `results` leaves out what could not be fitted (fewer than two groups). `hits` holds for each probe and pair, in
    the pairs' order, 1 where it named the chosen response, 0 where not, 0.5 where it could not tell.
    """

    results: Mapping[str, ProbeResult]
    hits: Mapping[str, np.ndarray]

    def beating(self, limit: float) -> list[str]:
        """Names of the probes that beat `limit`, the best first."""
        beating = [name for name, result in self.results.items() if result.beats(limit)]
        return sorted(beating, key=lambda name: (-self.results[name].accuracy, name))


def probe_pairs(
    pairs: Sequence[Pair], *, folds: int = 5, policy: Literal["both", "single"] = "both", seed: int = 0
) -> Probed:
    """Fit every probe on `pairs` with cross-validation over groups.

    `policy` says in which orders the pairs will be shown (for the probe "position"). Deterministic.
    """
    groups = text_groups(pairs)
    number = len(set(groups))
    if number < 2:
        return Probed({}, {})
    fold_of = _folds(groups, min(folds, number), seed)
    fitted_on = _fitted_on(pairs, fold_of)
    surfaces = [surface_differences(pair) for pair in pairs]
    matrices: dict[str, Any] = {
        "position": np.array([[_place(pair, policy, seed)] for pair in pairs]),
        **{name: np.array([one[name] for one in surfaces]) for name in SURFACE},
        "surface_together": np.array([np.concatenate([one[name] for name in SURFACE]) for one in surfaces]),
        "bag_of_words": _bags_of_words(pairs),
    }
    results, hits = {}, {}
    for name, matrix in matrices.items():
        hits[name] = _hits(matrix, fold_of, fitted_on)
        results[name] = _result(hits[name], groups)
    return Probed(results, hits)


def probes_by_strategy(
    pairs: Sequence[Pair], *, folds: int = 5, policy: Literal["both", "single"] = "both", seed: int = 0
) -> dict[str, Mapping[str, ProbeResult]]:
    """The probes fitted and asked within each strategy alone, by its name."""
    by_strategy: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_strategy[strategy_of(pair)].append(pair)
    return {
        name: probe_pairs(members, folds=folds, policy=policy, seed=seed).results
        for name, members in sorted(by_strategy.items())
    }


def text_groups(pairs: Sequence[Pair]) -> list[int]:
    """A number for each pair; pairs that share a prompt or a response, directly or through others, have the same.

    Where sharing ties more than a third of the pairs together, only prompts count: too few folds would be left. What
    pairs of different folds share then is dealt with in `_fitted_on`.
    """
    whole = _components([{("prompt", p.prompt_text), ("text", p.chosen), ("text", p.rejected)} for p in pairs])
    largest = max(np.unique(whole, return_counts=True)[1], default=0)
    if largest * 3 > len(pairs):
        return _components([{("prompt", pair.prompt_text)} for pair in pairs])
    return whole


def _components(keys: Sequence[set[tuple[str, Hashable]]]) -> list[int]:
    parent = list(range(len(keys)))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    first: dict[Hashable, int] = {}
    for item, members in enumerate(keys):
        for key in members:
            other = first.setdefault(key, item)
            a, b = root(item), root(other)
            parent[max(a, b)] = min(a, b)
    return [root(item) for item in range(len(keys))]


def _folds(groups: Sequence[int], folds: int, seed: int) -> np.ndarray:
    """The fold of each pair: groups, the largest first, each to the fold that has the fewest pairs yet."""
    sizes: dict[int, int] = defaultdict(int)
    for group in groups:
        sizes[group] += 1
    load = [0] * folds
    fold_of: dict[int, int] = {}
    for group in sorted(sizes, key=lambda g: (-sizes[g], derive_seed(seed, "fold", g))):
        fold = load.index(min(load))
        fold_of[group] = fold
        load[fold] += sizes[group]
    return np.array([fold_of[group] for group in groups])


def _fitted_on(pairs: Sequence[Pair], fold_of: np.ndarray) -> np.ndarray:
    """Which pairs the probes for a fold are fitted on (folds x pairs): those outside, except where the same response
    stands on the other side.

    A response that is chosen in one pair and rejected in one other teaches a probe the opposite of the truth about
    the pair that is held out: on a chain of such pairs a bag of words came to 5 instead of 50. What always wins or
    always loses stays, since that is a rule. So does a response of more pairs than there are folds: it stands in every
    fold, and whether it mostly wins is a rule as well.
    """
    folds = int(fold_of.max()) + 1
    fitted_on = np.array([fold_of != fold for fold in range(folds)])
    sides: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for row, pair in enumerate(pairs):
        sides[reply_text(pair.chosen)][0].append(row)
        sides[reply_text(pair.rejected)][1].append(row)
    for chosen, rejected in sides.values():
        if len(chosen) + len(rejected) <= folds:
            for held_out, others in ((chosen, rejected), (rejected, chosen)):
                for row in held_out:
                    fitted_on[fold_of[row], others] = False
    return fitted_on


def _place(pair: Pair, policy: Literal["both", "single"], seed: int) -> float:
    """1 where the chosen response stands first, -1 where second, 0 on average over both orders."""
    return float(np.mean([1 if order == ORDERS[0] else -1 for order in orders(pair.id, policy, seed)]))


def _bags_of_words(pairs: Sequence[Pair]) -> Any:
    """Difference of the responses' TF-IDF vectors. The vocabulary is that of all responses; labels play no part."""
    chosen = [reply_text(pair.chosen) for pair in pairs]
    rejected = [reply_text(pair.rejected) for pair in pairs]
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=2, max_features=50_000, tokenizer=words, token_pattern=None)
    try:
        vectorizer.fit([*chosen, *rejected])
    except ValueError:  # no word stands in two responses
        return np.zeros((len(pairs), 1))
    return vectorizer.transform(chosen) - vectorizer.transform(rejected)


def _hits(differences: Any, fold_of: np.ndarray, fitted_on: np.ndarray) -> np.ndarray:
    """Held-out hits; `differences` (pairs x features) are chosen less rejected, `fitted_on` is folds x pairs."""
    hits = np.full(differences.shape[0], 0.5)
    for fold in range(int(fold_of.max()) + 1):
        inside = fold_of == fold
        weights = _fitted(differences[fitted_on[fold]]) if fitted_on[fold].any() else None
        if weights is not None:
            scores = np.asarray(differences[inside] @ weights).ravel()
            hits[inside] = 0.5 + 0.5 * np.sign(np.round(scores, 9))
    return hits


def _fitted(differences: Any) -> np.ndarray | None:
    """Weights of a logistic regression that puts the chosen response above the rejected one; None for no difference.

    Each pair is shown in both orders, so the labels are balanced by design.
    """
    # scikit-learn takes a second to import, which every start of a command would pay
    from scipy import sparse
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    is_sparse = sparse.issparse(differences)
    if is_sparse:
        scale = np.ones(differences.shape[1])
        stacked = sparse.vstack([differences, -differences]).tocsr()
    else:
        scale = np.sqrt((differences**2).mean(axis=0))
        scale[scale == 0] = 1.0
        stacked = np.vstack([differences / scale, -differences / scale])
    if not (stacked.nnz if is_sparse else np.any(stacked)):
        return None
    labels = np.repeat([1, 0], differences.shape[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(C=10.0 if is_sparse else 1.0, fit_intercept=False, max_iter=300)
        model.fit(stacked, labels)
    weights: np.ndarray = model.coef_[0] / scale
    return weights


def _result(hits: np.ndarray, groups: Sequence[int]) -> ProbeResult:
    mean = float(hits.mean())
    totals: dict[int, float] = defaultdict(float)
    for group, hit in zip(groups, hits, strict=True):
        totals[group] += float(hit) - mean
    number = len(totals)
    variance = math.fsum(total**2 for total in totals.values()) * number / (number - 1)
    return ProbeResult(100 * mean, 100 * math.sqrt(variance) / len(hits), len(hits), number)
