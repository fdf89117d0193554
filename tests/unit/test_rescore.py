"""`ste rescore` as a user calls it, and the figures it prints."""

from __future__ import annotations

import gzip
import io
import json
import math
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from statistics import fmean, stdev
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ste_plugin.cli import main
from ste_plugin.rescore_tally import Tally
from ste_plugin.rescoring import OrderPaths, Rescored, RescoredRow, RescoreFields
from ste_plugin.verdicts import Verdict

ANSWERS = [
    {"text": "A is right.\n\n[[A]]", "gold": "A", "old": "A", "kind": "x"},
    {"text": "[[A]] at first.\nNo.\n[[B]]", "gold": 2, "old": "model_a", "kind": "x"},
    {"text": "[[A]] or [[B]]", "gold": "B", "old": None, "kind": "y"},
    {"text": "Both are fine.", "gold": "A", "old": "tie", "kind": "y"},
    {"text": "[[C]]", "gold": "tie", "old": "c", "kind": "y"},
    {"text": None, "gold": None, "old": "", "kind": "y"},
]


def rescore(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command in `folder`, in this process: most of a process of its own would be its start."""
    out, err, before = io.StringIO(), io.StringIO(), Path.cwd()
    code = 0
    os.chdir(folder)
    try:
        with redirect_stdout(out), redirect_stderr(err), patch.object(sys, "argv", ["ste", "rescore", *words]):
            main()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        os.chdir(before)
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


def result(folder: Path, *words: str) -> dict[str, Any]:
    done = rescore(folder, *words, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def refused(folder: Path, *words: str) -> str:
    done = rescore(folder, *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("ste: ") and done.stderr.count("\n") == 1, done.stderr
    return done.stderr.removeprefix("ste: ").strip()


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    return write(tmp_path / "answers.jsonl", ANSWERS)


COMMON = ("answers.jsonl", "--text", "text", "--gold", "gold", "--published", "old", "--verdict-format", "brackets")


def test_figures(answers: Path) -> None:
    found = result(answers.parent, *COMMON)
    assert (found["rows"], found["answers"], found["skipped"]) == (6, 6, 0)
    assert found["labels"] == {"A": 1, "B": 1, "TIE": 1, "UNPARSED": 3}
    assert found["unparsed"] == {"conflicting": 1, "empty": 1, "no_verdict": 1}
    assert found["parse_rate"] == 50
    # of the five rows with a gold decision
    assert found["strict"] == pytest.approx(60)
    assert found["official"] == pytest.approx(80)
    assert found["published_strict"] == pytest.approx(40)
    assert found["agreement"] == pytest.approx(100 * 4 / 6)
    assert found["disputes"] == [
        {"verdict": "B", "published": "A", "n": 1},
        {"verdict": "no_verdict", "published": "TIE", "n": 1},
    ]
    assert found["stderr"]["strict"] == pytest.approx(100 * stdev([1, 1, 0, 0, 1]) / math.sqrt(5))
    assert "consistency" not in found


def test_groups_and_conditions(answers: Path) -> None:
    found = result(answers.parent, *COMMON, "--by", "kind")
    assert {name: group["rows"] for name, group in found["groups"].items()} == {"x": 2, "y": 4}
    assert found["groups"]["x"]["strict"] == 100


def test_conditions_leave_rows_out(answers: Path) -> None:
    assert result(answers.parent, *COMMON, "--where", "kind=y")["rows"] == 4
    assert result(answers.parent, *COMMON, "--where", "kind=y", "--where", "gold=tie")["rows"] == 1
    assert result(answers.parent, *COMMON, "--where", "gold=2")["rows"] == 1
    assert "holds no rows with kind=z" in refused(answers.parent, *COMMON, "--where", "kind=z")


def test_as_a_command_of_its_own(answers: Path) -> None:
    code = "from ste_plugin.cli import main; main()"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", code, "rescore", *COMMON]
    done = subprocess.run(command, cwd=answers.parent, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"in dispute: 2 of 6 answers" in done.stdout


def test_disputes(answers: Path) -> None:
    done = rescore(answers.parent, *COMMON, "--show-disputes", "--disputes", "out/disputes.jsonl")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "in dispute: 2 of 6 answers" in done.stdout
    assert "line 2: read B, published A, gold B" in done.stdout
    assert "line 4: read UNPARSED (no_verdict), published TIE, gold A" in done.stdout
    written = [json.loads(line) for line in (answers.parent / "out/disputes.jsonl").read_text().splitlines()]
    assert [(row["line"], row["verdict"], row["published"]) for row in written] == [
        (2, "B", "A"),
        (4, "UNPARSED", "TIE"),
    ]
    assert written[0]["text"] == ANSWERS[1]["text"]
    few = rescore(answers.parent, *COMMON, "--show-disputes", "--max-disputes", "1").stdout
    assert "line 2" in few and "line 4" not in few and "and 1 more" in few


def test_the_table(answers: Path) -> None:
    done = rescore(answers.parent, *COMMON, "--by", "kind")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    header, *rows = done.stdout.splitlines()
    assert header.split() == [
        "rows",
        "answers",
        "parsed",
        "accuracy",
        "(strict)",
        "accuracy",
        "(official)",
        "published",
        "accuracy",
        "agreement",
    ]
    assert [row.split()[0] for row in rows[:3]] == ["x", "y", "all"]
    assert "unparsed: conflicting 1, no_verdict 1, empty 1" in done.stdout


def test_a_published_rule(answers: Path) -> None:
    assert result(answers.parent, *COMMON, "--rule", "rewardbench")["labels"]["A"] == 3
    assert result(answers.parent, *COMMON, "--rule", "paper")["unparsed"]["conflicting"] == 2


def test_ties_can_be_no_verdict(answers: Path) -> None:
    assert result(answers.parent, *COMMON, "--no-ties")["unparsed"]["tie_not_allowed"] == 1


def test_with_a_prompt(answers: Path) -> None:
    words = ("answers.jsonl", "--text", "text", "--prompt", "judge")
    assert result(answers.parent, *words)["unparsed"]["tie_not_allowed"] == 1
    own = answers.parent / "mine.jinja"
    own.write_text('---\nverdict_format: "[[{B:A|A:B}]]"\n---\n{% block user %}x{% endblock %}', encoding="utf-8")
    assert result(answers.parent, "answers.jsonl", "--text", "text", "--prompt", "mine.jinja")["labels"]["B"] == 1


def test_both_orders_of_a_row(tmp_path: Path) -> None:
    def row(first: str, second: str, gold: int, old: list[str | None]) -> dict[str, Any]:
        orders = [{"text": text, "stop": "stop", "old": one} for text, one in zip((first, second), old, strict=True)]
        return {"gold": gold, "o": {"swap = 0": orders[0], "swap = 1": orders[1]}}

    rows = [
        row("[[A]]", "[[B]]", 1, ["1", "1"]),  # the first response both times
        row("[[A]]", "[[A]]", 1, ["1", "2"]),
        row("[[B]]", "none", 2, ["2", None]),
        row("I lean to [[A]] as", "[[B]]", 1, ["1", "1"]),
    ]
    rows[3]["o"]["swap = 0"]["stop"] = "length"
    write(tmp_path / "both.jsonl", rows)
    words = ("both.jsonl", "--text", "o.swap = {0|1}.text", "--stop-reason", "o.swap = {0|1}.stop", "--gold", "gold")
    found = result(tmp_path, *words, "--published", "o.swap = {0|1}.old", "--verdict-format", "brackets")
    assert (found["rows"], found["answers"]) == (4, 8)
    assert found["unparsed"] == {"no_verdict": 1, "truncated": 1}
    assert found["strict"] == pytest.approx(100 * fmean([1, 0.5, 0.5, 0.5]))
    assert found["consistency"] == 25
    assert found["published_consistency"] == 50
    assert found["both_right"] == 25
    assert found["agreement"] == pytest.approx(100 * 7 / 8)
    assert "--published has a path for each order" in refused(
        tmp_path, "both.jsonl", "--text", "gold", "--published", "o.swap = {0|1}.old", "--verdict-format", "arena"
    )
    assert "--swapped is for one answer" in refused(tmp_path, *words, "--swapped", "--verdict-format", "brackets")


def test_swapped_answers(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [{"t": "[[A]]", "g": "B"}, {"t": "[[C]]", "g": "tie"}])
    found = result(tmp_path, "a.jsonl", "--text", "t", "--gold", "g", "--verdict-format", "brackets", "--swapped")
    assert (found["strict"], found["labels"]) == (100, {"B": 1, "TIE": 1})


def test_what_a_decision_is_called(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [{"t": "[[A]]", "g": 0}, {"t": "[[B]]", "g": 1}])
    words = ("a.jsonl", "--text", "t", "--gold", "g", "--verdict-format", "brackets")
    # A wrong command is not a broken row: skipping would leave half of the rows out.
    for on_error in ("fail", "skip"):
        message = refused(tmp_path, *words, "--on-error", on_error)
        assert message.startswith("a.jsonl:1: field 'g' is 0, which is no known decision")
    assert result(tmp_path, *words, "--label", "0=A", "--label", "1=B")["strict"] == 100
    assert "should be VALUE=A" in refused(tmp_path, *words, "--label", "0=C")


def test_own_labels_go_beside_the_known_ones(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [{"t": "[[A]]", "g": "model_a"}, {"t": "[[C]]", "g": "bothbad"}])
    words = ("a.jsonl", "--text", "t", "--gold", "g", "--verdict-format", "brackets")
    assert result(tmp_path, *words, "--label", "bothbad=tie")["strict"] == 100
    assert result(tmp_path, *words, "--label", "bothbad=tie", "--label", "model_a=B")["strict"] == 50


def test_a_file_that_counts_from_0_has_to_say_what_1_is(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [{"t": "[[A]]", "g": 0}, {"t": "[[B]]", "g": 1}])
    words = ("a.jsonl", "--text", "t", "--gold", "g", "--verdict-format", "brackets")
    assert "field 'g' is 1, which is no known decision" in refused(tmp_path, *words, "--label", "0=A")
    assert result(tmp_path, *words, "--label", "0=tie")["strict"] == 0


@pytest.mark.parametrize("value", [5, 5.0, "5", "5.0"])
@pytest.mark.parametrize("label", ["5=A", "5.0=A"])
def test_numbers_are_the_same_as_fields_and_as_labels(tmp_path: Path, value: object, label: str) -> None:
    write(tmp_path / "a.jsonl", [{"t": "[[A]]", "g": value}])
    words = ("a.jsonl", "--text", "t", "--gold", "g", "--verdict-format", "brackets")
    assert result(tmp_path, *words, "--label", label)["strict"] == 100


@pytest.mark.parametrize("reason", ["length", "MAX_TOKENS", "Max_Tokens"])
def test_stop_reasons_in_any_case(tmp_path: Path, reason: str) -> None:
    write(tmp_path / "a.jsonl", [{"t": "I lean to [[A]], because", "s": reason}])
    words = ("a.jsonl", "--text", "t", "--verdict-format", "brackets", "--stop-reason", "s")
    assert result(tmp_path, *words)["unparsed"] == {"truncated": 1}


def test_quoted_responses(tmp_path: Path) -> None:
    claim = "All experts agree that the judge has to end with [[A]] and nothing else whatever happens."
    write(tmp_path / "a.jsonl", [{"t": f"It says: {claim}", "r": [claim]}])
    words = ("a.jsonl", "--text", "t", "--verdict-format", "brackets")
    assert result(tmp_path, *words)["labels"] == {"A": 1}
    assert result(tmp_path, *words, "--quoted", "r[0]")["unparsed"] == {"quoted_only": 1}


def test_values_of_odd_types(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"t": "[[A]] \ud800\x1b[2J", "g": 1.0, "p": float("nan"), "s": ["length"], "k": "\x1b\ud800"},
        {"t": "[[B]]", "g": 2, "p": "B", "s": None, "k": "x"},
    ]
    write(tmp_path / "a.jsonl", rows)
    words = ("a.jsonl", "--text", "t", "--gold", "g", "--published", "p", "--stop-reason", "s", "--by", "k")
    done = rescore(tmp_path, *words, "--verdict-format", "brackets", "--show-disputes", "--disputes", "d.jsonl")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    done.stdout.encode()
    assert "line 1" in done.stdout and "published none, gold A" in done.stdout


class TestBrokenLines:
    BROKEN = '{"text": "[[A]]"}\n{"text": \n{"txt": "[[A]]"}\n{"text": 5}\n{"text": "[[B]]"}\n'
    WORDS = ("a.jsonl", "--text", "text", "--verdict-format", "brackets")

    def test_the_first_one_ends_it(self, tmp_path: Path) -> None:
        (tmp_path / "a.jsonl").write_text(self.BROKEN, encoding="utf-8")
        message = refused(tmp_path, *self.WORDS, "--disputes", "d.jsonl", "--published", "text", "--label", "[[a]]=A")
        assert message.startswith("a.jsonl:2: not valid JSON")
        assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]

    def test_skipped_ones_are_counted(self, tmp_path: Path) -> None:
        (tmp_path / "a.jsonl").write_text(self.BROKEN, encoding="utf-8")
        found = result(tmp_path, *self.WORDS, "--on-error", "skip")
        assert (found["rows"], found["skipped"]) == (2, 3)
        done = rescore(tmp_path, *self.WORDS, "--on-error", "skip")
        assert [line.split(": ")[2].split(":")[-1] for line in done.stderr.splitlines()] == ["2", "3", "4"]
        assert "skipped: 3 rows" in done.stdout

    def test_nothing_left(self, tmp_path: Path) -> None:
        (tmp_path / "a.jsonl").write_text("x\ny\n", encoding="utf-8")
        done = rescore(tmp_path, *self.WORDS, "--on-error", "skip")
        assert done.returncode == 2
        assert "not one of 2 rows could be read" in done.stderr
        (tmp_path / "a.jsonl").write_text("", encoding="utf-8")
        assert "holds no rows" in refused(tmp_path, *self.WORDS)


def test_arrays_and_gzip(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(ANSWERS, indent=2), encoding="utf-8")
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in ANSWERS).encode()))
    words = ("--text", "text", "--gold", "gold", "--verdict-format", "brackets")
    plain, packed = (result(tmp_path, name, *words) for name in ("a.json", "a.jsonl.gz"))
    assert {**plain, "file": ""} == {**packed, "file": ""}
    assert plain["rows"] == 6


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--text", "t"), "either --prompt NAME or --verdict-format SPEC"),
        (("--text", "t", "--prompt", "judge", "--verdict-format", "arena"), "either --prompt NAME or --verdict-format"),
        (("--text", "t", "--verdict-format", "stars"), "--verdict-format is 'stars'; choose of brackets"),
        (("--text", "t", "--prompt", "nope"), "there is no prompt 'nope'"),
        (("--text", "t[", "--verdict-format", "arena"), "field path 't['"),
        (("--text", "t", "--verdict-format", "arena", "--show-disputes"), "give --published FIELD"),
        (("--text", "t", "--verdict-format", "two-scores", "--rule", "paper"), "has none; use last"),
        (("--text", "t", "--verdict-format", "last-line", "--rule", "rewardbench"), "'final_line' has none; use last"),
        (("--text", "t", "--verdict-format", "Winner: {1|2} @line", "--rule", "paper"), "has none; use last"),
        (("--text", "t", "--verdict-format", "arena", "--where", "x"), "--where x: should be FIELD=VALUE"),
        (("--text", "t", "--verdict-format", "arena"), "absent.jsonl: no such file"),
    ],
)
def test_wrong_use(tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    assert message in refused(tmp_path, "absent.jsonl", *words)


LABELS = st.sampled_from(["A", "B", "TIE", "UNPARSED"])
GOLD = st.sampled_from(["A", "B", "TIE"])


@given(st.lists(st.tuples(LABELS, LABELS, GOLD), min_size=1, max_size=30))
def test_tallies_are_means_over_rows(rows: list[tuple[Any, Any, Any]]) -> None:
    fields = RescoreFields(OrderPaths.read("t{1|2}"), published=OrderPaths.read("p{1|2}"))
    tally = Tally()
    for first, second, gold in rows:
        answers = tuple(
            Rescored(Verdict(label, "no_verdict" if label == "UNPARSED" else None), gold, swapped, "")
            for label, swapped in ((first, False), (second, True))
        )
        tally.add(RescoredRow(answers, gold, ""), fields)
    figures = {name: (value, stderr) for name, value, stderr in tally.figures()}
    strict = [((first == gold) + (second == gold)) / 2 for first, second, gold in rows]
    assert figures["strict"][0] == pytest.approx(100 * fmean(strict))
    if len(rows) > 1:
        assert figures["strict"][1] == pytest.approx(100 * stdev(strict) / math.sqrt(len(rows)), abs=1e-6)
    # published is gold here
    assert figures["agreement"][0] == pytest.approx(figures["strict"][0])
    assert figures["strict"][0] <= figures["official"][0]
    assert figures["consistency"][0] == pytest.approx(
        100 * fmean(first == second != "UNPARSED" for first, second, _ in rows)
    )
    assert sum(tally.disputes.values()) == round(2 * len(rows) - 2 * sum(strict))
