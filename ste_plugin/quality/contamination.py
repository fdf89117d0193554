"""Pairs whose request is in a benchmark: the same text, 13 words in a row, or a near neighbour by TF-IDF."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ste_plugin.pairs import Pair
from ste_plugin.quality.settings import DecontaminateSettings
from ste_plugin.quality.words import other_requests, reply_text, words

How = Literal["exact", "ngram", "similar"]
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Overlap:
    """A pair's request found in a benchmark. `how`: "exact", "ngram" or "similar"; `similarity` is the cosine of the
    two prompts where that is what they have in common."""

    how: How
    benchmark: str
    benchmark_id: str
    similarity: float | None = None


@dataclass(frozen=True, slots=True)
class Contamination:
    """What a set of pairs shares with benchmarks.

    Attributes:
        overlaps: by pair id, the first overlap found.
        nearest: for each benchmark the highest cosine of a pair's prompt and one of its prompts (0 to 1), over all
            pairs that are no overlap.
        shared_responses: by benchmark, pairs a response of which shares a run of words with one of the benchmark's
            responses. Stock phrases do that, so it is reported and nothing is dropped for it.
    """

    overlaps: Mapping[str, Overlap]
    nearest: Mapping[str, float]
    shared_responses: Mapping[str, int]


def contamination(
    pairs: Sequence[Pair], benchmarks: Mapping[str, Sequence[Pair]], settings: DecontaminateSettings
) -> Contamination:
    """Compare `pairs` with every benchmark (pairs by name).

    A request is the pair's prompt, or the one that its rejected response was written for. "exact": its words are
    those of a benchmark's prompt; "ngram": `settings.ngram` words in a row of it stand in a benchmark's prompt or
    responses; "similar": the cosine of the prompts' TF-IDF vectors (words and pairs of words) is at least
    `settings.similarity`.
    """
    overlaps: dict[str, Overlap] = {}
    cosines: dict[str, np.ndarray] = {}
    shares: dict[str, list[bool]] = {}
    size = settings.ngram
    requests = {pair.id: [words(text) for text in (pair.prompt_text, *other_requests(pair))] for pair in pairs}
    responses = {pair.id: _replies(pair) for pair in pairs}
    for name, members in benchmarks.items():
        prompts = {tuple(words(one.prompt_text)): one.id for one in members}
        asked = _index(((one.id, words(one.prompt_text)) for one in members), size)
        answered = _index(((one.id, reply) for one in members for reply in _replies(one)), size)
        cosines[name], closest = _nearest([p.prompt_text for p in pairs], [one.prompt_text for one in members])
        for row, pair in enumerate(pairs):
            found = _found(requests[pair.id], prompts, asked, answered, size)
            if found is None and cosines[name][row] >= settings.similarity:
                found = ("similar", members[closest[row]].id)
            if found is not None and pair.id not in overlaps:
                cosine = round(float(cosines[name][row]), 3) if found[0] == "similar" else None
                overlaps[pair.id] = Overlap(found[0], name, found[1], cosine)
        shares[name] = [any(run in answered for reply in responses[p.id] for run in _runs(reply, size)) for p in pairs]
    # which pairs are no overlap is known once every benchmark has been looked at
    clean = [row for row, pair in enumerate(pairs) if pair.id not in overlaps]
    return Contamination(
        overlaps,
        {name: round(float(max(cosines[name][clean], default=0.0)), 3) for name in benchmarks},
        {name: sum(shares[name][row] for row in clean) for name in benchmarks},
    )


def _found(
    requests: Sequence[list[str]],
    prompts: Mapping[tuple[str, ...], str],
    asked: Mapping[int, str],
    answered: Mapping[int, str],
    size: int,
) -> tuple[How, str] | None:
    for request in requests:
        if request and tuple(request) in prompts:
            return "exact", prompts[tuple(request)]
    for request in requests:
        for run in _runs(request, size):
            if run in asked or run in answered:
                return "ngram", asked.get(run) or answered[run]
    return None


def _replies(pair: Pair) -> list[list[str]]:
    return [words(reply_text(pair.chosen)), words(reply_text(pair.rejected))]


def _runs(found: list[str], size: int) -> Iterable[int]:
    """Hashes of all runs of `size` words: a benchmark has a million of them, and texts would fill the memory."""
    return (hash(tuple(found[start : start + size])) for start in range(len(found) - size + 1))


def _index(texts: Iterable[tuple[str, list[str]]], size: int) -> dict[int, str]:
    return {run: id_ for id_, found in texts for run in _runs(found, size)}


def _nearest(texts: Sequence[str], others: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """For each text the highest cosine with one of `others`, and which one that is."""
    if not texts:
        return np.zeros(0), np.zeros(0, dtype=int)
    from sklearn.feature_extraction.text import TfidfVectorizer  # a second to import; every start would pay it

    vectorizer = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), tokenizer=words, token_pattern=None)
    try:
        vectorizer.fit([*texts, *others])
    except ValueError:  # not one word in all of them
        return np.zeros(len(texts)), np.zeros(len(texts), dtype=int)
    right = vectorizer.transform(others).T.tocsc()
    best, where = [], []
    for start in range(0, len(texts), _BLOCK):
        cosines = (vectorizer.transform(texts[start : start + _BLOCK]) @ right).toarray()
        best.append(cosines.max(axis=1))
        where.append(cosines.argmax(axis=1))
    return np.concatenate(best), np.concatenate(where)
