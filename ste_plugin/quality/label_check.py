"""Is `rejected` truly worse? The judge compares both orders, and the share of wrong labels is estimated from that.

A judge errs, so the share of pairs for which it names the rejected response is not the share of wrong labels. But its
errors and the labels' leave different traces. Let w be the share of wrong labels, q1 and q2 how often the judge finds
the truly better response when it stands first and second, and X1, X2 whether it names the response called `chosen`
in the two orders. If its errors in the two orders are independent of each other given which response is better, then

    E[X1] + E[X2] - 1 = (1 - 2w) (q1 + q2 - 1) = s        Cov(X1, X2) = w (1 - w) (q1 + q2 - 1)**2 = c

and so w = (1 - s / sqrt(s**2 + 4c)) / 2: a judge that is merely noisy disagrees with itself (c = 0), one that
contradicts the labels consistently finds them wrong. Errors on hard pairs that the judge repeats in both orders look
like wrong labels, so the estimate is rather too high than too low. No human label is needed.

Of few pairs s**2 + 4c comes out large for a judge that guesses, too: the covariance of n coin flips is off by 1 / (4
sqrt(n)). So there is no estimate unless it is larger than a guessing judge's would be (see `_guessed`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ste_plugin.judging import JudgeSettings, judge
from ste_plugin.model_request import Steps
from ste_plugin.pairs import ORDERS, Pair, Winner, winner

RESAMPLES = 400
TELLS = 0.1
"""q1 + q2 - 1 (0: guessing, 1: never wrong) below which a judge says nothing about the labels."""
CLEARLY = 2.0
"""Standard errors by which (q1 + q2 - 1)**2 has to be above what a judge that guesses comes to."""
FAILING = 0.05
"""Share of resamples in which the judge may fall below TELLS."""


@dataclass(frozen=True, slots=True)
class LabelVerdict:
    """Whom the judge's majority names in each order (`ORDERS`); None where it was not parsed."""

    pair_id: str
    winners: tuple[Winner | None, Winner | None]
    tokens: int = 0
    prompt_tokens: int = 0

    @property
    def outcome(self) -> str:
        """ "confirmed" or "contradicted" where both orders say so, "inconsistent" where they differ, "undecided" with
        a tie or an unparsed verdict."""
        if set(self.winners) == {"chosen"}:
            return "confirmed"
        if set(self.winners) == {"rejected"}:
            return "contradicted"
        return "inconsistent" if set(self.winners) == {"chosen", "rejected"} else "undecided"


@dataclass(frozen=True, slots=True)
class LabelEstimate:
    """What the judge's verdicts say of the labels. Shares 0-100.

    Attributes:
        pairs: judged; `undecided` of them were left aside, the shares are of the others.
        confirmed, contradicted, inconsistent: shares, see `LabelVerdict.outcome`.
        wrong, wrong_stderr: estimated share of wrong labels and its standard error (see `_error`).
        judge_accuracy: mean of q1 and q2 above.

    The last three are None where the judge cannot be told from one that guesses: it is none (TELLS), or the decided
    pairs are too few or of too few prompts.
    """

    pairs: int
    undecided: int
    confirmed: float
    contradicted: float
    inconsistent: float
    judge_accuracy: float | None
    wrong: float | None
    wrong_stderr: float | None

    @property
    def judge_tells(self) -> bool:
        """Whether the judge's verdicts say anything of the labels."""
        return self.wrong is not None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def check_label(pair: Pair, settings: JudgeSettings, votes: int) -> Steps[LabelVerdict]:
    """Judge `pair` in both orders, each by the majority of `votes` judgments (one judgment is greedy)."""
    settings = replace(settings, votes=votes, temperature=settings.temperature if votes > 1 else 0.0)
    winners: list[Winner | None] = []
    tokens = prompt_tokens = 0
    for order in ORDERS:
        judged = yield from judge(pair, order, settings)
        winners.append(winner(judged.verdict, order))
        tokens += judged.tokens
        prompt_tokens += judged.prompt_tokens
    return LabelVerdict(pair.id, (winners[0], winners[1]), tokens, prompt_tokens)


def estimate_labels(verdicts: Sequence[LabelVerdict], clusters: Mapping[str, str], seed: int = 0) -> LabelEstimate:
    """The estimate above. `clusters` maps pair ids to what they share a prompt by."""
    decided = [verdict for verdict in verdicts if verdict.outcome != "undecided"]
    number = len(decided)
    if not number:
        return LabelEstimate(len(verdicts), len(verdicts), 0.0, 0.0, 0.0, None, None, None)
    share = {
        name: 100 * sum(verdict.outcome == name for verdict in decided) / number
        for name in ("confirmed", "contradicted", "inconsistent")
    }
    said = np.array([[winner == "chosen" for winner in verdict.winners] for verdict in decided], dtype=float)
    sums = _cluster_sums(said, [clusters.get(verdict.pair_id, verdict.pair_id) for verdict in decided])
    surplus, together, strength, wrong = (float(value) for value in _solve(sums.sum(axis=0)))
    error = None
    if strength >= TELLS and strength**2 > _guessed(sums):
        error = _error(surplus, together, sums, seed)
    return LabelEstimate(
        pairs=len(verdicts),
        undecided=len(verdicts) - number,
        **share,
        judge_accuracy=None if error is None else 50 * (1 + strength),
        wrong=None if error is None else 100 * wrong,
        wrong_stderr=None if error is None else 100 * error,
    )


def _cluster_sums(said: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Sums of 1, X1, X2 and X1 * X2 over the pairs of each cluster (clusters x 4); `said` is pairs x 2."""
    _, cluster_of = np.unique(np.array(names), return_inverse=True)
    terms = np.column_stack([np.ones(len(said)), said, said.prod(axis=1)])
    sums = np.zeros((int(cluster_of.max()) + 1, terms.shape[1]))
    np.add.at(sums, cluster_of, terms)
    return sums


def _solve(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """s, c, q1 + q2 - 1 and w from sums of 1, X1, X2 and X1 * X2 (... x 4)."""
    number, first, second, both = np.moveaxis(sums, -1, 0)
    surplus = (first + second) / number - 1
    together = both / number - first * second / number**2
    return surplus, together, *_strength_and_wrong(surplus, together)


def _strength_and_wrong(surplus: np.ndarray, together: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """q1 + q2 - 1 and w. A covariance below 0 is chance; where both are 0, nothing is known of w."""
    strength = np.sqrt(surplus**2 + 4 * np.maximum(together, 0.0))
    return strength, (1 - surplus / np.where(strength > 0, strength, 1.0)) / 2


def _guessed(sums: np.ndarray) -> float:
    """What s**2 + 4c of a judge that guesses stays below: its mean and CLEARLY standard errors.

    Such a judge names the first response with some chance p, whatever it is: X1 and X2 are independent, with the means
    p and 1 - p. s and c are then sums over clusters with the mean 0. Their variances come from the clusters' own sums,
    but are not taken below those of as many pairs that have nothing to do with each other: a rare verdict that
    happens not to occur says little.
    """
    number, first, second, both = sums.T
    pairs = float(number.sum())
    p = float(first.sum() + pairs - second.sum()) / (2 * pairs)
    pq = p * (1 - p)
    centred = both - (1 - p) * first - p * second + pq * number
    of_surplus = max(float(((first + second - number) ** 2).sum()) / pairs**2, 2 * pq / pairs)
    of_together = max(float((centred**2).sum()) / pairs**2, pq**2 / pairs)
    return of_surplus + CLEARLY * math.sqrt(2 * of_surplus**2 + 16 * of_together)


def _error(surplus: float, together: float, sums: np.ndarray, seed: int) -> float | None:
    """Standard error of w, whole clusters drawn with replacement; None where the judge falls below TELLS too often.

    Near that bound w bends: one that comes out too strong by chance looks surer than it is. So the error is not taken
    below what w moves by for each standard error, when c is one or two of them off; nor below that of a judge that is
    never wrong, whose share of contradicted prompts is a plain one (Agresti and Coull 1998: no 0 +- 0).
    """
    kinds, times = np.unique(sums, axis=0, return_counts=True)  # clusters of one kind are drawn alike
    prompts = len(sums)
    drawn = np.random.default_rng(seed).multinomial(prompts, times / prompts, size=RESAMPLES)
    _, others, strengths, wrongs = _solve(drawn @ kinds)
    if np.mean(strengths < TELLS) > FAILING:
        return None
    steps = np.array([0.0, -2.0, -1.0, 1.0, 2.0])
    moved = _strength_and_wrong(np.full(len(steps), surplus), together + steps * others.std(ddof=1))[1]
    slopes = np.abs(moved[1:] - moved[0]) / np.abs(steps[1:])
    share = (moved[0] * prompts + 2) / (prompts + 4)
    least = math.sqrt(share * (1 - share) / (prompts + 4))
    return max(float(wrongs[strengths >= TELLS].std(ddof=1)), float(slopes.max()), least)
