"""A private database on disk for what grows with the data, so that memory does not.

SQLite keeps its tables, and what it sorts, in unnamed files of the folder for temporary files (SQLITE_TMPDIR, TMPDIR or
/var/tmp), with a cache of fixed size in memory. The files are gone with the process, by whatever way that ends.
"""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ste_plugin.errors import UserError

CACHE_KIB = 2048
"""Memory that the tables take at most; sorting takes as much again."""


class ScratchDatabase:
    """Tables that nobody else sees. One thread at a time may use it, not always the same."""

    def __init__(self, *tables: str) -> None:
        """Make `tables`, each a ``CREATE TABLE`` statement."""
        # an empty name: a database of this connection alone, on disk as soon as it outgrows its cache
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._closing = weakref.finalize(self, self._connection.close)
        # nothing of it outlives the process, so nothing has to be safe from a crash
        settings = (f"cache_size = -{CACHE_KIB}", "temp_store = FILE", "journal_mode = OFF", "synchronous = OFF")
        for statement in (*(f"PRAGMA {setting}" for setting in settings), *tables):
            self.run(statement)

    def run(self, statement: str, *values: Any) -> None:
        """Run one SQL statement. Raises UserError on a full disk."""
        with _disk_errors():
            self._connection.execute(statement, values)

    def put(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Run `statement` for each of `rows`. Raises UserError on a full disk, and what `rows` raises.

        Raises:
            sqlite3.IntegrityError: a key is there already.
        """
        with _disk_errors():
            self._connection.execute("BEGIN")
            try:
                self._connection.executemany(statement, rows)
            finally:
                if self._connection.in_transaction:  # a full disk has ended it
                    self._connection.execute("COMMIT")

    def rows(self, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """What `query` finds, row by row. Raises UserError on a full disk."""
        with _disk_errors():
            yield from self._connection.execute(query, values)

    def first(self, query: str, *values: Any) -> tuple[Any, ...] | None:
        """The first row that `query` finds. Raises UserError on a full disk."""
        with _disk_errors():
            row: tuple[Any, ...] | None = self._connection.execute(query, values).fetchone()
            return row

    def close(self) -> None:
        """Let go of its files. A second call does nothing."""
        self._closing()


def text_key(text: str) -> bytes:
    """`text` as a value of a column: text from JSON may hold lone surrogates, which SQLite's text refuses."""
    return text.encode("utf-8", "surrogatepass")


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise UserError(
            f"temporary files cannot be written: {error}; make room, or name another folder in SQLITE_TMPDIR"
        ) from error
