"""A process that is measured: all that it has started ends with it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence

import psutil


def run_alone(command: Sequence[str], environment: Mapping[str, str], timeout: float) -> tuple[int, str]:
    """(exit code, standard error) of `command`, run in a session of its own.

    Whatever ends the waiting (its own end, the limit in seconds, Ctrl-C), what it has started is ended, too: a vLLM
    server outlives the process that asked for it. Raises subprocess.TimeoutExpired.
    """
    with tempfile.TemporaryFile() as said:  # a pipe would stay open as long as anything that it has started lives
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True
        )
        try:
            process.wait(timeout)
        finally:
            end_all(process.pid)
            process.wait()
        said.seek(0)
        return process.returncode, said.read().decode(errors="replace")


def end_all(pid: int) -> None:
    """Kill the process `pid`, everything below it, and what else is in the session that it leads."""
    found: dict[int, psutil.Process] = {}
    try:
        root = psutil.Process(pid)
        found = {process.pid: process for process in (*root.children(recursive=True), root)}
    except psutil.NoSuchProcess:
        pass
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == pid:
                found[process.pid] = process
        except (ProcessLookupError, PermissionError):
            continue
    for process in found.values():
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
