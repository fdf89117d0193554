"""The matrix of an ablation: its cells, its recipes, its results and its plot."""

from __future__ import annotations

import json
import math
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from ste_plugin.ablation.axes import cells, seeds_of, varied
from ste_plugin.ablation.matrix import Ablation
from ste_plugin.ablation.plot import plot
from ste_plugin.ablation.results import OVERALL, cell_results, differences
from ste_plugin.ablation.tables import differences_table
from ste_plugin.errors import UserError
from ste_plugin.recipe import load_recipe
from ste_plugin.result_rows import write_result_rows
from ste_plugin.scoring import aggregate
from ste_plugin.work_directory import WorkDirectory
from tests.result_builder import row

BASE = load_recipe("smollm2-demo")


def test_every_combination() -> None:
    found = cells(["strategies=neighbor+modified_instruction:2,neighbor", "draws=1,5"], BASE)
    assert [cell.label for cell in found] == [
        "strategies=neighbor+modified_instruction:2 draws=1",
        "strategies=neighbor+modified_instruction:2 draws=5",
        "strategies=neighbor draws=1",
        "strategies=neighbor draws=5",
    ]
    assert found[0].overrides == {
        "synthesize.strategies": {"neighbor": 1.0, "modified_instruction": 2.0},
        "annotate.draws": 1,
    }
    assert len({cell.slug for cell in found}) == 4
    recipe = varied("smollm2-demo", found[0], 7)
    assert (recipe.seed, recipe.annotate.draws, recipe.synthesize.strategies["modified_instruction"]) == (7, 1, 2.0)


def test_no_axis_is_one_cell() -> None:
    (cell,) = cells([], BASE)
    assert (cell.label, cell.overrides) == ("as it is", {})


def test_start_and_any_key() -> None:
    start, rate = cells(["start=previous", "train.learning_rate=1e-4"], BASE)[0].settings
    assert start.overrides == {"start_from": "previous"}
    assert rate.overrides == {"train.learning_rate": 1e-4}
    (lists,) = cells(["select.complexity=[1, 3]"], BASE)
    assert lists.overrides == {"select.complexity": [1, 3]}


def test_reasoning() -> None:
    on, off = cells(["reasoning=on,off"], BASE)
    with_reasoning, alone = varied("smollm2-demo", on, 0), varied("smollm2-demo", off, 0)
    assert (with_reasoning.judge.prompt, with_reasoning.judge.max_tokens, with_reasoning.train.loss) == (
        "judge_short",
        64,
        "judgment",
    )
    assert (alone.judge.prompt, alone.judge.max_tokens, alone.train.loss) == ("judge_verdict", 0, "verdict")
    own = load_recipe("smollm2-cpu-reasoning")
    assert cells(["reasoning=on"], own)[0].overrides["judge.max_tokens"] == own.judge.max_tokens


@pytest.mark.parametrize(
    ("vary", "part"),
    [
        (["draws"], "give KEY=VALUE"),
        (["draws=1,"], "give KEY=VALUE"),
        (["draws=1,1"], "stands twice"),
        (["draws=1", "annotate.draws=2"], "vary it once"),
        (["seed=1,2"], "--seeds"),
        (["strategies=neighbor:x"], "no number"),
        (["reasoning=maybe"], "on, off"),
        (["select.complexity=[1"], "not a YAML value"),
    ],
)
def test_an_axis_that_cannot_be_read(vary: list[str], part: str) -> None:
    with pytest.raises(UserError, match=part):
        cells(vary, BASE)


@pytest.mark.parametrize(("text", "seeds"), [("2", [5, 6]), ("3,1", [3, 1])])
def test_seeds(text: str, seeds: list[int]) -> None:
    assert seeds_of(text, 5) == seeds


@pytest.mark.parametrize("text", ["", "x", "0", "-1", "1,1"])
def test_seeds_that_are_none(text: str) -> None:
    with pytest.raises(UserError, match="--seeds"):
        seeds_of(text, 0)


def scored(official: float, stderr: float | None = 2.0) -> dict[str, Any]:
    figures = {"official/overall": official, "official/Chat": official + 1, "n/overall": 9.0}
    errors = {} if stderr is None else {"stderr/overall": stderr, "stderr/Chat": 2 * stderr}
    return {"log": "l", "figures": figures | errors, "tokens": 1}


def run_of(*scores: float, stderr: float | None = 2.0) -> dict[str, Any]:
    return {f"score-{number}-mini": scored(score, stderr) for number, score in enumerate(scores)}


def test_means_over_seeds_with_both_errors() -> None:
    seed, last = cell_results("c", {0: run_of(50, 60), 1: run_of(52, 64, 70)})
    assert (seed.iteration, last.iteration) == (0, 1)  # the last one that both have
    overall = last.scores[OVERALL]
    assert (overall.value, overall.over_seeds, overall.over_pairs) == (62, pytest.approx(2), 2)
    assert last.scores["Chat"].value == 63
    assert (last.seeds, last.pairs) == ((0, 1), 9)


def test_one_seed_has_no_error_over_seeds() -> None:
    (seed,) = cell_results("c", {0: run_of(50, stderr=None), 1: {}})
    assert (seed.seeds, seed.scores[OVERALL].over_seeds, seed.scores[OVERALL].over_pairs) == ((0,), None, None)
    assert cell_results("c", {0: {}}) == []


def logged(folder: Path, name: str, named: list[str]) -> dict[str, Any]:
    """A stage that scored six pairs, with a log of them; `named` as in `result_builder.row`."""
    pairs = [
        row(number, letters, section="Chat" if number < 4 else "Safety", subset="a" if number < 4 else "b")
        for number, letters in enumerate(named)
    ]
    path = folder / f"{name}.jsonl"
    write_result_rows(path, pairs)
    table = aggregate([pair.pair_result for pair in pairs], {"Chat": ["a"], "Safety": ["b"]})
    figures = {"official/overall": table.overall.official.value, "n/overall": float(len(pairs))}
    figures |= {f"official/{name}": section.official.value for name, section in table.sections.items()}
    figures |= {f"stderr/{name}": section.official.stderr for name, section in table.sections.items()}
    return {"log": str(path), "figures": figures | {"stderr/overall": table.overall.official.stderr}, "tokens": 1}


def cell(folder: Path, name: str, *seeds: list[str]) -> dict[int, dict[str, Any]]:
    start = ["cr"] * 6
    return {
        seed: {
            "score-0-mini": logged(folder, f"{name}-{seed}-0", start),
            "score-1-mini": logged(folder, f"{name}-{seed}-1", named),
        }
        for seed, named in enumerate(seeds)
    }


def test_errors_over_seeds_and_pairs_from_the_logs(tmp_path: Path) -> None:
    worse = cell(tmp_path, "worse", ["cc", "rr", "cr", "cc", "rr", "cc"], ["cc", "rr", "rr", "cr", "cr", "cc"])
    better = cell(tmp_path, "better", ["cc", "cr", "cr", "cc", "cr", "cc"], ["cc", "cr", "rr", "cc", "cc", "cc"])
    results = cell_results("worse", worse) + cell_results("better", better)
    assert [(one.cell, one.iteration, one.unread) for one in results] == [
        ("worse", 0, None),
        ("worse", 1, None),
        ("better", 0, None),
        ("better", 1, None),
    ]
    for result in results:
        for score in result.scores.values():
            assert score.over_seeds is not None and score.over_pairs is not None and score.joint is not None
            assert score.joint >= max(score.over_seeds, score.over_pairs)
    chat = results[1].scores["Chat"]
    assert chat.value == pytest.approx((62.5 + 37.5) / 2)  # two seeds of four pairs
    assert chat.over_seeds == pytest.approx(12.5)
    (difference,) = differences(results)
    assert (difference.cell, difference.than, difference.seeds) == ("better", "worse", (0, 1))
    assert difference.scores["Chat"].value == pytest.approx(results[3].scores["Chat"].value - 50)
    json.dumps([one.to_json() for one in (*results, difference)])
    text = "".join(str(cell) for column in differences_table([difference]).columns for cell in column.cells)
    assert "+18.8 ± " in text
    # one of the logs has moved: what its figures say is still shown
    Path(better[1]["score-1-mini"]["log"]).unlink()
    last = cell_results("better", better)[1]
    assert last.unread is not None and "better-1-1.jsonl: no such file" in last.unread
    assert last.scores["Chat"].joint is None and last.scores["Chat"].over_seeds is not None


def test_seeds_with_other_pairs(tmp_path: Path) -> None:
    runs = cell(tmp_path, "c", ["cc"] * 6, ["cc"] * 5)
    last = cell_results("c", runs)[1]
    assert last.unread is not None and "holds other pairs" in last.unread


def test_the_plot_is_a_picture_with_a_mark_for_each_score() -> None:
    results = cell_results("a <b> & c", {0: run_of(50, 60), 1: run_of(52, 64)})
    svg = plot(results, "title & more")
    root = ElementTree.fromstring(svg)
    circles = [element for element in root.iter() if element.tag.endswith("circle")]
    assert len(circles) == 2 * 2  # two iterations, overall and Chat
    width = float(root.attrib["width"])
    assert all(0 < float(circle.attrib["cx"]) < width for circle in circles)
    assert "a <b> & c, mini, seed" in "".join(root.itertext())
    assert ElementTree.fromstring(plot(cell_results("n", {0: run_of(math.nan)}), "t")) is not None


def ablation(folder: Path, **more: Any) -> Ablation:
    return Ablation(
        **{"recipe": "smollm2-demo", "vary": ("draws=1,2",), "seeds": "1", "model": "m", "folder": folder} | more
    )


def finish(folder: Path) -> Ablation:
    made = ablation(folder)
    for run in made.runs:
        work = WorkDirectory(run.work)
        work.claim({"recipe": run.recipe.what_decides(), "judge": {"name": "m"}})
        for name, summary in run_of(50, 50 + run.recipe.annotate.draws).items():
            work.finish(name, summary)
        work.finish("report", {"log": "l", "figures": {}, "tokens": 0})
        work.close()
    return made


def test_finished_runs_are_reported_and_not_started(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = finish(tmp_path)
    assert all(run.finished for run in made.runs)
    made.run()  # would start `inspect` for model "m" otherwise
    printed = capsys.readouterr().out
    assert "51.0 ± ? (?, 2.0)" in printed and "52.0 ± ? (?, 2.0)" in printed
    assert "no error over seeds and pairs together: l: no such file" in printed
    assert {path.name for path in tmp_path.iterdir()} >= {"ablation.json", "ablation.svg"}


def test_finished_runs_of_other_settings_are_refused(tmp_path: Path) -> None:
    finish(tmp_path)
    with pytest.raises(UserError, match="another recipe"):
        ablation(tmp_path, instructions="mine.jsonl")
    with pytest.raises(UserError, match="--model m"):
        ablation(tmp_path, model="other")


def test_each_run_is_one_stock_command_and_a_failed_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        settings = load_recipe(argument(command, "recipe"))
        if settings.annotate.draws == 2:
            return subprocess.CompletedProcess(command, 2)
        work = WorkDirectory(Path(argument(command, "workdir")))
        work.claim({"recipe": settings.what_decides(), "judge": {"name": "m"}})
        for name, summary in (run_of(50, 60) | {"report": {"log": "l", "figures": {}, "tokens": 0}}).items():
            work.finish(name, summary)
        work.close()
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    folder = tmp_path / "runs"
    with pytest.raises(UserError, match=r"1 of 2 runs did not finish .*draws=2"):
        ablation(folder, words=("--display", "none")).run()
    assert "draws=1" in capsys.readouterr().out
    assert [command[1:3] for command in commands] == [["eval", "ste/self_train"]] * 2
    assert {argument(command, "journal") for command in commands} == {str(folder / "answers.jsonl")}
    assert all(command[-2:] == ["--display", "none"] for command in commands)
    commands.clear()
    with pytest.raises(UserError):  # the same command starts only what is not finished
        ablation(folder).run()
    assert [load_recipe(argument(command, "recipe")).annotate.draws for command in commands] == [2]


def argument(command: list[str], name: str) -> str:
    """The value of ``-T name=value``."""
    return next(word.removeprefix(f"{name}=") for word in command if word.startswith(f"{name}="))
