"""Small changes to a Python syntax tree, of the kinds that people make by mistake."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ste_plugin.negatives.programs.sample_code import holds_tests, shows_a_sample

Path = tuple[tuple[str, int | None], ...]
"""The way from the root to a node: (field, position in it, or None where the field is no list)."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """What changes: `new` stands in the place of the node at `path`, or the statement there is gone (None)."""

    kind: str
    path: Path
    new: ast.AST | None

    def applied(self, tree: ast.Module) -> ast.Module:
        """`tree` with the change; `tree` itself stays as it is."""
        result = copy.deepcopy(tree)
        node: ast.AST = result
        for field, position in self.path[:-1]:
            child = getattr(node, field)
            node = child if position is None else child[position]
        field, position = self.path[-1]
        if position is None:
            setattr(node, field, copy.deepcopy(self.new))
        elif self.new is None:
            del getattr(node, field)[position]
        else:
            getattr(node, field)[position] = copy.deepcopy(self.new)
        return ast.fix_missing_locations(result)


COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add,),
    ast.FloorDiv: (ast.Mod, ast.Sub),
    ast.Div: (ast.Mult,),
    ast.Mod: (ast.FloorDiv, ast.Sub),
}
CALLS = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "isupper": "islower",
    "islower": "isupper",
    "isdigit": "isalpha",
    "isalpha": "isdigit",
    "upper": "lower",
    "lower": "upper",
    "append": "remove",
}
STATEMENTS = (ast.AugAssign, ast.If, ast.Break, ast.Continue, ast.Expr)
"""Statements that can be left out without leaving a name undefined."""
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def mutations(tree: ast.Module, types: Mapping[str, str] | None = None) -> list[Mutation]:
    """All single changes, in the order of the source.

    `types` gives the type of each name; names of one type are mixed up, and whole numbers returned off by one, where it
    is given. What a change does is not looked at: some have no effect, some break the program.
    """
    found = [change for path, node in _nodes(tree, ()) for change in _changes(path, node, types or {})]
    return [change for change in found if change.new is not None or _has_siblings(tree, change.path)]


def of_functions(tree: ast.Module, changes: Iterable[Mutation]) -> list[Mutation]:
    """Those of `changes` within the functions and classes that `tree` defines at the top; all in a script, which
    defines none.

    What stands beside them calls them on a sample or prints it, and another sample is as right as the first. So do a
    function without parameters, tests and `main`: they count only where nothing else is defined.
    """
    defined = [n for n, statement in enumerate(tree.body) if isinstance(statement, DEFINITIONS)]
    wanted = [n for n in defined if not _only_shows(tree.body[n])] or defined or range(len(tree.body))
    return [change for change in changes if change.path[:1] and change.path[0][1] in wanted]


def defines(tree: ast.Module) -> bool:
    """Whether a function or class is defined at the top."""
    return any(isinstance(statement, DEFINITIONS) for statement in tree.body)


def _only_shows(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.ClassDef):
        return holds_tests(statement.name)
    assert isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef))
    given = statement.args
    parameters = (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg)
    return shows_a_sample(statement.name) or not any(parameters)


def _has_siblings(tree: ast.Module, path: Path) -> bool:
    """Whether a block would still hold a statement without the one at `path`."""
    node: ast.AST = tree
    for field, position in path[:-1]:
        child = getattr(node, field)
        node = child if position is None else child[position]
    return len(getattr(node, path[-1][0])) > 1


def _nodes(node: ast.AST, path: Path) -> Iterator[tuple[Path, ast.AST]]:
    yield path, node
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "args") and not isinstance(node, ast.Call):
            continue  # a signature is not changed
        if isinstance(value, ast.AST):
            yield from _nodes(value, (*path, (field, None)))
        elif isinstance(value, list):
            for position, child in enumerate(value):
                if isinstance(child, ast.AST):
                    yield from _nodes(child, (*path, (field, position)))


def _changes(path: Path, node: ast.AST, types: Mapping[str, str]) -> Iterator[Mutation]:
    if isinstance(node, ast.Compare):
        for position, op in enumerate(node.ops):
            for other in COMPARISONS.get(type(op), ()):
                yield Mutation("comparison", (*path, ("ops", position)), other())
    elif isinstance(node, (ast.BinOp, ast.AugAssign)):
        text = isinstance(node, ast.BinOp) and any(_is_text(side) for side in (node.left, node.right))
        for operator in () if text else OPERATORS.get(type(node.op), ()):
            yield Mutation("operator", (*path, ("op", None)), operator())
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.FloorDiv)):
            yield Mutation("operand order", path, ast.BinOp(node.right, node.op, node.left))
    elif isinstance(node, ast.BoolOp):
        yield Mutation("boolean", (*path, ("op", None)), ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield Mutation("boolean", path, node.operand)
    elif isinstance(node, ast.Constant):
        yield from _other_values(path, node)
    elif isinstance(node, ast.Call):
        yield from _other_calls(path, node)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in types:
        for name in types:
            if name != node.id and types[name] == types[node.id]:
                yield Mutation("variable", path, ast.Name(name, ast.Load()))
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Name) and types.get(node.value.id) == "int":
        yield Mutation("excess", path, ast.Return(ast.BinOp(node.value, ast.Add(), ast.Constant(1))))
    if isinstance(node, STATEMENTS) and path[-1][1] is not None and not _is_docstring(node):
        yield Mutation("missing", path, None)


def _other_values(path: Path, node: ast.Constant) -> Iterator[Mutation]:
    value = node.value
    if isinstance(value, bool):
        yield Mutation("value", path, ast.Constant(not value))
    elif isinstance(value, int):
        yield Mutation("value", path, ast.Constant(value + 1))
        if value > 0:
            yield Mutation("value", path, ast.Constant(value - 1))
    elif isinstance(value, str) and 2 < len(value) < 30 and path[-1][0] != "value":
        yield Mutation("value", path, ast.Constant(value[:-1]))


def _other_calls(path: Path, node: ast.Call) -> Iterator[Mutation]:
    if isinstance(node.func, ast.Name):
        name = node.func.id
        if name in CALLS:
            yield Mutation("function", (*path, ("func", None)), ast.Name(CALLS[name], ast.Load()))
        if name == "range" and len(node.args) <= 2:
            last = len(node.args) - 1
            for operator in (ast.Add(), ast.Sub()):
                stop = ast.BinOp(node.args[last], operator, ast.Constant(1))
                yield Mutation("range", (*path, ("args", last)), stop)
    elif isinstance(node.func, ast.Attribute) and node.func.attr in CALLS and node.func.attr != "append":
        other = ast.Attribute(node.func.value, CALLS[node.func.attr], ast.Load())
        yield Mutation("function", (*path, ("func", None)), other)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
