"""One run of one row, in a process of its own: `python worker.py ROW WORK.json.gz RESULT.json STARTED`.

Loading and one warm-up judgment are not part of what is timed, but they are part of the time to the first verdict,
which counts from STARTED (seconds since the epoch), when the process was asked for.
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
from judging_work import Work


def main() -> None:
    row, work_file, result_file, started = sys.argv[1:]
    work = Work.load(Path(work_file))
    os.environ["OMP_NUM_THREADS"] = str(work.threads)
    module = importlib.import_module(f"rows.{row}")
    judge = module.prepare(work)  # loads the model
    judge(work.items[:1], 1)  # warms up
    first = time.time() - float(started)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu = time.perf_counter(), _cpu_seconds()
    outcome = judge(work.items, work.draws)
    wall, cpu = time.perf_counter() - wall, _cpu_seconds() - cpu
    if len(outcome.texts) != len(work.items) or any(len(t) != work.draws for t in outcome.texts):
        sys.exit(f"{row}: not every judgment has come back")
    result = {
        "wall_s": wall,
        "cpu_s": cpu,
        "judged_pairs": len(work.items) / 2,
        "draws": len(work.items) * work.draws,
        "tokens": outcome.tokens,
        "first_verdict_s": first,
        "peak_mib": _peak() / 1024,
        "loaded_mib": before / 1024,
        "texts": [hashlib.blake2b(t[0].strip().encode(), digest_size=6).hexdigest() for t in outcome.texts],
        "versions": module.versions(),
    }
    Path(result_file).write_text(json.dumps(result), encoding="utf-8")


def _cpu_seconds() -> float:
    """Of this process, the servers it has running, and those of its children that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    times = [process.cpu_times() for process in _running()]
    return ended.ru_utime + ended.ru_stime + sum(time.user + time.system for time in times)


def _peak() -> float:
    """KiB of the largest process: this one, one that has ended, or a server that it has running."""
    known = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return max(*known, *(process.memory_info().rss / 1024 for process in _running()))


def _running() -> list[psutil.Process]:
    own = psutil.Process()
    return [own, *own.children(recursive=True)]


if __name__ == "__main__":
    main()
