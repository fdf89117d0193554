"""One run of one row, in a process of its own: `python worker.py ROW WORK.json.gz RESULT.json STARTED`.

Loading and warming up (on a prompt that is not timed) are not part of what is timed, but they are part of the time to
the first verdict, which counts from STARTED (seconds since the epoch), when the process was asked for.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path

import psutil
from judging_work import Texts, Work
from peak_memory import gpu_peak_mib, peak_mib


def main() -> None:
    row, work_file, result_file, started = sys.argv[1:]
    work = Work.load(Path(work_file))
    os.environ["OMP_NUM_THREADS"] = str(work.threads)
    module = importlib.import_module(f"rows.{row}")
    judge = module.prepare(work)  # loads the model
    judge(work.warm_up, 1)
    first = time.time() - float(started)
    loaded = peak_mib(_running())
    wall, cpu = time.perf_counter(), _cpu_seconds()
    texts: Texts = judge(work.items, work.draws)
    wall, cpu = time.perf_counter() - wall, _cpu_seconds() - cpu
    peak = peak_mib(_running())
    if len(texts) != len(work.items) or any(len(t) != work.draws for t in texts):
        sys.exit(f"{row}: not every judgment has come back")
    result = {
        "wall_s": wall,
        "cpu_s": cpu,
        "judged_pairs": len(work.items) / 2,
        "draws": len(work.items) * work.draws,
        "first_verdict_s": first,
        "peak_mib": peak,
        "loaded_mib": loaded,
        "gpu_peak_mib": gpu_peak_mib(),
        "texts": [hashlib.blake2b(t[0].strip().encode(), digest_size=6).hexdigest() for t in texts],
        "versions": module.versions(),
        **counted(work, texts),
        "parse_ms": parse_ms(work, texts),
    }
    Path(result_file).write_text(json.dumps(result), encoding="utf-8")


def counted(work: Work, texts: Texts) -> dict[str, int]:
    """Tokens of the texts that came back, in every row by the model's own tokenizer: no end token, no padding."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(work.model)
    every = tokenizer([text for one in texts for text in one], add_special_tokens=False)["input_ids"]
    return {"tokens": sum(map(len, every))}


def parse_ms(work: Work, texts: Texts) -> float:
    """Milliseconds that reading the verdict of one judgment takes, which only the rows of registered tasks do."""
    from ste_plugin.judge_prompt import JudgePrompt
    from ste_plugin.judging import read_judgment
    from ste_plugin.model_request import Answer
    from ste_plugin.pairs import pair_from_row

    prompt = JudgePrompt.load(work.prompt)
    pairs = [pair_from_row(item.pair, item.id) for item in work.items]
    started = time.perf_counter()
    for pair, one in zip(pairs, texts, strict=True):
        for text in one:
            read_judgment(Answer(text, 0, "stop"), pair, prompt)
    return 1000 * (time.perf_counter() - started) / (len(pairs) * work.draws)


def _cpu_seconds() -> float:
    """Of this process, the servers it has running, and those of its children that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    times = [process.cpu_times() for process in _running()]
    return ended.ru_utime + ended.ru_stime + sum(time.user + time.system for time in times)


def _running() -> list[psutil.Process]:
    own = psutil.Process()
    return [own, *own.children(recursive=True)]


if __name__ == "__main__":
    main()
