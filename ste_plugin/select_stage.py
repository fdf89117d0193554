"""The stage "select", free of a harness: its candidates, and the rows of those that it picks (paper section 3.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ste_plugin.dry_run import dry_run
from ste_plugin.errors import UserError
from ste_plugin.instructions import Instruction, load_instructions
from ste_plugin.model_request import Steps
from ste_plugin.recipe import Recipe
from ste_plugin.selection import InstructionLabel, SourceCaps, Unlabelled, balanced, sample
from ste_plugin.selection import label as label_steps
from ste_plugin.text_prompt import TextPrompt


def candidates(recipe: Recipe) -> list[Instruction]:
    """The instructions that are looked at; with `select.method` "sample" they are what is selected.

    Raises UserError: a source that cannot be read, or none of its instructions is short enough.
    """
    chosen = recipe.select
    loaded = load_instructions(chosen.source)
    caps = SourceCaps(chosen.source_cap, chosen.source_caps)
    caps.check_sources(loaded, chosen.source)
    if chosen.method == "sample":
        over = chosen.balanced_keys
        if "category" in over and not any("category" in instruction.meta for instruction in loaded):
            raise UserError(
                f"select.balance_over: no row of '{chosen.source}' has a field 'category'; set select.method to 'llm'"
            )
        found = sample(loaded, chosen.limit, recipe.seed, chosen.max_chars, over=over, caps=caps)
    else:
        found = sample(loaded, chosen.candidates or 4 * chosen.limit, recipe.seed, chosen.max_chars)
    if not found:
        raise UserError(
            f"'{chosen.source}': no instruction of at most {chosen.max_chars} characters; raise select.max_chars"
        )
    steps = labelling(recipe)
    if steps is not None:
        for one in found:
            dry_run(steps(one))
    return found


def labelling(recipe: Recipe) -> Callable[[Instruction], Steps[InstructionLabel | Unlabelled]] | None:
    """What gives the steps that label a candidate; None with `select.method` "sample". Raises UserError."""
    if recipe.select.method == "sample":
        return None
    prompt = TextPrompt.load(recipe.select.prompt)
    return lambda instruction: label_steps(instruction, prompt, recipe.select.max_tokens)


def selected_rows(
    found: Sequence[Instruction], labels: Mapping[str, InstructionLabel | Unlabelled], recipe: Recipe
) -> list[dict[str, Any]]:
    """The selected ones of the candidates `found`, with all fields of their rows and their labels, which replace fields
    of the same names. Raises UserError where there is none."""
    settings = recipe.select
    chosen = list(found)
    if settings.method == "llm":
        chosen = balanced(
            chosen,
            labels,
            limit=settings.limit,
            categories=settings.categories,
            complexity=settings.complexity,
            keep_unlabelled=settings.keep_unlabelled,
            lengths=settings.lengths,
            over=settings.balanced_keys,
            caps=SourceCaps(settings.source_cap, settings.source_caps),
        )
    if not chosen:
        raise UserError(
            f"no instruction of '{settings.source}' passes the selection; widen select.categories, "
            "select.complexity or select.max_chars"
        )
    rows: list[dict[str, Any]] = []
    for instruction in chosen:
        row: dict[str, Any] = {"id": instruction.id, "instruction": instruction.text, "source": instruction.source}
        row |= instruction.meta  # strategies read fields of it, such as "safety"
        found_label = labels.get(instruction.id)
        if isinstance(found_label, InstructionLabel):
            row |= {
                "category": found_label.category,
                "complexity": found_label.complexity,
                "length": found_label.length,
            }
        rows.append(row)
    return rows
