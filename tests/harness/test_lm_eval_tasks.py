"""The tasks in lm-eval: what they ask, what they score and log, and what they refuse."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lm_eval.tasks import TaskManager
from lm_eval.tasks._yaml_loader import load_yaml

from ste._lm_eval_hook import task_folder
from ste_plugin.errors import UserError
from ste_plugin.judge_prompt import JudgePrompt
from ste_plugin.result_rows import result_row_from_json
from tests.harness.scripted_lm import BAD, GOOD, ScriptedLM, better, good_judge, run, task_names

SUBSETS = ("alpacaeval-easy", "llmbar-natural", "donotanswer", "math-prm", "hep-go")
LEAVES = [f"ste_rewardbench_{leaf}" for leaf in ("chat", "chat_hard", "safety", "reasoning")]


def pair(name: str, subset: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "subset": subset, "prompt": f"Question {name}", "chosen": GOOD, "rejected": BAD, **more}


@pytest.fixture
def pairs(tmp_path: Path) -> str:
    """Two pairs of five subsets."""
    rows = [pair(f"{subset}/{number}", subset) for subset in SUBSETS for number in range(2)]
    return write(tmp_path / "pairs.jsonl", rows)


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def figure(results: dict[str, Any], leaf: str, name: str) -> Any:
    return results["results"][f"ste_rewardbench_{leaf}"][f"{name},none"]


class TestScores:
    def test_a_good_judge(self, pairs: str) -> None:
        results = run(ScriptedLM(), "ste_rewardbench", {"dataset": pairs})
        for leaf in ("chat", "chat_hard", "safety", "reasoning", "overall"):
            for name in ("official", "strict", "parse_rate", "consistency"):
                assert figure(results, leaf, name) == 100
        assert figure(results, "overall", "official/hep-go") == 100
        assert figure(results, "overall", "verdict_a") == 50
        assert figure(results, "reasoning", "ste_result") == 4

    def test_subsets_weigh_as_in_the_official_script(self, pairs: str) -> None:
        def judge(prompt: str, settings: dict[str, Any], call: int) -> str:
            letter = better(prompt)
            return f"[[{letter if 'math-prm' in prompt else 'AB'[letter == 'A']}]]"

        results = run(ScriptedLM(judge), "ste_rewardbench", {"dataset": pairs})
        reasoning = 100 * 984 / (984 + 164)
        assert figure(results, "reasoning", "official") == pytest.approx(reasoning, abs=1e-12)
        assert figure(results, "overall", "official") == pytest.approx(reasoning / 4, abs=1e-12)
        assert figure(results, "overall", "official/pairs") == 20

    def test_unparsed_and_tied_answers(self, pairs: str) -> None:
        results = run(ScriptedLM(lambda *_: "Both have their merits."), "ste_rewardbench", {"dataset": pairs})
        assert figure(results, "overall", "official") == 50
        assert figure(results, "overall", "strict") == figure(results, "overall", "parse_rate") == 0
        assert figure(results, "overall", "verdict_a") == "N/A"

    def test_a_cut_answer_counts_as_cut(self, pairs: str) -> None:
        """lm-eval does not say that a budget ended an answer; one that fills it did not come to an end."""
        judge = ScriptedLM(lambda *_: "I lean to [[A]] because it")
        whole = run(judge, LEAVES[0], {"dataset": pairs, "max_tokens": 50})
        cut = run(judge, LEAVES[0], {"dataset": pairs, "max_tokens": 6})
        assert (figure(whole, "chat", "parse_rate"), figure(cut, "chat", "parse_rate")) == (100, 0)
        (order, _) = cut["samples"][LEAVES[0]][0]["ste_result"]["orders"]
        assert order["verdict"] == {"label": "UNPARSED", "reason": "truncated"}

    def test_one_section_alone(self, pairs: str) -> None:
        results = run(ScriptedLM(), "ste_rewardbench", {"dataset": pairs, "subsets": "Safety"})
        assert figure(results, "safety", "official") == figure(results, "overall", "official") == 100
        assert "official,none" not in results["results"]["ste_rewardbench_chat"]
        assert run(ScriptedLM(), LEAVES[2], {"dataset": pairs})["results"].keys() == {LEAVES[2]}

    def test_limit_is_a_sample_of_each_subset(self, pairs: str) -> None:
        lm = ScriptedLM()
        run(lm, "ste_rewardbench", {"dataset": pairs, "limit": 1})
        assert len(lm.asked) == 2 * len(SUBSETS)

    def test_second_run_with_one_model_starts_afresh(self, pairs: str) -> None:
        lm = ScriptedLM()
        assert figure(run(lm, "ste_rewardbench", {"dataset": pairs}), "overall", "official") == 100
        lm.answer = lambda prompt, *_: f"[[{'AB'[better(prompt) == 'A']}]]"
        assert figure(run(lm, "ste_rewardbench", {"dataset": pairs}), "overall", "official") == 0


class TestRequests:
    def test_one_vote_is_greedy_and_never_cut_at_a_text(self, pairs: str) -> None:
        lm = ScriptedLM()
        run(lm, LEAVES[0], {"dataset": pairs, "max_tokens": 77})
        assert [settings for _, settings in lm.asked] == 4 * [
            {"until": [], "max_gen_toks": 77, "do_sample": False, "temperature": 0.0}
        ]

    def test_votes_stop_when_they_are_decided(self, pairs: str) -> None:
        def judge(prompt: str, settings: dict[str, Any], call: int) -> str:
            return good_judge(prompt, settings, call) if "/0" in prompt or call % 2 else "[[A]] or [[B]]"

        lm = ScriptedLM(judge)
        results = run(lm, LEAVES[0], {"dataset": pairs, "votes": 3})
        # the first pair is decided by two votes in each order; the second needs all three
        asked = ["/0" in prompt for prompt, _ in lm.asked]
        assert (asked.count(True), asked.count(False)) == (4, 6)
        assert all(settings["do_sample"] and settings["temperature"] == 0.7 for _, settings in lm.asked)
        assert figure(results, "chat", "official") == 100
        first, second = results["samples"][LEAVES[0]]
        assert [len(sample["resps"]) for sample in (first, second)] == [4, 6]
        assert [len(order["judgments"]) for order in second["ste_result"]["orders"]] == [3, 3]

    def test_forced_verdict_behind_a_reasoning(self, pairs: str) -> None:
        lm = ScriptedLM(lambda *_: "Let me think")
        results = run(
            lm, LEAVES[0], {"dataset": pairs, "prompt": "judge_short", "force_verdict": True, "max_tokens": 9}
        )
        opening = JudgePrompt.load("judge_short").opening
        assert len(lm.asked) == 4
        assert [label for _, label in lm.scored] == 4 * ["A", "B"]
        assert all(context.endswith(f"Let me think{opening}") for context, _ in lm.scored)
        judgment = results["samples"][LEAVES[0]][0]["ste_result"]["orders"][0]["judgments"][0]
        assert judgment["text"] == f"Let me think{opening}{judgment['verdict']['label']}]]"
        assert figure(results, "chat", "forced_rate") == 100

    def test_verdict_alone_is_one_question_a_label(self, pairs: str) -> None:
        lm = ScriptedLM()
        options = {"prompt": "judge_verdict", "force_verdict": True, "max_tokens": 0}
        results = run(lm, LEAVES[0], {"dataset": pairs, **options})
        assert lm.asked == []
        assert len(lm.scored) == 8
        assert {order["verdict"]["label"] for s in results["samples"][LEAVES[0]] for order in s["ste_result"]["orders"]}

    def test_a_verdict_that_was_written_is_not_forced(self, pairs: str) -> None:
        lm = ScriptedLM()
        results = run(lm, LEAVES[0], {"dataset": pairs, "force_verdict": True})
        assert (lm.scored, figure(results, "chat", "forced_rate")) == ([], 0)

    def test_single_order(self, pairs: str) -> None:
        lm = ScriptedLM()
        results = run(lm, LEAVES[0], {"dataset": pairs, "order": "single"})
        assert len(lm.asked) == 2
        assert figure(results, "chat", "consistency") == "N/A"

    def test_further_generation_settings_pass_through(self, pairs: str) -> None:
        lm = ScriptedLM()
        run(lm, LEAVES[0], {"dataset": pairs}, gen_kwargs="repetition_penalty=1.1")
        assert {settings["repetition_penalty"] for _, settings in lm.asked} == {1.1}

    def test_cache_of_lm_eval_serves_greedy_answers(self, pairs: str, tmp_path: Path) -> None:
        pytest.importorskip("sqlitedict")
        lm, cache = ScriptedLM(), str(tmp_path / "cache")
        first = run(lm, LEAVES[0], {"dataset": pairs}, use_cache=cache)
        again = ScriptedLM()
        assert run(again, LEAVES[0], {"dataset": pairs}, use_cache=cache)["results"] == first["results"]
        assert again.asked == []


class TestRanks:
    def test_each_has_its_pairs_and_all_have_the_sum(self, pairs: str) -> None:
        """lm-eval with several processes; a task that has fewer documents than there are ranks would fail."""
        lm = ScriptedLM()
        metadata = {"dataset": pairs}
        manager = TaskManager(include_path=task_folder(), include_defaults=False, metadata=metadata)
        tasks = manager.load(["ste_rewardbench"])["tasks"]
        sent = []
        for rank in (0, 1):
            for task in tasks.values():
                given = {"apply_chat_template": True, "chat_template": lm.apply_chat_template}
                task.build_all_requests(rank=rank, world_size=2, **given)
                assert task.instances
                sent += [one.args[0] for one in task.instances if one.repeats]
        assert len(sent) == len(set(sent)) == 4 * len(SUBSETS)


class TestLog:
    def test_result_row_of_a_sample(self, pairs: str) -> None:
        results = run(ScriptedLM(), "ste_rewardbench", {"dataset": pairs})
        samples = [sample for leaf in LEAVES for sample in results["samples"][leaf]]
        rows = [result_row_from_json(json.loads(json.dumps(sample["ste_result"])), "sample") for sample in samples]
        assert {row.pair_id for row in rows} == {f"{subset}/{number}" for subset in SUBSETS for number in range(2)}
        assert {row.prompt_hash for row in rows} == {JudgePrompt.load("judge").hash}
        assert {(row.benchmark, row.order_policy) for row in rows} == {("rewardbench", "both")}
        assert len({row.revision for row in rows}) == 1
        for row in rows:
            assert [(result.order, result.verdict.label) for result in row.results] == [
                ("chosen_first", "A"),
                ("rejected_first", "B"),
            ]
            assert (row.chosen_chars, row.rejected_chars) == (len(GOOD), len(BAD))
        sample = samples[0]
        assert sample["official"] == sample["strict"] == 1
        assert sample["ste_result"]["answer"] == "chosen / chosen"
        assert json.loads(json.dumps(results["results"], allow_nan=False)) == results["results"]

    def test_predictions_only(self, pairs: str) -> None:
        """lm-eval's --predict_only puts its own metric in the place of ours; the rows are there all the same."""
        results = run(ScriptedLM(), "ste_rewardbench", {"dataset": pairs}, predict_only=True)
        assert all("ste_result" in sample for leaf in LEAVES for sample in results["samples"][leaf])


class TestOverlong:
    LONG = GOOD + " and more of it" * 100

    @pytest.fixture
    def long_pairs(self, tmp_path: Path) -> str:
        rows = [pair("short", "donotanswer"), pair("long", "donotanswer", chosen=self.LONG)]
        return write(tmp_path / "long.jsonl", rows)

    def test_refused_unless_said_otherwise(self, long_pairs: str) -> None:
        lm = ScriptedLM(max_length=400)
        with pytest.raises(UserError, match=r"2 prompts do not fit the model's context.*overlong=unparsed, skip"):
            run(lm, LEAVES[2], {"dataset": long_pairs, "max_tokens": 50})
        assert lm.asked == []

    @pytest.mark.parametrize(
        ("overlong", "official", "pairs"), [("unparsed", 75, 2), ("skip", 100, 1), ("shorten", 100, 2)]
    )
    def test_as_said(self, long_pairs: str, overlong: str, official: float, pairs: int) -> None:
        lm = ScriptedLM(max_length=400)
        results = run(lm, LEAVES[2], {"dataset": long_pairs, "max_tokens": 50, "overlong": overlong})
        assert figure(results, "safety", "official") == official
        assert figure(results, "safety", "ste_result") == pairs
        assert all(len(prompt.split()) + 50 <= 400 for prompt, _ in lm.asked)


REFUSED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"apply_chat_template": False}, "a judge prompt is a chat; add --apply_chat_template"),
    ({}, {"cache_requests": True}, "--cache_requests would serve"),
    ({}, {"system_instruction": "Be nice."}, "--system_instruction has no place"),
    ({}, {"gen_kwargs": "max_gen_toks=9"}, "--gen_kwargs max_gen_toks=9: say it with --metadata max_tokens"),
    ({}, {"gen_kwargs": "temperature=0.5,do_sample=True"}, "say it with --metadata temperature"),
    ({}, {"gen_kwargs": {"until": ["\n"]}}, "a judgment is not cut"),
    ({"max_token": 9}, {}, "--metadata max_token: there is no such option; did you mean max_tokens"),
    ({"votes": "many"}, {}, "--metadata votes=many: input should be a valid integer"),
    ({"votes": 3, "temperature": 0}, {}, "3 votes at temperature 0 are all the same"),
    ({"prompt": "no_such"}, {}, "there is no prompt 'no_such'"),
    ({"dataset": "missing.jsonl"}, {}, "missing.jsonl: no such file"),
    ({"subsets": "hep-goo"}, {}, "no subset or section 'hep-goo'; did you mean hep-go"),
    ({"overlong": "cut"}, {}, "--metadata overlong=cut: "),
]


class TestRefused:
    @pytest.mark.parametrize(("metadata", "more", "message"), REFUSED, ids=[message for _, _, message in REFUSED])
    def test_before_the_model_is_asked(
        self, pairs: str, metadata: dict[str, Any], more: dict[str, Any], message: str
    ) -> None:
        lm = ScriptedLM()
        with pytest.raises(UserError) as caught:
            run(lm, "ste_rewardbench", {"dataset": pairs, **metadata}, **more)
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)
        assert lm.asked == lm.scored == []

    def test_the_sum_without_its_sections(self, pairs: str) -> None:
        with pytest.raises(UserError, match="use --tasks ste_rewardbench"):
            run(ScriptedLM(), "ste_rewardbench_overall", {"dataset": pairs})

    def test_subsets_of_no_section(self, tmp_path: Path) -> None:
        file = write(tmp_path / "own.jsonl", [pair("1", "my-subset")])
        with pytest.raises(UserError, match=r"'my-subset' belongs to no section of RewardBench.*inspect eval"):
            run(ScriptedLM(), "ste_rewardbench", {"dataset": file})

    def test_forced_verdict_of_a_chat_server(self, pairs: str) -> None:
        class Server(ScriptedLM):
            def apply_chat_template(self, chat_history: Any, add_generation_prompt: bool = True) -> Any:
                return ("a request, no text",)

        with pytest.raises(UserError, match="gives no likelihoods"):
            run(Server(lambda *_: ""), LEAVES[0], {"dataset": pairs, "force_verdict": True})

    def test_arguments_of_the_model_are_no_options(self, pairs: str) -> None:
        """lm-eval puts them into the metadata."""
        assert run(ScriptedLM(), LEAVES[0], {"dataset": pairs, "pretrained": "x", "max_length": 2048, "peft": "y"})


class TestMTBench:
    @pytest.fixture
    def votes(self, tmp_path: Path) -> str:
        rows = [
            {
                "id": f"{number}-{turns}",
                "prompt": [{"role": "user", "content": f"Question {turn}"} for turn in range(turns)],
                "chosen": [GOOD] * turns,
                "rejected": [BAD] * turns,
                "cluster": f"q{number}",
                "meta": {"votes": {"chosen": 3 - number, "rejected": number, "tie": 1}},
            }
            for number in (0, 1)
            for turns in (1, 2)
        ]
        return write(tmp_path / "votes.jsonl", rows)

    def test_agreement_by_turn(self, votes: str) -> None:
        results = run(ScriptedLM(), "ste_mtbench", {"dataset": votes})
        figures = results["results"]["ste_mtbench"]
        # the judge sides with the majority: 3 of 4 and 2 of 4 votes, 3 of 3 and 2 of 3 without ties
        for turn in ("Turn 1", "Turn 2", "votes"):
            assert figures[f"s1/{turn},none"] == pytest.approx(100 * 5 / 8)
            assert figures[f"s2/{turn},none"] == pytest.approx(100 * 5 / 6)
            assert figures[f"decided/{turn},none"] == 100
        assert figures["s1/votes_stderr,none"] > 0
        hashes = {sample["ste_result"]["prompt_hash"] for sample in results["samples"]["ste_mtbench"]}
        assert hashes == {JudgePrompt.load(name).hash for name in ("judge", "judge_multiturn")}

    def test_an_option_for_one_benchmark_goes_before_one_for_all(self, votes: str) -> None:
        metadata = {"dataset": "builtin", "mtbench_dataset": votes, "rewardbench_limit": 1, "limit_per_subset": 9}
        lm = ScriptedLM(lambda *_: "[[A]]")
        results = run(lm, "ste_judge", metadata)
        assert results["results"]["ste_mtbench"]["ste_result,none"] == 4
        assert len(lm.asked) == 2 * (9 + 4)

    def test_nothing_of_it_is_built_in(self) -> None:
        with pytest.raises(UserError, match="give --metadata mtbench_dataset=FILE"):
            run(ScriptedLM(), "ste_mtbench", {"dataset": "builtin"})


class TestFiles:
    def test_every_file_loads(self, tmp_path: Path) -> None:
        """lm-eval leaves out a file that it cannot read, without a word."""
        names = task_names()
        for file in Path(task_folder()).glob("**/*.yaml"):
            loaded = load_yaml(file, resolve_func=True)
            assert loaded.get("task" if "class" in loaded else "group") == file.stem
            assert loaded["metadata"]["version"] >= 1
        votes = {"votes": {"chosen": 1, "rejected": 0, "tie": 0}}
        file_ = write(tmp_path / "votes.jsonl", [{**pair("1", ""), "meta": votes}])
        metadata = {"dataset": "builtin", "mtbench_dataset": file_}
        manager = TaskManager(include_path=task_folder(), include_defaults=False, metadata=metadata)
        assert set(manager.all_tasks) == names
        for name in names:
            loaded_tasks = manager.load(name)
            assert all(task.VERSION >= 1 for task in loaded_tasks["tasks"].values())
        stages = {"ste_annotate_judgments", "ste_synthesize_pairs"}
        assert set(manager.load("ste_judge")["tasks"]) | {"ste_judge", "ste_rewardbench"} | stages == names

    def test_documented(self) -> None:
        text = "".join(file.read_text(encoding="utf-8") for file in Path(task_folder()).glob("*/README.md"))
        assert all(f"`{name}`" in text for name in task_names())


def test_library_users_get_an_exception_and_no_exit() -> None:
    code = (
        "from ste.lm_eval.command_line import user_errors_reported\n"
        "from ste_plugin.errors import UserError\n"
        "def cli_evaluate():\n    with user_errors_reported(): raise UserError('wrong')\n"
        "try: cli_evaluate()\nexcept UserError: print('raised')\n"
        "cli_evaluate.__globals__['__package__'] = 'lm_eval'\ncli_evaluate()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (2, "raised\n", "ste: wrong\n")


def test_label_is_drawn_by_its_likelihood(pairs: str) -> None:
    """At a temperature a forced label is sampled: the likelier one more often, but not always."""
    options = {"prompt": "judge_verdict", "force_verdict": True, "max_tokens": 0, "votes": 301, "temperature": 1.0}
    results = run(ScriptedLM(), LEAVES[0], {"dataset": pairs, **options})
    judgments = results["samples"][LEAVES[0]][0]["ste_result"]["orders"][0]["judgments"]
    share = sum(one["verdict"]["label"] == "A" for one in judgments) / len(judgments)
    expected = 1 / (1 + math.exp(-1))
    assert abs(share - expected) < 0.12


def test_models_of_lm_eval_stay_known() -> None:
    """lm-eval registers its own models only where none is registered yet."""
    code = (
        "from ste._lm_eval_hook import install; install()\n"
        "import lm_eval.tasks.manager\nfrom lm_eval.api.registry import get_model\n"
        "print(get_model('dummy').__name__, get_model('ste').__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "DummyLM SteLM\n", done.stderr
