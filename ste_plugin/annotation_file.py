"""The file that the stage "annotate" leaves, read example by example: once through, and again in any order."""

from __future__ import annotations

import gzip
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Protocol

from ste_plugin import jsonl
from ste_plugin.annotation import Annotation
from ste_plugin.errors import UserError
from ste_plugin.stage_rows import annotation_from_row


class Annotations(Protocol):
    """Examples that can be read again, each by its place: an integer, growing from one to the next."""

    def __iter__(self) -> Iterator[tuple[int, Annotation]]:
        """(place, example) of all of them. Raises UserError."""
        ...

    def read(self, places: Iterable[int]) -> Iterator[Annotation]:
        """Those at `places`, one after the other. Raises UserError."""
        ...


class AnnotationFile:
    """The examples of one file, ``.gz`` or not; a place is an offset in bytes, of the unpacked file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __iter__(self) -> Iterator[tuple[int, Annotation]]:
        """Every row is checked. Raises UserError naming file, row and field."""
        for line, place, row in jsonl.read_places(self.path):
            yield place, _annotation(row, f"{self.path}:{line}")

    def read(self, places: Iterable[int]) -> Iterator[Annotation]:
        """Raises UserError where the file is not what it was."""
        with ExitStack() as files:
            try:
                file: IO[bytes] = files.enter_context(self.path.open("rb"))
                if self.path.suffix == ".gz":  # can only be read from its start
                    packed = files.enter_context(gzip.open(file))
                    file = files.enter_context(tempfile.TemporaryFile())
                    shutil.copyfileobj(packed, file)
            except (OSError, EOFError) as error:
                raise UserError(f"{self.path}: cannot be read again: {error}") from None
            for place in places:
                file.seek(place)
                where = f"{self.path}: byte {place}"
                yield _annotation(jsonl.read_object(file.readline(), where), where)


def _annotation(row: Mapping[str, Any], where: str) -> Annotation:
    try:
        annotation = annotation_from_row(row)
    except KeyError as error:
        raise UserError(
            f"{where}: field {error} is missing; give a file that ste/annotate_judgments has written"
        ) from None
    except (TypeError, ValueError) as error:
        raise UserError(f"{where}: not a row of ste/annotate_judgments: {error}") from None
    if annotation.accepted is not None and annotation.accepted.verdict.label not in ("A", "B"):
        label = annotation.accepted.verdict.label
        raise UserError(f"{where}: field 'accepted.verdict.label' should be 'A' or 'B', is {label!r}")
    return annotation
