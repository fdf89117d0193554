"""A recipe is read whole or refused in one line that names the file and the key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ste_plugin.errors import UserError
from ste_plugin.judge_prompt import JudgePrompt
from ste_plugin.recipe import Recipe, built_in_recipes, load_recipe
from ste_plugin.recipe_sections import BenchmarkRecipe
from ste_plugin.text_prompt import TextPrompt

Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a recipe file and gives its path."""

    def write_file(text: str) -> str:
        path = tmp_path / "mine.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write_file


def refusal(path: str, **overrides: Any) -> str:
    """The message of the UserError that `path` gives: one line that opens with the file."""
    with pytest.raises(UserError) as caught:
        load_recipe(path, **overrides)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(path)
    return message.removeprefix(path)


@pytest.mark.parametrize("name", built_in_recipes())
def test_every_recipe_that_comes_with_ste_loads(name: str) -> None:
    assert load_recipe(name).name == name


def test_the_defaults_are_the_papers(write: Write) -> None:
    recipe = load_recipe(write("name: mine"))
    assert recipe == Recipe(name="mine")
    assert recipe.start_from == "seed"
    assert (recipe.annotate.draws, recipe.annotate.temperature, recipe.annotate.top_p) == (15, 0.7, 0.9)
    assert (recipe.train.learning_rate, recipe.train.epochs) == (1e-6, 2)
    assert recipe.synthesize.strategies == {"modified_instruction": 1.0}
    assert recipe.curate.balance


@pytest.mark.parametrize("name", built_in_recipes())
def test_a_recipe_written_out_reads_back_the_same(write: Write, name: str) -> None:
    """The loop hands the recipe to its stages that way."""
    recipe = load_recipe(name)
    assert load_recipe(write(yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False))) == recipe


@given(st.floats(1e-12, 1), st.integers(0, 2**40), st.sampled_from(["Ja: 'nein'", "1", "no", "ü"]))
def test_any_number_and_name_survive_the_file(
    tmp_path_factory: pytest.TempPathFactory, rate: float, seed: int, name: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "written.yaml"
    recipe = Recipe.model_validate({"name": name, "seed": seed, "train": {"learning_rate": rate}})
    path.write_text(yaml.safe_dump(recipe.model_dump(mode="json")))
    assert load_recipe(str(path)) == recipe


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\nannotate: {temperature: 0}", ": recipe: Value error, annotate: 15 draws at temperature 0"),
        (
            "name: x\nannotate: {temperature: 0, draws: 1}\nquality: {check_labels: {votes: 3}}",
            ": recipe: Value error, quality.check_labels: several votes",
        ),
        ("name: x\nselect: {categories: [reasoning]}", ": select: Value error, categories needs a model's labels"),
        ("name: x\nselect: {keep_unlabelled: true}", ": select: Value error, keep_unlabelled needs a model's labels"),
        ("name: x\nselect: {candidates: 9}", ": select: Value error, candidates are labelled by a model: set method"),
        ("name: x\nselect: {balance_over: [length]}", ": select: Value error, balance_over 'length' needs"),
        ("name: x\nselect: {method: llm, lengths: [tall]}", ": select.lengths: 'classify_instruction' has no 'tall'"),
        ("name: x\nquality: {exempt: {nope: [refused]}}", ": quality.exempt: unknown negative strategy 'nope'"),
        ("name: x\nquality: {filters: [blank]}", ": quality.filters.0: Input should be 'empty'"),
        ("name: x\nscore: [{name: [mini]}]", ": score.0.name: Input should be a valid string"),
        ("name: x\nfrom_iteration: {0: {}}", ": from_iteration.0.[key]: Input should be greater than or equal to 1"),
        ("name: x\nfrom_iteration: {2: {judge: {}}}", ": from_iteration.2.judge.[key]: Input should be 'synthesize'"),
        ("name: x\nfrom_iteration: {2: {train: {lr: 1}}}", ": unknown key 'from_iteration.2.train.lr'; remove it"),
        ("name: x\nfrom_iteration: {2: {train: {epochs: 0}}}", ": from_iteration.2.train.epochs: Input should be"),
        ("name: x\nfrom_iteration: {2: {train: {method: lora}}}", "from_iteration.2: 'train.method' is one for all"),
        ("name: x\nfrom_iteration: {2: {quality: {}}}", "from_iteration.2: all iterations share their pairs; set"),
        (
            "name: x\nsynthesize: {each_iteration: true}\nfrom_iteration: {2: {synthesize: {strategies: {nope: 1}}}}",
            ": from_iteration.2: synthesize.strategies: unknown negative strategy 'nope'",
        ),
        ("name: x\niteration: 3", ": unknown key 'iteration'; remove it or mend its name"),
        ("name: x\ntrain: {lr: 1}", ": unknown key 'train.lr'; remove it or mend its name"),
        ("name: x\nscore: [{}, {nam: y}]", ": unknown key 'score.1.nam'; remove it or mend its name"),
        ("name: x\na: 1\nb: 2", ": unknown key 'a' (and 1 more); remove it or mend its name"),
        ("iterations: 3", ": name: Field required"),
        ("name: 3", ": name: Input should be a valid string"),
        ("name: x\niterations: many", ": iterations: Input should be a valid integer"),
        ("name: x\niterations: -1", ": iterations: Input should be greater than or equal to 0"),
        ("name: x\nannotate: {draws: 0}", ": annotate.draws: Input should be greater than or equal to 1"),
        ("name: x\nannotate: {temperature: .nan}", ": annotate.temperature: Input should be"),
        ("name: x\nannotate: {top_p: 0}", ": annotate.top_p: Input should be greater than 0"),
        ("name: x\nannotate: {orders: all}", ": annotate.orders: Input should be 'both' or 'single'"),
        ("name: x\ncurate: {validation_share: 0.6}", ": curate.validation_share: Input should be less than"),
        ("name: x\njudge: {max_response_chars: 79}", ": judge.max_response_chars: Input should be greater"),
        ("name: x\njudge: {overlong: cut}", ": judge.overlong: Input should be 'unparsed', 'skip' or 'shorten'"),
        ("name: x\nselect: 3", ": select: Input should be a valid dictionary"),
        ("name: x\nselect:", ": select: Input should be a valid dictionary"),
        ("name: x\nselect: {complexity: [5, 1]}", ": select: Value error, complexity should be [lowest, highest]"),
        ("name: x\nselect: {complexity: [0, 5]}", ": select: Value error, complexity should be [lowest, highest]"),
        ("name: x\nsynthesize: {strategies: {}}", ": synthesize.strategies: Dictionary should have at least 1 item"),
        ("name: x\nsynthesize: {strategies: {neighbor: 0}}", ": synthesize.strategies.neighbor: Input should be"),
        ("name: x\nsynthesize: {strategies: {neighbor: .inf}}", ": synthesize.strategies.neighbor: Input should be"),
        ("name: x\nscore: []", ": score: Tuple should have at least 1 item"),
        ("name: x\nscore: [{name: ''}]", ": score.0.name: String should have at least 1 character"),
        ("name: x\nscore: [{task: ste/other}]", ": score.0.task: Input should be 'ste/rewardbench'"),
        ("name: x\nscore: [{votes: 32, flip_bound: 1}]", ": score.0.flip_bound: Input should be less than 1"),
        ("name: x\nscore: [{votes: 32, flip_bound: -0.1}]", ": score.0.flip_bound: Input should be greater than or"),
        ("name: x\nscore: [{votes: 32, flip_bound: .nan}]", ": score.0.flip_bound: Input should be"),
        ("name: x\nscore: [{flip_bound: 0.01}]", ": score.0: Value error, flip_bound 0.01 stops a vote; one judgment"),
        ("name: x\nannotate: {flip_bound: 0.01}", ": unknown key 'annotate.flip_bound'"),
        ("name: x\nscore: [{name: a}, {name: a}]", "score: two benchmarks have the same name (a, a)"),
        ("name: x\nstart_from: previous\ntrain: {method: lora}", "start_from 'previous' needs train.method 'full'"),
        ("name: x\n1: 2", ": 1: Keys should be strings"),
        ("- x", ": a recipe is a mapping of settings, this is list"),
        ("", ": a recipe is a mapping of settings, this is NoneType"),
        ("just text", ": a recipe is a mapping of settings, this is str"),
    ],
)
def test_values_that_do_not_fit(write: Write, text: str, message: str) -> None:
    assert message in refusal(write(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\njudge: {prompt: juge}", ": judge: there is no prompt 'juge'; give one of "),
        ("name: x\njudge: {prompt: respond}", ": judge: "),
        ("name: x\njudge: {max_tokens: 0}", ": judge: max_tokens should be at least 1 unless the verdict is forced"),
        ("name: x\nselect: {prompt: x.jinja}", ": select.prompt: x.jinja: no such prompt file"),
        ("name: x\nsynthesize: {modify_prompt: x}", ": synthesize.modify_prompt: there is no prompt 'x'"),
        ("name: x\nsynthesize: {respond_prompt: x}", ": synthesize.respond_prompt: there is no prompt 'x'"),
        ("name: x\nsynthesize: {modify_and_answer_prompt: x}", ": synthesize.modify_and_answer_prompt: there is no"),
        ("name: x\nsynthesize: {strategies: {nabor: 1}}", ": synthesize.strategies: unknown negative strategy 'nabor'"),
        ("name: x\nselect: {method: llm, categories: [sport]}", ": select.categories: 'classify_instruction' has no"),
        ("name: x\ntrain: {curriculum: [[neighbor]]}", ": train.curriculum: 'neighbor' is none of the recipe's"),
        ("name: x\nscore: [{}, {name: b, votes: 3, temperature: 0}]", ": score.1: 3 votes at temperature 0 are all"),
    ],
)
def test_names_and_settings_that_only_fail_when_they_are_used(write: Write, text: str, message: str) -> None:
    """They are refused when the recipe is read, not after an hour."""
    assert message in refusal(write(text))


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("name: x\nselect: [", 2, "expected the node content"),
        ("name: x\nselect: a: b", 2, "mapping values are not allowed here"),
        ("name: x\n\tseed: 1", 2, "found character '\\t'"),
        ("name: *x", 1, "found undefined alias"),
        ("name: !!python/object/apply:os.getcwd []", 1, "could not determine a constructor"),
        ("name: x\nseed: 1\nseed: 2", 3, "key 'seed' stands twice in one mapping"),
        ("name: x\ntrain:\n  epochs: 1\nselect: {}\ntrain:\n  epochs: 2", 5, "key 'train' stands twice"),
        ("name: \x00", None, "special characters are not allowed"),
        ("name: 2020-13-45", None, "month must be in 1..12"),
        ("name: !!bool maybe", None, "'maybe' is not a value of its type"),
        ("name: !!timestamp x", None, ""),
        ("[" * 5000, None, "nested too deeply"),
    ],
)
def test_what_is_not_yaml(write: Write, text: str, line: int | None, message: str) -> None:
    said = refusal(write(text))
    assert said.startswith(": not YAML: " if line is None else f":{line}: not YAML: ")
    assert message in said


def test_anchors_are_fine(write: Write) -> None:
    recipe = load_recipe(write("name: x\nscore:\n- &a {name: a, votes: 3}\n- {<<: *a, name: b}"))
    assert [(one.name, one.votes) for one in recipe.score] == [("a", 3), ("b", 3)]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert "no such recipe; name a YAML file or one of paper-llama3-70b" in refusal(str(tmp_path / "none.yaml"))
    assert "no such recipe" in refusal(str(tmp_path))
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"name: \xff")
    assert "no such recipe" in refusal(str(binary))


def test_a_built_in_recipe_is_named_in_its_errors() -> None:
    with pytest.raises(UserError, match="recipe 'smollm2-demo': iterations: Input should be"):
        load_recipe("smollm2-demo", iterations=-1)


def test_overrides(write: Write) -> None:
    path = write("name: x\nselect: {limit: 5}")
    recipe = load_recipe(path, **{"select.source": "mine.jsonl", "train.lora.rank": 4, "seed": 9})
    assert (recipe.select.source, recipe.select.limit, recipe.train.lora.rank, recipe.seed) == ("mine.jsonl", 5, 4, 9)
    assert "unknown key 'select.sauce'" in refusal(path, **{"select.sauce": "mine"})
    assert "unknown key 'sauce'" in refusal(path, **{"sauce.of": "mine"})


@pytest.mark.parametrize("section", ["", "3", "[a]"])
def test_an_override_within_what_is_no_section(write: Write, section: str) -> None:
    message = refusal(write(f"name: x\nselect: {section}"), **{"select.source": "mine.jsonl"})
    assert ": select: Input should be a valid dictionary" in message


def test_a_recipe_never_changes() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Recipe(name="x").seed = 1  # type: ignore[misc]


def test_prompt_hashes_name_every_prompt() -> None:
    recipe = load_recipe("smollm2-demo")
    assert recipe.prompt_hashes() == {
        **{
            name: TextPrompt.load(name).hash
            for name in ("classify_instruction", "respond", "modify_instruction_short", "modify_and_answer")
        },
        "judge_verdict": JudgePrompt.load("judge_verdict").hash,
    }


def test_how_the_judge_is_asked() -> None:
    recipe = Recipe.model_validate(
        {
            "name": "x",
            "seed": 5,
            "judge": {"prompt": "judge_short", "max_tokens": 7, "max_response_chars": 90, "overlong": "skip"},
            "annotate": {"temperature": 0.6, "top_p": 0.8},
        }
    )
    annotating = recipe.judge_settings(annotating=True)
    assert (annotating.temperature, annotating.top_p, annotating.votes) == (0.6, 0.8, 1)
    assert (annotating.prompt.name, annotating.max_tokens, annotating.seed) == ("judge_short", 7, 5)
    assert (annotating.max_response_chars, annotating.overlong) == (90, "skip")

    scored = recipe.judge_settings(annotating=False, benchmark=BenchmarkRecipe())
    assert (scored.temperature, scored.top_p, scored.votes) == (0.0, 1.0, 1)
    assert scored.seed == 0, "whatever the run's: judges of all runs are asked alike"
    voting = recipe.judge_settings(annotating=False, benchmark=BenchmarkRecipe(votes=32))
    assert (voting.temperature, voting.top_p, voting.votes) == (0.6, 0.8, 32)
    hotter = recipe.judge_settings(annotating=False, benchmark=BenchmarkRecipe(votes=32, temperature=1.0))
    assert (hotter.temperature, hotter.top_p) == (1.0, 0.8)


def test_a_vote_may_stop_below_a_bound() -> None:
    recipe = Recipe(name="x", score=(BenchmarkRecipe(votes=32, flip_bound=0.01),))
    assert recipe.judge_settings(annotating=False, benchmark=recipe.score[0]).flip_bound == 0.01
    assert recipe.judge_settings(annotating=True).flip_bound == 0.0
    for one in (BenchmarkRecipe(), BenchmarkRecipe(votes=32), BenchmarkRecipe(flip_bound=0)):
        assert recipe.judge_settings(annotating=False, benchmark=one).flip_bound == 0.0


def test_settings_that_change_on_the_way(write: Write) -> None:
    recipe = load_recipe(
        write(
            "name: x\nsynthesize: {each_iteration: true, pairs: 10, strategies: {neighbor: 1}}\nfrom_iteration:\n"
            "  4: {train: {learning_rate: 1.0e-5}}\n"
            "  2: {synthesize: {strategies: {wrong_result: 2}}, train: {learning_rate: 2.0e-5, epochs: 1}}\n"
        )
    )
    rates = [recipe.at(iteration).train.learning_rate for iteration in range(6)]
    assert rates == [1e-6, 1e-6, 2e-5, 2e-5, 1e-5, 1e-5]
    assert [recipe.at(iteration).train.epochs for iteration in (1, 2, 4)] == [2, 1, 1]
    assert recipe.at(1).synthesize == recipe.synthesize
    assert recipe.at(3).synthesize == recipe.synthesize.model_copy(update={"strategies": {"wrong_result": 2.0}})
    assert not recipe.at(1).from_iteration
    assert recipe.what_decides()["from_iteration"]["2"]["train"] == {"learning_rate": 2e-5, "epochs": 1}
    assert "from_iteration" not in Recipe(name="y").what_decides()


def test_prompts_and_data_of_later_iterations_count(write: Write) -> None:
    text = "name: x\nsynthesize: {each_iteration: true}\nfrom_iteration: {2: {%s}}"
    later = load_recipe(write(text % "synthesize: {modify_prompt: modify_instruction_short}"))
    assert set(later.prompt_hashes()) - set(Recipe(name="y").prompt_hashes()) == {"modify_instruction_short"}
    assert load_recipe(write(text % "quality: {decontaminate: {against: [mine.jsonl]}}")).data_files() == ["mine.jsonl"]


def test_benchmarks_that_nothing_would_be_compared_with_are_refused(write: Write) -> None:
    text = "name: x\nquality: {decontaminate: {enabled: %s, against: [%s]}}"
    with pytest.raises(UserError, match=r"decontaminate: .*against \(mine.jsonl\) .* where enabled is false"):
        load_recipe(write(text % ("false", "mine.jsonl")))
    assert load_recipe(write(text % ("true", "mine.jsonl"))).data_files() == ["mine.jsonl"]
    assert load_recipe(write(text % ("false", ""))).data_files() == []


def test_every_figure_of_the_paper_has_a_score() -> None:
    paper = load_recipe("paper-llama3-70b")
    scored = [(one.task, one.dataset, one.order, one.votes) for one in paper.score]
    assert scored == [
        ("ste/rewardbench", "hub", "both", 1),
        ("ste/rewardbench", "hub", "both", 32),
        ("ste/mtbench", "hub", "both", 1),
    ]
    assert [paper.judge_settings(annotating=False, benchmark=one).temperature for one in paper.score] == [0, 0.7, 0]
    assert (paper.annotate.draws, paper.annotate.temperature, paper.annotate.top_p) == (15, 0.7, 0.9)
    assert (paper.iterations, paper.start_from, paper.select.limit) == (5, "seed", 20582)
    assert (paper.train.learning_rate, paper.train.epochs, paper.train.loss) == (1e-6, 2, "judgment")


# Strategies whose rejected response answers another request: the count of words shared with the request tells it.
ANOTHER_REQUEST = {"neighbor", "modified_instruction", "modified_instruction_in_one"}


@pytest.mark.parametrize("name", built_in_recipes())
def test_a_built_in_recipe_can_keep_to_its_own_limit(name: str) -> None:
    """A rule that is right about all pairs of ANOTHER_REQUEST and guesses at the others can be balanced away."""
    recipe = load_recipe(name)
    probes, weights = recipe.quality.probes, recipe.synthesize.strategies
    if probes.limit is None:
        return
    share = sum(weight for strategy, weight in weights.items() if strategy in ANOTHER_REQUEST) / sum(weights.values())
    accuracy, limit = (1 + share) / 2, probes.limit / 100
    left_out = max(0.0, (accuracy - limit) / (1 - limit))  # of all pairs, such that the rule falls to the limit
    assert left_out <= 1 - probes.keep_at_least


def test_a_later_section_within_a_section_keeps_what_it_does_not_name(write: Write) -> None:
    text = (
        "name: x\nsynthesize: {each_iteration: true}\nquality: {probes: {limit: 75, above_limit: rebalance}}\n"
        "from_iteration: {2: {quality: {probes: {limit: 60}}, train: {lora: {rank: 4}}}}"
    )
    recipe = load_recipe(write(text))
    probes = recipe.at(2).quality.probes
    assert (probes.limit, probes.above_limit) == (60, "rebalance")
    assert recipe.at(1).quality.probes.limit == 75
    assert (recipe.at(2).train.lora.rank, recipe.at(2).train.lora.alpha) == (4, recipe.train.lora.alpha)


def test_how_processes_are_started_decides_nothing_in_any_iteration(write: Write) -> None:
    text = "name: x\nfrom_iteration: {2: {train: {epochs: 1, launcher: [torchrun]}}}"
    one, other = (load_recipe(write(text.replace("torchrun", word))) for word in ("torchrun", "accelerate"))
    assert one.from_iteration != other.from_iteration and one.what_decides() == other.what_decides()
    assert one.what_decides()["from_iteration"] == {"2": {"train": {"epochs": 1}}}
