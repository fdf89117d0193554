"""The files that training reads: byte by byte those that were written when all rows were still held in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

from ste_plugin import jsonl
from ste_plugin.errors import UserError
from ste_plugin.model_request import derive_seed
from ste_plugin.recipe import Recipe
from ste_plugin.train_stage import prepare_training

RECORDED = Path(__file__).with_name("curated_files.json")
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "unbalanced": {"curate": {"balance": False, "validation_share": 0.3}},
    "both orders": {"curate": {"both_orders": True, "validation_share": 0.25}},
    "both orders, unbalanced": {"curate": {"both_orders": True, "balance": False}},
    "without pairs": {"pairs": False, "curate": {"validation_share": 0.2}},
    "no validation": {"curate": {"validation_share": 0}},
    "another seed": {"seed": 7, "curate": {"validation_share": 0.5}},
}
NUMBER = 60


def chance(*parts: object) -> float:
    return derive_seed(*parts) / 2**63


def pair_id(number: int) -> str:
    return f"p{number}" + ("\u2028ü" if number % 7 == 0 else "\ud800" if number % 11 == 0 else "")


def pair_rows() -> Iterator[dict[str, Any]]:
    for number in range(NUMBER):
        yield {
            "id": pair_id(number),
            "prompt": f"request {number // 3}",
            "chosen": "good",
            "rejected": "bad",
            "subset": ("neighbor", "modified_instruction")[number % 2],
        }


def annotation_rows() -> Iterator[dict[str, Any]]:
    """Accepted more often in one order than in the other; some pairs in one order only, some orders twice."""
    for number in sorted(range(NUMBER), key=lambda number: derive_seed("place", number)):
        for order, label, share in (("chosen_first", "A", 0.9), ("rejected_first", "B", 0.6)):
            for again in range(1 + (number % 13 == 0)):
                if chance("left out", number, order) < 0.1:
                    continue
                accepted = chance("accepted", number, order, again) < share
                verdict = {"label": label, "reason": None}
                text = f"{number} {order} {again} \u2028 [[{label}]]"
                yield {
                    "pair_id": pair_id(number),
                    "order": order,
                    "accepted": {"text": text, "verdict": verdict, "forced": number % 5 == 0, "tokens": 9}
                    if accepted
                    else None,
                    "drawn": 1 + number % 4,
                    "generated": 4,
                    "tokens": 36,
                    "prompt_tokens": 100,
                    "outcomes": {"chosen": int(accepted)},
                    "shortened": False,
                    "messages": [{"role": "user", "content": f"which is better, {number} {order}?"}],
                }


def written(folder: Path, settings: dict[str, Any], suffix: str = "") -> dict[str, Any]:
    """Counts, the digest of each file and the examples in it, in their order."""
    annotations, pairs = folder / f"annotations.jsonl{suffix}", folder / f"pairs.jsonl{suffix}"
    jsonl.write_rows(annotations, annotation_rows())
    jsonl.write_rows(pairs, pair_rows())
    recipe = Recipe.model_validate({"name": "x", "curate": settings.get("curate", {})})
    job, curated = prepare_training(
        recipe,
        annotations=annotations,
        pairs=pairs if settings.get("pairs", True) else None,
        start=str(folder),
        out=folder / "judge",
        seed=settings.get("seed", 0),
        judge="ste/seed",
    )
    found: dict[str, Any] = {"counts": dict(curated.counts)}
    for name, path, rows in (("train", job.train, curated.train), ("validation", job.validation, curated.validation)):
        jsonl.write_rows(path, rows)
        # the prompts' hash changes with every release of the prompts
        content = path.read_bytes().replace(rows_hash(path), b"HASH")
        found[name] = {
            "digest": blake2b(content, digest_size=8).hexdigest(),
            "examples": " ".join(f"{row['pair_id'][1:].rstrip()}{row['verdict']}" for _, row in jsonl.read_rows(path)),
        }
    return found


def rows_hash(path: Path) -> bytes:
    return next((str(row["prompt_hash"]).encode() for _, row in jsonl.read_rows(path)), b"-")


@pytest.mark.parametrize("name", SETTINGS)
def test_the_files_are_those_of_before(name: str, tmp_path: Path) -> None:
    expected = json.loads(RECORDED.read_text(encoding="utf-8"))[name]
    assert written(tmp_path, SETTINGS[name]) == expected
    assert expected["train"]["examples"]


def test_a_curriculum_needs_the_pairs_strategies(tmp_path: Path) -> None:
    jsonl.write_rows(tmp_path / "annotations.jsonl", annotation_rows())
    recipe = Recipe.model_validate({"name": "x", "train": {"curriculum": [["neighbor"]]}})
    with pytest.raises(UserError, match="-T pairs=FILE"):
        prepare_training(
            recipe,
            annotations=tmp_path / "annotations.jsonl",
            pairs=None,
            start=str(tmp_path),
            out=tmp_path / "judge",
            seed=0,
            judge="ste/seed",
        )
