"""Processes that are started here end, whatever becomes of the one that started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from ste_plugin.process_tree import end_tree, watch_over

PATIENCE = 120.0
# A root with a process of its own; both are deaf to SIGTERM where a word says so. Each writes its number.
ROOT = """
import os, signal, subprocess, sys, time
if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if "leaf" not in sys.argv:
    subprocess.Popen([sys.executable, "-S", "-c", sys.argv[1], *sys.argv[1:], "leaf"])
print(os.getpid(), flush=True)
time.sleep(600)
"""
# A shell without job control lets what it starts in the background ignore SIGINT, and so would a run of these tests.
STARTER = """
import signal, subprocess, sys, time
from ste_plugin.process_tree import watch_over
signal.signal(signal.SIGINT, signal.default_int_handler)
root = subprocess.Popen([sys.executable, "-S", "-c", sys.argv[1], *sys.argv[1:]])
print(watch_over(root.pid).pid, flush=True)
time.sleep(600)
"""


def runs(process: int) -> bool:
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for_end(*processes: int) -> None:
    end = time.monotonic() + PATIENCE
    while any(map(runs, processes)):
        assert time.monotonic() < end, [process for process in processes if runs(process)]
        time.sleep(0.05)


class Started:
    """`program` with `words`, and the processes that it and its own name on their output."""

    def __init__(self, program: str, *words: str, count: int) -> None:
        command = [sys.executable, "-c", program, ROOT, *words]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.named = [int(self.process.stdout.readline()) for _ in range(count)]

    def close(self) -> None:
        for process in (self.process.pid, *self.named):
            if runs(process):
                os.kill(process, signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def started() -> Iterator[list[Started]]:
    found: list[Started] = []
    yield found
    for one in found:
        one.close()


@pytest.mark.parametrize("words", [(), ("deaf",)])
def test_a_tree_ends(started: list[Started], words: tuple[str, ...]) -> None:
    started.append(root := Started(ROOT, *words, count=2))
    end_tree(root.process.pid, patience=0.3 if words else PATIENCE)
    wait_for_end(*root.named)
    end_tree(root.process.pid)  # nothing is there any more


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_tree_ends_with_its_starter(started: list[Started], way: signal.Signals) -> None:
    started.append(starter := Started(STARTER, count=3))
    assert all(map(runs, starter.named))
    os.kill(starter.process.pid, way)
    wait_for_end(*starter.named)


def test_a_watcher_ends_with_what_it_watches_over(started: list[Started]) -> None:
    started.append(root := Started(ROOT, count=2))
    watcher = watch_over(root.process.pid)
    end_tree(root.process.pid)
    assert watcher.wait(PATIENCE) == 0
