"""Built-in items of `mutated_code`: a task, a function that does it, and the same function with one mutation."""

from __future__ import annotations

import ast
import copy
from collections.abc import Sequence

from ste_plugin.draws import Draws
from ste_plugin.negatives.built_in import BuiltInItem
from ste_plugin.negatives.programs.arguments import cases
from ste_plugin.negatives.programs.composed import composed, twins
from ste_plugin.negatives.programs.interpreter import FailedRunError, run
from ste_plugin.negatives.programs.languages import GO, JAVA, JAVASCRIPT, LANGUAGES
from ste_plugin.negatives.programs.python_mutations import mutations
from ste_plugin.negatives.programs.seeds import SEEDS, Seed
from ste_plugin.negatives.programs.translation import in_camel_case, translated
from ste_plugin.negatives.programs.types import UntranslatableError, types_of

TARGETS = ("python", *LANGUAGES)
COMPOSED = 0.55
"""Share of the programs that are put together by code; the others are the written ones."""

TWINS = 0.35
"""Share of the tasks whose wrong function is right for another task: there the code alone does not tell."""

PARAMETERS = {
    "xs": ("xs", "numbers", "values", "items", "nums", "data", "arr", "seq"),
    "ys": ("ys", "others", "second", "more"),
    "s": ("s", "text", "word", "line", "message"),
    "n": ("n", "number", "value", "limit"),
    "k": ("k", "target", "wanted", "key"),
}
VARIABLES = {
    "count": ("count", "counter", "found", "hits"),
    "total": ("total", "acc", "sum_so_far", "amount"),
    "result": ("result", "out", "answer", "res"),
    "best": ("best", "top", "current_best"),
    "x": ("x", "item", "element", "v"),
    "c": ("c", "ch", "letter", "symbol"),
    "i": ("i", "index", "pos"),
    "j": ("j", "other_index"),
}
REQUESTS = (
    "Write a {language} function `{signature}` that {spec}.",
    "Please write a function in {language}, `{signature}`, which {spec}.",
    "Implement `{signature}` in {language}. It {spec}.",
    "I need a {language} function called `{name}` that {spec}. Its signature is `{signature}`.",
    "Complete the {language} function `{signature}`. It {spec}.",
    "{language}: `{signature}`\n\nThe function {spec}.",
)
FRAMES = ("{code}", "{fenced}", "{fenced}", "Here is the function:\n\n{fenced}", "```{fence}\n{code}\n```",
          "Sure, this does it:\n\n{fenced}", "{fenced}\n\nIt works on the examples that I tried.")  # fmt: skip


def built_in_program(draws: Draws) -> BuiltInItem | None:
    """A programming task with a right and a wrong function; None where no mutation shows, or a translation is missing.

    The mutant is told apart by running it: on at least one of its test cases it returns another value. Both functions
    are translated into the same language, so the texts differ in a few characters.
    """
    target = draws.pick(TARGETS)
    if draws.chance(TWINS):
        return _twin_program(draws, target)
    seed = composed(draws, target == "python") if draws.chance(COMPOSED) else draws.pick(SEEDS)
    tree, spec, domains = drawn(seed, draws)
    tests = cases(domains, draws)
    expected = [outcome(tree, arguments) for arguments in tests]
    if any(value is None for value in expected):
        return None
    try:
        types = types_of(function_of(tree)) if target != "python" or draws.chance(0.5) else {}
    except UntranslatableError:
        types = {}
    right = source(tree, target)
    changes = mutations(tree, types)
    by_kind: dict[str, list[int]] = {}
    for number, change in enumerate(changes):
        by_kind.setdefault(change.kind, []).append(number)
    kinds = draws.shuffled(sorted(by_kind))
    for kind in kinds:
        for number in draws.shuffled(by_kind[kind])[:4]:
            mutant = changes[number].applied(tree)
            failing = [n for n, a in enumerate(tests) if outcome(mutant, a) not in (None, expected[n])]
            wrong = source(mutant, target) if failing and right is not None else None
            if right is not None and wrong is not None and _plain(wrong) != _plain(right):
                facts = {"language": target, "mutation": kind, "fails": len(failing), "cases": len(tests)}
                facts["shows_on"] = _called(function_of(tree).name, tests[failing[0]])
                shown = [(tests[n], expected[n]) for n in draws.sample(range(4, len(tests)), 2)]
                return _item(draws, function_of(tree), target, spec, (right, wrong), shown, facts)
    return None


def _twin_program(draws: Draws, target: str) -> BuiltInItem | None:
    """The wrong function does what a neighbouring task asks for; which of the two is asked for is a fair coin."""
    first, second = draws.shuffled(twins(draws))
    chosen = names_and_values((first, second), Draws(draws.between(0, 2**40)))
    (tree, spec, domains), (other, _, _) = (named(seed, *chosen) for seed in (first, second))
    tests = cases(domains, draws)
    expected, given = ([outcome(program, arguments) for arguments in tests] for program in (tree, other))
    failing = [n for n, value in enumerate(given) if value != expected[n] and value is not None]
    right, wrong = source(tree, target), source(other, target)
    if not failing or None in expected or right is None or wrong is None or _plain(right) == _plain(wrong):
        return None
    facts = {"language": target, "mutation": "other task", "fails": len(failing), "cases": len(tests)}
    facts["shows_on"] = _called(function_of(tree).name, tests[failing[0]])
    shown = [(tests[n], expected[n]) for n in draws.sample(range(4, len(tests)), 2)]
    return _item(draws, function_of(tree), target, spec, (right, wrong), shown, facts)


def _called(name: str, arguments: list[object]) -> str:
    return f"{name}({', '.join(map(repr, arguments))})"


def _plain(code: str) -> str:
    return " ".join(code.split()).casefold()


def drawn(seed: Seed, draws: Draws) -> tuple[ast.Module, str, dict[str, str]]:
    """(program, specification, domains by parameter) with names and constants drawn."""
    return named(seed, *names_and_values((seed,), draws))


def names_and_values(seeds: Sequence[Seed], draws: Draws) -> tuple[dict[str, str], dict[str, int]]:
    """The new name of each name in any of the programs, and the value of each constant.

    Drawn for each program alone, they would part at the first name that only one of them has.
    """
    ends = {name: between for seed in seeds for name, between in seed.constants.items()}
    values = {name: draws.between(*between) for name, between in ends.items()}
    parameters = {name for seed in seeds for name in seed.domains}
    nodes = [node for seed in seeds for node in ast.walk(ast.parse(seed.source))]
    names = {node.id for node in nodes if isinstance(node, ast.Name)} | parameters
    renamed: dict[str, str] = {"f": draws.pick(seeds[0].names)}
    for name in sorted(names - set(values)):
        pool = PARAMETERS.get(name) if name in parameters else VARIABLES.get(name)
        free = [new for new in pool or (name,) if new not in renamed.values() and (new == name or new not in names)]
        renamed[name] = draws.pick(free or [name])
    return renamed, values


def named(seed: Seed, names: dict[str, str], values: dict[str, int]) -> tuple[ast.Module, str, dict[str, str]]:
    """As `drawn`, with these names and constants."""
    tree = _Renamed(names, values).visit(ast.parse(seed.source))
    spec = seed.spec.format(**{name: f"`{names[name]}`" for name in seed.domains}, **values)
    return ast.fix_missing_locations(tree), spec, {names[name]: domain for name, domain in seed.domains.items()}


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: dict[str, str], constants: dict[str, int]) -> None:
        self.names = names
        self.constants = constants

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.constants:
            return ast.Constant(self.constants[node.id])
        return ast.Name(self.names.get(node.id, node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.arg = self.names.get(node.arg, node.arg)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = self.names.get(node.name, node.name)
        annotations = [argument.annotation for argument in node.args.args], node.returns
        result = self.generic_visit(node)
        for argument, annotation in zip(node.args.args, annotations[0]):  # noqa: B905
            argument.annotation = annotation
        node.returns = annotations[1]
        return result


def function_of(tree: ast.Module) -> ast.FunctionDef:
    """The program's function."""
    function = tree.body[-1]
    assert isinstance(function, ast.FunctionDef)
    return function


def outcome(tree: ast.Module, arguments: list[object]) -> str | None:
    """What the program returns, as text; None where it fails."""
    try:
        return repr(run(tree, copy.deepcopy(arguments)))
    except FailedRunError:
        return None


def source(tree: ast.Module, target: str) -> str | None:
    """The program's text in `target`, or None."""
    if target == "python":
        return ast.unparse(tree).replace("'", '"')
    try:
        return translated(function_of(tree), LANGUAGES[target])
    except UntranslatableError:
        return None


def _item(
    draws: Draws,
    function: ast.FunctionDef,
    target: str,
    spec: str,
    sources: tuple[str, str],
    examples: list[tuple[list[object], str | None]],
    facts: dict[str, object],
) -> BuiltInItem:
    head = sources[0].splitlines()[0].rstrip("{: ").removeprefix("def ")
    language = "Python" if target == "python" else LANGUAGES[target].name
    name = function.name
    if target != "python" and LANGUAGES[target] in (GO, JAVA, JAVASCRIPT):
        name = in_camel_case(name)
    prompt = draws.pick(REQUESTS).format(language=language, signature=head, name=name, spec=spec)
    if draws.chance(0.5):
        lines = [f"{_called(name, arguments)} -> {value}" for arguments, value in examples]
        prompt += "\n\n" + draws.pick(("Examples:", "For example:", "Expected:")) + "\n" + "\n".join(lines)
    frame = draws.pick(FRAMES)
    texts = [frame.format(code=code, fence=target, fenced=f"```{target}\n{code}\n```") for code in sources]
    return BuiltInItem(prompt, texts[0], texts[1], facts)
