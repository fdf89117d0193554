"""The tables of the comparison."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from judging_work import Work
from report_files import machine, markdown_table, median_range, write_report

ROWS = {
    "transformers_loop": "transformers.generate, batch by batch",
    "inspect_hf": "Inspect, its own hf/",
    "lm_eval_hf": "lm-eval, its own hf",
    "vllm_offline": "vLLM as a library",
    "vllm_inspect": "Inspect, its own vllm/",
    "ste_engine": "ste, engine alone",
    "ste_inspect": "ste under Inspect",
    "ste_lm_eval": "ste under lm-eval",
    "ste_task_inspect": "ste's task under Inspect",
    "ste_task_lm_eval": "ste's task under lm-eval",
}
OVER_THE_ENGINE = ("ste_inspect", "ste_lm_eval", "ste_task_inspect", "ste_task_lm_eval")
GREEDY_ONLY = ("ste_task_inspect", "ste_task_lm_eval")
"""With more draws the registered tasks take a vote, which stops when it is decided: other work."""
Runs = dict[tuple[str, int], dict[str, Any]]
"""By row and repetition."""


def report(runs: list[dict[str, Any]], works: dict[str, Work], out: Path, kind: str, missing: list[str]) -> None:
    """Write `out`/compare.md and .json. `runs` are of `works` alone; `kind` of clock is "wall" or "cpu"."""
    clock = f"{kind}_s"
    good = [run for run in runs if "error" not in run]
    sections = []
    for name, work in works.items():
        mine = {(run["row"], run["repetition"]): run for run in good if run["setting"] == name}
        rows = [row for row in ROWS if any(key[0] == row for key in mine)]
        on_gpu = any(run["gpu_peak_mib"] for run in mine.values())
        head = ["", "pairs/s", "tokens/s", "tokens", "x transformers", "x hf/", "x lm-eval hf", "peak MiB", "first s"]
        head += ["peak MiB on the GPU"] if on_gpu else []
        head += ["same texts"] if name == "greedy" else []
        table = []
        for row in rows:
            own = [run for (other, _), run in mine.items() if other == row]
            cells = [
                ROWS[row],
                median_range([run["judged_pairs"] / run[clock] for run in own], 3),
                median_range([run["tokens"] / run[clock] for run in own], 0),
                str(round(statistics.median(run["tokens"] for run in own))),
                *[ratio(mine, row, base, clock) for base in ("transformers_loop", "inspect_hf", "lm_eval_hf")],
                median_range([run["peak_mib"] for run in own], 0),
                median_range([run["first_verdict_s"] for run in own], 1),
            ]
            if on_gpu:
                cells.append(median_range([run["gpu_peak_mib"] for run in own if run["gpu_peak_mib"]], 0))
            if name == "greedy":
                cells.append(agreement(mine, row))
            table.append(cells)
        text = f"## {name}: {shape(work)}\n\n{markdown_table(head, table)}"
        lines = [f"{ROWS[row]}: {overhead(mine, row, clock)}" for row in OVER_THE_ENGINE if row in rows]
        if "ste_engine" in rows and lines:
            text += "\n\nOver the engine alone, % of its time: " + "; ".join(lines)
        requests = len(work.items) * work.draws
        if "inspect_hf" in rows:
            text += (
                "\n\nInspect's hf/ looks for its results once a second, which is part of its time"
                + (", and waits 2 s for company as its last batch is not full" if requests % work.batch else "")
                + f" ({requests} requests, batches of {work.batch})."
            )
        sections.append(text)
    failed = sorted({f"{ROWS[run['row']]} ({run['setting']}): {run['error']}" for run in runs if "error" in run})
    measured = {run["row"] for run in good}
    notes = [
        f"Time is {'wall-clock' if kind == 'wall' else 'CPU'} time of judging, without loading. Median "
        "(lowest to highest) over the repetitions; ratios within a repetition. 'first s': from the start of the "
        "process to a first verdict, loading included. 'tokens': of the texts that came back, counted by the model's "
        "tokenizer. 'peak MiB': the peaks of the process and of those that it has running, added up. 'same texts': "
        "judgments that equal plain transformers' word "
        "for word; with bfloat16 rounding depends on the batch, with --dtype float32 it hardly does.",
        *[f"Only greedy: {ROWS[row]}; a vote stops when it is decided." for row in GREEDY_ONLY if row in measured],
        "Reading a verdict, which only ste's tasks do, takes "
        f"{median_range([run['parse_ms'] for run in good], 3)} ms a judgment (not part of the other rows' time).",
        *[f"Left out, not installed: {ROWS[row]}." for row in missing],
        *[f"Failed: {line}." for line in failed],
    ]
    versions: dict[str, str] = {}
    for run in good:
        versions |= run["versions"]
    loads = [run["load_average"][0] for run in good] or [0.0]
    about = machine() | {"load when a run began": f"{min(loads)} to {max(loads)}"}
    facts = {"machine": about, "versions": versions, "clock": kind, "runs": runs}
    write_report(out, "compare", "Ways to judge, side by side", [*sections, *notes], facts)


def shape(work: Work) -> str:
    """What was done, in short."""
    return (
        f"{Path(work.model).name} {work.dtype}, prompt {work.prompt}, {len(work.items) // 2} pairs in both orders x "
        f"{work.draws} draws x {work.max_tokens} tokens, batch {work.batch}, {work.threads} threads"
    )


def ratio(mine: Runs, row: str, base: str, clock: str) -> str:
    """Pairs per second of `row` over those of `base`."""
    values = [
        mine[base, repetition][clock] / run[clock]
        for (other, repetition), run in mine.items()
        if other == row and (base, repetition) in mine
    ]
    return median_range(values)


def overhead(mine: Runs, row: str, clock: str) -> str:
    values = [
        100 * (run[clock] / mine["ste_engine", repetition][clock] - 1)
        for (other, repetition), run in mine.items()
        if other == row and ("ste_engine", repetition) in mine
    ]
    return median_range(values, 1)


def agreement(mine: Runs, row: str) -> str:
    runs = [run for (other, _), run in mine.items() if other == row]
    base = [run for (other, _), run in mine.items() if other == "transformers_loop"]
    if not base:
        return "-"
    pairs = list(zip(runs[0]["texts"], base[0]["texts"], strict=True))
    return f"{sum(a == b for a, b in pairs)} of {len(pairs)}"
