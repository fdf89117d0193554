"""Judged pairs per second of each way to judge with a small model: the same prompts, sampling and batch, interleaved.

    bash ci/bench/run.sh compare [--quick] [--out FOLDER] [--pairs N] [--rows a,b] [--settings greedy,draws15] ...

Every run is a process of its own; in each repetition the rows come in another order. Ratios are taken within a
repetition, so that a machine that is slower for a while slows both sides. What has been measured is in
FOLDER/compare-runs.jsonl and is not measured again, as long as the work (pairs, prompts, model, sampling), the source
files, the packages and the machine are the same; so a long run can be cut into parts, by --rows, too.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compare_report import GREEDY_ONLY, ROWS, report
from judging_work import Item, Work
from process_tree import run_alone
from report_files import append_line, load_average, machine, read_lines, state_digest, without_superseded

from ste_plugin.benchmarks import rewardbench
from ste_plugin.judge_prompt import JudgePrompt
from ste_plugin.model_folder import model_folder
from ste_plugin.pairs import ORDERS, pair_to_row

HERE = Path(__file__).resolve().parent
LONGEST_PROMPT = 1536
IN_VLLM_ENVIRONMENT = ("vllm_offline", "vllm_inspect")


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
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what is running is ended then, too
    out = options.out
    out.mkdir(parents=True, exist_ok=True)
    runs = out / "compare-runs.jsonl"
    rows = [row for row in options.rows if available(row)]
    missing = [row for row in options.rows if row not in rows]
    if missing:
        print(f"left out, not installed: {', '.join(missing)}", file=sys.stderr)
    works = {name: make_work(options, SETTINGS[name]) for name in options.settings}
    about = machine()
    state = state_digest(about)
    same = {name: {"work": work.digest, "state": state} for name, work in works.items()}

    def mine() -> list[dict[str, Any]]:
        """The runs of this very work in this very state."""
        found = [
            run
            for run in read_lines(runs)
            if run["setting"] in same and all(run.get(key) == value for key, value in same[run["setting"]].items())
        ]
        return without_superseded(found, "row", "setting", "repetition")

    done = {(run["row"], run["setting"], run["repetition"]) for run in mine() if "error" not in run}
    with tempfile.TemporaryDirectory() as folder:
        for name, work in works.items():
            work.save(Path(folder, f"{name}.json.gz"))
        for repetition, name, row in schedule(rows, options):
            if (row, name, repetition) in done:
                continue
            load = load_average()
            result = run_once(row, Path(folder, f"{name}.json.gz"), Path(folder, "result.json"), options)
            result |= {"row": row, "setting": name, "repetition": repetition, **same[name]}
            append_line(runs, result | {"machine": about, "load_average": load})
            said = result.get("error") or f"{result['wall_s']:.1f} s, {result['cpu_s']:.1f} s of CPU"
            print(f"{repetition + 1}/{options.repetitions} {name} {row}: {said}", file=sys.stderr)
    report(mine(), works, options.out, options.clock, missing)


def schedule(rows: list[str], options: argparse.Namespace) -> Iterator[tuple[int, str, str]]:
    """(repetition, setting, row) of each run, in their order."""
    for repetition in range(options.repetitions):
        for name in options.settings:
            order = [row for row in rows if name == "greedy" or row not in GREEDY_ONLY]
            random.Random(f"{repetition} {name}").shuffle(order)
            for row in order:
                yield repetition, name, row


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run.sh compare", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few pairs, short answers, two repetitions: minutes")
    parser.add_argument("--out", type=Path, default=Path("ste-bench"), help="folder of the results (ste-bench)")
    parser.add_argument("--data", default=None, help="RewardBench as JSONL; default: the built-in mini benchmark")
    parser.add_argument("--pairs", type=int, default=None, help="pairs, both orders of each (8; quick: 2)")
    parser.add_argument("--max-tokens", type=int, default=None, help="of one judgment (64; quick: 24)")
    parser.add_argument("--repetitions", type=int, default=None, help="(5; quick: 2)")
    parser.add_argument(
        "--batch", type=int, default=60, help="sequences side by side in every row, in whole prompts (60)"
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of every row (all cores)")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--prompt", default="judge", help="judge prompt (judge)")
    parser.add_argument("--rows", type=words(ROWS), default=list(ROWS), help=f"of {', '.join(ROWS)} (all)")
    parser.add_argument(
        "--settings", type=words(SETTINGS), help=f"of {', '.join(SETTINGS)} (all; quick: without draws32)"
    )
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="cpu: for a machine that is not idle")
    parser.add_argument("--timeout", type=float, default=3600, help="seconds for one run (3600)")
    options = parser.parse_args()
    if options.batch < 1:
        parser.error("--batch: at least 1")
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
    longest = 0
    for pair in pairs:
        both = []
        for order in ORDERS:
            messages = [{"role": m.role, "content": m.content} for m in prompt.render(pair, order)]
            text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
            both.append(Item(f"{pair.id}-{order}", messages, text, pair_to_row(pair)))
        tokens = max(len(tokenizer(item.text)["input_ids"]) for item in both)
        if tokens <= LONGEST_PROMPT:
            items += both
            longest = max(longest, tokens)
        if len(items) == 2 * (options.pairs + 1):
            break
    else:
        sys.exit(
            f"only {max(len(items) // 2 - 1, 0)} pairs are there beside one to warm up; ask for fewer with --pairs"
        )
    return Work(
        model=str(folder),
        prompt=options.prompt,
        items=items[:-2],
        warm_up=items[-2:],
        longest=longest,
        draws=setting.draws,
        max_tokens=options.max_tokens,
        temperature=setting.temperature,
        top_p=setting.top_p,
        # whole prompts with all their draws, in the rows that could part them, too
        batch=setting.draws * max(1, options.batch // setting.draws),
        threads=options.threads,
        dtype=options.dtype,
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
        code, said = run_alone(command, environment, options.timeout)
    except subprocess.TimeoutExpired:
        return {"error": f"not done after {options.timeout:g} s"}
    lines = read_lines(result)
    if code != 0 or not lines:
        last = [line for line in said.splitlines() if line.strip()]
        return {"error": last[-1] if last else f"exit code {code}"}
    return lines[0]


if __name__ == "__main__":
    main()
