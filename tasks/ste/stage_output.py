"""The file a stage leaves behind: collected on disk while its samples run, written whole when the task has ended."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from inspect_ai.hooks import Hooks, TaskEnd, hooks

from ste.user_errors import end_command_with
from ste_plugin import jsonl
from ste_plugin.errors import UserError
from ste_plugin.row_spool import RowSpool

_pending: dict[str, StageOutput] = {}


class StageOutput:
    """Rows by item id, in the order of `ids`; an item may have any number of rows."""

    def __init__(self, path: str | Path, ids: list[str]) -> None:
        """Raises UserError where `path` cannot be written (or no temporary file): better before the work than after."""
        self.path = Path(path)
        _check_writable(self.path)
        self._spool = RowSpool(ids)
        _pending[str(path)] = self
        _register_hook()

    def put(self, item: str, rows: Sequence[dict[str, Any]]) -> None:
        """What became of one item. Raises UserError when the disk refuses."""
        self._spool.put(item, rows)

    def rows(self) -> Iterable[dict[str, Any]]:
        """All rows so far, in the order of the items."""
        return self._spool.rows()

    def write(self) -> None:
        """Write the file in one move. Raises UserError when the disk refuses."""
        jsonl.write_rows(self.path, self.rows())
        _pending.pop(str(self.path), None)
        self._spool.close()


def pending_output(path: str | Path) -> StageOutput | None:
    """The output for `path` that has not been written yet."""
    return _pending.get(str(path))


class WriteStageOutput(Hooks):
    """For stages that run on their own; the loop looks whether there is still something to write."""

    async def on_task_end(self, data: TaskEnd) -> None:
        path = data.log.eval.task_args.get("out")
        output = pending_output(path) if isinstance(path, str) else None
        if output is None or data.log.status != "success":
            return
        try:
            output.write()
        except UserError as error:
            # Inspect makes a warning of what a hook raises, and exits with code 0.
            if not end_command_with(str(error)):
                raise


@cache
def _register_hook() -> None:
    # With the first output, not on import: Inspect announces on every command what is registered when it starts.
    hooks(name="stage_output", description="Writes the file of a stage of ste when its task has ended well.")(
        WriteStageOutput
    )


def _check_writable(path: Path) -> None:
    if path.is_dir():
        raise UserError(f"{path}: is a folder; name a file")
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not folder.is_dir():
        raise UserError(f"{path}: {folder} is not a folder; name another place")
    if not os.access(folder, os.W_OK):
        raise UserError(f"{path}: {folder} cannot be written; name another place")
