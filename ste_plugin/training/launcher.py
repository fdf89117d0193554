"""The command in front of a training: Python itself, or a launcher of several processes."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from ste_plugin.errors import UserError


def configs() -> dict[str, Path]:
    """The configurations for ``accelerate launch`` that come with the package, by file name."""
    folder = Path(str(files("ste_plugin"))) / "training" / "launch"
    return {path.name: path for path in sorted(folder.glob("*.yaml"))}


_MODULES = {"accelerate": "accelerate.commands.accelerate_cli", "torchrun": "torch.distributed.run"}
"""Launchers that are Python packages: run by this Python, so that they are of this environment."""


def launcher_words(launcher: Sequence[str]) -> list[str]:
    """`launcher` (`TrainSettings.launcher`) as a command; without one, this Python.

    A word that names one of `configs` becomes its path, unless there is such a file here. Raises UserError for a
    command that is not there.
    """
    if not launcher:
        return [sys.executable]
    own = configs()
    words = [str(own[word]) if word in own and not Path(word).exists() else word for word in launcher]
    if words[0] in _MODULES:
        return [sys.executable, "-m", _MODULES[words[0]], *words[1:]]
    command = shutil.which(words[0])
    if command is None:
        raise UserError(f"train.launcher: no command '{words[0]}'; install it, or name it by its whole path")
    return [command, *words[1:]]
