"""Files that appear whole or not at all: written beside their place, brought to the disk, then moved there."""

from __future__ import annotations

import gzip
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, cast

from ste_plugin.errors import UserError

ELSEWHERE = "cannot write it: {reason}; choose another place"
"""What a user is told of a disk that refuses, unless a caller knows better what to do about it."""


def write_whole(path: Path, text: str, *, problem: str = ELSEWHERE, part: Path | None = None) -> None:
    """Write `text` to `path`, see `whole_file`. Raises UserError when the disk refuses."""
    with whole_file(path, problem=problem, part=part) as write:
        # surrogatepass: an id from a JSON file may hold a lone surrogate
        write(text.encode("utf-8", "surrogatepass"))


@contextmanager
def whole_file(
    path: Path, *, problem: str = ELSEWHERE, part: Path | None = None, packed: bool = False
) -> Iterator[Callable[[bytes], None]]:
    """Gives a function that writes; when the block has ended well, what it wrote is the file `path`.

    ::

        with whole_file(path) as write:
            write(b"...")

    Folders are made. An exception in the block passes through and leaves `path` as it was.

    Args:
        problem: the rest of the message where the disk refuses, with ``{reason}`` in it.
        part: where it is written first, in the same folder; a new name unless given.
        packed: as gzip. The same content always gives the same bytes.

    Raises:
        UserError: the disk is full, the folder cannot be written, and the like.
    """
    temporary = part or path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")

    @contextmanager
    def disk() -> Iterator[None]:
        """Only what touches the disk runs under this: an OSError of the block is not ours."""
        try:
            yield
        except OSError as error:
            raise UserError(f"{path}: {problem.format(reason=error.strerror or error)}") from None

    try:
        with ExitStack() as files:
            with disk():
                path.parent.mkdir(parents=True, exist_ok=True)
                # a given name may hold what a killed process left there
                raw: IO[bytes] = files.enter_context(open(temporary, "xb" if part is None else "wb"))
                # no time stamp and no file name inside, so that equal contents give equal bytes
                file = cast(IO[bytes], gzip.GzipFile("", "wb", mtime=0, fileobj=raw)) if packed else raw

            def write(data: bytes) -> None:
                with disk():
                    file.write(data)

            try:
                yield write
                with disk():
                    if packed:
                        file.close()
                    raw.flush()
                    os.fsync(raw.fileno())
            finally:
                with disk():
                    file.close()
                    files.close()
        with disk():
            os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):  # it may never have come into being
            temporary.unlink()
        raise
