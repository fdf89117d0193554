"""Curate: accepted judgments to training rows (paper section 3.3): validation apart, balanced verdicts in each part.

Memory does not grow with the number of examples. Of each of them a few numbers go into a private database on disk,
which finds the rows' order, the split and the balance; prompts and judgments are read again, one by one, as the rows
are written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ste_plugin.annotation import Annotation
from ste_plugin.annotation_file import Annotations
from ste_plugin.errors import UserError
from ste_plugin.model_request import derive_seed
from ste_plugin.scratch_database import ScratchDatabase, text_key

TABLES = (
    # of the pairs: what the rows' provenance and the split take from them
    "CREATE TABLE pair (id BLOB PRIMARY KEY, strategy BLOB, instruction INTEGER) WITHOUT ROWID",
    # rank: a seeded hash that rows are sorted by; instruction: one that the split ranks instructions by
    "CREATE TABLE example (place INTEGER PRIMARY KEY, rank INTEGER, pair BLOB, label TEXT, instruction INTEGER)",
)


@dataclass(frozen=True, slots=True)
class PairOrigin:
    """Where a pair comes from: the `strategy` of its negative, and what tells its `instruction` from others."""

    pair_id: str
    strategy: str
    instruction: str


class TrainingRows:
    """Rows for TRL, ``{"prompt": [messages], "completion": [message], ...provenance}``, read while they are looked at.

    Iterating raises UserError where the annotations are no longer what they were.
    """

    def __init__(
        self,
        found: Iterable[tuple[Any, ...]],
        quota: Mapping[str, int],
        annotations: Annotations,
        provenance: Mapping[str, str],
    ) -> None:
        """`found` gives (place, pair, strategy, label) in the rows' order; `quota` rows of each label are taken."""
        self._found = found
        self._quota = quota
        self._annotations = annotations
        self._provenance = provenance

    def __len__(self) -> int:
        return sum(self._quota.values())

    def __iter__(self) -> Iterator[dict[str, Any]]:
        chosen: list[tuple[bytes, bytes | None, str]] = []

        def places() -> Iterator[int]:
            left = dict(self._quota)
            for place, pair, strategy, label in self._found:
                if left.get(label):
                    left[label] -= 1
                    chosen.append((pair, strategy, label))
                    yield place

        for annotation in self._annotations.read(places()):
            pair, strategy, label = chosen.pop()
            accepted = annotation.accepted
            if accepted is None or (text_key(annotation.pair_id), accepted.verdict.label) != (pair, label):
                raise UserError(f"the judgment of pair {annotation.pair_id!r} has changed on disk; start again")
            yield _row(annotation, (strategy or b"").decode("utf-8", "surrogatepass"), self._provenance)


@dataclass(frozen=True, slots=True)
class Curated:
    """The rows, and where the rest went.

    `counts`: "examples" (pair and order), "accepted", "one_order" (accepted, and left out because another order of the
    pair was not), "unbalanced" (left out to balance the verdicts), "train", "validation", "verdict_a", "verdict_b" (of
    what is kept).
    """

    train: TrainingRows
    validation: TrainingRows
    counts: Mapping[str, int]


def curate(
    annotations: Annotations,
    *,
    judge: str,
    prompt_hash: str,
    pairs: Iterable[PairOrigin] = (),
    balance: bool,
    validation_share: float,
    seed: int,
    both_orders: bool = False,
) -> Curated:
    """Balanced training and validation rows, in an order that depends on `seed` and the pairs' ids alone.

    All `pairs` of one instruction, in all orders, fall on the same side of the validation split; a pair that is not
    among them is alone. With `balance` each part has as many "A" as "B". `both_orders` keeps a pair only if every
    order it was annotated in was accepted.

    Instructions are told apart by a hash of 63 bits: among a million of them two count as one with a chance of 1 in 10
    million, and are then on the same side.

    Raises:
        UserError: what `annotations` raises, or a disk that is full.
        sqlite3.IntegrityError: two of `pairs` have the same id.
    """
    database = ScratchDatabase(*TABLES)
    database.put("INSERT INTO pair VALUES (?, ?, ?)", (_pair_values(pair, seed) for pair in pairs))
    database.put("INSERT INTO example VALUES (?, ?, ?, ?, ?)", _example_values(annotations, database, seed))
    whole = "AND pair NOT IN (SELECT pair FROM example WHERE label IS NULL)" if both_orders else ""
    database.run(f"CREATE TABLE kept AS SELECT * FROM example WHERE label IS NOT NULL {whole}")
    last = _last_validated(database, validation_share)
    parts: Counter[tuple[int, str]] = Counter()
    for validated, label, number in database.rows(
        "SELECT instruction <= ?, label, count(*) FROM kept GROUP BY 1, 2", last
    ):
        parts[validated, label] = number
    quotas = [{label: parts[side, label] for label in ("A", "B")} for side in (0, 1)]
    if balance:
        quotas = [dict.fromkeys(quota, min(quota.values())) for quota in quotas]
    provenance = {"judge": judge, "prompt_hash": prompt_hash}
    train, validation = (
        TrainingRows(_Found(database, side, last), quota, annotations, provenance) for side, quota in enumerate(quotas)
    )
    examples, accepted = database.first("SELECT count(*), count(label) FROM example") or (0, 0)
    counts = {
        "examples": examples,
        "accepted": accepted,
        "one_order": accepted - parts.total(),
        "unbalanced": parts.total() - len(train) - len(validation),
        "train": len(train),
        "validation": len(validation),
        "verdict_a": sum(quota["A"] for quota in quotas),
        "verdict_b": sum(quota["B"] for quota in quotas),
    }
    return Curated(train, validation, counts)


@dataclass(frozen=True, slots=True)
class _Found:
    """The kept examples of one side of the split, in the rows' order; can be gone through more than once."""

    database: ScratchDatabase
    side: int
    last: int

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        query = (
            "SELECT kept.place, kept.pair, pair.strategy, kept.label FROM kept LEFT JOIN pair ON pair.id = kept.pair "
            "WHERE (kept.instruction <= ?) = ? ORDER BY kept.rank, kept.place"
        )
        yield from self.database.rows(query, self.last, self.side)


def _pair_values(pair: PairOrigin, seed: int) -> tuple[bytes, bytes, int]:
    return text_key(pair.pair_id), text_key(pair.strategy), _instruction_rank(pair.instruction, seed)


def _example_values(annotations: Annotations, database: ScratchDatabase, seed: int) -> Iterator[tuple[Any, ...]]:
    for place, annotation in annotations:
        pair = text_key(annotation.pair_id)
        named = database.first("SELECT instruction FROM pair WHERE id = ?", pair)
        instruction = named[0] if named is not None else _instruction_rank(annotation.pair_id, seed)
        label = annotation.accepted.verdict.label if annotation.accepted is not None else None
        yield place, derive_seed(seed, "curate", annotation.pair_id, annotation.order), pair, label, instruction


def _instruction_rank(instruction: str, seed: int) -> int:
    return derive_seed(seed, "validation", instruction)


def _last_validated(database: ScratchDatabase, share: float) -> int:
    """The highest rank of an instruction that goes to validation; -1 where none does."""
    number = (database.first("SELECT count(DISTINCT instruction) FROM kept") or (0,))[0]
    size = round(number * share)
    if size == 0:
        return -1
    query = "SELECT DISTINCT instruction FROM kept ORDER BY instruction LIMIT 1 OFFSET ?"
    last = database.first(query, size - 1)
    assert last is not None
    return int(last[0])


def _row(annotation: Annotation, strategy: str, provenance: Mapping[str, str]) -> dict[str, Any]:
    assert annotation.accepted is not None
    return {
        "prompt": [{"role": m.role, "content": m.content} for m in annotation.messages],
        "completion": [{"role": "assistant", "content": annotation.accepted.text}],
        "pair_id": annotation.pair_id,
        "order": annotation.order,
        "verdict": annotation.accepted.verdict.label,
        "forced": annotation.accepted.forced,
        "drawn": annotation.drawn,
        "strategy": strategy,
        **provenance,
    }
