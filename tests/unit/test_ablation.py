"""The matrix of an ablation: its cells, its recipes, its results and its plot."""

from __future__ import annotations

import json
import math
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from ste_plugin.ablation.axes import cells, seeds_of, varied
from ste_plugin.ablation.begun_runs import deciding, record_words
from ste_plugin.ablation.matrix import Ablation
from ste_plugin.ablation.plot import plot
from ste_plugin.ablation.results import OVERALL, cell_results, differences
from ste_plugin.ablation.tables import differences_table
from ste_plugin.benchmarks import rewardbench
from ste_plugin.errors import UserError
from ste_plugin.pairs import Pair
from ste_plugin.recipe import Recipe, load_recipe
from ste_plugin.result_rows import write_result_rows
from ste_plugin.scoring import aggregate
from ste_plugin.self_training import what_decides
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
        (["draws=1", "annotate.draws=2"], "as --vary draws does"),
        (["train={epochs: 3}", "train.epochs=2"], "as --vary train does"),
        (["synthesize.strategies.neighbor=2", "strategies=neighbor"], "as --vary synthesize.strategies.neighbor does"),
        (["seed=1,2"], "--seeds"),
        (["strategies=neighbor:x"], "no number"),
        (["reasoning=maybe"], "on, off"),
        (["select.complexity=[1"], "not a YAML value"),
        (["select.source=2020-13-45"], "not a YAML value"),
        (["select.source=" + "[" * 3000], "not a YAML value"),
        (["seed.x=1,2"], "give seeds with --seeds"),
    ],
)
def test_an_axis_that_cannot_be_read(vary: list[str], part: str) -> None:
    with pytest.raises(UserError, match=part):
        cells(vary, BASE)


def written(folder: Path, **settings: Any) -> str:
    """A recipe file with these settings."""
    file = folder / "recipe.yaml"
    file.write_text(yaml.safe_dump({"name": "own", **settings}))
    return str(file)


def test_strategies_that_are_named_nowhere_else(tmp_path: Path) -> None:
    """What a recipe says of its strategies goes with those that an axis leaves out."""
    file = written(
        tmp_path,
        synthesize={
            "strategies": {"neighbor": 1, "wrong_result": 1, "verbosity": 1},
            "material": {"wrong_result": "built_in"},
        },
        quality={"exempt": {"wrong_result": ["near_identical"]}},
        train={"curriculum": [["neighbor"], ["wrong_result", "verbosity"]]},
    )
    all_three, two, one = cells(
        ["strategies=neighbor+wrong_result+verbosity,verbosity+wrong_result:2,neighbor"], load_recipe(file)
    )
    found = [varied(file, cell, 0) for cell in (all_three, two, one)]
    assert [recipe.synthesize.material for recipe in found] == [{"wrong_result": "built_in"}] * 2 + [{}]
    assert [recipe.train.curriculum for recipe in found] == [
        (("neighbor",), ("wrong_result", "verbosity")),
        (("wrong_result", "verbosity"),),
        (("neighbor",),),
    ]
    assert found[1].synthesize.strategies == {"verbosity": 1, "wrong_result": 2}


@pytest.mark.parametrize(
    ("axis", "later", "part"),
    [
        (
            "draws=1,5",
            {"annotate": {"draws": 9}},
            r"^--vary draws: sets 'annotate.draws' for the whole run, .*\(.*2.ann",
        ),
        ("train.lora.rank=2,4", {"train": {"lora": {"alpha": 8}}}, r"from_iteration\.2\.train\.lora'"),
        ("annotate={draws: 3}", {"annotate": {"first_round": 2}}, r"from_iteration\.2\.annotate\.first_round"),
        ("reasoning=on,off", {"train": {"loss": "verdict"}}, r"^--vary reasoning: sets 'train\.loss'"),
        ("strategies=neighbor", {"synthesize": {"strategies": {"verbosity": 1}}}, r"2\.synthesize\.strategies"),
        ("strategies=neighbor", {"synthesize": {"material": {"wrong_result": "auto"}}}, r"2\.synthesize\.material"),
    ],
)
def test_an_axis_that_a_later_iteration_would_undo(tmp_path: Path, axis: str, later: dict[str, Any], part: str) -> None:
    pairs = {"strategies": {"neighbor": 1, "wrong_result": 1}, "material": {"wrong_result": "built_in"}}
    if "strategies" in later.get("synthesize", {}):
        del pairs["material"]
    file = written(tmp_path, synthesize={**pairs, "each_iteration": True}, from_iteration={2: later})
    with pytest.raises(UserError, match=part):
        cells([axis], load_recipe(file))


def test_what_a_later_iteration_leaves_alone_may_be_varied_and_so_may_its_own(tmp_path: Path) -> None:
    later = {"annotate": {"draws": 9, "first_round": 3}}
    file = written(tmp_path, iterations=2, from_iteration={2: later})
    one, *_ = cells(["annotate.top_p=0.8,0.9", "from_iteration.2.annotate.draws=4,5"], load_recipe(file))
    recipe = varied(file, one, 0)
    assert [recipe.at(n).annotate.top_p for n in (1, 2)] == [0.8, 0.8]
    assert [(recipe.at(n).annotate.draws, recipe.at(n).annotate.first_round) for n in (1, 2)] == [(15, 1), (4, 3)]


@pytest.mark.parametrize("key", ["score.votes", "score.0.votes"])
def test_a_key_that_stands_below_a_list_is_not_let_pass(tmp_path: Path, key: str) -> None:
    file = written(tmp_path, score=[{"name": "mini"}])
    (cell,) = cells([f"{key}=32"], load_recipe(file))
    with pytest.raises(UserError, match=rf"recipe.yaml: '{key}' cannot be set on its own"):
        varied(file, cell, 0)


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


def test_a_benchmark_that_could_score_nothing_is_shown_as_such() -> None:
    seed, last = cell_results("c", {0: run_of(50, math.nan), 1: run_of(50, math.nan)})
    assert seed.scores[OVERALL].over_seeds == 0
    assert math.isnan(last.scores[OVERALL].value) and last.scores[OVERALL].over_seeds is None


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
    assert difference.iterations == (1, 1)
    # one of the logs has moved: what its figures say is still shown
    Path(better[1]["score-1-mini"]["log"]).unlink()
    last = cell_results("better", better)[1]
    assert last.unread is not None and "better-1-1.jsonl: no such file" in last.unread
    assert last.scores["Chat"].joint is None and last.scores["Chat"].over_seeds is not None


def test_what_a_difference_is_between_is_said(tmp_path: Path) -> None:
    """A cell whose second seed has come to iteration 1 only is compared with the other's iteration 2; of a benchmark
    that the first cell does not have, with the first that has it."""

    def stages(name: str, iterations: int, benchmark: str = "mini") -> dict[str, Any]:
        named = [["cr"] * 6, ["cc"] * 6, ["cc"] * 5 + ["cr"]]
        return {
            f"score-{number}-{benchmark}": logged(tmp_path, f"{name}-{number}", named[number])
            for number in range(iterations + 1)
        }

    runs = {
        "whole": {0: stages("a0", 2), 1: stages("a1", 2)},
        "part": {0: stages("b0", 2), 1: stages("b1", 1)},
        "third": {0: stages("c0", 2, "other")},
        "fourth": {0: stages("d0", 2, "other")},
    }
    found = differences([one for name, own in runs.items() for one in cell_results(name, own)])
    assert [(one.cell, one.than, one.iterations) for one in found] == [
        ("part", "whole", (1, 2)),
        ("fourth", "third", (2, 2)),
    ]
    columns = [list(column.cells) for column in differences_table(found).columns]
    assert [list(map(str, cells)) for cells in columns[:4]] == [
        ["part", "fourth"],
        ["whole", "third"],
        ["mini", "other"],
        ["1 against 2", "2"],
    ]


def test_every_seed_and_cell_is_scored_on_the_same_pairs(tmp_path: Path) -> None:
    """Those that the task alone takes, too."""
    file = written(tmp_path, score=[{"name": "mini", "limit_per_subset": 2}])
    runs = ablation(tmp_path, recipe=file, seeds="3,4").runs
    assert sorted(run.recipe.seed for run in runs) == [3, 3, 4, 4]
    chosen = [[pair.id for pair in scored_pairs(run.recipe)] for run in runs]
    assert chosen == [[pair.id for pair in rewardbench.load("builtin", limit_per_subset=2)]] * 4
    file = written(tmp_path, score=[{"name": "mini", "limit_per_subset": 2, "seed": 9}])
    others = [pair.id for pair in scored_pairs(load_recipe(file))]
    assert others == [pair.id for pair in rewardbench.load("builtin", limit_per_subset=2, seed=9)] != chosen[0]


def scored_pairs(recipe: Recipe) -> list[Pair]:
    (benchmark,) = recipe.score
    assert recipe.judge_settings(annotating=False, benchmark=benchmark).seed == benchmark.seed
    return benchmark.load(limit_per_subset=benchmark.limit_per_subset, seed=benchmark.seed)


def test_logs_of_other_pairs_are_not_compared(tmp_path: Path) -> None:
    """As when one of two work directories was scored with another `score` seed or sample."""
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


def manifest(recipe: Recipe, **models: Any) -> dict[str, Any]:
    model = {"name": "m", "weights": "w"}
    return {**what_decides(recipe), "judge": model, "generator": model, **models}


def finish(folder: Path, **more: Any) -> Ablation:
    made = ablation(folder, **more)
    for run in made.runs:
        record_words(run.work, made.words)
        work = WorkDirectory(run.work)
        work.claim(manifest(run.recipe))
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
    with pytest.raises(UserError, match=r'select\.source = "builtin", now it is "mine.jsonl"; .*another --out'):
        ablation(tmp_path, instructions="mine.jsonl")
    with pytest.raises(UserError, match="--model m"):
        ablation(tmp_path, model="other")


def test_runs_of_other_settings_that_were_stopped_are_refused(tmp_path: Path) -> None:
    """They would be refused when they are started, but what they have finished would stand in the table."""
    made = ablation(tmp_path, vary=())
    work = WorkDirectory(made.runs[0].work)
    work.claim(manifest(made.runs[0].recipe))
    work.finish("score-0-mini", scored(50))
    work.close()
    (begun,) = ablation(tmp_path, vary=()).runs
    assert begun.begun and not begun.finished
    other = written(tmp_path, annotate={"draws": 3})
    with pytest.raises(UserError, match="was made with recipe"):
        ablation(tmp_path, recipe=other, vary=())


def test_finished_runs_of_other_files_are_refused(tmp_path: Path) -> None:
    instructions = tmp_path / "mine.jsonl"
    for text in ("one", "one", "two"):
        instructions.write_text(text)
        if text == "one":
            finish(tmp_path / "runs", instructions=str(instructions))
        else:
            with pytest.raises(UserError, match=r"was made with data\..*mine\.jsonl = "):
                ablation(tmp_path / "runs", instructions=str(instructions))


def test_finished_runs_of_another_prompt_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finish(tmp_path)
    monkeypatch.setattr(Recipe, "prompt_hashes", lambda _: {"judge_verdict": "changed"})
    with pytest.raises(UserError, match=r"was made with prompts\.judge_verdict = "):
        ablation(tmp_path)


@pytest.mark.parametrize("role", ["judge", "generator", "weak_generator"])
def test_runs_of_two_models_are_not_put_into_one_table(tmp_path: Path, role: str) -> None:
    _, second = finish(tmp_path).runs
    (second.work / "manifest.json").unlink()
    (second.work / "stages.json").unlink()
    work = WorkDirectory(second.work)
    work.claim(manifest(second.recipe, **{role: {"name": "m", "weights": "other"}}))
    work.close()
    with pytest.raises(UserError, match=rf"{second.work.name}: is not like the other runs: .*draws=1.*with {role}"):
        ablation(tmp_path)


def test_runs_that_were_begun_with_other_words_are_refused(tmp_path: Path) -> None:
    words = ("-M", "dtype=float32", "--display", "none")
    finish(tmp_path, words=words)
    quick = ("--max-connections=4", "--no-log-realtime")
    ablation(tmp_path, words=("-M", "dtype=float32", *quick))  # how it is shown and how fast decide nothing
    with pytest.raises(UserError, match=r"begun with --inspect=-M .*, now it is no --inspect; change it back"):
        ablation(tmp_path)
    with pytest.raises(UserError, match=r"now it is .*--inspect=--limit --inspect=2"):
        ablation(tmp_path, words=(*words, "--limit", "2"))


def test_an_option_without_a_value_hides_none_behind_it() -> None:
    assert deciding(["--ctl-server", "--no-fail-on-error"]) == ["--no-fail-on-error"]
    assert deciding(["--display", "none", "--limit", "2", "--no-log-realtime", "-T", "x=1"]) == [
        *("--limit", "2", "-T", "x=1"),
    ]


def test_an_option_that_sets_what_an_axis_sets(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"sets 'select\.source', as --instructions does"):
        ablation(tmp_path, vary=("select.source=a.jsonl,b.jsonl",), instructions="c.jsonl")
    with pytest.raises(UserError, match="sets 'score', as --dataset does"):
        ablation(tmp_path, vary=("score=[{name: mini}],[{name: mini, votes: 3}]",), dataset="builtin")


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
        work.claim(manifest(settings))
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
    first = Path(argument(commands[0], "workdir"))
    assert "alike=" not in " ".join(commands[0]) and argument(commands[1], "alike") == str(first)
    commands.clear()
    with pytest.raises(UserError):  # the same command starts only what is not finished
        ablation(folder).run()
    assert [load_recipe(argument(command, "recipe")).annotate.draws for command in commands] == [2]


def argument(command: list[str], name: str) -> str:
    """The value of ``-T name=value``."""
    return next(word.removeprefix(f"{name}=") for word in command if word.startswith(f"{name}="))
