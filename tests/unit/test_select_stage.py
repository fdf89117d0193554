"""What the stage "select" hands on of a user's rows, to the stages that read it back from its file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ste_plugin.instructions import Instruction, load_instructions
from ste_plugin.recipe import Recipe
from ste_plugin.select_stage import candidates, selected_rows
from ste_plugin.selection import InstructionLabel
from ste_plugin.synthesis_plan import synthesis_plan

ROWS: list[dict[str, Any]] = [
    {"id": "a", "instruction": "Which plants grow in shade?", "safety": "harmful", "tags": ["garden", 3]},
    {"prompt": "Who painted the ceiling?", "source": "mine", "category": "art", "language": "en"},
    {"id": "c", "instruction": "Tell me of the tide.", "prompt": "not this one", "safety": "harmless"},
]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def source(tmp_path: Path) -> str:
    return str(write(tmp_path / "mine.jsonl", ROWS))


def recipe(source: str, **settings: Any) -> Recipe:
    return Recipe.model_validate({"name": "of a test", "select": {"source": source, **settings}})


def by_id(instructions: list[Instruction]) -> dict[str, Instruction]:
    return {instruction.id: instruction for instruction in instructions}


def test_the_fields_of_a_row_are_kept(source: str, tmp_path: Path) -> None:
    settings = recipe(source)
    rows = selected_rows(candidates(settings), {}, settings)
    again = load_instructions(write(tmp_path / "selected.jsonl", rows))
    before = load_instructions(source)
    assert by_id(again) == by_id(before)
    assert {one.id: one.meta for one in again} == {one.id: one.meta for one in before}


def test_a_rows_own_word_on_safety_reaches_the_strategies(source: str, tmp_path: Path) -> None:
    settings = recipe(source)
    rows = selected_rows(candidates(settings), {}, settings)
    selected = load_instructions(write(tmp_path / "selected.jsonl", rows))
    weights = {"unsafe_compliance": 1.0, "over_refusal": 1.0}
    plan = synthesis_plan(selected, weights, 6, 0, dict.fromkeys(weights, "instructions"))
    assert [(instruction.id, strategy) for instruction, strategy in plan] == [
        ("c", "over_refusal"),
        ("a", "unsafe_compliance"),
    ]


def test_a_models_label_replaces_the_rows_own(source: str) -> None:
    settings = recipe(source, method="llm")
    found = candidates(settings)
    rows = selected_rows(found, {one.id: InstructionLabel("advice", 2, "short") for one in found}, settings)
    assert {(row["category"], row["complexity"], row["length"]) for row in rows} == {("advice", 2, "short")}
    assert sorted(row.get("safety", "") for row in rows) == ["", "harmful", "harmless"]
