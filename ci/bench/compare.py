"""Judged pairs per second of each way to judge with a small model: the same prompts, sampling and batch, interleaved.

    bash ci/bench/run.sh compare [--quick] [--out FOLDER] [--pairs N] [--rows a,b] [--settings greedy,draws15] ...

Every run is a process of its own; in each repetition the rows come in another order. Ratios are taken within a
repetition, so that a machine that is slower for a while slows both sides. What has been measured is in
FOLDER/compare-runs.jsonl and is not measured again; delete the file to start over.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from judging_work import Item, Work
from report_files import append_line, machine, markdown_table, median_range, read_lines, write_report

from ste_plugin.benchmarks import rewardbench
from ste_plugin.judge_prompt import JudgePrompt
from ste_plugin.model_folder import model_folder
from ste_plugin.pairs import ORDERS

HERE = Path(__file__).resolve().parent
ROWS = {
    "transformers_loop": "transformers.generate, batch by batch",
    "inspect_hf": "Inspect, its own hf/",
    "lm_eval_hf": "lm-eval, its own hf",
    "vllm_offline": "vLLM as a library",
    "vllm_inspect": "Inspect, its own vllm/",
    "ste_engine": "ste, engine alone",
    "ste_inspect": "ste under Inspect",
    "ste_lm_eval": "ste under lm-eval",
}
IN_VLLM_ENVIRONMENT = ("vllm_offline", "vllm_inspect")
OURS = ("ste_engine", "ste_inspect", "ste_lm_eval")


@dataclass(frozen=True)
class Setting:
    """One way of sampling."""

    draws: int
    temperature: float
    top_p: float


SETTINGS = {
    "greedy": Setting(1, 0.0, 1.0),
    "draws15": Setting(15, 0.7, 0.9),
    "draws32": Setting(32, 0.7, 0.9),
}


def main() -> None:
    options = parse()
    out = options.out
    out.mkdir(parents=True, exist_ok=True)
    runs = out / "compare-runs.jsonl"
    rows = [row for row in options.rows if available(row)]
    missing = [row for row in options.rows if row not in rows]
    if missing:
        print(f"left out, not installed: {', '.join(missing)}", file=sys.stderr)
    done = {
        (run["row"], run["setting"], run["repetition"], run["work"]) for run in read_lines(runs) if "error" not in run
    }
    works = {name: make_work(options, SETTINGS[name]) for name in options.settings}
    shapes = {name: shape(work) for name, work in works.items()}
    with tempfile.TemporaryDirectory() as folder:
        for name, work in works.items():
            work.save(Path(folder, f"{name}.json.gz"))
        for repetition in range(options.repetitions):
            for name in options.settings:
                order = rows[:]
                random.Random(f"{repetition} {name}").shuffle(order)
                for row in order:
                    if (row, name, repetition, shapes[name]) in done:
                        continue
                    result = run_once(row, Path(folder, f"{name}.json.gz"), Path(folder, "result.json"), options)
                    result |= {"row": row, "setting": name, "repetition": repetition, "work": shapes[name]}
                    append_line(runs, result)
                    said = result.get("error") or f"{result['wall_s']:.1f} s, {result['cpu_s']:.1f} s of CPU"
                    print(f"{repetition + 1}/{options.repetitions} {name} {row}: {said}", file=sys.stderr)
    wanted = set(shapes.items())
    report([run for run in read_lines(runs) if (run["setting"], run["work"]) in wanted], works, options, missing)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run.sh compare", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few pairs, short answers, two repetitions: minutes")
    parser.add_argument("--out", type=Path, default=Path("ste-bench"), help="folder of the results (ste-bench)")
    parser.add_argument("--data", default=None, help="RewardBench as JSONL; default: the built-in mini benchmark")
    parser.add_argument("--pairs", type=int, default=None, help="pairs, both orders of each (8; quick: 2)")
    parser.add_argument("--max-tokens", type=int, default=None, help="of one judgment (64; quick: 24)")
    parser.add_argument("--repetitions", type=int, default=None, help="(5; quick: 2)")
    parser.add_argument("--batch", type=int, default=60, help="sequences generated side by side in every row (60)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of every row (all cores)")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--prompt", default="judge", help="judge prompt (judge)")
    parser.add_argument("--rows", type=words(ROWS), default=list(ROWS), help=f"of {', '.join(ROWS)}")
    parser.add_argument(
        "--settings", type=words(SETTINGS), help=f"of {', '.join(SETTINGS)} (all; quick: without draws32)"
    )
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="cpu: for a machine that is not idle")
    parser.add_argument("--timeout", type=float, default=3600, help="seconds for one run (3600)")
    options = parser.parse_args()
    options.pairs = options.pairs or (2 if options.quick else 8)
    options.max_tokens = options.max_tokens or (24 if options.quick else 64)
    options.settings = options.settings or [name for name in SETTINGS if not (options.quick and name == "draws32")]
    options.repetitions = options.repetitions or (2 if options.quick else 5)
    return options


def words(known: dict[str, Any]) -> Any:
    def split(text: str) -> list[str]:
        unknown = [word for word in text.split(",") if word not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(known)}")
        return text.split(",")

    return split


def make_work(options: argparse.Namespace, setting: Setting) -> Work:
    """A seeded sample over all subsets; prompts too long for the smallest context are passed over."""
    from transformers import AutoTokenizer

    folder = model_folder(options.model)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    prompt = JudgePrompt.load(options.prompt)
    pairs = rewardbench.load(options.data or "builtin", seed=0)
    random.Random(0).shuffle(pairs)
    items: list[Item] = []
    for pair in pairs:
        both = []
        for order in ORDERS:
            messages = [{"role": m.role, "content": m.content} for m in prompt.render(pair, order)]
            text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
            both.append(Item(f"{pair.id}-{order}", messages, text))
        if all(len(tokenizer(item.text)["input_ids"]) <= 1536 for item in both):
            items += both
        if len(items) == 2 * options.pairs:
            break
    else:
        sys.exit(f"only {len(items) // 2} pairs are there; ask for fewer with --pairs")
    return Work(
        model=str(folder),
        items=items,
        draws=setting.draws,
        max_tokens=options.max_tokens,
        temperature=setting.temperature,
        top_p=setting.top_p,
        batch=max(options.batch, setting.draws),
        threads=options.threads,
        dtype=options.dtype,
    )


def shape(work: Work) -> str:
    """Names what was measured: runs of another size are not mixed with these."""
    return (
        f"{Path(work.model).name} {work.dtype} {len(work.items) // 2} pairs x {work.draws} draws x {work.max_tokens} "
        f"tokens, batch {work.batch}, {work.threads} threads"
    )


def available(row: str) -> bool:
    from importlib.util import find_spec

    if row in IN_VLLM_ENVIRONMENT:
        return vllm_python().exists()
    return row != "ste_lm_eval" or find_spec("ste.lm_eval") is not None


def vllm_python() -> Path:
    return Path(os.environ.get("STE_VLLM_VENV", HERE.parents[1] / ".venv-vllm"), "bin", "python")


def run_once(row: str, work: Path, result: Path, options: argparse.Namespace) -> dict[str, Any]:
    python = vllm_python() if row in IN_VLLM_ENVIRONMENT else Path(sys.executable)
    result.unlink(missing_ok=True)
    started = time.time()
    command = [str(python), str(HERE / "worker.py"), row, str(work), str(result), str(started)]
    environment = os.environ | {"OMP_NUM_THREADS": str(options.threads)}
    if row in IN_VLLM_ENVIRONMENT:  # Inspect starts the command `vllm`
        environment["PATH"] = f"{python.parent}{os.pathsep}{environment['PATH']}"
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=options.timeout)
    except subprocess.TimeoutExpired:
        return {"error": f"not done after {options.timeout:g} s"}
    lines = read_lines(result)
    if done.returncode != 0 or not lines:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        return {"error": said[-1] if said else f"exit code {done.returncode}"}
    return lines[0]


def report(runs: list[dict[str, Any]], works: dict[str, Work], options: argparse.Namespace, missing: list[str]) -> None:
    clock = f"{options.clock}_s"
    good = [run for run in runs if "error" not in run]
    sections = []
    for name, work in works.items():
        mine = {(run["row"], run["repetition"]): run for run in good if run["setting"] == name}
        rows = [row for row in ROWS if any(key[0] == row for key in mine)]
        table = []
        for row in rows:
            own = [run for (other, _), run in mine.items() if other == row]
            cells = [
                ROWS[row],
                median_range([run["judged_pairs"] / run[clock] for run in own]),
                median_range([run["tokens"] / run[clock] for run in own], 0),
                str(sorted(run["tokens"] for run in own)[len(own) // 2]),
                *[ratio(mine, row, base, clock) for base in ("transformers_loop", "inspect_hf", "lm_eval_hf")],
                median_range([run["peak_mib"] for run in own], 0),
                median_range([run["first_verdict_s"] for run in own], 1),
            ]
            if name == "greedy":
                cells.append(agreement(mine, row))
            table.append(cells)
        head = ["", "pairs/s", "tokens/s", "tokens", "x transformers", "x hf/", "x lm-eval hf", "peak MiB", "first s"]
        head += ["same texts"] if name == "greedy" else []
        text = f"## {name}: {shape(work)}\n\n{markdown_table(head, table)}"
        if ("ste_engine" in rows) and len(rows) > 1:
            lines = [
                f"{ROWS[row]}: {overhead(mine, row, clock)}" for row in OURS if row != "ste_engine" and row in rows
            ]
            text += "\n\nOverhead of the harness over the engine alone, %: " + ("; ".join(lines) or "not measured")
        sections.append(text)
    failed = sorted({f"{ROWS[run['row']]} ({run['setting']}): {run['error']}" for run in runs if "error" in run})
    notes = [
        f"Time is {'wall-clock' if options.clock == 'wall' else 'CPU'} time of judging, without loading. Median "
        "(lowest to highest) over the repetitions; ratios within a repetition. 'first s': from the start of the "
        "process to a first verdict, loading included. 'same texts': judgments that equal plain transformers' word "
        "for word; with bfloat16 rounding depends on the batch, with --dtype float32 it hardly does.",
        *[f"Left out, not installed: {ROWS[row]}." for row in missing],
        *[f"Failed: {line}." for line in failed],
    ]
    versions: dict[str, str] = {}
    for run in good:
        versions |= run["versions"]
    facts = {"machine": machine(), "versions": versions, "clock": options.clock, "runs": runs}
    write_report(options.out, "compare", "Ways to judge, side by side", [*sections, *notes], facts)


def ratio(mine: dict[tuple[str, int], dict[str, Any]], row: str, base: str, clock: str) -> str:
    """Pairs per second of `row` over those of `base`."""
    values = [
        mine[base, repetition][clock] / run[clock]
        for (other, repetition), run in mine.items()
        if other == row and (base, repetition) in mine
    ]
    return median_range(values)


def overhead(mine: dict[tuple[str, int], dict[str, Any]], row: str, clock: str) -> str:
    values = [
        100 * (run[clock] / mine["ste_engine", repetition][clock] - 1)
        for (other, repetition), run in mine.items()
        if other == row and ("ste_engine", repetition) in mine
    ]
    return median_range(values, 1)


def agreement(mine: dict[tuple[str, int], dict[str, Any]], row: str) -> str:
    runs = [run for (other, _), run in mine.items() if other == row]
    base = [run for (other, _), run in mine.items() if other == "transformers_loop"]
    if not base:
        return "-"
    pairs = list(zip(runs[0]["texts"], base[0]["texts"], strict=True))
    return f"{sum(a == b for a, b in pairs)} of {len(pairs)}"


if __name__ == "__main__":
    main()
