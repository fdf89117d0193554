"""The results of an ablation on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from ste_plugin.ablation.results import OVERALL, CellResult, Difference, MeanScore
from ste_plugin.report import SECTIONS


def results_table(results: Sequence[CellResult], title: str) -> Table:
    """One row for each cell, benchmark and iteration."""
    names = _names(results)
    table = Table(
        title=Text(title),
        caption="official scores, 0-100: mean over seeds ± standard error over seeds and pairs together "
        "(over seeds alone, over pairs alone)",
    )
    _columns(table, ("cell", "benchmark"), ("iteration", "seeds", *names, "examples"))
    for result in results:
        table.add_row(
            Text(result.cell),
            Text(result.benchmark),
            str(result.iteration) if result.iteration else "0 (seed)",
            str(len(result.seeds)),
            *(_mean(result.scores.get(name)) for name in names),
            "" if result.examples is None else f"{result.examples:.0f}",
        )
    return table


def differences_table(differences: Sequence[Difference]) -> Table:
    """One row for each cell but the first of those with this benchmark."""
    names = _names(differences)
    table = Table(
        title=Text("last iteration, points better than the first cell"),
        caption="paired by pair and seed; ± standard error over seeds and pairs together (over seeds alone, over pairs "
        "alone); *: the 95 % interval leaves out 0 (one comparison at a time, not corrected for their number)",
    )
    _columns(table, ("cell", "than", "benchmark"), ("iteration", "seeds", *names))
    for one in differences:
        own, other = one.iterations
        iteration = str(own) if own == other else f"{own} against {other}"
        cells = (_mean(one.scores.get(name), "+") + _star(one.scores.get(name)) for name in names)
        table.add_row(Text(one.cell), Text(one.than), Text(one.benchmark), iteration, str(len(one.seeds)), *cells)
    return table


def _names(results: Sequence[CellResult] | Sequence[Difference]) -> list[str]:
    return [OVERALL, *(s for s in SECTIONS if any(s in result.scores for result in results))]


def _columns(table: Table, left: Sequence[str], right: Sequence[str]) -> None:
    for heading in left:
        table.add_column(heading, no_wrap=True)
    for heading in right:
        table.add_column(heading, justify="right", no_wrap=True)


def _mean(score: MeanScore | None, sign: str = "") -> str:
    if score is None:
        return ""
    return f"{score.value:{sign}.1f} ± {_error(score.joint)} ({_error(score.over_seeds)}, {_error(score.over_pairs)})"


def _star(score: MeanScore | None) -> str:
    return "*" if score is not None and score.interval is not None and score.interval[0] * score.interval[1] > 0 else ""


def _error(value: float | None) -> str:
    return "?" if value is None else f"{value:.1f}"
