"""What a training that did not come to its end says."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from ste_plugin.train_stage import _why


@pytest.mark.parametrize(
    ("returncode", "log", "why"),
    [
        (1, "{'loss': '0.1'}\nerror: no room\nlauncher: failed\n", "no room"),
        (1, "{'loss': '0.1'}\nKeyError: 3\n\n", "KeyError: 3"),
        (1, "", "it printed nothing"),
        (
            -signal.SIGKILL,
            "{'loss': '0.1'}\n",
            "killed, as the system does when memory runs out; if so, try a smaller ",
        ),
    ],
)
def test_why_a_training_failed(tmp_path: Path, returncode: int, log: str, why: str) -> None:
    path = tmp_path / "training.log"
    path.write_text(log)
    assert _why(returncode, path).startswith(why)
