"""A saved baseline: one judge's outcomes on a benchmark in a small file that can be reviewed and versioned.

One JSON object, one line a pair:

    {"ste_baseline": 1, "name", "judge", "origins": [...], "figures": {...},
     "benchmarks": {"NAME": {"revision", "order_policy", "subsets": [[name, section, weight, prompt hash], ...]}},
     "pairs": {"NAME": [[key, subset number, cluster, outcome, chosen_chars, rejected_chars], ...]}}

Ids and clusters are hashed. An outcome is a letter for each order, chosen first before rejected first: A, B, T (tie),
U (unparsed), in lower case where the verdict was forced, - where the order was not shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ste_plugin import jsonl
from ste_plugin.errors import UserError
from ste_plugin.fingerprint import file_fingerprint
from ste_plugin.gate.judge_results import Entry, JudgeResults, Origin, hashed
from ste_plugin.gate.limits import table_of
from ste_plugin.pairs import ORDERS
from ste_plugin.result_rows import ORDER_POLICIES, ResultRow
from ste_plugin.scoring import OrderResult
from ste_plugin.table import Kind as TableKind
from ste_plugin.validation import first_fault
from ste_plugin.verdicts import Label, Verdict

VERSION = 1
VERSION_KEY = "ste_baseline"
UNKNOWN_REASON = "saved"
"""Reason of an unparsed verdict that was read from a baseline; the file does not keep reasons."""

_FIGURES: tuple[TableKind, ...] = ("official", "stderr", "strict", "parse_rate", "consistency", "verdict_a")
_LETTERS: Mapping[Label, str] = {"A": "A", "B": "B", "TIE": "T", "UNPARSED": "U"}
_LABELS: Mapping[str, Label] = {letter: label for label, letter in _LETTERS.items()}
_OPENING = re.compile(rf'\s*\{{\s*"{VERSION_KEY}"\s*:')  # a formatter may have laid the file out anew
_OUTCOME = re.compile(r"[ABTUabtu-]{2}")


class _About(BaseModel):
    revision: Any
    order_policy: Any
    subsets: list[tuple[Any, Any, Any, Any]]


class _Head(BaseModel):
    """What of a baseline is checked before its pairs are read one by one."""

    benchmarks: dict[str, _About]
    pairs: dict[str, list[Any]]
    figures: dict[str, float] = {}
    origins: list[dict[str, Any]] = []


def is_baseline(path: Path) -> bool:
    """Whether the file opens like a saved baseline."""
    try:
        with path.open(encoding="utf-8") as file:
            return _OPENING.match(file.read(200)) is not None
    except (OSError, UnicodeDecodeError):
        return False


def baseline_text(results: JudgeResults, name: str, judge: str, figures: Mapping[str, float]) -> str:
    """The file for `results`: the same results give the same text. The entries have to be comparable
    (`ste_plugin.gate.alignment.own_faults`)."""
    benchmarks: dict[str, Any] = {}
    lines: dict[str, list[str]] = {}
    for entry in sorted(results.entries, key=lambda entry: (entry.row.benchmark, entry.row.subset, entry.key)):
        row = entry.row
        about = benchmarks.setdefault(
            row.benchmark,
            {
                "revision": row.revision,
                "order_policy": row.order_policy,
                "subsets": [],
            },
        )
        subset = [row.subset, row.section, row.subset_weight, row.prompt_hash]
        if subset not in about["subsets"]:
            about["subsets"].append(subset)
        values = [
            entry.key,
            about["subsets"].index(subset),
            row.cluster if _is_hashed(entry) or not row.cluster else hashed(row.cluster),
            _outcome(row),
            row.chosen_chars,
            row.rejected_chars,
        ]
        lines.setdefault(row.benchmark, []).append("   " + json.dumps(values))
    head = {
        VERSION_KEY: VERSION,
        "name": name,
        "judge": judge,
        "origins": [
            # the file's name without its folder: the folder is that of the machine that saved it
            {"file": Path(origin.path).name, "created": origin.created, "fingerprint": origin.fingerprint}
            for origin in results.origins
        ],
        "figures": {key: round(value, 2) for key, value in figures.items()},
        "benchmarks": benchmarks,
    }
    opening = _short_lists(json.dumps(head, indent=1, ensure_ascii=False)).removesuffix("\n}")
    pairs = ",\n".join(f"  {json.dumps(key)}: [\n" + ",\n".join(rows) + "\n  ]" for key, rows in lines.items())
    return f'{opening},\n "pairs": {{\n{pairs}\n }}\n}}\n'


def _short_lists(text: str) -> str:
    """JSON with each innermost list on a line of its own instead of one line an item."""
    return re.sub(r"\[\n[^][{}]*\]", lambda found: json.dumps(json.loads(found[0]), ensure_ascii=False), text)


def figures(results: JudgeResults) -> dict[str, float]:
    """What a reviewer wants to see of a judge: by "BENCHMARK/FIGURE/PLACE", 0-100."""
    rows: dict[str, list[ResultRow]] = {}
    for entry in results.entries:
        rows.setdefault(entry.row.benchmark, []).append(entry.row)
    found = {}
    for benchmark, own in sorted(rows.items()):
        table = table_of(own)
        for kind in _FIGURES:
            for place, value in table.metrics(kind).items():
                if place == "overall" or (kind == "official" and place.startswith("section/")):
                    found[f"{benchmark}/{kind}/{place.removeprefix('section/')}"] = value
    return found


def baseline_head(path: Path) -> dict[str, Any]:
    """Everything but the pairs, and "counts": pairs by benchmark. Raises UserError for a file that is none."""
    content = _content(path)
    pairs = content["pairs"]
    return {**{k: v for k, v in content.items() if k != "pairs"}, "counts": {k: len(v) for k, v in pairs.items()}}


def read_baseline(path: Path) -> JudgeResults:
    """The results in a saved baseline. Raises UserError where a part is missing or malformed."""
    content = _content(path)
    benchmarks = content["benchmarks"]
    entries: list[Entry] = []
    for name, rows in content["pairs"].items():
        here = f"{path}: benchmark '{name}'"
        about = jsonl.field(benchmarks, name, dict, f"{path}: field 'benchmarks'")
        for number, values in enumerate(rows, start=1):
            entries.append(_entry(name, about, values, f"{here}, pair {number}"))
    origins = tuple(
        Origin(str(path), "baseline", str(content.get("judge", "")), str(origin.get("created", "")), print_)
        for origin in content.get("origins", [])[:1] or [{}]
        for print_ in [file_fingerprint(path)]
    )
    return JudgeResults(tuple(entries), origins)


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; see: ste baseline list") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: cannot be read as a baseline ({error}); save it again") from None
    if not isinstance(content, dict) or VERSION_KEY not in content:
        raise UserError(f"{path}: no saved baseline; make one with: ste baseline save")
    if content[VERSION_KEY] != VERSION:
        raise UserError(
            f"{path}: field '{VERSION_KEY}' is {content[VERSION_KEY]}, this version of ste reads {VERSION};"
            " save the baseline again or install the version that wrote it"
        )
    try:
        _Head.model_validate(content)
    except ValidationError as error:
        raise UserError(f"{path}: {first_fault(error)}; save the baseline again") from None
    return content


def _entry(benchmark: str, about: Mapping[str, Any], values: Any, where: str) -> Entry:
    try:
        key, number, cluster, outcome, chosen, rejected = values
        subset, section, weight, prompt_hash = about["subsets"][number]
        if not _OUTCOME.fullmatch(outcome) or about["order_policy"] not in ORDER_POLICIES:
            raise ValueError(f"outcome {outcome!r}")
        row = ResultRow(
            pair_id=key,
            benchmark=benchmark,
            revision=about["revision"],
            subset=subset,
            section=section,
            subset_weight=weight,
            cluster=cluster,
            prompt_hash=prompt_hash,
            order_policy=about["order_policy"],
            chosen_chars=chosen,
            rejected_chars=rejected,
            results=_results(outcome),
        )
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise UserError(f"{where}: malformed ({error}); save the baseline again") from None
    return Entry(key, row, where)


def _outcome(row: ResultRow) -> str:
    letters = dict.fromkeys(ORDERS, "-")
    for result in row.results:
        letter = _LETTERS[result.verdict.label]
        letters[result.order] = letter.lower() if result.forced else letter
    return "".join(letters.values())


def _results(outcome: str) -> tuple[OrderResult, ...]:
    results = []
    for order, letter in zip(ORDERS, outcome, strict=True):
        if letter == "-":
            continue
        label = _LABELS[letter.upper()]
        verdict = Verdict(label, UNKNOWN_REASON if label == "UNPARSED" else None)
        results.append(OrderResult(order, verdict, letter.islower()))
    return tuple(results)


def _is_hashed(entry: Entry) -> bool:
    return entry.row.pair_id == entry.key
