"""Reads the result rows out of an Inspect log, without Inspect.

Inspect's own reader builds every message and event of every sample, which takes several times as long as all else
that a gate does. Of a log (`.eval`: a zip archive, `.json`: one object) only the header and the scores are looked at.
"""

from __future__ import annotations

import math
import sys
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel

from ste_plugin.errors import UserError
from ste_plugin.fingerprint import file_fingerprint
from ste_plugin.gate.judge_results import Entry, JudgeResults, Origin, pair_key
from ste_plugin.result_rows import counts, result_row_from_json

_ROW_FIELDS = ("pair_id", "prompt_hash", "orders")


class _Sample(BaseModel):
    """What a gate needs of a sample. The rest, by far the most, is parsed but never becomes a Python object."""

    id: int | str
    epoch: int = 1
    scores: dict[str, Any] | None = None


class _Header(BaseModel):
    """What a log says of the whole run."""

    status: str = ""
    eval: dict[str, Any]
    stats: dict[str, Any] = {}


class _Log(_Header):
    """A log in one JSON object."""

    samples: list[_Sample] | None = None


def read_inspect_log(path: Path, log_url: str | None) -> JudgeResults | None:
    """The results in the log at `path`; None where its samples hold no result rows.

    `log_url`: address under which `inspect view` serves the log's folder, for links.

    Raises:
        UserError: no Inspect log, or a malformed row.
    """
    header, samples = _zipped(path) if path.suffix == ".eval" else _plain(path)
    entries, unscored = [], 0
    for sample in samples:
        row = _row_of(sample)
        if row is None:
            unscored += 1
            continue
        if not counts(row):
            continue
        where = f"{path}: sample {sample.id}"
        result = result_row_from_json(row, where)
        key = pair_key(result.benchmark, result.pair_id)
        entries.append(Entry(key, result, where, _link(path, sample, log_url)))
    if not entries:
        return None
    faults = []
    if header.get("status") != "success":
        faults.append(f"{path}: the log's status is '{header.get('status')}', not 'success'; run the evaluation again")
    if unscored:
        faults.append(f"{path}: {unscored} of {unscored + len(entries)} samples have no score; run the log again")
    about = header.get("eval") or {}
    origin = Origin(
        str(path), "inspect", str(about.get("model", "")), str(about.get("created", "")), file_fingerprint(path)
    )
    return JudgeResults(tuple(entries), (origin,), tuple(faults))


def read_header(path: Path) -> dict[str, Any]:
    """What a log says of the whole run, without its samples. Raises UserError: no Inspect log."""
    return (_zipped(path, with_samples=False) if path.suffix == ".eval" else _plain(path))[0]


def _zipped(path: Path, with_samples: bool = True) -> tuple[dict[str, Any], list[_Sample]]:
    if sys.version_info < (3, 14):
        import zipfile_zstd  # noqa: F401  # teaches zipfile Inspect's compression
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if "header.json" in names:
                header = _Header.model_validate_json(_member(archive, "header.json"))
            elif "_journal/start.json" in names:  # it is still being written, or was killed
                header = _Header.model_validate_json(_member(archive, "_journal/start.json"))
                header.status = "started"
            else:
                raise UserError(f"{path}: no Inspect log; name an .eval or .json log of Inspect")
            samples = [
                _Sample.model_validate_json(_member(archive, name))
                for name in names
                if with_samples and name.startswith("samples/") and PurePosixPath(name).suffix == ".json"
            ]
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, OSError) as error:
        raise UserError(f"{path}: not a complete Inspect log ({_reason(error)}); fetch it or run it again") from None
    return header.model_dump(), samples


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """The bytes of a member. Raises ValueError for damage."""
    try:
        return archive.read(name)
    except Exception as error:  # every compression has error classes of its own, those of zstd by version of Python
        raise ValueError(f"{name}: {_reason(error)}") from None


def _plain(path: Path) -> tuple[dict[str, Any], list[_Sample]]:
    try:
        log = _Log.model_validate_json(path.read_bytes())
    except (OSError, ValueError):
        raise UserError(f"{path}: no Inspect log; name an .eval or .json log of Inspect") from None
    return log.model_dump(exclude={"samples"}), log.samples or []


def _reason(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def _row_of(sample: _Sample) -> dict[str, Any] | None:
    for score in (sample.scores or {}).values():
        details = score.get("metadata") if isinstance(score, dict) else None
        if isinstance(details, dict) and all(name in details for name in _ROW_FIELDS):
            return {**details, "skipped": True} if _left_out(score) else details
    return None


def _left_out(score: dict[str, Any]) -> bool:
    """Whether Inspect leaves the score out of its metrics, all that older logs say of a skipped pair. A pair that
    counts has an object of several numbers for its value."""
    value = score.get("value", 0)
    return value is None or value == "NaN" or (isinstance(value, float) and math.isnan(value))


def _link(path: Path, sample: _Sample, log_url: str | None) -> str | None:
    if log_url is None:
        return None
    place = f"samples/sample/{quote(str(sample.id), safe='')}/{sample.epoch}"
    return f"{log_url.rstrip('/')}/#/logs/{quote(path.name)}/{place}"
