"""Rows that come item by item in any order and are read in the order of the items; until then they lie on disk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ste_plugin.scratch_database import ScratchDatabase, text_key


class RowSpool:
    """Rows (JSON objects) by item id, in the order of `items`; an item may have any number of rows.

    One thread at a time may use it.
    """

    def __init__(self, items: Iterable[str]) -> None:
        """Raises UserError on a full disk, as the methods do."""
        self._database = ScratchDatabase("CREATE TABLE item (place INTEGER PRIMARY KEY, name BLOB UNIQUE, rows BLOB)")
        self._database.put("INSERT OR IGNORE INTO item (name) VALUES (?)", ((text_key(item),) for item in items))

    def put(self, item: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """What became of `item`, instead of what was put before. An item that is not known comes after the others."""
        self._database.run(
            "INSERT INTO item (name, rows) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET rows = excluded.rows",
            text_key(item),
            json.dumps([dict(row) for row in rows]).encode(),
        )

    def rows(self) -> Iterator[dict[str, Any]]:
        """All rows so far."""
        for (found,) in self._database.rows("SELECT rows FROM item WHERE rows IS NOT NULL ORDER BY place"):
            yield from json.loads(found)

    def close(self) -> None:
        """Drop the rows. A second call does nothing."""
        self._database.close()
