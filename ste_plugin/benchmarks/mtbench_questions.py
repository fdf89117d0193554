"""MT-Bench's 80 questions of two turns (Zheng et al. 2023, arXiv 2306.05685), and recorded answers to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ste_plugin import jsonl
from ste_plugin.benchmarks.source import HubDataset, file_rows
from ste_plugin.errors import UserError

DATASET = "HuggingFaceH4/mt_bench_prompts"
SPLIT = "train"
# Not a commit: which one holds the published rows could not be established offline. `load` checks the counts.
REVISION = "main"
QUESTIONS = 80
PER_CATEGORY = 10

TEMPERATURES: Mapping[str, float] = {
    "writing": 0.7,
    "roleplay": 0.7,
    "reasoning": 0.0,
    "math": 0.0,
    "coding": 0.0,
    "extraction": 0.0,
    "stem": 0.1,
    "humanities": 0.1,
}
"""At which a candidate answers, by category, as the publication's scripts have it."""
OTHER_TEMPERATURE = 0.7
"""At which it answers questions of any other category."""

WITH_REFERENCE = ("math", "reasoning", "coding")
"""Categories whose judge sees a reference answer."""

_REFERENCE_FIELDS = ("gpt4_reference", "reference", "author_reference")
TURNS = 2
CHOICE = "the path of a .jsonl file with the questions"


@dataclass(frozen=True, slots=True)
class Question:
    """Two user messages. `references` has an answer for each of them, or is empty where the judge is shown none."""

    id: str
    category: str
    turns: tuple[str, str]
    references: tuple[str, ...] = ()

    @property
    def temperature(self) -> float:
        """At which a candidate answers."""
        return TEMPERATURES.get(self.category, OTHER_TEMPERATURE)


def load(source: str, *, revision: str = REVISION) -> list[Question]:
    """The questions, in the order of their source.

    Args:
        source: "hub", or the path of a .jsonl or .jsonl.gz file. A row has `question_id` (or `prompt_id`),
            `category`, `turns` (or `prompt`) with two strings, and for the categories `WITH_REFERENCE` may have
            reference answers, the first of `gpt4_reference` (the publication's judge saw these), `reference` and
            `author_reference` that is a list of one string a turn. This reads FastChat's own file, too.

    Raises:
        UserError: the source cannot be read, a row is malformed, or an id occurs twice.
    """
    hub = HubDataset(DATASET, SPLIT, revision)
    from_hub = source == "hub"
    located = hub.rows(f"pass {CHOICE}") if from_hub else file_rows(source, f"'hub' or {CHOICE}")
    questions: dict[str, Question] = {}
    for where, row in located:
        question = _question(row, where)
        if question.id in questions:
            raise UserError(f"{where}: question '{question.id}' occurs twice; make the ids unique")
        questions[question.id] = question
    if not questions:
        raise UserError(f"{source}: holds no questions; give a file with one question a line")
    if from_hub and len(questions) != QUESTIONS:
        raise UserError(f"{hub}: holds {len(questions)} questions instead of {QUESTIONS}; pass a file")
    return list(questions.values())


def load_answers(source: str, model: str | None = None) -> dict[str, tuple[str, str]]:
    """Recorded answers by question id, say of a baseline.

    Args:
        source: a .jsonl or .jsonl.gz file; a row has `question_id` and `turns` (two strings), or FastChat's
            `choices` whose first one has them, and may have the name of the `model` (or `model_id`).
        model: whose answers to take from a file that has those of several.

    Raises:
        UserError: the file cannot be read, or it is not clear whose answers are meant.
    """
    path = Path(source).expanduser()
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for line, row in jsonl.read_rows(path):
        where = f"{path}:{line}"
        name = str(row.get("model", row.get("model_id", "")))
        holder = row
        if "choices" in row:
            choices = jsonl.field(row, "choices", list, where)
            if not choices or not isinstance(choices[0], dict):
                raise UserError(f"{where}: field 'choices' should hold an object with 'turns'")
            holder = choices[0]
        answers = found.setdefault(name, {})
        question = _id(row, where)
        if question in answers:
            raise UserError(f"{where}: a second answer of '{name}' to question '{question}'; keep one")
        answers[question] = _two_texts(holder, "turns", where)
    if model is None and len(found) > 1:
        raise UserError(f"{path}: holds answers of {len(found)} models; say which with baseline_model: {_names(found)}")
    if not found:
        raise UserError(f"{path}: holds no answers; give a file with one question's answers a line")
    if model is not None and model not in found:
        raise UserError(f"{path}: holds no answers of '{model}'; choose of {_names(found)}")
    return found[model] if model is not None else next(iter(found.values()))


def _names(found: Mapping[str, object]) -> str:
    return ", ".join(sorted(name or "(no name)" for name in found))


def _question(row: Mapping[str, Any], where: str) -> Question:
    category = jsonl.field(row, "category", str, where)
    turns = _two_texts(row, "turns" if "turns" in row else "prompt", where)
    return Question(_id(row, where), category, turns, _references(row, category, where))


def _id(row: Mapping[str, Any], where: str) -> str:
    for name in ("question_id", "prompt_id"):
        if isinstance(row.get(name), (int, str)) and not isinstance(row[name], bool):
            return str(row[name])
    raise UserError(f"{where}: field 'question_id' is missing, or neither a number nor a string")


def _references(row: Mapping[str, Any], category: str, where: str) -> tuple[str, ...]:
    if category not in WITH_REFERENCE:
        return ()
    for name in _REFERENCE_FIELDS:
        if row.get(name):
            return _two_texts(row, name, where)
    return ()


def _two_texts(row: Mapping[str, Any], name: str, where: str) -> tuple[str, str]:
    values = jsonl.field(row, name, list, where)
    if len(values) != TURNS or not all(isinstance(value, str) for value in values):
        raise UserError(f"{where}: field '{name}' should hold {TURNS} strings, one a turn")
    return values[0], values[1]
