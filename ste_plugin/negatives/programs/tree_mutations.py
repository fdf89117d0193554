"""Mutations of programs in other languages, by their syntax trees (tree-sitter; extra `code`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from ste_plugin.errors import UserError
from ste_plugin.negatives.programs.sample_code import holds_tests, shows_a_sample

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

GRAMMARS = {"cpp": "tree_sitter_cpp", "go": "tree_sitter_go", "java": "tree_sitter_java",
            "javascript": "tree_sitter_javascript", "rust": "tree_sitter_rust"}  # fmt: skip
NAMES = {"c++": "cpp", "c": "cpp", "cc": "cpp", "golang": "go", "js": "javascript", "jsx": "javascript", "rs": "rust"}

SWAPS = {
    "<": ("<=", ">"), "<=": ("<", ">="), ">": (">=", "<"), ">=": (">", "<="), "==": ("!=",), "!=": ("==",),
    "===": ("!==",), "!==": ("===",), "&&": ("||",), "||": ("&&",), "+": ("-",), "-": ("+",), "*": ("+",), "/": ("*",),
    "%": ("/",), "+=": ("-=",), "-=": ("+=",), "*=": ("+=",), "++": ("--",), "--": ("++",),
}  # fmt: skip
KINDS = {"<": "comparison", ">": "comparison", "=": "comparison", "!": "comparison", "&": "boolean", "|": "boolean"}
PARENTS = frozenset(
    [
        "binary_expression",
        "update_expression",
        "assignment_expression",
        "augmented_assignment_expression",
        "inc_statement",
        "dec_statement",
        "assignment_statement",
        "compound_assignment_expr",
    ]
)
NUMBERS = frozenset(["number", "number_literal", "int_literal", "integer_literal", "decimal_integer_literal"])
LITERALS = {"true": "false", "false": "true"}
FUNCTIONS = frozenset(
    [
        "function_definition",
        "function_declaration",
        "generator_function_declaration",
        "function_item",
        "method_declaration",
        "method_definition",
        "constructor_declaration",
    ]
)
UNNAMED = frozenset(["arrow_function", "function_expression"])
"""Functions where they get a name (the field that holds it); as an argument one belongs to the call."""
NAMED_BY = {
    "variable_declarator": "name",
    "assignment_expression": "left",
    "pair": "key",
    "field_definition": "property",
}
CONTAINERS = frozenset(["class_declaration", "class_specifier", "mod_item"])
Place = Literal["function", "sample", "outside"]


@dataclass(frozen=True, slots=True)
class Edit:
    """Bytes `start` to `end` become `new`."""

    kind: str
    start: int
    end: int
    new: str

    def applied(self, code: str) -> str:
        """`code` with the edit."""
        data = code.encode()
        return (data[: self.start] + self.new.encode() + data[self.end :]).decode()


def known_language(name: str) -> str | None:
    """The grammar's name for what a code block says it is; None for a language without one."""
    name = NAMES.get(name.lower(), name.lower())
    return name if name in GRAMMARS else None


@cache
def parser(language: str) -> Parser:
    """Raises UserError where the extra is not installed."""
    try:
        tree_sitter = import_module("tree_sitter")
        grammar = import_module(GRAMMARS[language])
    except ImportError as error:
        raise UserError(
            f"mutated_code on {language} needs the extra 'code' ({error.name} is missing); run: pip install 'ste[code]'"
        ) from None
    made: Parser = tree_sitter.Parser(tree_sitter.Language(grammar.language()))
    return made


def tree_mutations(code: str, language: str) -> list[Edit]:
    """All single edits of functions, in the order of the source; none for code that does not parse.

    Where a function is defined, code outside of functions is left alone, and so are `main` and tests where another one
    is: they show a sample. Comments and texts are left alone, too. Every edit leaves code that parses, to another tree.
    What it does is not known: nothing is run.
    """
    root = parser(language).parse(code.encode()).root_node
    if root.has_error:
        return []
    found: dict[Place, list[Edit]] = {"outside": []}
    _collect(root, "outside", found)
    edits = found.get("function", found.get("sample", found["outside"]))
    return [edit for edit in edits if not parser(language).parse(edit.applied(code).encode()).root_node.has_error]


def _collect(node: Node, place: Place, found: dict[Place, list[Edit]]) -> None:
    """Add the edits of `node` by where they stand; a place is there once a function of its kind is."""
    place = _place_within(node, place)
    if _is_function(node):
        found.setdefault(place, [])
    edits = found.get(place, found["outside"])
    text = (node.text or b"").decode()
    parent = node.parent.type if node.parent is not None else ""
    if not node.is_named and text in SWAPS and parent in PARENTS:
        for new in SWAPS[text]:
            kind = "operator" if text in ("<<", ">>") else KINDS.get(text[0], "operator")
            edits.append(Edit(kind, node.start_byte, node.end_byte, new))
    elif node.type in NUMBERS and re.fullmatch(r"\d{1,9}", text):
        edits += [
            Edit("value", node.start_byte, node.end_byte, str(int(text) + d)) for d in (1, -1) if int(text) + d >= 0
        ]
    elif node.type in LITERALS or (node.type == "boolean_literal" and text in LITERALS):
        edits.append(Edit("value", node.start_byte, node.end_byte, LITERALS[text]))
    else:
        for child in node.children:
            _collect(child, place, found)


def _place_within(node: Node, place: Place) -> Place:
    if place == "sample" or (node.type in CONTAINERS and holds_tests(_name(node))):
        return "sample"
    if place == "outside" and _is_function(node):
        return "sample" if shows_a_sample(_name(node)) else "function"
    return place


def _is_function(node: Node) -> bool:
    named = node.parent is not None and node.parent.type in NAMED_BY
    return node.type in FUNCTIONS or (node.type in UNNAMED and named)


def _name(node: Node) -> str:
    """What a function or container is called; "" for none."""
    if node.type in UNNAMED and node.parent is not None:
        named = node.parent.child_by_field_name(NAMED_BY[node.parent.type])
    else:
        inner = node
        while (deeper := inner.child_by_field_name("declarator")) is not None:  # C++: of a pointer to a function ...
            inner = deeper
        named = inner.child_by_field_name("name") or (inner if inner is not node else None)
    return (named.text or b"").decode() if named is not None else ""
