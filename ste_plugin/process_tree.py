"""A process that ends, with all that it has started, no later than the one that started it.

However that ends: what a program does when it exits it does not do when it is killed. ``python -m
ste_plugin.process_tree STARTER ROOT``, run by the process STARTER, watches over both.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress

import psutil  # type: ignore[import-untyped]  # comes with Inspect and with accelerate

PATIENCE = 5.0
"""Seconds that a process gets to end by itself when it is asked to, and again when it is killed."""

POLL_SECONDS = 0.5


def end_tree(root: int, patience: float = PATIENCE) -> None:
    """End process `root` and all that it has started: by SIGTERM, and by SIGKILL those left after `patience` seconds.

    Returns when they are gone, at the latest after twice the patience. Nothing happens where there is no such process.
    """
    tree = _alive(_tree(root))
    for ask in (psutil.Process.terminate, psutil.Process.kill):
        for process in tree:
            with suppress(psutil.Error):
                ask(process)
        end = time.monotonic() + patience
        while tree and time.monotonic() < end:
            time.sleep(0.02)
            tree = _alive(tree)
        # what they have started since
        tree = list({late: None for process in tree for late in _tree(process.pid)})


def watch_over(root: int) -> subprocess.Popen[bytes]:
    """Start the watcher of process `root`, which this process has started. It ends by itself, after either of them."""
    return subprocess.Popen(
        [sys.executable, "-m", "ste_plugin.process_tree", str(os.getpid()), str(root)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # what ends all processes of a terminal or of a job is not to end this one first
    )


def _watch(starter: int, root: int) -> None:
    try:
        process = psutil.Process(root)
    except psutil.NoSuchProcess:
        return
    while os.getppid() == starter:
        if not _alive([process]):
            return
        time.sleep(POLL_SECONDS)
    if process.is_running():  # and not another one of the same number
        end_tree(root)


def _tree(root: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(root)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; what has ended and is only not yet taken note of (a zombie) does not."""
    found = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


if __name__ == "__main__":
    _watch(*map(int, sys.argv[1:]))
