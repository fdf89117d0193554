"""The plan: its sums, and how far it is from the runs it was made from."""

from __future__ import annotations

import json
import math
import zipfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from ste_plugin.cli import app
from ste_plugin.errors import UserError
from ste_plugin.planning.comparison import compared, holds, whole_ratio
from ste_plugin.planning.cost import Models, checkpoint_bytes, disk_bytes, seconds
from ste_plugin.planning.measured import measured_stages
from ste_plugin.planning.quantities import duration
from ste_plugin.planning.tables import print_plan
from ste_plugin.planning.throughput import DEVICES, SMOLLM2, device_named, parameters
from ste_plugin.planning.workload import StageLoad, workload
from ste_plugin.recipe import Recipe, built_in_recipes, load_recipe
from ste_plugin.stages import stages
from ste_plugin.work_directory import WorkDirectory

CPU = DEVICES["cpu-2core"]
SMALL = Models(SMOLLM2, SMOLLM2)


def minutes(recipe: Recipe) -> dict[str, float]:
    return {load.stage: seconds(load, SMALL, CPU, 1) / 60 for load in workload(recipe).loads}


def recipe(**settings: Any) -> Recipe:
    return Recipe.model_validate({"name": "of a test", **settings})


def test_the_measured_run_within_thirty_percent() -> None:
    """Recipe smollm2-cpu on 1,000 instructions and 621 pairs of RewardBench; measured on two cores, see the README."""
    # Neither the instructions nor the benchmark are part of the package: the recipe's own have other lengths.
    measured = {
        "score-0-rewardbench": 3.4,
        "synthesize-1": 2.8,
        "annotate-1": 1.6,
        "train-1": 6.2,
        "synthesize-2": 5.3,
        "annotate-2": 5.7,
        "train-2": 30.0,  # at the speed of its first 120 steps: later ones were disturbed
    }
    planned = minutes(load_recipe("smollm2-cpu", **{"select.source": "not-here.jsonl", "select.max_chars": 154}))
    scored = load_recipe("smollm2-cpu", score=[{"dataset": "hub", "limit_per_subset": 27}])
    planned["score-0-rewardbench"] = minutes(scored)["score-0-rewardbench"]
    for stage, took in measured.items():
        assert abs(math.log(planned[stage] / took)) < math.log(1.3), (stage, planned[stage], took)
    assert 0.7 < sum(planned[stage] for stage in measured) / sum(measured.values()) < 1.3


@pytest.mark.parametrize("name", built_in_recipes())
def test_every_recipe_has_a_plan(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    settings = load_recipe(name)
    work = workload(settings)
    planned = {load.stage for load in work.loads}
    expected = {stage.name for stage in stages(settings) if stage.kind in ("synthesize", "annotate", "train", "score")}
    assert expected <= planned
    assert all(load.tokens_in + load.tokens_out + load.tokens_trained > 0 for load in work.loads)
    print_plan(settings, 8e9, 8e9, DEVICES["h100"], 8)
    printed = capsys.readouterr().out
    assert "assumed, not measured" in printed and name in printed


def test_what_costs_more_is_planned_to() -> None:
    plain = minutes(recipe())
    assert minutes(recipe(annotate={"draws": 60, "first_round": 60}))["annotate-1"] > plain["annotate-1"]
    assert minutes(recipe(synthesize={"strategies": {"neighbor": 1}}))["synthesize"] < plain["synthesize"]
    assert minutes(recipe(train={"max_steps": 2}))["train-1"] < plain["train-1"]
    assert "check" not in plain
    assert "check" in minutes(recipe(quality={"check_labels": {"votes": 3}}))
    assert "select" in minutes(recipe(select={"method": "llm"})) and "select" not in plain
    single = recipe(score=[{"order": "single"}])
    assert minutes(single)["score-0-rewardbench"] == pytest.approx(plain["score-0-rewardbench"] / 2)


@pytest.mark.parametrize(
    ("strategy", "material", "prompts"),
    [
        ("mutated_code", "built_in", 0),
        ("mutated_code", "instructions", 100),
        ("unsafe_compliance", "built_in_requests", 100),
        ("unsafe_compliance", "built_in_half", 50),
        ("wrong_result", "instructions", 100),
        ("wrong_result", "built_in_requests", 100),
        ("weaker_answer", "instructions", 200),
    ],
)
def test_material_decides_how_much_is_generated(strategy: str, material: str, prompts: int) -> None:
    synthesis = {"strategies": {strategy: 1}, "pairs": 100, "max_tokens": 64}
    materials = {} if strategy == "weaker_answer" else {strategy: material}
    settings = recipe(select={"source": "none.jsonl"}, synthesize={**synthesis, "material": materials})
    load = {one.stage: one for one in workload(settings).loads}
    assert load["synthesize"].prompts == pytest.approx(prompts)
    assert (load["synthesize"].tokens_out > 0) == (prompts > 0)


def test_a_generator_is_asked_about_instructions_that_suit_a_strategy(tmp_path: Path) -> None:
    """The rest of what `material` "auto" needs is built in and costs nothing, and one response more or less counts."""
    texts = [f"Name {number} kinds of cloud." for number in range(40)]
    texts += [f"Write a Python function that adds {number}." for number in range(5)]
    texts += [f"A box holds {number} pears and 4 plums. How many are there in 3 boxes?" for number in range(3)]
    source = tmp_path / "mine.jsonl"
    source.write_text("".join(json.dumps({"instruction": text}) + "\n" for text in texts))

    def synthesis(**weights: int) -> StageLoad:
        settings = recipe(
            select={"source": str(source)}, synthesize={"strategies": weights, "pairs": 20 * len(weights)}
        )
        return next(one for one in workload(settings).loads if one.stage == "synthesize")

    code, sums = synthesis(mutated_code=1), synthesis(wrong_result=1)
    assert (code.prompts, sums.prompts) == (5, 3)
    assert sums.tokens_out == pytest.approx(3 * 8 * code.tokens_out / 5)
    # instructions that no strategy has used yet come first
    mixed = synthesis(mutated_code=1, wrong_result=1, verbosity=1)
    assert mixed.prompts == 5 + 3 + 20
    assert synthesis(over_refusal=1).prompts == 0
    missing = workload(recipe(select={"source": "none.jsonl"}, synthesize={"strategies": {"mutated_code": 1}}))
    assert any("taken to suit mutated_code" in line for line in missing.assumptions)


def test_an_iteration_with_settings_of_its_own() -> None:
    synthesis = {"strategies": {"neighbor": 1}, "pairs": 40, "each_iteration": True}
    changes = {2: {"synthesize": {"pairs": 80}, "train": {"epochs": 4}}}
    load = {
        one.stage: one for one in workload(recipe(iterations=2, synthesize=synthesis, from_iteration=changes)).loads
    }
    assert load["annotate-2"].prompts == pytest.approx(2 * load["annotate-1"].prompts)
    assert load["train-2"].tokens_trained == pytest.approx(4 * load["train-1"].tokens_trained, rel=0.1)
    assert load["synthesize-2"].prompts > load["synthesize-1"].prompts


def test_what_is_not_here_is_said() -> None:
    said = workload(recipe(select={"source": "none.jsonl"}, score=[{"dataset": "hub"}])).assumptions
    assert [line.split("'")[1] for line in said] == ["none.jsonl", "hub"]
    assert workload(recipe()).assumptions == ()


def test_time_follows_size_and_devices() -> None:
    load = StageLoad("x", "judge", tokens_in=1e6, tokens_out=1e5, tokens_trained=1e6)
    one = seconds(load, Models(8e9, 1e9), DEVICES["h100"], 1)
    assert seconds(load, Models(16e9, 1e9), DEVICES["h100"], 1) == pytest.approx(2 * one)
    assert seconds(load, Models(8e9, 1e9), DEVICES["h100"], 4) == pytest.approx(one / 4)
    generator = StageLoad("x", "generator", tokens_in=1850)
    assert seconds(generator, Models(1e12, SMOLLM2), CPU, 1) == pytest.approx(1)


def test_disk() -> None:
    full, lora = recipe(iterations=3), recipe(iterations=3, train={"method": "lora"})
    assert checkpoint_bytes(full, 1e9) == 2e9
    assert checkpoint_bytes(lora, 1e9) < 1e8
    assert disk_bytes(full, workload(full), 1e9) > 3 * 2e9
    assert disk_bytes(lora, workload(lora), 1e9) < 1e9


@pytest.mark.parametrize(("text", "number"), [("135M", 135e6), ("8b", 8e9), ("1.5 B", 1.5e9)])
def test_sizes(text: str, number: float) -> None:
    assert parameters(text) == number


@pytest.mark.parametrize("text", ["", "8", "8T", "-1B", "0B"])
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(UserError, match="135M or 8B"):
        parameters(text)


def test_unknown_device() -> None:
    with pytest.raises(UserError, match="cpu-2core, a100, h100"):
        device_named("tpu")


def test_durations() -> None:
    assert [duration(number) for number in (3.2, 90, 7200)] == ["3 s", "1.5 min", "2.0 h"]


def inspect_log(folder: Path, name: str, seconds: int, tokens: tuple[int, int] | None) -> str:
    """The header of a log of a stage that took `seconds` and asked a model for `tokens` (in, out)."""
    usage = {} if tokens is None else {"m": {"input_tokens": tokens[0], "output_tokens": tokens[1]}}
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    stats = {"started_at": start.isoformat(), "completed_at": (start + timedelta(seconds=seconds)).isoformat()}
    header = {"status": "success", "eval": {}, "stats": {**stats, "model_usage": usage}}
    path = folder / f"{name}.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.json", json.dumps(header))
    return str(path)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run of the demo recipe, each stage of which took twice as long as planned."""
    settings = load_recipe("smollm2-demo", iterations=1)
    work = WorkDirectory(tmp_path / "run")
    work.claim({"recipe": settings.what_decides(), "judge": {"name": "m"}})
    for load in workload(settings).loads:
        took = round(2 * seconds(load, SMALL, CPU, 1))
        counted = load.stage.startswith(("score", "annotate"))
        asked = None if load.model == "training" else (int(load.tokens_in), int(load.tokens_out) + 1)
        figures = {"prompt_tokens": load.tokens_in, "tokens": load.tokens_out + 1} if counted else {}
        log = inspect_log(tmp_path, load.stage, took, asked)
        work.finish(load.stage, {"log": log, "figures": figures, "tokens": 0})
    work.finish("report", {"log": "", "figures": {}, "tokens": 0})
    work.close()
    return work.path


def plan(run: Path, *words: str) -> Result:
    given = ["plan", "smollm2-demo", "--judge-size", "134.5M", "--measured", str(run), *words]
    return CliRunner().invoke(app, given, env={"COLUMNS": "200"})


def change(run: Path, stage: str, **changes: Any) -> None:
    stages = json.loads((run / "stages.json").read_text())
    (run / "stages.json").write_text(json.dumps({**stages, stage: {**stages[stage], **changes}}))


def test_a_plan_beside_what_a_run_took(run: Path) -> None:
    found = compared(
        workload(load_recipe("smollm2-demo", iterations=1)).loads, measured_stages(run), SMALL, CPU, devices=1
    )
    assert all(stage.ratio == pytest.approx(0.5, abs=0.02) for stage in found)
    assert whole_ratio(found) == pytest.approx(0.5, abs=0.01) and not holds(0.5)
    slower = compared([stage.load for stage in found], measured_stages(run), Models(2 * SMOLLM2, 2 * SMOLLM2), CPU, 1)
    assert whole_ratio(slower) == pytest.approx(1, abs=0.02) and holds(1.02)
    printed = plan(run)
    assert printed.exit_code == 1
    assert "planned over measured time: 0.50; the plan is off by more than 30 %" in printed.output
    assert "the run had other settings, first iterations: 1; planned: 2" in printed.output
    assert "not finished" in printed.output  # the second iteration
    double = CliRunner().invoke(app, ["plan", "smollm2-demo", "--judge-size", "269M", "--measured", str(run)])
    assert double.exit_code == 0 and "holds within 30 %" in double.output


def test_what_says_nothing_of_the_time_is_left_out(run: Path, tmp_path: Path) -> None:
    before = measured_stages(run)
    change(run, "synthesize", log=inspect_log(tmp_path, "again", 3, None))
    change(run, "annotate-1", log=inspect_log(tmp_path, "partly", 3, (100, 1)))
    change(run, "train-1", log=str(tmp_path / "gone.eval"))
    left = measured_stages(run)
    whys = {name: stage.why for name, stage in left.items() if stage.seconds is None}
    assert whys == {
        "synthesize": "its answers were in the journal",
        "annotate-1": "its answers were in the journal",
        "train-1": "gone.eval is not there or cannot be read",
    }
    assert left["annotate-1"].tokens_in == before["annotate-1"].tokens_in
    assert "its answers were in the journal" in plan(run).output


def test_a_run_over_lm_eval(run: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    change(run, "score-0-mini", log=str(tmp_path / "folder"), seconds=12.5)
    change(run, "train-1", log=str(tmp_path / "folder"), figures={"seconds": 7.0})
    change(run, "synthesize", log=str(tmp_path / "folder"))
    found = measured_stages(run)
    assert [found[name].seconds for name in ("score-0-mini", "train-1", "synthesize")] == [12.5, 7.0, None]


def test_no_run_to_compare_with(tmp_path: Path, run: Path) -> None:
    assert isinstance(plan(tmp_path / "nowhere").exception, UserError)
    (run / "stages.json").write_text("{}")
    assert "not one planned stage" in str(plan(run).exception)


@pytest.mark.parametrize(
    ("benchmark", "pairs"),
    [
        ({"name": "rewardbench"}, 2985),
        ({"name": "rewardbench", "subsets": "Chat"}, 358),
        ({"name": "rewardbench", "subsets": "Chat,math-prm", "limit_per_subset": 40}, 3 * 40 + 28 + 40 + 40),
        ({"name": "llmbar", "subsets": "Natural"}, 100),
        ({"name": "llmbar", "subsets": "Adversarial"}, 319),
        ({"name": "judgebench"}, 350),
        ({"name": "judgebench", "split": "both"}, 620),
        ({"name": "judgebench", "split": "claude", "limit_per_subset": 31}, 4 * 31),
        ({"name": "rmbench"}, 11_943),
        ({"name": "rmbench", "subsets": "Safety", "limit_per_subset": 10}, 2 * 10 * 9),
        ({"name": "mtbench", "limit_per_subset": 250}, 500),
        ({"name": "rewardbench2", "subsets": "Math"}, 3 * 183),
        ({"name": "helpsteer2"}, 519),
    ],
)
def test_pairs_of_a_benchmark_on_the_hub(benchmark: dict[str, Any], pairs: int) -> None:
    settings = recipe(score=[{**benchmark, "dataset": "hub"}])
    load = next(one for one in workload(settings).loads if one.stage.startswith("score-0"))
    assert load.prompts == 2 * pairs


def test_what_selection_refuses_or_leaves_out_is_not_planned(tmp_path: Path) -> None:
    source = tmp_path / "two.jsonl"
    rows = [{"instruction": f"Name {n} kinds of cloud.", "source": f"s{n % 2}"} for n in range(60)]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    synthesis = {"strategies": {"verbosity": 1}, "pairs": 1000}

    def prompts(**select: Any) -> float:
        settings = recipe(select={"source": str(source), **select}, synthesize=synthesis)
        return next(one.prompts for one in workload(settings).loads if one.stage == "synthesize")

    assert (prompts(), prompts(source_cap=10)) == (60, 20)
    with pytest.raises(UserError, match="at most 5 characters"):
        prompts(max_chars=5)
