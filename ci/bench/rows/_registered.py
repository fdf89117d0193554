"""What the rows of the registered tasks share: the pairs as a file, the task's options, and the texts of its rows.

One greedy judgment: with more draws the tasks take a vote, which stops when it is decided, so it is other work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from judging_work import Item, Texts, Work

from ste_plugin import jsonl


def engine_limits(work: Work) -> dict[str, Any]:
    return {"dtype": work.dtype, "max_rows": work.batch, "max_prefill_tokens": work.prefill_tokens}


def write_pairs(items: list[Item], folder: str) -> str:
    """The file of the pairs that `items` show in both orders."""
    file = Path(folder, "pairs.jsonl")
    jsonl.write_rows(file, {item.pair["id"]: item.pair for item in items}.values())
    return str(file)


def task_options(work: Work, dataset: str) -> dict[str, Any]:
    return {"dataset": dataset, "prompt": work.prompt, "order": "both", "max_tokens": work.max_tokens}


def texts_of(items: list[Item], judged: Iterable[tuple[str, Mapping[str, Any]]]) -> Texts:
    """The judgments of `items` among `judged`: (id of a pair, its row in one order)."""
    found = {f"{pair}-{row['order']}": [one["text"] for one in row["judgments"]] for pair, row in judged}
    return [found[item.id] for item in items]
