"""An append-only file of model answers, so that nothing generated is ever generated again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from ste_plugin.errors import UserError
from ste_plugin.model_request import ModelAnswers
from ste_plugin.scratch_database import ScratchDatabase, text_key

PUT = "INSERT OR REPLACE INTO line VALUES (?, ?)"


class Journal:
    """Answers by request key, one JSON line each.

    A line is handed to the operating system in one write as soon as the answer is there, so `kill -9` loses
    at most the answers that were being generated. A last line that was cut off is dropped when the file is
    opened again; a broken line elsewhere is a UserError. Memory holds neither answers nor keys: where each line begins
    is looked up in a private database on disk, which is filled anew, from the whole file, when it is opened.
    One journal has the file at a time (``FILE.lock`` beside it): offsets hold only while nobody else appends.
    """

    def __init__(self, path: Path) -> None:
        """Open `path`, made if needed. Raises UserError: in use, not writable, or not a journal."""
        self.path = path
        self._places = ScratchDatabase("CREATE TABLE line (key BLOB PRIMARY KEY, place INTEGER) WITHOUT ROWID")
        self._end = 0
        self._descriptor = -1
        self._lock = FileLock(path.with_name(path.name + ".lock"))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            self._places.put(PUT, self._lines())
        except Timeout:
            raise UserError(f"{path}: another run is writing to this journal; wait for it or name another") from None
        except OSError as error:
            self.close()
            raise UserError(f"{path}: {error.strerror or error}; name a place that can be written") from error
        except UserError:
            self.close()
            raise

    def get(self, key: str) -> ModelAnswers | None:
        """The recorded answers of `key`, or None. Raises UserError where its line is not what it was."""
        offset = self._place(key)
        if offset is None:
            return None
        try:
            with self.path.open("rb") as file:
                file.seek(offset)
                row = json.loads(file.readline())
            if row["key"] != key:
                raise ValueError("the line holds another key")
            return ModelAnswers.from_json(row["answers"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{self.path}: the recorded answer at byte {offset} cannot be read; delete that line and start again"
            ) from error

    def put(self, key: str, answers: ModelAnswers) -> None:
        """Record `answers`. Raises UserError when the disk refuses; what was written of the line is taken back."""
        line = json.dumps({"key": key, "answers": answers.to_json()}, ensure_ascii=True).encode() + b"\n"
        try:
            written = 0
            while written < len(line):
                written += os.write(self._descriptor, line[written:])
        except OSError as error:
            self._take_back()
            raise UserError(f"{self.path}: {error.strerror}; make room and run the same command again") from error
        except BaseException:  # Ctrl-C between two parts of a line
            self._take_back()
            raise
        place = self._end
        self._end += len(line)
        self._places.run(PUT, text_key(key), place)

    def __contains__(self, key: str) -> bool:
        return self._place(key) is not None

    def __len__(self) -> int:
        found = self._places.first("SELECT count(*) FROM line")
        return int(found[0]) if found is not None else 0

    def close(self) -> None:
        """Close the file and let another run have it. A second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self._lock.release()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take_back(self) -> None:
        # Where even this fails, the next opening drops the torn line.
        with suppress(OSError):
            os.ftruncate(self._descriptor, self._end)

    def _place(self, key: str) -> int | None:
        found = self._places.first("SELECT place FROM line WHERE key = ?", text_key(key))
        return int(found[0]) if found is not None else None

    def _lines(self) -> Iterator[tuple[bytes, int]]:
        """(key, offset in bytes) of every line; `_end` follows. A last line that was cut off is taken away."""
        with self.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    os.ftruncate(self._descriptor, self._end)
                    return
                try:
                    key = text_key(json.loads(line)["key"])
                except (ValueError, KeyError, TypeError, AttributeError) as error:
                    raise UserError(
                        f"{self.path}:{number}: not a recorded answer; delete this line to generate it again"
                    ) from error
                yield key, self._end
                self._end += len(line)
