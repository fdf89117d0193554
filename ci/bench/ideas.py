"""What each idea in the local engine is worth: real judging with all of them, and with all but one, interleaved.

    bash ci/bench/run.sh ideas [--quick] [--out FOLDER] [--data FILE] [--pairs N] [--ideas a,b] [--clock cpu] ...

One process, one loaded model; an idea is taken out by replacing the very function or constant that it consists of
(see `engine_ideas.py`). In each repetition every workload runs as shipped and then without each idea, in another order
each time. Ratios are taken within a repetition: seconds without the idea over seconds with it. What has been measured
is in FOLDER/ideas-runs.jsonl; a stopped run goes on from there, as long as work, sources, packages and machine are
the same.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from engine_ideas import IDEAS, Idea
from ideas_work import WORKLOADS, Bench
from report_files import (
    append_line,
    load_average,
    machine,
    markdown_table,
    median_range,
    read_lines,
    state_digest,
    write_report,
)
from transformers.utils import logging


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    logging.disable_progress_bar()
    options.out.mkdir(parents=True, exist_ok=True)
    log = options.out / "ideas-runs.jsonl"
    bench = Bench(options)
    ideas = {name: IDEAS[name] for name in options.ideas}
    about = machine()
    same = {"work": bench.digest(), "state": state_digest(about), "clock": options.clock}

    def mine() -> list[dict[str, Any]]:
        """The runs of this very work in this very state."""
        return [run for run in read_lines(log) if all(run.get(key) == value for key, value in same.items())]

    done = {(run["workload"], run["without"], run["repetition"]) for run in mine()}
    warm: set[str] = set()
    for repetition in range(options.repetitions):
        for workload in WORKLOADS:
            names = [name for name, idea in ideas.items() if workload in idea.workloads]
            order = ["as shipped", *names] if names else []
            random.Random(f"{repetition} {workload}").shuffle(order)
            for name in order:
                if (workload, name, repetition) in done:
                    continue
                if workload not in warm:
                    warm.add(workload)
                    bench.run(workload, 2)
                load = load_average()
                run = once(bench, workload, ideas.get(name), options)
                run |= {"workload": workload, "without": name, "repetition": repetition, **same}
                append_line(log, run | {"machine": about, "load_average": load})
                print(
                    f"{repetition + 1}/{options.repetitions} {workload}, {label(name)}: {run['s']:.1f} s",
                    file=sys.stderr,
                )
    report(mine(), ideas, bench, options)


def label(name: str) -> str:
    return name if name == "as shipped" else f"without: {name}"


def once(bench: Bench, workload: str, idea: Idea | None, options: argparse.Namespace) -> dict[str, Any]:
    clock: Callable[[], float] = time.perf_counter if options.clock == "wall" else time.process_time
    if idea is None:
        started = clock()
        outcome = bench.run(workload)
    else:
        with idea.without(bench):
            started = clock()
            outcome = bench.run(workload)
    return {"s": clock() - started, "outcome": outcome}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run.sh ideas", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few pairs, two repetitions: at most five minutes")
    parser.add_argument("--out", type=Path, default=Path("ste-bench"), help="folder of the results (ste-bench)")
    parser.add_argument("--data", default="builtin", help="RewardBench as JSONL (the built-in mini benchmark)")
    parser.add_argument("--pairs", type=int, default=None, help="pairs, both orders of each (16; quick: 4)")
    parser.add_argument("--repetitions", type=int, default=None, help="(5; quick: 2)")
    parser.add_argument("--max-tokens", type=int, default=None, help="of one judgment with reasoning (48; quick: 12)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="(all cores)")
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--ideas", type=known, default=list(IDEAS), help=f"of {', '.join(IDEAS)} (all)")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="cpu: for a machine that is not idle")
    options = parser.parse_args()
    options.pairs = options.pairs or (4 if options.quick else 16)
    options.repetitions = options.repetitions or (2 if options.quick else 5)
    options.max_tokens = options.max_tokens or (12 if options.quick else 48)
    return options


def known(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in IDEAS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(IDEAS)}")
    return names


def report(runs: list[dict[str, Any]], ideas: dict[str, Idea], bench: Bench, options: argparse.Namespace) -> None:
    runs = [run for run in runs if run["repetition"] < options.repetitions]
    by_key = {(run["workload"], run["without"], run["repetition"]): run for run in runs}
    sections = []
    for workload, about in WORKLOADS.items():
        shipped = [run for run in runs if (run["workload"], run["without"]) == (workload, "as shipped")]
        if not shipped:
            continue
        table = []
        for name, idea in ideas.items():
            own = [run for run in runs if (run["workload"], run["without"]) == (workload, name)]
            if not own:
                continue
            ratios = [run["s"] / by_key[workload, "as shipped", run["repetition"]]["s"] for run in own]
            same = bench.agreement(workload, shipped[0]["outcome"], own[0]["outcome"])
            table.append([idea.title, median_range([run["s"] for run in own], 1), median_range(ratios), same])
        seconds = median_range([run["s"] for run in shipped], 1)
        head = ["", "s without it", "x faster with it", "outcome without it"]
        sections.append(
            f"## {about}: {bench.shape(workload)}\n\nAs shipped: {seconds} s.\n\n{markdown_table(head, table)}"
        )
    notes = (
        f"{'Wall-clock' if options.clock == 'wall' else 'CPU'} seconds on {options.threads} threads, {options.model}, "
        f"bfloat16. Median (lowest to highest) over {options.repetitions} repetitions, ratios within a repetition. "
        "With bfloat16 rounding depends on the batch, so texts may differ where an idea changes none of the sums."
    )
    versions = bench.versions()
    write_report(
        options.out,
        "ideas",
        "Ideas in the local engine",
        [*sections, notes],
        {"machine": machine(), "versions": versions, "clock": options.clock, "runs": runs},
    )


if __name__ == "__main__":
    main()
