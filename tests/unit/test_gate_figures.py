"""The figure that the gate compares is the one that the log of a benchmark shows, or the benchmark is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ste_plugin.benchmarks.registry import BENCHMARKS
from ste_plugin.commands.baseline import baseline
from ste_plugin.errors import UserError
from ste_plugin.gate.alignment import NOT_BY_PAIRS, align
from ste_plugin.gate.decision import judge_candidate
from ste_plugin.gate.judge_results import Entry, JudgeResults, Origin, pair_key
from ste_plugin.gate.limits import table_of
from ste_plugin.gate.paired_data import paired_scores
from ste_plugin.gate.policy import DEFAULT
from ste_plugin.result_rows import ResultRow, result_row, write_result_rows
from tests.result_builder import rows
from tests.unit.simulated_judges import at_random, judged
from tests.unit.test_benchmark_figures import PAIRS


def results(found: list[ResultRow]) -> JudgeResults:
    entries = [Entry(pair_key(one.benchmark, one.pair_id), one, "here") for one in found]
    return JudgeResults(tuple(entries), (Origin("a.jsonl", "rows", "", "", ""),))


@pytest.mark.parametrize("name", sorted(BENCHMARKS.keys() - NOT_BY_PAIRS.keys()))
def test_same_figure_as_the_log(name: str) -> None:
    pairs = PAIRS[name]()
    verdicts = judged(pairs, at_random(0))
    content = BENCHMARKS[name].content(pairs, "file.jsonl")
    found = [
        result_row(pair, content, "prompt", "both", result.results)
        for pair, (result, _) in zip(pairs, verdicts, strict=True)
    ]
    logged = BENCHMARKS[name].figures(verdicts).table
    assert logged is not None
    table = table_of(found)
    assert table.overall.official.value == pytest.approx(logged.overall.official.value)
    assert table.overall.official.stderr == pytest.approx(logged.overall.official.stderr)
    assert {s: row.official.value for s, row in table.sections.items()} == pytest.approx(
        {s: row.official.value for s, row in logged.sections.items()}
    )
    scores = paired_scores(found, found, "official")
    by_subset = [scores.candidate[scores.subset == number].mean() for number in range(len(scores.subsets))]
    assert 100 * scores.places[0].shares @ by_subset == pytest.approx(logged.overall.official.value)


@pytest.mark.parametrize("name", NOT_BY_PAIRS)
class TestRefused:
    def test_gate(self, name: str) -> None:
        found = results([*rows(["cc"] * 30, benchmark=name), *rows(["cc"] * 30)])
        _, faults = align(found, found)
        assert len(faults) == 1 and faults[0].startswith(f"{name}: its log {NOT_BY_PAIRS[name]}, the gate")
        report = judge_candidate(found, found, DEFAULT)
        assert (report.answer, report.exit_code) == ("invalid", 2)

    def test_baseline(self, name: str, tmp_path: Path) -> None:
        write_result_rows(tmp_path / "a.jsonl", rows(["cc"] * 3, benchmark=name))
        done = CliRunner().invoke(baseline, ["save", f"{tmp_path}/a.jsonl", "--folder", str(tmp_path)])
        assert isinstance(done.exception, UserError) and f"{name}: its log" in str(done.exception)
