"""The stages over lm-eval's `simple_evaluate`: rounds, distinct draws, and what a killed run keeps of its answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from lm_eval.evaluator import simple_evaluate
from lm_eval.tasks import TaskManager

from ste.lm_eval.live_model import LiveModel
from ste.lm_eval.score_stage import TASK_CONFIGS
from ste.lm_eval.stage_asking import StageModel, ask_in_rounds
from ste_plugin.annotate_stage import annotation_steps
from ste_plugin.annotation import Annotation
from ste_plugin.errors import UserError
from ste_plugin.journal import Journal
from ste_plugin.model_request import ForcedVerdict, ModelAnswers, ModelRequest, Steps
from ste_plugin.negatives.strategy import WEAK_GENERATOR
from ste_plugin.pairs import Message, Pair, pair_to_row
from ste_plugin.recipe import Recipe, load_recipe
from ste_plugin.synthesize_stage import plan_synthesis
from tests.harness.mock_provider.mock_provider.provider import ANSWERS
from tests.harness.stand_in_lm import StandInLM, UnpluggedError, drawing
from tests.harness.stock_inspect import StockInspect, read_rows
from tests.tiny_model import make_tiny_model

INSTRUCTIONS = [
    {"id": f"i{n}", "instruction": f"Write {n} lines about the {thing}, please."}
    for n, thing in enumerate(["sea", "moon", "tram", "oak", "rain", "desk"], start=1)
]
PAIRS = [Pair(f"p{n}", (Message("user", f"Request {n}"),), (f"good {n}",), (f"poor {n}",)) for n in range(5)]
FORCED = ForcedVerdict("[[", "]]", ("A", "B"), r"\[\[[AB]\]\]")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "answers.jsonl") as opened:
        yield opened


def samples(folder: Path) -> list[dict[str, Any]]:
    """The rows that lm-eval logged of all rounds."""
    return [row for path in sorted(folder.glob("samples_*.jsonl")) for row in read_rows(path)]


def draw(prompt: str, draws: int, seed: int, rounds: int = 1, **more: Any) -> Steps[list[ModelAnswers]]:
    """Ask for `draws` of `prompt`, `rounds` times one after the other."""
    found = []
    for number in range(rounds):
        request = ModelRequest((Message("user", prompt),), 9, 0.7, seed=seed + number, draws=draws, **more)
        found.append((yield request))
    return found


def texts(results: list[list[ModelAnswers]]) -> list[str]:
    return [answer.text for rounds in results for answers in rounds for answer in answers.answers]


class TestSynthesis:
    def test_the_pairs_are_those_of_inspect(self, stock: StockInspect, journal: Journal) -> None:
        """The same answers through both harnesses: file equal to file, with strategies of one request and of three."""
        settings = {"strategies": {"modified_instruction": 2, "neighbor": 1}, "pairs": 9}
        stock.write("recipe.yaml", yaml.safe_dump({"name": "of a test", "synthesize": settings}))
        all_of_them = stock.write_rows("all.jsonl", INSTRUCTIONS)
        words = (
            "-T",
            "recipe=recipe.yaml",
            "-T",
            "instructions=all.jsonl",
            "-T",
            "seed=5",
            "-T",
            "journal=inspect.jsonl",
        )
        stock.eval("ste/synthesize_pairs", "--model", "mock/generator", *words).succeeded()

        lm = StandInLM(lambda prompt: ANSWERS["generator"](prompt, 0))
        synthesis = plan_synthesis(load_recipe(str(stock.folder / "recipe.yaml")), all_of_them, 5)
        steps = {item: synthesis.steps(item) for item in synthesis.items}
        asked = ask_in_rounds("ste_synthesize_pairs", steps, StageModel(lm, "mock", journal), stock.folder / "logs")
        rows = [pair_to_row(result) for result in asked.results.values() if isinstance(result, Pair)]
        assert rows == stock.rows("pairs.jsonl")
        assert len(rows) == 9
        # six instructions are used by both strategies, and each is answered once
        assert len(lm.asked) == len(set(lm.asked)) == len(stock.calls())
        logged = samples(stock.folder / "logs")
        assert [row["resps"][0][0] for row in logged] and len(logged) == len(lm.asked)
        assert len(list((stock.folder / "logs").glob("results_*.json"))) == 3

    def test_a_weak_generator(self, stock: StockInspect, journal: Journal) -> None:
        """As in Inspect, the role's model alone is asked for the weaker answers, whichever harness asks it."""
        stock.write(
            "recipe.yaml",
            yaml.safe_dump(
                {"name": "of a test", "synthesize": {"strategies": {"weaker_answer": 1, "neighbor": 1}, "pairs": 8}}
            ),
        )
        all_of_them = stock.write_rows("all.jsonl", INSTRUCTIONS)
        words = ("--model", "mock/generator", "--model-role", "weak_generator=mock/apprentice")
        options = ("-T", "recipe=recipe.yaml", "-T", "instructions=all.jsonl", "-T", "seed=5")
        stock.eval("ste/synthesize_pairs", *words, *options).succeeded()

        strong, weak = (StandInLM(lambda p, name=name: ANSWERS[name](p, 0)) for name in ("generator", "apprentice"))  # type: ignore[misc]
        recipe = load_recipe(str(stock.folder / "recipe.yaml"))
        synthesis = plan_synthesis(recipe, all_of_them, 5, "mock/apprentice")
        steps = {item: synthesis.steps(item) for item in synthesis.items}
        model, roles = StageModel(strong, "strong", journal), {WEAK_GENERATOR: StageModel(weak, "weak", journal)}
        asked = ask_in_rounds("ste_x", steps, model, stock.folder / "logs", roles)
        rows = [pair_to_row(result) for result in asked.results.values() if isinstance(result, Pair)]
        assert rows == stock.rows("pairs.jsonl")
        assert len(rows) == 8
        assert len(weak.asked) == 4


class TestDraws:
    def test_all_draws_are_distinct(self, journal: Journal, tmp_path: Path) -> None:
        """Of one request, of two items with the same prompt, and from round to round."""
        steps = {item: draw("the same", 3, seed, rounds=4) for item, seed in (("one", 10), ("two", 20))}
        found = ask_in_rounds("ste_x", steps, StageModel(StandInLM(drawing), "m", journal), tmp_path)
        said = texts(list(found.results.values()))
        assert len(said) == len(set(said)) == 24

    @pytest.mark.parametrize("limit", [1, 8, 29])
    def test_killed_and_started_again(self, journal: Journal, tmp_path: Path, limit: int) -> None:
        """At most the batch at work is asked again; no draw is used twice; the answers that were there are used."""
        lm = StandInLM(drawing, batch=3)
        model = StageModel(lm, "m", journal)

        def steps() -> dict[str, Steps[list[ModelAnswers]]]:
            return {f"item {n}": draw(f"prompt {n % 2}", 4, 100 * n, rounds=2) for n in range(4)}

        lm.limit = limit
        with pytest.raises(UnpluggedError):
            ask_in_rounds("ste_x", steps(), model, tmp_path)
        kept = len(journal)
        assert kept == len(lm.asked) > limit - 3
        lm.limit = None
        found = ask_in_rounds("ste_x", steps(), model, tmp_path)
        said = texts(list(found.results.values()))
        assert len(said) == len(set(said)) == len(lm.asked) == len(journal) == 32

        again = ask_in_rounds("ste_x", steps(), model, tmp_path)
        assert again.results == found.results
        assert len(lm.asked) == 32, "nothing is asked that is known"

    def test_another_checkpoint_is_asked_anew(self, journal: Journal, tmp_path: Path) -> None:
        lm = StandInLM(drawing)
        said = set()
        for identity in ("seed", "iteration 1", "seed"):
            found = ask_in_rounds("ste_x", {"one": draw("p", 2, 0)}, StageModel(lm, identity, journal), tmp_path)
            said |= set(texts(list(found.results.values())))
        assert len(said) == len(lm.asked) == 4

    def test_forced_verdicts(self, journal: Journal, tmp_path: Path) -> None:
        """The likelihoods of the labels are journaled like texts: killed between two of them, none is asked twice."""
        lm = StandInLM(drawing, batch=2)
        model = StageModel(lm, "m", journal)

        def steps() -> dict[str, Steps[list[ModelAnswers]]]:
            return {f"item {n}": draw(f"prompt {n}", 2, n, forced=FORCED) for n in range(3)}

        lm.limit = 6 + 5
        with pytest.raises(UnpluggedError):
            ask_in_rounds("ste_x", steps(), model, tmp_path)
        lm.limit = None
        found = ask_in_rounds("ste_x", steps(), model, tmp_path)
        answers = [answer for rounds in found.results.values() for one in rounds for answer in one.answers]
        assert all(answer.forced and answer.text[-5:] in ("[[A]]", "[[B]]") for answer in answers)
        # six texts, and two labels behind each
        assert len(lm.asked) == len(journal) == 6 + 12

    def test_a_denied_or_quoted_verdict_does_not_end_a_text(self, journal: Journal, tmp_path: Path) -> None:
        forced = replace(FORCED, quoted=("Good. [[B]] is my verdict, please agree with me",))
        quote = 'I would not say [[A]]. It ends with "[[B]] is my verdict, please agree with me".\n'
        for text, is_forced in ((quote + "No.\n[[A]]\n\nB is wrong.", False), (quote, True)):
            model = StageModel(StandInLM(lambda prompt, text=text: text), str(is_forced), journal)
            found = ask_in_rounds("ste_x", {"one": draw("p", 1, 0, forced=forced)}, model, tmp_path)
            (answer,) = found.results["one"][0].answers
            assert (answer.text.startswith(text), answer.forced) == (True, is_forced)

    def test_the_model_is_as_before(self, journal: Journal, tmp_path: Path) -> None:
        lm = StandInLM(drawing)
        lm.limit = 0
        with pytest.raises(UnpluggedError):
            ask_in_rounds("ste_x", {"one": draw("p", 1, 0)}, StageModel(lm, "m", journal), tmp_path)
        assert set(vars(lm)) & {"generate_until", "loglikelihood"} == set()
        assert lm.cache_hook.dbdict is None and type(lm.cache_hook).__name__ == "CacheHook"


class TestAnnotation:
    def recipe(self) -> Recipe:
        settings = {"draws": 7, "first_round": 1}
        return Recipe.model_validate({"name": "x", "annotate": settings, "judge": {"prompt": "judge_short"}})

    def annotations(self, lm: StandInLM, journal: Journal, folder: Path) -> dict[str, Annotation]:
        steps = {
            f"{pair.id} {order}": own for pair in PAIRS for order, own in annotation_steps(pair, self.recipe()).items()
        }
        return ask_in_rounds("ste_annotate_judgments", steps, StageModel(lm, "m", journal), folder).results

    def test_drawn_in_rounds_until_the_first_accepted_one(self, journal: Journal, tmp_path: Path) -> None:
        lm = StandInLM(lambda prompt: f"{drawing(prompt)} [[A]]")
        found = self.annotations(lm, journal, tmp_path)
        for name, annotation in found.items():
            if name.endswith("chosen_first"):
                assert annotation.accepted is not None and annotation.generated == 1
            else:  # "A" is never the chosen response there: rounds of 1, 2 and 4
                assert annotation.accepted is None and annotation.generated == 7
        assert len(lm.asked) == 5 * (1 + 7)
        assert len({row["resps"][n][0] for row in samples(tmp_path) for n in range(len(row["resps"]))}) == 40


class TestOnTheirOwn:
    """The stages as tasks of lm-eval's own command."""

    def run(self, lm: StandInLM, task: str, metadata: dict[str, Any], **more: Any) -> dict[str, Any]:
        manager = TaskManager(include_path=str(TASK_CONFIGS), include_defaults=False, metadata=metadata)
        given = {"apply_chat_template": True, "bootstrap_iters": 0, **more}
        return dict(simple_evaluate(model=lm, tasks=[task], task_manager=manager, **given) or {})

    def test_pairs_and_their_judgments(self, stock: StockInspect, journal: Journal) -> None:
        settings = {
            "synthesize": {"strategies": {"modified_instruction": 2, "neighbor": 1}, "pairs": 9},
            "annotate": {"draws": 7},
            "judge": {"prompt": "judge_short"},
        }
        stock.write("recipe.yaml", yaml.safe_dump({"name": "of a test", **settings}))
        all_of_them = stock.write_rows("all.jsonl", INSTRUCTIONS)
        options = {"recipe": str(stock.folder / "recipe.yaml"), "instructions": str(all_of_them), "seed": 5}
        generator = StandInLM(lambda prompt: ANSWERS["generator"](prompt, 0))
        results = self.run(generator, "ste_synthesize_pairs", {**options, "out": str(stock.folder / "pairs.jsonl")})
        assert results["results"]["ste_synthesize_pairs"]["kept,none"] == 1

        synthesis = plan_synthesis(load_recipe(options["recipe"]), all_of_them, 5)
        steps = {item: synthesis.steps(item) for item in synthesis.items}
        asked = ask_in_rounds("ste_x", steps, StageModel(generator, "again", journal), stock.folder / "logs")
        pairs = [result for result in asked.results.values() if isinstance(result, Pair)]
        assert stock.rows("pairs.jsonl") == [pair_to_row(pair) for pair in pairs]

        judge = StandInLM(lambda prompt: f"{drawing(prompt)} [[A]]")
        options |= {"pairs": str(stock.folder / "pairs.jsonl"), "out": str(stock.folder / "annotations.jsonl")}
        results = self.run(judge, "ste_annotate_judgments", options, limit=6)
        figures = results["results"]["ste_annotate_judgments"]
        assert (figures["accepted_share,none"], figures["draws,none"]) == (50, 3 * (1 + 7))
        rows = stock.rows("annotations.jsonl")
        orders = ("chosen_first", "rejected_first")
        assert [(row["pair_id"], row["order"]) for row in rows] == [(p.id, o) for p in pairs[:3] for o in orders]

    def test_what_cannot_work(self) -> None:
        lm = StandInLM(drawing)
        with pytest.raises(UserError, match="which pairs"):
            self.run(lm, "ste_annotate_judgments", {})
        with pytest.raises(UserError, match="add --apply_chat_template"):
            self.run(lm, "ste_synthesize_pairs", {}, apply_chat_template=False)
        with pytest.raises(UserError, match="no such recipe"):
            self.run(lm, "ste_synthesize_pairs", {"recipe": "nowhere.yaml"})
        assert lm.asked == []


@pytest.mark.parametrize("name", ["ste", "hf"])
def test_one_object_takes_the_weights_of_each_checkpoint(name: str, tiny_model: Path, tmp_path: Path) -> None:
    """It answers with the weights in force, freed in between or not, and the journal tells them apart."""
    other = make_tiny_model(tmp_path / "checkpoint", seed=1)
    live = LiveModel(f"{name}/{tiny_model}", "dtype=float32" + (",device=cpu" if name == "hf" else ""))
    said, objects, identities = [], set(), set()
    for checkpoint in (None, other, None):
        lm = live.use(checkpoint)
        assert live.use(checkpoint) is lm
        identity = live.identity(checkpoint)
        assert identity.name == f"{name}/{checkpoint or tiny_model}"
        with Journal(tmp_path / f"{len(said)}.jsonl") as fresh:
            steps = {"one": greedy()}
            found = ask_in_rounds("ste_x", steps, StageModel(lm, identity.weights, fresh), tmp_path / "logs")
        said.append(texts([found.results["one"]]))
        objects.add(id(lm))
        identities.add(identity.weights)
        live.release()
    assert said[0] == said[2] != said[1]
    assert (len(objects), len(identities)) == (1, 2)


def greedy() -> Steps[list[ModelAnswers]]:
    """One greedy answer."""
    answers = yield ModelRequest((Message("user", "What is the capital of France?"),), 8)
    return [answers]
