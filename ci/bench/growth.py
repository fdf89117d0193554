"""Time and memory of each stage over 10^3 to 10^6 recorded judgments; no model is asked.

    bash ci/bench/run.sh growth [--quick] [--out FOLDER] [--sizes 1000,10000,...]

    resume    the journal is opened, as a run does that goes on
    annotate (core)  the journal's answers are looked up, read and searched for the first accepted one, rows are
              written: what the stage does without the harness that users run it under
    annotate (Inspect)  the same by `inspect eval ste/annotate_judgments`, with its log
    curate    rows and pairs are read, split and balanced
    export    the training rows are written
    rescore   `ste rescore` reads the same judgments from a plain file

Each stage of each size is a process of its own, so that its peak memory is its own. What has been measured is in
FOLDER/growth-runs.jsonl and is not measured again, as long as sources, packages and machine are the same. The
judgments are made up: texts of 60 to 400 characters with a verdict, five draws a request, pairs with responses of 300
characters.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
from growth_plot import plot
from peak_memory import peak_mib
from report_files import (
    append_line,
    load_average,
    machine,
    markdown_table,
    read_lines,
    state_digest,
    without_superseded,
    write_report,
)

from ste_plugin import jsonl
from ste_plugin.annotate_stage import annotation_steps
from ste_plugin.annotation_file import AnnotationFile
from ste_plugin.curation import Curated, PairOrigin, curate
from ste_plugin.journal import Journal
from ste_plugin.judge_prompt import JudgePrompt
from ste_plugin.model_request import Answer, ModelAnswers
from ste_plugin.pairs import Message, Pair, pair_to_row, read_pairs
from ste_plugin.recipe import Recipe, load_recipe
from ste_plugin.stage_rows import annotation_to_row

CORE = "annotate (core)"
UNDER_INSPECT = "annotate (Inspect)"
STAGES = ("resume", CORE, UNDER_INSPECT, "curate", "export", "rescore")
DRAWS = 5
WORDS = ["answer", "request", "because", "clear", "wrong", "first", "second", "short", "exact", "number", "better"]
PROMPT = JudgePrompt.load("judge_short")
RECIPE = f"""
name: growth
judge: {{prompt: {PROMPT.name}}}
annotate: {{draws: {DRAWS}, first_round: {DRAWS}}}
"""
MODEL = "mockllm/model"
IDENTITY = f"{MODEL}||"
"""How the journal names the model; it is never asked."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="run.sh growth", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="10^3 and 10^4 judgments")
    parser.add_argument("--out", type=Path, default=Path("ste-bench"), help="folder of the results (ste-bench)")
    parser.add_argument("--sizes", default=None, help="numbers of judgments (1000,10000,100000,1000000)")
    parser.add_argument("--stage", help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    folder = options.out / "growth-data"
    if options.stage:
        print(json.dumps(measured(options.stage, options.size, folder)))
        return
    text = options.sizes or ("1000,10000" if options.quick else "1000,10000,100000,1000000")
    try:
        sizes = [int(size) for size in text.split(",")]
    except ValueError:
        parser.error(f"--sizes {text}: whole numbers with commas between them")
    options.out.mkdir(parents=True, exist_ok=True)
    runs_file = options.out / "growth-runs.jsonl"
    about = machine()
    state = state_digest(about)

    def mine() -> list[dict[str, Any]]:
        """The runs in this very state."""
        found = [run for run in read_lines(runs_file) if run.get("state") == state and run["size"] in sizes]
        return without_superseded(found, "stage", "size")

    done = {(run["stage"], run["size"]) for run in mine() if "error" not in run}
    for size in sizes:
        if all((stage, size) in done for stage in STAGES):
            continue
        folder.mkdir(exist_ok=True)
        # in a process of its own, too: a process counts what its parent held as its own peak
        in_a_process("record", size, options.out)
        for stage in STAGES:
            load = load_average()
            run = in_a_process(stage, size, options.out)
            append_line(runs_file, run | {"state": state, "machine": about, "load_average": load})
            said = run.get("error") or f"{run['cpu_s']:.1f} s of CPU, {run['peak_mib']:.0f} MiB"
            print(f"{size} {stage}: {said}", file=sys.stderr)
        shutil.rmtree(folder)
    report(mine(), options.out)


def in_a_process(stage: str, size: int, out: Path) -> dict[str, Any]:
    command = [sys.executable, __file__, "--out", str(out), "--stage", stage, "--size", str(size)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ)
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        return {"stage": stage, "size": size, "error": said[-1] if said else f"exit code {done.returncode}"}
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def measured(stage: str, size: int, folder: Path) -> dict[str, Any]:
    before = peak_mib([psutil.Process()])
    wall, cpu = time.perf_counter(), time.process_time()
    # what a stage does before the part that is timed (export: curating) is taken off again
    skipped_wall, skipped_cpu = RUNS[stage](size, folder)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "stage": stage,
        "size": size,
        "wall_s": time.perf_counter() - wall - skipped_wall,
        "cpu_s": time.process_time() - cpu - skipped_cpu + children.ru_utime + children.ru_stime,
        # rescore and Inspect: of the command alone, a child that has ended
        "peak_mib": max(peak_mib([psutil.Process()]), children.ru_maxrss / 1024),
        "start_mib": before,
    }


def pairs(size: int) -> Iterator[Pair]:
    """Pairs enough for `size` judgments: both orders of each, `DRAWS` draws of each order."""
    for number in range(math.ceil(size / (2 * DRAWS))):
        rng = random.Random(number)
        request, chosen, rejected = (" ".join(rng.choices(WORDS, k=k)) for k in (30, 45, 45))
        yield Pair(f"pair-{number}", (Message("user", f"{number} {request}"),), (f"{chosen}.",), (f"{rejected}!",))


def recipe(folder: Path) -> Recipe:
    return load_recipe(str(folder / "recipe.yaml"))


def record(size: int, folder: Path) -> tuple[float, float]:
    """A journal of made-up answers, the same judgments as a plain file, their pairs, and the recipe."""
    (folder / "recipe.yaml").write_text(RECIPE)
    settings = recipe(folder)
    jsonl.write_rows(folder / "pairs.jsonl", (pair_to_row(pair) for pair in pairs(size)))

    def rows() -> Iterator[dict[str, Any]]:
        with Journal(folder / "journal.jsonl") as journal:
            for pair in pairs(size):
                for order, steps in annotation_steps(pair, settings).items():
                    rng = random.Random(f"{pair.id} {order}")
                    request = next(steps)
                    texts = []
                    for _ in range(DRAWS):
                        label = rng.choice(["[[A]]", "[[B]]", "[[B]]", "none"])
                        texts.append(" ".join([*rng.choices(WORDS, k=rng.randint(10, 60)), label]))
                    answers = tuple(Answer(text, len(text) // 5, "stop") for text in texts)
                    journal.put(request.key(IDENTITY), ModelAnswers(400, answers))
                    for text in texts:
                        yield {"text": text, "gold": "A" if order == "chosen_first" else "B"}

    jsonl.write_rows(folder / "judgments.jsonl", rows())
    return 0.0, 0.0


def run_resume(size: int, folder: Path) -> tuple[float, float]:
    with Journal(folder / "journal.jsonl") as journal:
        assert len(journal) == 2 * math.ceil(size / (2 * DRAWS))
    return 0.0, 0.0


def run_annotate(size: int, folder: Path) -> tuple[float, float]:
    settings = recipe(folder)

    def rows() -> Iterator[dict[str, Any]]:
        with Journal(folder / "journal.jsonl") as journal:
            for pair in pairs(size):
                for steps in annotation_steps(pair, settings).values():
                    request = next(steps)
                    try:
                        while True:
                            answers = journal.get(request.key(IDENTITY))
                            assert answers is not None
                            request = steps.send(answers)
                    except StopIteration as end:
                        yield annotation_to_row(end.value)

    jsonl.write_rows(folder / "annotations.jsonl", rows())
    return 0.0, 0.0


def run_annotate_under_inspect(size: int, folder: Path) -> tuple[float, float]:
    journal = folder / "journal.jsonl"
    recorded = journal.stat().st_size
    files = {"pairs": "pairs.jsonl", "recipe": "recipe.yaml", "journal": journal.name, "out": "by-inspect.jsonl"}
    command = [Path(sys.executable).with_name("inspect"), "eval", "ste/annotate_judgments", "--model", MODEL]
    command += [word for name, file in files.items() for word in ("-T", f"{name}={folder / file}")]
    run_command([*command, "--log-dir", folder / "logs", "--display", "none"])
    assert journal.stat().st_size == recorded, "the model was asked"
    assert (folder / "by-inspect.jsonl").read_bytes() == (folder / "annotations.jsonl").read_bytes()
    return 0.0, 0.0


def curated(folder: Path) -> Curated:
    origins = (PairOrigin(pair.id, pair.subset, pair.cluster) for pair in read_pairs(folder / "pairs.jsonl"))
    return curate(
        AnnotationFile(folder / "annotations.jsonl"),
        judge=MODEL,
        prompt_hash=PROMPT.hash,
        pairs=origins,
        balance=True,
        validation_share=0.05,
        seed=0,
    )


def run_curate(size: int, folder: Path) -> tuple[float, float]:
    curated(folder)
    return 0.0, 0.0


def run_export(size: int, folder: Path) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    rows = curated(folder)
    skipped = time.perf_counter() - wall, time.process_time() - cpu
    jsonl.write_rows(folder / "train.jsonl", rows.train)
    jsonl.write_rows(folder / "validation.jsonl", rows.validation)
    return skipped


def run_rescore(size: int, folder: Path) -> tuple[float, float]:
    ste = Path(sys.executable).with_name("ste")
    command = [ste, "rescore", folder / "judgments.jsonl", "--text", "text", "--gold", "gold", "--prompt", PROMPT.name]
    run_command(command)
    return 0.0, 0.0


def run_command(command: Sequence[str | Path]) -> None:
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr.strip() or f"{' '.join(words[:2])}: exit code {done.returncode}")


RUNS = {
    "record": record,
    "resume": run_resume,
    CORE: run_annotate,
    UNDER_INSPECT: run_annotate_under_inspect,
    "curate": run_curate,
    "export": run_export,
    "rescore": run_rescore,
}


def report(every: list[dict[str, Any]], out: Path) -> None:
    runs = [run for run in every if "error" not in run]
    sizes = sorted({run["size"] for run in runs})
    by = {(run["stage"], run["size"]): run for run in runs}
    table = []
    for stage in STAGES:
        known = [size for size in sizes if (stage, size) in by]
        if not known:
            continue
        cells = [stage]
        for size in sizes:
            run = by.get((stage, size))
            cells.append("-" if run is None else f"{run['cpu_s']:.2f} s, {run['peak_mib']:.0f} MiB")
        first, last = known[0], known[-1]
        cells.append("-")
        if len(known) > 1:
            before = by[stage, known[-2]]
            power = math.log(by[stage, last]["cpu_s"] / before["cpu_s"]) / math.log(last / known[-2])
            cells[-1] = f"{power:.2f}"
        grown = by[stage, last]["peak_mib"] - by[stage, first]["peak_mib"]
        cells.append(f"{grown * 2**20 / max(last - first, 1):.0f}")
        table.append(cells)
    head = ["stage", *[f"{size:,}" for size in sizes], "time ~ size^", "bytes more a judgment"]
    notes = "\n\n".join(f"Failed: {run['stage']}, {run['size']:,}: {run['error']}." for run in every if "error" in run)
    notes += "\n\n" if notes else ""
    notes += (
        "CPU seconds and peak memory of a process of its own, interpreter and imports included in the memory. "
        "The exponent is that of the last two sizes: 1 is linear."
    )
    plot(out / "growth.svg", {stage: [by[stage, s] for s in sizes if (stage, s) in by] for stage in STAGES})
    facts = {"machine": machine(), "runs": runs}
    write_report(
        out, "growth", "Growth with the number of recorded judgments", [markdown_table(head, table), notes], facts
    )


if __name__ == "__main__":
    main()
