"""What is kept of recorded judgments while they are curated and looked up lies on disk."""

from __future__ import annotations

import sqlite3
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ste_plugin import jsonl
from ste_plugin.annotation_file import AnnotationFile
from ste_plugin.curation import Curated, PairOrigin, curate
from ste_plugin.errors import UserError
from ste_plugin.journal import Journal
from ste_plugin.pairs import pair_from_row, pair_to_row, read_pairs
from ste_plugin.row_spool import RowSpool
from ste_plugin.scratch_database import ScratchDatabase, text_key
from tests.unit.driving import answered

FEW, MANY = 200, 2000
ROW_BYTES = 1000


def row(number: int, order: str = "chosen_first", label: str = "A", text: str = "good") -> dict[str, Any]:
    return {
        "pair_id": f"p{number}",
        "order": order,
        "accepted": {"text": text, "verdict": {"label": label, "reason": None}, "forced": False, "tokens": 1},
        "drawn": 1,
        "generated": 1,
        "tokens": 1,
        "prompt_tokens": 1,
        "outcomes": {"chosen": 1},
        "shortened": False,
        "messages": [{"role": "user", "content": f"{number} " + "x" * ROW_BYTES}],
    }


def curated(path: Path, **more: Any) -> Curated:
    chosen = {"balance": True, "validation_share": 0.1, "seed": 0, **more}
    return curate(AnnotationFile(path), judge="j", prompt_hash="h", **chosen)


def peak(work: Callable[[], object]) -> int:
    """The most bytes that Python held at a time."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_curating_holds_no_rows(tmp_path: Path) -> None:
    def work(size: int) -> None:
        path, pairs = tmp_path / f"{size}.jsonl", tmp_path / f"pairs-{size}.jsonl"
        orders = (("chosen_first", "A"), ("rejected_first", "B"))
        jsonl.write_rows(path, (row(n, *order) for n in range(size // 2) for order in orders))
        made = ({"id": f"p{n}", "prompt": f"{n}", "chosen": "c", "rejected": "r"} for n in range(size // 2))
        jsonl.write_rows(pairs, (pair_to_row(pair_from_row(one, "made up")) for one in made))
        origins = (PairOrigin(pair.id, pair.subset, pair.cluster) for pair in read_pairs(pairs))
        result = curated(path, pairs=origins)
        jsonl.write_rows(tmp_path / "train.jsonl", result.train)
        assert result.counts["train"] + result.counts["validation"] == size

    work(FEW)  # what is imported and compiled once
    assert peak(lambda: work(MANY)) - peak(lambda: work(FEW)) < (MANY - FEW) * ROW_BYTES / 20


def test_opening_a_journal_holds_no_keys(tmp_path: Path) -> None:
    def opened(path: Path, size: int) -> None:
        with Journal(path) as journal:
            assert len(journal) == size
            assert f"{size - 1:032x}" in journal and f"{size:032x}" not in journal

    peaks = []
    for size in (FEW, FEW, MANY):  # the first for what is imported and compiled once
        path = tmp_path / f"{size}.jsonl"
        answers = answered("one").to_json()
        jsonl.write_rows(path, ({"key": f"{number:032x}", "answers": answers} for number in range(size)))
        peaks.append(peak(lambda path=path, size=size: opened(path, size)))
    # a dictionary takes about 200 bytes a key
    assert peaks[2] - peaks[1] < (MANY - FEW) * 10


def test_collecting_a_stage_holds_no_rows(tmp_path: Path) -> None:
    def collect(size: int) -> None:
        items = [f"{n}" for n in range(size)]
        spool = RowSpool(items)
        for item in reversed(items):
            spool.put(item, [row(int(item)), row(int(item), "rejected_first")])
        path = tmp_path / f"collected-{size}.jsonl"
        jsonl.write_rows(path, spool.rows())
        spool.close()
        with path.open() as file:
            assert sum(1 for _ in file) == 2 * size

    collect(FEW)
    assert peak(lambda: collect(MANY)) - peak(lambda: collect(FEW)) < (MANY - FEW) * ROW_BYTES / 10


TEXTS = st.text('a"\\\u2028ü\ud800', max_size=3)
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
JSON_ROWS = st.dictionaries(TEXTS, VALUES | st.tuples(VALUES, VALUES) | st.dictionaries(TEXTS, VALUES), max_size=3)


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(TEXTS, unique=True, max_size=5),
    st.lists(st.tuples(st.integers(0, 4), st.lists(JSON_ROWS, max_size=3)), max_size=8),
)
def test_collected_rows_are_the_same_bytes(
    tmp_path: Path, items: list[str], puts: list[tuple[int, list[dict[str, Any]]]]
) -> None:
    """As from a dictionary of lists: in the items' order, the last put of each alone, unknown items at the end."""
    held: dict[str, list[dict[str, Any]]] = {item: [] for item in items}
    spool = RowSpool([*items, *items])
    for place, rows in puts:
        item = items[place] if place < len(items) else f"not known before: {place}"
        held[item] = rows
        spool.put(item, rows)
    jsonl.write_rows(tmp_path / "held.jsonl", [one for rows in held.values() for one in rows])
    jsonl.write_rows(tmp_path / "spooled.jsonl", spool.rows())
    assert (tmp_path / "spooled.jsonl").read_bytes() == (tmp_path / "held.jsonl").read_bytes()


def test_what_is_no_json_is_refused_when_it_is_written(tmp_path: Path) -> None:
    spool = RowSpool(["a"])
    spool.put("a", [{"probability": float("nan")}])
    with pytest.raises(ValueError, match="not JSON compliant"):
        jsonl.write_rows(tmp_path / "rows.jsonl", spool.rows())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_rows_are_read_again_in_any_order(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows.jsonl{suffix}"
    jsonl.write_rows(path, [row(n, text=f"\u2028{n}ü\ud800") for n in range(4)])
    places = [place for place, _ in AnnotationFile(path)]
    assert places == sorted(set(places))
    again = [places[n] for n in (2, 0, 3, 3)]
    assert [a.pair_id for a in AnnotationFile(path).read(again)] == ["p2", "p0", "p3", "p3"]


def test_a_file_that_changes_meanwhile_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    settings = {"balance": False, "validation_share": 0.0}
    jsonl.write_rows(path, [row(0), row(1)])
    result = curated(path, **settings)
    jsonl.write_rows(path, [row(3), row(4)])
    with pytest.raises(UserError, match=r"the judgment of pair 'p\d' has changed on disk; start again"):
        list(result.train)
    jsonl.write_rows(path, [])
    with pytest.raises(UserError, match=r"rows.jsonl: byte \d+: not valid JSON"):
        list(result.train)
    path.unlink()
    with pytest.raises(UserError, match=r"rows.jsonl: cannot be read again"):
        list(result.train)


def test_a_verdict_that_names_nobody_is_no_accepted_one(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    jsonl.write_rows(path, [row(0), row(1, label="TIE")])
    with pytest.raises(UserError, match=r"rows.jsonl:2: field 'accepted.verdict.label' should be 'A' or 'B', is 'TIE'"):
        curated(path)


def test_a_full_disk_is_the_users_to_mend() -> None:
    database = ScratchDatabase("CREATE TABLE t (key BLOB PRIMARY KEY) WITHOUT ROWID")
    database.run("PRAGMA max_page_count = 8")
    with pytest.raises(
        UserError, match="temporary files cannot be written: database or disk is full; make room, or name"
    ):
        database.put("INSERT INTO t VALUES (?)", ((text_key(f"{n:0100}"),) for n in range(10_000)))
    database.close()
    database.close()


def test_what_rows_raise_passes_through() -> None:
    database = ScratchDatabase("CREATE TABLE t (key BLOB PRIMARY KEY) WITHOUT ROWID")

    def rows() -> Any:
        yield (b"a",)
        raise UserError("row 2: broken")

    with pytest.raises(UserError, match="row 2: broken"):
        database.put("INSERT INTO t VALUES (?)", rows())
    with pytest.raises(sqlite3.IntegrityError):
        database.put("INSERT INTO t VALUES (?)", [(b"b",), (b"b",)])
    assert database.first("SELECT count(*) FROM t WHERE key = ?", b"b") == (1,)
