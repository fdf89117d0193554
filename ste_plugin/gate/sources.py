"""Finds a judge's results in files and folders: Inspect logs, lm-eval samples, per-pair JSONL, saved baselines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ste_plugin import jsonl
from ste_plugin.errors import UserError
from ste_plugin.fingerprint import file_fingerprint
from ste_plugin.gate.baseline_file import is_baseline, read_baseline
from ste_plugin.gate.inspect_logs import read_inspect_log
from ste_plugin.gate.judge_results import Entry, JudgeResults, Kind, Origin, pair_key
from ste_plugin.result_rows import SAMPLE_KEY, counts, result_row_from_json

_ROWS = (".jsonl", ".jsonl.gz")


def read_results(paths: Sequence[Path], log_url: str | None = None) -> JudgeResults:
    """All results of one judge in `paths`: files, or folders that are searched to their depths.

    Of a folder, files without judged pairs are skipped (logs and rows are named in `skipped`); a file that is named
    itself must have some.

    Raises:
        UserError: nothing there, or a file that cannot be read or holds a malformed row.
    """
    parts: list[JudgeResults] = []
    skipped: list[str] = []
    for path in paths:
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if file.is_file() and _looks_right(file))
            before = len(parts)
            for file in found:
                part = _read_file(file, log_url)
                if part is None:
                    if file.suffix != ".json":  # what lies beside logs: results of lm-eval, manifests
                        skipped.append(str(file))
                else:
                    parts.append(part)
            if len(parts) == before:
                raise UserError(f"{path}: no file in this folder holds judged pairs of ste; name another one")
        else:
            named = _read_file(path, log_url)
            if named is None:
                raise UserError(f"{path}: holds no judged pairs of ste; name the log of a benchmark run")
            parts.append(named)
    return JudgeResults(
        tuple(entry for part in parts for entry in part.entries),
        tuple(origin for part in parts for origin in part.origins),
        tuple(fault for part in parts for fault in part.faults),
        tuple(skipped),
    )


def _looks_right(file: Path) -> bool:
    return file.name.endswith((".eval", ".json", *_ROWS)) and not file.name.startswith(".")


def _read_file(path: Path, log_url: str | None) -> JudgeResults | None:
    if not path.exists():
        raise UserError(f"{path}: no such file or folder; check the path")
    if path.suffix == ".eval":
        return read_inspect_log(path, log_url)
    if path.name.endswith(_ROWS):
        return _read_rows(path)
    if path.suffix == ".json":
        if is_baseline(path):
            return read_baseline(path)
        return read_inspect_log(path, log_url) if _is_inspect_json(path) else None
    raise UserError(f"{path}: neither an Inspect log (.eval, .json) nor .jsonl; name one of these or a folder")


def _is_inspect_json(path: Path) -> bool:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and isinstance(content.get("eval"), dict) and "samples" in content


def _read_rows(path: Path) -> JudgeResults | None:
    """Per-pair rows of `ste`, or samples of lm-eval; None where no line is one."""
    entries = []
    kind: Kind = "rows"
    others: list[int] = []
    for line, content in jsonl.read_rows(path):
        where = f"{path}:{line}"
        if SAMPLE_KEY in content:
            kind = "lm-eval"
            found, here = jsonl.field(content, SAMPLE_KEY, dict, where), f"{where}: '{SAMPLE_KEY}'"
        elif "order_policy" in content or ("prompt_hash" in content and "orders" in content):
            found, here = content, where
        else:
            others.append(line)
            continue
        if not counts(found):
            continue
        row = result_row_from_json(found, here)
        entries.append(Entry(pair_key(row.benchmark, row.pair_id), row, where, where))
    if not entries:
        return None
    faults: tuple[str, ...] = ()
    if others:
        faults = (f"{path}:{others[0]}: {len(others)} of {len(others) + len(entries)} lines are no result rows",)
    judge, created = _about_samples(path) if kind == "lm-eval" else ("", "")
    return JudgeResults(tuple(entries), (Origin(str(path), kind, judge, created, file_fingerprint(path)),), faults)


def _about_samples(path: Path) -> tuple[str, str]:
    """(model, time) of an lm-eval run, from the results file beside its samples; the folder's name serves else."""
    stamp = path.name.removesuffix(".jsonl").rsplit("_", 1)[-1]
    results = path.with_name(f"results_{stamp}.json")
    try:
        content = json.loads(results.read_text(encoding="utf-8"))
        return str(content.get("model_name") or path.parent.name), stamp
    except (OSError, ValueError, AttributeError):
        return path.parent.name, stamp
