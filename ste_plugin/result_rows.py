"""The result row: what a judge made of one pair, as every output of `ste` holds it.

The same JSON object is a line of a per-pair JSONL file, the metadata of a pair's score in an Inspect log, and the
value of `SAMPLE_KEY` in a sample of lm-eval:

    {"pair_id", "benchmark", "revision", "subset", "section", "subset_weight", "cluster", "prompt_hash",
     "order_policy", "chosen_chars", "rejected_chars",
     "orders": [{"order", "verdict": {"label", "reason"}, "forced"}]}

Further keys are allowed everywhere. Two of them leave a row out of all figures, see `counts`; the others are ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, get_args

from ste_plugin import jsonl
from ste_plugin.errors import UserError
from ste_plugin.pairs import ORDERS, Pair
from ste_plugin.scoring import OrderResult, PairResult
from ste_plugin.verdicts import Label, Verdict

OrderPolicy = Literal["both", "single"]
ORDER_POLICIES: tuple[OrderPolicy, ...] = get_args(OrderPolicy)
LABELS: tuple[Label, ...] = get_args(Label)
SAMPLE_KEY = "ste_result"


@dataclass(frozen=True, slots=True)
class BenchmarkContent:
    """What a benchmark's pairs are and how they are added up.

    Attributes:
        benchmark: its name.
        revision: names the content: a hub commit, or `content_revision` of the pairs.
        sections: section of a subset; a subset without one has none.
        weights: weight (> 0) of a subset within its section; one without any weighs as many pairs as it has.
    """

    benchmark: str
    revision: str
    sections: Mapping[str, str] = field(default_factory=dict, hash=False)
    weights: Mapping[str, float] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One judged pair.

    Attributes:
        pair_id: not empty.
        benchmark, revision: see `BenchmarkContent`.
        subset: or "".
        section: the part of the benchmark that the subset belongs to; None where it has no sections.
        subset_weight: of the subset within its section, > 0; None: as many pairs as it has.
        cluster: pairs of one source prompt share it; "": the pair is a cluster of its own.
        prompt_hash: of the judge's prompt (`JudgePrompt.hash`).
        order_policy: "both": two results, one an order; "single": one.
        chosen_chars, rejected_chars: characters of the responses, all turns together, >= 0.
        results: the verdicts.

    Raises:
        ValueError: the results are not those of the order policy, or a number is out of range.
    """

    pair_id: str
    benchmark: str
    revision: str
    subset: str
    section: str | None
    cluster: str
    prompt_hash: str
    order_policy: OrderPolicy
    chosen_chars: int
    rejected_chars: int
    results: tuple[OrderResult, ...]
    subset_weight: float | None = None

    def __post_init__(self) -> None:
        if not self.pair_id:
            raise ValueError("field 'pair_id' is empty")
        orders = [result.order for result in self.results]
        if self.order_policy == "both" and sorted(orders) != sorted(ORDERS):
            raise ValueError(f"field 'orders' should hold each order once (order_policy 'both'), holds {orders}")
        if self.order_policy == "single" and len(orders) != 1:
            raise ValueError(f"field 'orders' should hold one order (order_policy 'single'), holds {orders}")
        for name, number in (("chosen_chars", self.chosen_chars), ("rejected_chars", self.rejected_chars)):
            if number < 0:
                raise ValueError(f"field '{name}' should be at least 0, is {number}")
        if self.subset_weight is not None and not 0 < self.subset_weight < float("inf"):
            raise ValueError(f"field 'subset_weight' should be above 0, is {self.subset_weight}")

    @property
    def pair_result(self) -> PairResult:
        """What the scores of a table are made from."""
        return PairResult(self.pair_id, self.subset, self.cluster, self.results)


def content_revision(pairs: Iterable[Pair]) -> str:
    """16 hex digits over ids and texts of `pairs`, whatever their order: another text is another revision."""
    digests = sorted(_pair_digest(pair) for pair in pairs)
    return blake2b(b"".join(digests), digest_size=8).hexdigest()


def result_row(
    pair: Pair,
    content: BenchmarkContent,
    prompt_hash: str,
    order_policy: OrderPolicy,
    results: Sequence[OrderResult],
) -> ResultRow:
    """The row of a judged pair. Raises ValueError as `ResultRow`."""
    return ResultRow(
        pair_id=pair.id,
        benchmark=content.benchmark,
        revision=content.revision,
        subset=pair.subset,
        section=content.sections.get(pair.subset),
        subset_weight=content.weights.get(pair.subset),
        cluster=pair.cluster,
        prompt_hash=prompt_hash,
        order_policy=order_policy,
        chosen_chars=sum(map(len, pair.chosen)),
        rejected_chars=sum(map(len, pair.rejected)),
        results=tuple(results),
    )


def result_row_to_json(row: ResultRow, orders: Sequence[Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """The JSON object that `result_row_from_json` reads back as an equal row.

    `orders`: rows of `ste_plugin.stage_rows.judged_to_row` with more about each order, written instead of the
    bare results; they have to be the same results.
    """
    if orders is None:
        orders = [
            {
                "order": result.order,
                "verdict": {"label": result.verdict.label, "reason": result.verdict.reason},
                "forced": result.forced,
            }
            for result in row.results
        ]
    return {
        "pair_id": row.pair_id,
        "benchmark": row.benchmark,
        "revision": row.revision,
        "subset": row.subset,
        "section": row.section,
        "subset_weight": row.subset_weight,
        "cluster": row.cluster,
        "prompt_hash": row.prompt_hash,
        "order_policy": row.order_policy,
        "chosen_chars": row.chosen_chars,
        "rejected_chars": row.rejected_chars,
        "orders": [dict(order) for order in orders],
    }


def result_row_from_json(row: Mapping[str, Any], where: str) -> ResultRow:
    """Read a result row; `where` (say ``FILE:LINE``) opens every error message.

    Raises:
        UserError: a field is missing or malformed, or the fields do not fit together.
    """
    policy = jsonl.field(row, "order_policy", str, where)
    if policy not in ORDER_POLICIES:
        raise UserError(f"{where}: field 'order_policy' should be 'both' or 'single', is '{policy}'")
    results = tuple(
        _order_result(order, f"{where}: field 'orders', entry {number}")
        for number, order in enumerate(jsonl.field(row, "orders", list, where), start=1)
    )
    try:
        return ResultRow(
            pair_id=jsonl.field(row, "pair_id", str, where),
            benchmark=jsonl.field(row, "benchmark", str, where),
            revision=jsonl.field(row, "revision", str, where),
            subset=jsonl.field(row, "subset", str, where),
            section=None if row.get("section") is None else jsonl.field(row, "section", str, where),
            subset_weight=None if row.get("subset_weight") is None else jsonl.field(row, "subset_weight", float, where),
            cluster=jsonl.field(row, "cluster", str, where),
            prompt_hash=jsonl.field(row, "prompt_hash", str, where),
            order_policy=policy,
            chosen_chars=jsonl.field(row, "chosen_chars", int, where),
            rejected_chars=jsonl.field(row, "rejected_chars", int, where),
            results=results,
        )
    except ValueError as error:
        raise UserError(f"{where}: {error}") from None


def counts(row: Mapping[str, Any]) -> bool:
    """Whether a log's figures count the pair of a result row.

    They leave out what was skipped ("skipped": it did not fit the judge's context, overlong=skip), and pairs that are
    level: some benchmarks have them and say so in "pair_meta"; which response is called chosen means nothing there.
    """
    meta = row.get("pair_meta")
    level = isinstance(meta, Mapping) and meta.get("level")
    return not level and not row.get("skipped")


def read_result_rows(path: Path) -> Iterator[tuple[int, ResultRow]]:
    """Yield (line number, row) of a JSON-lines file. A line is a row, or an object that has one at `SAMPLE_KEY`.

    Raises:
        UserError: the file cannot be read, or as `result_row_from_json`.
    """
    for line, row in jsonl.read_rows(path):
        where = f"{path}:{line}"
        if SAMPLE_KEY in row:
            yield line, result_row_from_json(jsonl.field(row, SAMPLE_KEY, dict, where), f"{where}: '{SAMPLE_KEY}'")
        else:
            yield line, result_row_from_json(row, where)


def write_result_rows(path: Path, rows: Iterable[ResultRow]) -> None:
    """Write a JSON-lines file, whole or not at all. Raises UserError when the disk refuses."""
    jsonl.write_rows(path, (result_row_to_json(row) for row in rows))


def _order_result(value: Any, where: str) -> OrderResult:
    if not isinstance(value, dict):
        raise UserError(f"{where} should be an object, is {type(value).__name__}")
    order = jsonl.field(value, "order", str, where)
    if order not in ORDERS:
        raise UserError(f"{where}: field 'order' should be one of {', '.join(ORDERS)}, is '{order}'")
    verdict = jsonl.field(value, "verdict", dict, where)
    label = jsonl.field(verdict, "label", str, f"{where}: field 'verdict'")
    if label not in LABELS:
        raise UserError(f"{where}: field 'label' should be one of {', '.join(LABELS)}, is '{label}'")
    reason = verdict.get("reason")
    if reason is not None and not isinstance(reason, str):
        raise UserError(f"{where}: field 'reason' should be a string or null, is {type(reason).__name__}")
    forced = jsonl.field(value, "forced", bool, where)
    try:
        return OrderResult(order, Verdict(label, reason), forced)
    except ValueError as error:
        raise UserError(f"{where}: {error}") from None


def _pair_digest(pair: Pair) -> bytes:
    prompt = [part for message in pair.prompt for part in (message.role, message.content)]
    # The numbers of parts keep a text from wandering unseen from one field into the next.
    parts = [pair.id, str(len(pair.prompt)), *prompt, str(pair.turns), *pair.chosen, *pair.rejected]
    digest = blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.digest()
