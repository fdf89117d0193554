"""Reading Inspect logs without Inspect: archives and plain JSON, stopped runs, and what is no log."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ste_plugin.errors import UserError
from ste_plugin.gate.alignment import align
from ste_plugin.gate.inspect_logs import read_inspect_log
from ste_plugin.gate.sources import read_results
from ste_plugin.result_rows import result_row_to_json
from tests.result_builder import rows

ROWS = rows(["cc", "cr", "ut"])
EVAL = {"model": "some/model", "created": "2026-01-02T03:04:05+00:00"}


def samples(scored: int = len(ROWS)) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{one.pair_id}/ä",
            "epoch": 1,
            "scores": {"other": {"value": 1, "metadata": None}, "pair_scorer": {"metadata": result_row_to_json(one)}}
            if number < scored
            else None,
        }
        for number, one in enumerate(ROWS)
    ]


def archive(path: Path, status: str | None, scored: int = len(ROWS)) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("_journal/start.json", json.dumps({"version": 2, "eval": EVAL}))
        for sample in samples(scored):
            file.writestr(f"samples/{sample['id']}_epoch_1.json", json.dumps(sample))
        file.writestr("summaries.json", "[]")
        if status is not None:
            file.writestr("header.json", json.dumps({"status": status, "eval": EVAL}))
    return path


def test_both_formats_hold_the_same(tmp_path: Path) -> None:
    zipped = archive(tmp_path / "a.eval", "success")
    plain = tmp_path / "a.json"
    plain.write_text(json.dumps({"status": "success", "eval": EVAL, "samples": samples()}))
    for path in (zipped, plain):
        found = read_inspect_log(path, "http://host/logs/")
        assert found is not None
        assert [entry.row for entry in found.entries] == ROWS
        assert (found.judge, found.faults) == ("some/model", ())
        assert found.origins[0].created == EVAL["created"]
        link = f"http://host/logs/#/logs/{path.name}/samples/sample/pair%200%2F%C3%A4/1"
        assert found.entries[0].link == link
    assert read_results([tmp_path]).origins[0].kind == "inspect"


@pytest.mark.parametrize(
    ("status", "scored", "fault"),
    [
        ("error", 3, "the log's status is 'error', not 'success'"),
        (None, 3, "the log's status is 'started', not 'success'"),
        ("success", 2, "1 of 3 samples have no score"),
    ],
)
def test_stopped_runs_are_not_comparable(tmp_path: Path, status: str | None, scored: int, fault: str) -> None:
    path = archive(tmp_path / "a.eval", status, scored)
    found = read_inspect_log(path, None)
    assert found is not None
    assert len(found.faults) == 1 and found.faults[0].startswith(f"{path}: {fault}")


def test_log_of_another_task(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.eval", "success", scored=0)
    assert read_inspect_log(path, None) is None
    with pytest.raises(UserError, match="holds no judged pairs of ste"):
        read_results([path])


def test_malformed_row_is_named(tmp_path: Path) -> None:
    content = samples()
    del content[1]["scores"]["pair_scorer"]["metadata"]["cluster"]
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"status": "success", "eval": EVAL, "samples": content}))
    with pytest.raises(UserError, match=r"a\.json: sample pair 1/ä: field 'cluster' is missing"):
        read_inspect_log(path, None)


def test_no_log(tmp_path: Path) -> None:
    path = tmp_path / "a.eval"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x", "y")
    with pytest.raises(UserError, match="no Inspect log"):
        read_inspect_log(path, None)
    whole = archive(tmp_path / "b.eval", "success").read_bytes()
    (tmp_path / "b.eval").write_bytes(whole[:-30])
    with pytest.raises(UserError, match="not a complete Inspect log"):
        read_inspect_log(tmp_path / "b.eval", None)


@pytest.mark.parametrize("zstandard", [False, True])
def test_damaged_bytes(tmp_path: Path, zstandard: bool) -> None:
    """A traceback would end with exit code 1, which CI reads as a regression."""
    if zstandard and sys.version_info < (3, 14):
        import zipfile_zstd  # noqa: F401
    path = tmp_path / "a.eval"
    with zipfile.ZipFile(path, "w", 93 if zstandard else zipfile.ZIP_DEFLATED) as file:
        file.writestr("header.json", json.dumps({"status": "success", "eval": {**EVAL, "task": "y" * 300}}))
        for sample in samples():
            file.writestr(f"samples/{sample['id']}_epoch_1.json", json.dumps(sample))
    with zipfile.ZipFile(path) as file:
        member = file.infolist()[1]
    content = bytearray(path.read_bytes())
    start = member.header_offset + 30 + len(member.filename.encode())
    content[start : start + 8] = bytes(byte ^ 0xFF for byte in content[start : start + 8])
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.eval: not a complete Inspect log \(.+\); fetch it or run it again"):
        read_inspect_log(path, None)


@pytest.mark.parametrize("header", [[], {"status": "success", "eval": "x"}])
def test_header_of_another_kind(tmp_path: Path, header: Any) -> None:
    path = tmp_path / "a.eval"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("header.json", json.dumps(header))
        file.writestr("samples/a_epoch_1.json", json.dumps(samples()[0]))
    with pytest.raises(UserError, match="not a complete Inspect log"):
        read_inspect_log(path, None)


def test_level_pairs_are_left_out(tmp_path: Path) -> None:
    """MT-Bench has pairs with as many votes for one as for the other: there is no verdict that would be right."""
    marked = samples()
    marked[1]["scores"]["pair_scorer"]["metadata"]["pair_meta"] = {"level": True}
    marked[2]["scores"]["pair_scorer"]["metadata"]["pair_meta"] = {"level": False}
    log, rows_file = tmp_path / "a.json", tmp_path / "b.jsonl"
    log.write_text(json.dumps({"status": "success", "eval": EVAL, "samples": marked}))
    rows_file.write_text(
        "".join(json.dumps({"ste_result": sample["scores"]["pair_scorer"]["metadata"]}) + "\n" for sample in marked)
    )
    for path in (log, rows_file):
        found = read_results([path])
        assert [entry.row for entry in found.entries] == [ROWS[0], ROWS[2]]
        assert found.faults == ()


class TestSkippedPairs:
    """overlong=skip leaves pairs out of a log's figures, so the gate must not count them as unparsed, half right."""

    @pytest.mark.parametrize(
        ("score", "mark"),
        [({"value": float("nan")}, {}), ({"value": None}, {}), ({"value": {"official": 1.0}}, {"skipped": True})],
    )
    def test_inspect(self, tmp_path: Path, score: dict[str, Any], mark: dict[str, Any]) -> None:
        content = samples()
        for sample in content:
            sample["scores"]["pair_scorer"]["value"] = {"official": 1.0, "consistent": float("nan")}
        content[2]["scores"]["pair_scorer"].update(score)
        content[2]["scores"]["pair_scorer"]["metadata"].update(mark)
        path = tmp_path / "a.json"
        path.write_text(json.dumps({"status": "success", "eval": EVAL, "samples": content}))
        found = read_results([path])
        assert [entry.row for entry in found.entries] == ROWS[:2]
        assert found.faults == ()

    @pytest.mark.parametrize("wrapped", [True, False])
    def test_lines(self, tmp_path: Path, wrapped: bool) -> None:
        lines = [{**result_row_to_json(one), "skipped": number == 2} for number, one in enumerate(ROWS)]
        path = tmp_path / "samples.jsonl"
        path.write_text("".join(json.dumps({"ste_result": line} if wrapped else line) + "\n" for line in lines))
        found = read_results([path])
        assert [entry.row for entry in found.entries] == ROWS[:2]
        assert found.faults == ()

    def test_of_one_judge_alone(self, tmp_path: Path) -> None:
        paths = [tmp_path / "whole.jsonl", tmp_path / "short.jsonl"]
        for path, skipped in zip(paths, (None, 2), strict=True):
            lines = [{**result_row_to_json(one), "skipped": number == skipped} for number, one in enumerate(ROWS)]
            path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        _, faults = align(*(read_results([path]) for path in paths))
        assert faults == ["1 pair of the baseline missing in the candidate: pair 2"]
