"""Files with one JSON object a line, plain or gzipped (by the suffix ``.gz``)."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

from ste_plugin.errors import UserError
from ste_plugin.whole_file import whole_file

T = TypeVar("T")

DISK_PROBLEM = "cannot write it: {reason}; free some space or choose another folder"

_TYPE_NAMES: dict[type, str] = {
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


def read_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number counted from 1, object) for every line of `path` that is not blank.

    Lazy: the file is opened when the first row is asked for.

    Raises:
        UserError: the file is missing, unreadable or cut short, or a line is not one JSON object. The message
            starts with ``FILE:LINE:`` (``FILE:`` where there is no line to name).
    """
    for line_number, _, row in read_places(path):
        yield line_number, row


def read_places(path: Path) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """As `read_rows`, with the offset in bytes of the line (of the unpacked file) in second place. Raises UserError."""
    path = Path(path)
    line_number = place = 0
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else open(path, "rb") as file:
            # Split on b"\n" alone: JSON strings may hold U+2028 and other line ends of str.splitlines.
            for line_number, raw in enumerate(file, start=1):
                if raw.strip():
                    yield line_number, place, read_object(raw, f"{path}:{line_number}")
                place += len(raw)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; check the path") from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise UserError(f"{path}:{line_number + 1}: not a complete gzip file; fetch or write it again") from None
    except OSError as error:
        raise UserError(f"{path}: cannot read it: {error.strerror or error}") from None


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write `rows` to `path`, one JSON object a line: the whole file or nothing of it.

    The rows go to a temporary file in the same folder (made if missing), which replaces `path` once it is on
    the disk. The same rows always give the same bytes. If `rows` raises, or a row cannot be written as JSON
    (TypeError, ValueError: not a number among them), the exception passes through and `path` is untouched.

    Raises:
        UserError: the disk is full, the folder not writable, and the like.
    """
    path = Path(path)
    with whole_file(path, problem=DISK_PROBLEM, packed=path.suffix == ".gz") as write:
        for row in rows:
            write(_line(row))


def field(row: Mapping[str, Any], name: str, type_: type[T], where: str) -> T:
    """Return ``row[name]``, which must be of `type_`; `where` (say ``FILE:LINE``) opens the error message.

    A boolean is no integer here, and a whole number is a float.

    Raises:
        UserError: the field is missing or of another type.
    """
    if name not in row:
        raise UserError(f"{where}: field '{name}' is missing")
    value = row[name]
    if type_ is float and type(value) is int:
        return cast(T, float(value))
    if not isinstance(value, type_) or (isinstance(value, bool) and type_ is not bool):
        wanted = _TYPE_NAMES.get(type_, type_.__name__)
        found = "null" if value is None else type(value).__name__
        raise UserError(f"{where}: field '{name}' should be {wanted}, is {found}")
    return value


def read_object(raw: bytes, where: str) -> dict[str, Any]:
    """The JSON object that one line holds; `where` (say ``FILE:LINE``) opens the error message.

    Raises:
        UserError: it is not UTF-8, not JSON or not an object.
    """
    try:
        value = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise UserError(f"{where}: not UTF-8; convert the file") from None
    except json.JSONDecodeError as error:
        raise UserError(f"{where}: not valid JSON ({error.msg}, column {error.colno}); mend the line") from None
    except (ValueError, RecursionError):
        raise UserError(f"{where}: JSON that cannot be read (too deep, or a number too long)") from None
    if not isinstance(value, dict):
        raise UserError(f"{where}: should be a JSON object, is {type(value).__name__}; one {{...}} a line")
    return value


def _line(row: Mapping[str, Any]) -> bytes:
    text = json.dumps(dict(row), ensure_ascii=False, allow_nan=False)
    try:
        return text.encode() + b"\n"
    except UnicodeEncodeError:  # a lone surrogate exists in JSON only as an escape
        return json.dumps(dict(row), allow_nan=False).encode() + b"\n"
