"""A mutant of the code in a response."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from ste_plugin.draws import Draws
from ste_plugin.negatives.programs.behaviour import compare
from ste_plugin.negatives.programs.code_blocks import CodeBlock, code_blocks
from ste_plugin.negatives.programs.python_mutations import defines, mutations, of_functions
from ste_plugin.negatives.programs.tree_mutations import known_language, tree_mutations

TRIES = 6
"""Mutants that are run before a response is given up."""
PYTHON = ("python", "py", "python3", "")
"""A block that names no language may be anything: it counts as Python where it defines a function or class."""
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
"""No code, a lone surrogate, a null byte, or more levels than a parser or a walk over its tree goes down."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A response's text with mutated code. `checked` says how the change is known: "run" or "syntax tree"."""

    text: str
    language: str
    mutation: str
    checked: str


def mutant_of(text: str, draws: Draws, run: bool) -> tuple[str, Mutant] | str:
    """(`text`, its mutant), or why there is none: "no_code", "no_mutation", "same_behaviour".

    Python is taken apart by its own parser and, if `run`, both programs are run; where the original does not run by
    itself or varies from run to run, and in other languages, the difference of the syntax trees has to do. Only
    functions are changed where there are any, not the samples they are called on. The first text is `text` with the
    code written as the mutant's is, so that layout does not tell them apart. Raises UserError as
    `tree_mutations.parser`.
    """
    blocks = code_blocks(text)
    if not blocks:
        return "no_code"
    reason = "no_code"
    for block in draws.shuffled(blocks):
        try:
            found = _python(text, block, draws, run) if block.language in PYTHON else _other(text, block, draws)
        except UNREADABLE:
            continue
        if not isinstance(found, str):
            return found
        reason = found if found != "no_code" else reason
    return reason


def _python(text: str, block: CodeBlock, draws: Draws, run: bool) -> tuple[str, Mutant] | str:
    tree = ast.parse(block.code)
    if not block.language and not defines(tree):
        return "no_code"
    original = ast.unparse(tree) + "\n"
    changes = of_functions(tree, mutations(tree))
    reason = "no_mutation"
    for change in draws.shuffled(changes)[:TRIES]:
        code = ast.unparse(change.applied(tree)) + "\n"
        try:
            ast.parse(code)
        except SyntaxError:
            continue
        outcome = compare(original, code) if run else "failed"
        if outcome == "alike":
            reason = "same_behaviour"
            continue
        checked = "run" if outcome == "differ" else "syntax tree"
        mutant = Mutant(block.replaced_in(text, code), "python", change.kind, checked)
        return block.replaced_in(text, original), mutant
    return reason


def _other(text: str, block: CodeBlock, draws: Draws) -> tuple[str, Mutant] | str:
    language = known_language(block.language)
    if language is None:
        return "no_code"
    edits = tree_mutations(block.code, language)
    if not edits:
        return "no_mutation"
    edit = draws.pick(edits)
    return text, Mutant(block.replaced_in(text, edit.applied(block.code)), language, edit.kind, "syntax tree")
