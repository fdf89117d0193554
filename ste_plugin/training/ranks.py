"""The processes of one training: one by itself, or several that a launcher (accelerate, torchrun) has started.

A launcher tells each process its number (``RANK``) and how many there are (``WORLD_SIZE``).
"""

from __future__ import annotations

import os
import socket
import threading
import time

PARENT = "STE_TRAINING_PARENT"
"""Environment variable with host and id of the process that started the training, which ends with it."""


def world_size() -> int:
    """Number of processes that train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_main() -> bool:
    """Whether this process is the one that writes files."""
    return int(os.environ.get("RANK", "0")) == 0


def this_process() -> str:
    """What `PARENT` is to hold for the trainings that this process starts."""
    return f"{os.getpid()}@{socket.gethostname()}"


def end_with_parent() -> None:
    """End this process, whatever it is at, as soon as the one that started the training is gone (killed, say).

    Else its resumed run would train into the same folder at the same time. With a launcher in between, the end of
    either ends this process. A process on another machine only sees its launcher: it ends with the main process,
    without which its next exchange of gradients fails.
    """
    launcher = os.getppid()
    started_by, _, host = os.environ.get(PARENT, "").partition("@")
    starter = int(started_by) if started_by and host == socket.gethostname() else launcher

    def watch() -> None:
        while os.getppid() == launcher and _is_alive(starter):
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()


def _is_alive(process: int) -> bool:
    import psutil  # type: ignore[import-untyped]  # comes with accelerate

    try:
        return bool(psutil.Process(process).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
