"""A whole file of recorded judge answers through `ste_plugin.rescoring`, in constant memory."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from ste_plugin import jsonl, rescore_report
from ste_plugin.errors import UserError
from ste_plugin.field_path import FieldPath
from ste_plugin.judge_prompt import JudgePrompt
from ste_plugin.rescore_report import Dispute
from ste_plugin.rescore_tally import Tally
from ste_plugin.rescoring import (
    OrderPaths,
    Parse,
    RescoreFields,
    UnknownDecisionError,
    read_decisions,
    rescore_row,
)
from ste_plugin.row_stream import stream_rows
from ste_plugin.verdict_formats import read_format
from ste_plugin.verdicts import Rule, parse_verdict

MOST_GROUPS = 1000
MOST_WARNINGS = 10


@dataclass(frozen=True, slots=True)
class Options:
    """What `ste rescore` was called with; texts as they were typed."""

    file: Path
    text: str
    gold: str | None = None
    published: str | None = None
    prompt: str | None = None
    verdict_format: str | None = None
    rule: Rule | None = None
    ties: bool | None = None
    stop_reason: str | None = None
    quoted: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    by: str | None = None
    swapped: bool = False
    labels: tuple[str, ...] = ()
    skip: bool = False
    kept_disputes: int = 0
    show_disputes: bool = False
    disputes: Path | None = None
    as_json: bool = False


@dataclass(slots=True)
class Rescoring:
    """What has come of a file so far. `skipped` counts lines that could not be read, `kept` holds some disputes."""

    total: Tally = field(default_factory=Tally)
    groups: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    skipped: int = 0
    first_skipped: str = ""
    kept: list[Dispute] = field(default_factory=list)


def run(options: Options) -> None:
    """Rescore the file and print the result.

    Raises:
        UserError: the options do not fit together, the file cannot be read, or it holds nothing to rescore.
    """
    fields, parse = _fields(options), _parser(options)
    wanted = [_condition(text) for text in options.where]
    result = Rescoring()
    disputes = _disputes(options, fields, parse, wanted, result)
    if options.disputes is not None:
        jsonl.write_rows(options.disputes, (dispute.to_row() for dispute in disputes))
    else:
        for _ in disputes:
            pass
    if result.total.rows == 0:
        if result.skipped:
            raise UserError(f"{options.file}: not one of {result.skipped} rows could be read; {result.first_skipped}")
        missing = " with " + " and ".join(options.where) if options.where else ""
        raise UserError(f"{options.file}: holds no rows{missing}; nothing to rescore")
    _print(options, result)


def _fields(options: Options) -> RescoreFields:
    text = OrderPaths.read(options.text)
    if len(text.paths) == 2 and options.swapped:
        raise UserError("--swapped is for one answer a row; --text has one for each order")
    if (options.show_disputes or options.disputes is not None) and options.published is None:
        raise UserError("a dispute is with what was published: give --published FIELD")
    both = {"--published": options.published, "--stop-reason": options.stop_reason}
    for name, path in both.items():
        if path is not None and len(OrderPaths.read(path).paths) > len(text.paths):
            raise UserError(f"{name} has a path for each order, --text has one; write {{...|...}} in both")
    return RescoreFields(
        text=text,
        gold=FieldPath.read(options.gold) if options.gold is not None else None,
        published=OrderPaths.read(options.published) if options.published is not None else None,
        stop_reason=OrderPaths.read(options.stop_reason) if options.stop_reason is not None else None,
        quoted=tuple(map(FieldPath.read, options.quoted)),
        group=FieldPath.read(options.by) if options.by is not None else None,
        swapped=options.swapped,
        decisions=read_decisions(list(options.labels)),
    )


def _parser(options: Options) -> Parse:
    if (options.prompt is None) == (options.verdict_format is None):
        raise UserError("say how verdicts are written: either --prompt NAME or --verdict-format SPEC")
    if options.prompt is not None:
        prompt = JudgePrompt.load(options.prompt)
        format, ties, rule = prompt.verdict_format, prompt.ties, prompt.rule
    else:
        try:
            format = read_format(options.verdict_format or "")
        except UserError as error:
            raise UserError(f"--verdict-format is {error}") from None
        ties, rule = format.has_ties, "last"
    rule = options.rule or rule
    if rule != "last" and not format.has_tokens:
        raise UserError(f"--rule {rule} looks for literal tokens, the format '{format.name}' has none; use last")
    return partial(parse_verdict, format=format, ties=ties if options.ties is None else options.ties, rule=rule)


def _condition(text: str) -> tuple[FieldPath, str]:
    """FIELD=VALUE; a field may have "=" in its name, a value may not."""
    name, equals, value = text.rpartition("=")
    if not equals:
        raise UserError(f"--where {text}: should be FIELD=VALUE")
    return FieldPath.read(name.strip()), value.strip()


def _disputes(
    options: Options, fields: RescoreFields, parse: Parse, wanted: list[tuple[FieldPath, str]], result: Rescoring
) -> Iterator[Dispute]:
    """Adds every row to `result` on the way."""
    path = options.file
    with _progress(path) as watched:
        for line, row in stream_rows(path, watched):
            try:
                if isinstance(row, UserError):
                    raise row
                where = f"{path}:{line}"
                if any(_value(field.get(row, where)) != value for field, value in wanted):
                    continue
                rescored = rescore_row(row, where, fields, parse)
            except UnknownDecisionError:
                raise
            except UserError as error:
                if not options.skip:
                    raise UserError(f"{error} (--on-error skip leaves such rows out and counts them)") from None
                _skip(error, result)
                continue
            if rescored.group not in result.groups and len(result.groups) >= MOST_GROUPS:
                raise UserError(
                    f"{where}: --by {options.by} has more than {MOST_GROUPS} values; group by another field"
                )
            result.total.add(rescored, fields)
            result.groups[rescored.group].add(rescored, fields)
            if fields.published is None:
                continue
            for answer in rescored.answers:
                if answer.disputed:
                    dispute = Dispute(line, answer, rescored)
                    if len(result.kept) < options.kept_disputes:
                        result.kept.append(dispute)
                    yield dispute


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _skip(error: UserError, result: Rescoring) -> None:
    result.first_skipped = result.first_skipped or str(error)
    result.skipped += 1
    if result.skipped <= MOST_WARNINGS:
        print(f"ste: skipped: {error}", file=sys.stderr)
    elif result.skipped == MOST_WARNINGS + 1:
        print("ste: further skipped rows are counted, not shown", file=sys.stderr)


@contextmanager
def _progress(path: Path) -> Iterator[Any]:
    """A bar on stderr for as long as the file is read, where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:

        def watched(file: BinaryIO) -> BinaryIO:
            size = path.stat().st_size
            return progress.wrap_file(file, total=size, description=path.name)

        yield watched


def _print(options: Options, result: Rescoring) -> None:
    groups = dict(sorted(result.groups.items()))
    if options.as_json:
        whole = {"file": str(options.file), "skipped": result.skipped, **result.total.to_json()}
        if options.by is not None:
            whole["groups"] = {name: tally.to_json() for name, tally in groups.items()}
        if options.show_disputes:
            whole["shown_disputes"] = [dispute.to_row() for dispute in result.kept]
        print(json.dumps(whole))
        return
    console = rescore_report.report_console()
    rescore_report.print_tallies(groups if options.by is not None else {}, result.total, console)
    if result.skipped:
        console.print(f"skipped: {result.skipped} rows that could not be read, counted nowhere else")
    if options.published is not None:
        rescore_report.print_dispute_counts(result.total, console)
    if options.show_disputes:
        rescore_report.print_disputes(result.kept, result.total, console)
