"""A quality report on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ste_plugin.quality.check import MIXTURE
from ste_plugin.quality.probes import PROBES

_WIDEST = 10_000


def print_quality(report: Mapping[str, Any], title: str) -> None:
    """Print counts and probes of a report as `ste_plugin.quality.check.quality_report` makes it."""
    tables = [counts_table(report)]
    if "probes" in report:
        tables.append(probe_table(report))
        if len(report["mixture_within"]) > 1:
            tables.append(within_table(report))
    measuring = Console(width=_WIDEST)
    width = max(Console().width, *(measuring.measure(table).maximum for table in tables))
    console = Console(width=width, markup=False, highlight=False, soft_wrap=True)
    console.print(title)
    for table in tables:
        console.print(table, soft_wrap=False)
    for line in remarks(report):
        console.print(line)


def counts_table(report: Mapping[str, Any]) -> Table:
    """Pairs kept and dropped, a column for each reason that occurred, a row for each strategy."""
    reasons = list(report["dropped"])
    table = Table()
    table.add_column("strategy", no_wrap=True)
    for heading in ("pairs", "kept", *reasons):
        table.add_column(heading, justify="right", no_wrap=True)
    for strategy, counts in report["strategies"].items():
        table.add_row(Text(strategy), *(str(counts.get(name, 0) or "") for name in ("pairs", "kept", *reasons)))
    table.add_section()
    table.add_row("all", str(report["pairs"]), str(report["kept"]), *(str(report["dropped"][r]) for r in reasons))
    return table


def probe_table(report: Mapping[str, Any]) -> Table:
    """Accuracy of every probe, a column for each strategy; the mixture, which is what is trained on, comes last."""
    probes: Mapping[str, Mapping[str, Any]] = report["probes"]
    strategies = [name for name in probes if name != MIXTURE]
    before = report.get("probes_before")
    table = Table(
        title="shortcut probes",
        caption="% of unseen pairs in which a rule that does not judge names the chosen response; 50 is chance",
    )
    table.add_column("probe", no_wrap=True)
    for strategy in strategies:
        table.add_column(Text(strategy), justify="right", no_wrap=True)
    if before is not None:
        table.add_column("mixture before", justify="right", no_wrap=True)
    table.add_column(MIXTURE, justify="right", no_wrap=True)
    for name in PROBES:
        cells = [_cell(probes[strategy].get(name)) for strategy in strategies]
        if before is not None:
            cells.append(_cell(before.get(name)))
        mark = "*" if name in report["beating"] else ""
        table.add_row(name, *cells, _cell(probes[MIXTURE].get(name)) + mark)
    table.add_section()
    sizes = [_size(probes[strategy]) for strategy in strategies]
    table.add_row("pairs", *sizes, *([_size(before)] if before is not None else []), _size(probes[MIXTURE]))
    return table


def within_table(report: Mapping[str, Any]) -> Table:
    """How often the mixture's probes are right about each strategy's pairs: what cancels is above 50 in one column and
    below in another."""
    within: Mapping[str, Mapping[str, float]] = report["mixture_within"]
    table = Table(
        title="the mixture's rules, strategy by strategy",
        caption="% of unseen pairs; a rule that is right here and wrong there cancels",
    )
    table.add_column("probe", no_wrap=True)
    for strategy in within:
        table.add_column(Text(strategy), justify="right", no_wrap=True)
    for name in PROBES:
        if all(name in own for own in within.values()):
            table.add_row(name, *(f"{own[name]:.1f}" for own in within.values()))
    return table


def remarks(report: Mapping[str, Any]) -> list[str]:
    """What does not fit a table: benchmarks compared with, and the check of the labels."""
    lines = []
    shared = report["contamination"]
    overlaps = list(shared["overlaps"].values())
    for benchmark, nearest in shared["nearest"].items():
        found = [overlap["how"] for overlap in overlaps if overlap["benchmark"] == benchmark]
        kinds = ", ".join(f"{found.count(how)} {how}" for how in ("exact", "ngram", "similar"))
        lines.append(
            f"against {benchmark}: {kinds}; nearest prompt of what is left: cosine {nearest:.2f}; "
            f"{shared['shared_responses'][benchmark]} pairs share a run of words with its responses (kept)"
        )
    if not shared["nearest"]:
        lines.append("compared with no benchmark")
    if "labels" in report:
        lines.append(_label_line(report["labels"]))
    return lines


def _label_line(labels: Mapping[str, Any]) -> str:
    line = (
        f"labels, by the judge in both orders of {labels['pairs']} pairs: {labels['confirmed']:.1f} % confirmed, "
        f"{labels['contradicted']:.1f} % contradicted, {labels['inconsistent']:.1f} % named differently in the two "
        f"orders, {labels['undecided']} pairs undecided; "
    )
    if labels["wrong"] is None:
        return (
            line + "by that the judge may as well guess: nothing is known of wrong labels, and no pair dropped for it"
        )
    return line + f"estimated share of wrong labels {labels['wrong']:.1f} ± {labels['wrong_stderr']:.1f} %"


def _cell(result: Mapping[str, float] | None) -> str:
    return "" if result is None else f"{result['accuracy']:.1f} ± {result['stderr']:.1f}"


def _size(results: Mapping[str, Mapping[str, float]]) -> str:
    first = next(iter(results.values()), None)
    return "" if first is None else str(first["pairs"])
