"""Runs Python programs in a process of their own, with limits, to see whether two of them behave alike.

The process has no site packages and no user settings (`-s -S`), a fixed hash seed, two seconds of processor time,
512 MB of memory, writes no files larger than a megabyte, and runs in an empty folder without the environment. Limits
are no sandbox: a program can still read what the user can, and reach the network. Strategies run programs only where
the user asks for it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import Literal

SECONDS = 5
"""Wall-clock limit of a run."""
MEMORY = 512 * 2**20
Comparison = Literal["differ", "alike", "failed"]

_RUNNER = """
import sys
sys.path[:] = [folder for folder in sys.path if folder]
import contextlib, inspect, io, itertools, json, random, signal
# no two are equal and not the same, as 1 and True, 2 and 2.0: "return a if a > b else b" and ">=" would differ by them
SAMPLES = (0, 1, 2, 4, 5, -3, 9, 10, 28, [3, 1, 2, 2], [], [5], "abca", "", "a b C1",
           [[1, 2], [3, 4]], ["b", "a"], 2.5,
           [4, 4, 2, 7, 9, 1, 1], "(()", "Ab c, d!")
class TooLong(BaseException):
    pass
def stop(*_):
    raise TooLong
timed = hasattr(signal, "setitimer")
if timed:
    signal.signal(signal.SIGVTALRM, stop)
source = sys.stdin.read()
out = io.StringIO()
space = {"__name__": "__program__"}
random.seed(0)
with contextlib.redirect_stdout(out):
    exec(compile(source, "program", "exec"), space)
    results = []
    for name, value in list(space.items()):
        if not inspect.isfunction(value) or value.__module__ != "__program__":
            continue
        size = sum(p.default is p.empty and p.kind in (0, 1) for p in inspect.signature(value).parameters.values())
        for arguments in itertools.islice(itertools.product(SAMPLES, repeat=size), 500) if size else ((),):
            given = json.loads(json.dumps(arguments))
            if results.count("TooLong") > 20:
                break
            random.seed(0)
            try:
                if timed:
                    signal.setitimer(signal.ITIMER_VIRTUAL, 0.02)
                results.append(repr(value(*given)) + repr(given))
            except (Exception, TooLong) as error:
                results.append(type(error).__name__)
            finally:
                if timed:
                    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
print(json.dumps([out.getvalue(), [r if " at 0x" not in r else "" for r in results]]))
"""


def compare(original: str, mutant: str) -> Comparison:
    """Whether two programs print or return different things ("failed": the original does not run by itself, or does
    something else the next time, as with the clock: it cannot be compared).

    Each function defined at the top is called with samples of plain values, 20 ms a call, after `random.seed(0)`. A
    mutant that does not end differs.
    """
    expected = observed(original)
    if expected is None:
        return "failed"
    if observed(mutant) == expected:
        return "alike"
    return "differ" if observed(original) == expected else "failed"


def observed(program: str) -> str | None:
    """What `program` prints and its functions return, as JSON; None where it fails or breaks a limit."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                [sys.executable, "-s", "-S", "-c", _RUNNER],
                input=program,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                cwd=folder,
                env={"PYTHONHASHSEED": "0"},  # the order of a set; "-I" would ignore it
                preexec_fn=_limit if os.name == "posix" else None,
                check=False,
            )
        except (subprocess.TimeoutExpired, UnicodeError, OSError):
            return None
    return done.stdout if done.returncode == 0 else None


def _limit() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (2, 2))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
