"""One run, whoever drives it: what each stage reads and writes, and when a run is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ste_plugin.errors import UserError
from ste_plugin.recipe import Recipe, load_recipe
from ste_plugin.self_training import ModelIdentity, SelfTraining, run_recipe
from ste_plugin.stages import Stage, stages

JUDGE = ModelIdentity("ste/judge", "weights 1")
GENERATOR = ModelIdentity("ste/generator", "weights 2")
WEAK = ModelIdentity("ste/weak", "weights 3")


def recipe(**settings: Any) -> Recipe:
    return Recipe.model_validate({"name": "x", "iterations": 2, **settings})


@pytest.fixture
def run(tmp_path: Path) -> Iterator[SelfTraining]:
    made = SelfTraining(recipe(), tmp_path / "run")
    yield made
    made.close()


def test_stages_one_after_the_other(run: SelfTraining) -> None:
    run.claim(JUDGE, GENERATOR)
    seen = []
    while (stage := run.next_stage()) is not None:
        assert run.next_stage() == stage, "asking finishes nothing"
        seen.append(stage)
        run.finish(stage, log="log", figures={"mean": 1.0}, tokens=len(seen))
    assert seen == stages(run.recipe)
    assert run.work.summaries()["select"] == {"log": "log", "figures": {"mean": 1.0}, "tokens": 2}


def test_each_stage_finds_what_the_one_before_it_left(run: SelfTraining) -> None:
    work = run.work
    assert run.inputs(Stage("select")).out == work.instructions
    assert run.inputs(Stage("synthesize")).out == run.inputs(Stage("check")).pairs == work.pairs(None)
    for iteration in (1, 2):
        annotate = run.inputs(Stage("annotate", iteration))
        train = run.inputs(Stage("train", iteration))
        assert annotate.pairs == train.pairs == run.inputs(Stage("check")).out == work.checked_pairs(None)
        assert train.annotations == annotate.out
        assert train.out == work.checkpoint(iteration)
        # the judge before it annotates, and training starts anew from the seed model
        assert annotate.judge == train.judge == iteration - 1
        assert train.start_from == 0
        scored = run.inputs(Stage("score", iteration, "rewardbench"))
        assert (scored.judge, scored.seed) == (iteration, run.recipe.score[0].seed)
    seeds = {run.inputs(Stage("annotate", iteration)).seed for iteration in (1, 2)}
    assert len(seeds) == 2, "draws of two iterations are not the same"


def test_pairs_anew_and_training_from_the_iteration_before(tmp_path: Path) -> None:
    settings = recipe(start_from="previous", synthesize={"each_iteration": True}, train={"method": "full"})
    run = SelfTraining(settings, tmp_path)
    assert [run.inputs(Stage("train", iteration)).start_from for iteration in (1, 2)] == [0, 1]
    for iteration in (1, 2):
        check = run.inputs(Stage("check", iteration))
        assert run.inputs(Stage("synthesize", iteration)).out == check.pairs == run.work.pairs(iteration)
        assert run.inputs(Stage("annotate", iteration)).pairs == check.out == run.work.checked_pairs(iteration)
        assert check.judge == iteration - 1
    run.inputs(Stage("score", 0, "rewardbench"))
    assert not (tmp_path / "iteration-0").exists()
    run.close()


def test_what_an_iteration_changes_reaches_its_stages(tmp_path: Path) -> None:
    settings = recipe(synthesize={"each_iteration": True}, from_iteration={2: {"train": {"epochs": 9}}})
    run = SelfTraining(settings, tmp_path)
    run.claim(JUDGE, GENERATOR)
    for kind in ("synthesize", "check", "annotate", "train"):
        for iteration, epochs in ((1, 2), (2, 9)):
            stage = Stage(kind, iteration)  # type: ignore[arg-type]
            assert run.recipe_of(stage).train.epochs == epochs
            assert load_recipe(str(run.recipe_file(stage))) == run.recipe_of(stage)
    assert load_recipe(str(run.recipe_file(Stage("score", 2)))) == run.recipe
    run.close()


def test_a_journal_elsewhere(tmp_path: Path) -> None:
    run = SelfTraining(recipe(), tmp_path / "run", tmp_path / "shared.jsonl")
    assert run.journal == tmp_path / "shared.jsonl"
    run.close()


def test_the_recipe_as_it_is_run(run: SelfTraining) -> None:
    run.claim(JUDGE, GENERATOR)
    assert load_recipe(str(run.recipe_file(Stage("annotate", 2)))) == run.recipe


@pytest.mark.parametrize(
    ("settings", "judge", "generator", "said"),
    [
        ({"seed": 7}, JUDGE, GENERATOR, "recipe.seed = 0, now it is 7"),
        ({}, ModelIdentity("ste/other", "weights 1"), GENERATOR, 'judge.name = "ste/judge", now it is "ste/other"'),
        ({}, ModelIdentity("ste/judge", "weights 9"), GENERATOR, 'judge.weights = "weights 1", now it is "weights 9"'),
        ({}, JUDGE, JUDGE, 'generator.name = "ste/generator", now it is "ste/judge"'),
    ],
)
def test_another_run_in_the_same_folder(
    tmp_path: Path, settings: dict[str, Any], judge: ModelIdentity, generator: ModelIdentity, said: str
) -> None:
    first = SelfTraining(recipe(), tmp_path)
    first.claim(JUDGE, GENERATOR)
    first.close()
    second = SelfTraining(recipe(**settings), tmp_path)
    with pytest.raises(UserError) as refused:
        second.claim(judge, generator)
    assert said in str(refused.value)
    second.close()


def test_a_run_that_is_to_be_like_another(tmp_path: Path) -> None:
    data = tmp_path / "all.jsonl"
    data.write_text("one")
    first = SelfTraining(recipe(select={"source": str(data)}), tmp_path / "first")
    first.claim(JUDGE, GENERATOR)
    first.close()
    other = recipe(select={"source": str(data)}, seed=7, judge={"prompt": "judge_short"})
    run = SelfTraining(other, tmp_path / "second", alike=tmp_path / "first")
    for judge, generator, weak, said in (
        (
            ModelIdentity("ste/judge", "weights 9"),
            GENERATOR,
            None,
            'judge.weights = "weights 1", now it is "weights 9"',
        ),
        (JUDGE, JUDGE, None, 'generator.name = "ste/generator", now it is "ste/judge"'),
        (JUDGE, GENERATOR, WEAK, "weak_generator = null, now it is"),
    ):
        with pytest.raises(UserError, match=f"first: was made with {said}"):
            run.claim(judge, generator, weak)
    data.write_text("two")
    with pytest.raises(UserError, match=r"first: was made with data\..*all\.jsonl"):
        run.claim(JUDGE, GENERATOR)
    assert run.work.manifest is None, "what is refused leaves nothing behind"
    data.write_text("one")
    run.claim(JUDGE, GENERATOR)
    run.close()


@pytest.mark.parametrize(("first", "second"), [(None, WEAK), (WEAK, None), (WEAK, JUDGE)])
def test_another_weak_generator(tmp_path: Path, first: ModelIdentity | None, second: ModelIdentity | None) -> None:
    run = SelfTraining(recipe(), tmp_path)
    run.claim(JUDGE, GENERATOR, first)
    assert ("weak_generator" in (run.work.manifest or {})) == (first is not None)
    run.claim(JUDGE, GENERATOR, first)
    with pytest.raises(UserError, match="was made with weak_generator"):
        run.claim(JUDGE, GENERATOR, second)
    run.close()


def test_other_data_under_the_same_name(tmp_path: Path) -> None:
    data = tmp_path / "all.jsonl"
    settings = recipe(select={"source": str(data)})
    for text, fits in (("one", True), ("one", True), ("two", False)):
        data.write_text(text)
        run = SelfTraining(settings, tmp_path / "run")
        if fits:
            run.claim(JUDGE, GENERATOR)
        else:
            with pytest.raises(UserError, match=r"data\..*all.jsonl"):
                run.claim(JUDGE, GENERATOR)
        run.close()


def test_what_a_command_line_puts_in_place_of_the_recipe(tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(yaml.safe_dump({"name": "mine", "score": [{"name": "a"}, {"name": "b", "dataset": "hub"}]}))
    assert run_recipe(str(file)) == load_recipe(str(file))
    changed = run_recipe(str(file), instructions="some.jsonl", dataset="file.jsonl", iterations=5, seed=9)
    assert (changed.select.source, changed.iterations, changed.seed) == ("some.jsonl", 5, 9)
    assert [benchmark.dataset for benchmark in changed.score] == ["file.jsonl", "file.jsonl"]
    with pytest.raises(UserError, match="iterations"):
        run_recipe(str(file), iterations=-1)
