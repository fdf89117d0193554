"""The most memory that processes have had, measured in the same way wherever it is measured."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import psutil


def peak_mib(processes: Iterable[psutil.Process]) -> float:
    """Sum of each running process's own peak, in MiB: at least what they ever had together.

    Linux's VmHWM, which unlike `ru_maxrss` starts anew with a process's program, so what its parent held is not in it.
    Where there is no VmHWM: what a process holds now.
    """
    return sum(map(_peak_mib, processes))


def _peak_mib(process: psutil.Process) -> float:
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
    except (OSError, StopIteration):
        pass  # another system, or a process that has just ended
    try:
        return float(process.memory_info().rss) / 2**20
    except psutil.Error:
        return 0.0


def gpu_peak_mib() -> float | None:
    """The most that torch has had allocated on the GPU in this process, in MiB; None where it has used none."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available() or not torch.cuda.is_initialized():
        return None
    return float(torch.cuda.max_memory_allocated()) / 2**20
