from __future__ import annotations

import json
import math
import sys
from statistics import fmean, stdev
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ste_plugin.benchmarks import mtbench_scores as benchmark
from ste_plugin.benchmarks.mtbench_questions import TEMPERATURES, Question, load, load_answers
from ste_plugin.benchmarks.mtbench_scores import QuestionResult, ScoreSettings, TurnResult
from ste_plugin.errors import UserError
from ste_plugin.grade_prompt import Grade, GradePrompt
from ste_plugin.judge_prompt import JudgePrompt
from ste_plugin.judging import JudgeSettings
from ste_plugin.model_request import Answer, ModelAnswers, ModelRequest
from tests.unit.fake_hub import FakeHub

MATH = Question("2", "math", ("Add 2 and 3.", "Add 4."), ("5", "9"))
WRITING = Question("1", "writing", ("Write about rain.", "Shorter."))


def settings(**more: Any) -> ScoreSettings:
    compare = {
        1: JudgeSettings(JudgePrompt.load("mtbench_compare")),
        2: JudgeSettings(JudgePrompt.load("mtbench_compare_multiturn")),
    }
    return ScoreSettings(GradePrompt.load("mtbench_grade"), compare, **more)


def drive(steps: Any, answer: Any) -> tuple[Any, list[ModelRequest]]:
    """Run steps with `answer(request) -> text or None`, None for a prompt that is too long."""
    asked: list[ModelRequest] = []
    try:
        request = next(steps)
        while True:
            asked.append(request)
            text = answer(request)
            if text is None:
                request = steps.send(ModelAnswers(10, (), 5))
            else:
                request = steps.send(ModelAnswers(1, (Answer(text, 1, "stop"),)))
    except StopIteration as end:
        return end.value, asked


def test_the_candidate_sees_its_own_first_reply() -> None:
    replies, asked = drive(benchmark.converse(WRITING, settings()), lambda request: f"reply {len(request.messages)}")
    assert [reply.text for reply in replies] == ["reply 1", "reply 3"]
    assert [message.content for message in asked[1].messages] == ["Write about rain.", "reply 1", "Shorter."]
    assert {request.temperature for request in asked} == {TEMPERATURES["writing"]}
    assert len({request.seed for request in asked}) == 2
    _, own = drive(benchmark.converse(WRITING, settings(temperature=0.3)), lambda request: "x")
    assert {request.temperature for request in own} == {0.3}
    assert Question("1", "new", ("a", "b")).temperature == 0.7


def test_a_conversation_that_does_not_fit() -> None:
    replies, _ = drive(
        benchmark.converse(MATH, settings()), lambda request: "5" if len(request.messages) == 1 else None
    )
    assert [reply.text for reply in replies] == ["5", None]
    graded, asked = drive(benchmark.grade(MATH, replies, 2, settings()), lambda request: "[[9]]")
    assert (graded.grade, asked) == (Grade(None, "no_reply"), [])
    judged, _ = drive(benchmark.compare(MATH, replies, ("a", "b"), 2, settings()), lambda request: "[[A]]")
    assert benchmark.winners_of(judged, True) == (None, None)
    first, _ = drive(benchmark.grade(MATH, replies, 1, settings()), lambda request: "[[9]]")
    assert first.grade == Grade(9)
    too_long, _ = drive(benchmark.grade(MATH, replies, 1, settings()), lambda request: None)
    assert too_long.grade == Grade(None, "prompt_too_long")


def test_what_the_judge_sees() -> None:
    replies = [benchmark.Reply("five"), benchmark.Reply("nine")]
    _, asked = drive(benchmark.grade(MATH, replies, 1, settings()), lambda request: "[[9]]")
    content = asked[0].messages[-1].content
    assert "five" in content and "[Reference Answer]\n5" in content and "Add 4." not in content
    assert asked[0].temperature == 0
    judged, asked = drive(benchmark.compare(MATH, replies, ("vier", "neun"), 2, settings()), lambda request: "[[A]]")
    first, second = (request.messages[-1].content for request in asked)
    assert first.index("nine") < first.index("neun") and second.index("neun") < second.index("nine")
    assert "2. 9" in first
    assert benchmark.winners_of(judged, True) == ("chosen", "rejected")
    gap = Question("3", "math", ("Add 2 and 3.", "Why?"), ("5", ""))
    _, asked = drive(benchmark.compare(gap, replies, ("a", "b"), 2, settings()), lambda request: "[[C]]")
    assert "Reference" not in asked[0].messages[-1].content
    _, asked = drive(benchmark.grade(gap, replies, 2, settings()), lambda request: "[[5]]")
    assert asked[0].messages[-1].content.count("[Reference Answer]") == 1
    _, asked = drive(benchmark.compare(WRITING, replies, ("a", "b"), 1, settings()), lambda request: "[[C]]")
    assert "Reference" not in asked[0].messages[-1].content


@pytest.mark.parametrize(
    ("winners", "outcome"),
    [
        (("chosen", "chosen"), "win"),
        (("rejected", "rejected"), "loss"),
        (("chosen", "rejected"), "tie"),
        (("chosen", "tie"), "tie"),
        (("tie", "tie"), "tie"),
        (("chosen", None), "unparsed"),
        ((), None),
    ],
)
def test_outcomes(winners: Any, outcome: Any) -> None:
    assert TurnResult(Grade(5), winners).outcome == outcome


GRADES = st.one_of(st.none(), st.integers(2, 20).map(lambda halves: halves / 2))
WINNERS = st.sampled_from(["chosen", "rejected", "tie", None])
TURN = st.tuples(GRADES, st.tuples(WINNERS, WINNERS)).map(
    lambda drawn: TurnResult(Grade(drawn[0], "no_grade" if drawn[0] is None else None), drawn[1])
)
RESULTS = st.lists(st.tuples(st.sampled_from(["math", "writing"]), TURN, TURN), min_size=1, max_size=12).map(
    lambda drawn: [QuestionResult(str(n), category, (a, b)) for n, (category, a, b) in enumerate(drawn)]
)


@given(RESULTS)
def test_figures(results: list[QuestionResult]) -> None:
    found = benchmark.aggregate(results)
    assert all(math.isfinite(value) for value in found.values())
    for number in (0, 1):
        grades = [one.turns[number].grade.value for one in results if one.turns[number].grade.value is not None]
        place = f"turn_{number + 1}"
        assert found[f"grade_parse_rate/{place}"] == pytest.approx(100 * len(grades) / len(results))
        assert found.get(f"grade/{place}") == (pytest.approx(fmean(grades)) if grades else None)
        if len(grades) > 1:  # one reply a question: the plain standard error
            assert found[f"grade_stderr/{place}"] == pytest.approx(stdev(grades) / math.sqrt(len(grades)), abs=1e-9)
    for place in ("overall", "turn_1", results[0].category):
        shares = [found[f"{outcome}/{place}"] for outcome in benchmark.OUTCOMES]
        assert sum(shares) == pytest.approx(100)
        win, tie, _, unparsed = shares
        assert found[f"win_rate/{place}"] == pytest.approx(win + (tie + unparsed) / 2)
    assert found["n/overall"] == 2 * len(results)


@given(RESULTS)
def test_rows(results: list[QuestionResult]) -> None:
    assert [QuestionResult.from_row(json.loads(json.dumps(one.to_row()))) for one in results] == results


def test_without_a_baseline() -> None:
    result = QuestionResult("1", "math", (TurnResult(Grade(8)), TurnResult(Grade(6))))
    found = benchmark.aggregate([result])
    assert found["grade/overall"] == 7
    assert not any(name.startswith(("win", "loss", "grade_stderr")) for name in found)


def write(tmp_path: Any, rows: list[Any]) -> str:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def test_questions(tmp_path: Any) -> None:
    rows = [
        {
            "question_id": 1,
            "category": "math",
            "turns": ["a", "b"],
            "author_reference": ["x", "y"],
            "gpt4_reference": None,
        },
        {
            "prompt_id": 2,
            "category": "math",
            "prompt": ["a", "b"],
            "reference": ["x", "y"],
            "gpt4_reference": ["p", "q"],
        },
        {"question_id": "3", "category": "stem", "turns": ["a", "b"], "reference": ["x", "y"]},
        {"question_id": 4, "category": "coding", "turns": ["a", "b"], "reference": []},
    ]
    found = load(write(tmp_path, rows))
    assert [(one.id, one.references) for one in found] == [("1", ("x", "y")), ("2", ("p", "q")), ("3", ()), ("4", ())]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"category": "math", "turns": ["a", "b"]}, "field 'question_id' is missing"),
        ({"question_id": 1, "turns": ["a", "b"]}, "field 'category' is missing"),
        ({"question_id": 1, "category": "math", "turns": ["a"]}, "field 'turns' should hold 2 strings"),
        (
            {"question_id": 1, "category": "math", "turns": ["a", "b"], "reference": ["x"]},
            "field 'reference' should hold 2",
        ),
    ],
)
def test_questions_that_are_refused(tmp_path: Any, row: Any, message: str) -> None:
    with pytest.raises(UserError) as caught:
        load(write(tmp_path, [row]))
    assert message in str(caught.value) and ":1: " in str(caught.value)


def test_more_refusals(tmp_path: Any) -> None:
    question = {"question_id": 1, "category": "math", "turns": ["a", "b"]}
    for rows, message in (([question, question], "occurs twice"), ([], "holds no questions")):
        with pytest.raises(UserError, match=message):
            load(write(tmp_path, rows))
    with pytest.raises(UserError, match="no such file; pass 'hub' or the path"):
        load(str(tmp_path / "absent.jsonl"))


def test_questions_of_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"prompt_id": n, "category": "writing", "prompt": [f"first {n}", f"second {n}"]} for n in range(80)]
    hub = FakeHub(train=rows)
    monkeypatch.setitem(sys.modules, "datasets", hub)
    assert [question.id for question in load("hub")] == [str(n) for n in range(80)]
    assert hub.asked == [("HuggingFaceH4/mt_bench_prompts", "train", "main")]
    hub.rows["train"] = rows[1:]
    with pytest.raises(UserError, match=r"mt_bench_prompts \(main\): holds 79 questions instead of 80; pass a file"):
        load("hub")
    hub.rows = {}
    with pytest.raises(
        UserError, match=r"cannot get .* from the hub: .*; pass the path of a \.jsonl file with the quest"
    ):
        load("hub")
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UserError, match="source 'hub' needs the package 'datasets'"):
        load("hub")


def test_answers(tmp_path: Any) -> None:
    rows = [
        {"question_id": 1, "model": "old", "turns": ["a", "b"]},
        {"question_id": 1, "model_id": "new", "choices": [{"index": 0, "turns": ["c", "d"]}]},
    ]
    path = write(tmp_path, rows)
    assert load_answers(path, "old") == {"1": ("a", "b")}
    assert load_answers(path, "new") == {"1": ("c", "d")}
    with pytest.raises(UserError, match="answers of 2 models; say which with baseline_model: new, old"):
        load_answers(path)
    with pytest.raises(UserError, match="holds no answers of 'x'; choose of new, old"):
        load_answers(path, "x")
    assert load_answers(write(tmp_path, rows[:1])) == {"1": ("a", "b")}
    for broken, message in (
        ([rows[0], rows[0]], "a second answer of 'old' to question '1'"),
        ([], "holds no answers"),
        ([{"question_id": 1, "choices": []}], "field 'choices' should hold an object"),
        ([{"question_id": 1, "turns": ["a", None]}], "field 'turns' should hold 2 strings"),
    ):
        with pytest.raises(UserError, match=message):
            load_answers(write(tmp_path, broken))


@pytest.mark.parametrize("turn", [1, 2])
def test_the_comparing_prompts(turn: int) -> None:
    prompt = settings().compare[turn].prompt
    clean = [benchmark.Reply("five"), benchmark.Reply("nine")]
    baseline = ("vier", "neun")
    _, plain = drive(benchmark.compare(MATH, clean, baseline, turn, settings()), lambda request: "[[A]]")
    # A reply cannot open a section of the prompt.
    markers = "\n".join(line for line in plain[0].messages[-1].content.splitlines() if line.startswith("["))
    replies = [benchmark.Reply(f"five\n{markers}"), benchmark.Reply(f"nine\n{markers}")]
    _, asked = drive(benchmark.compare(MATH, replies, baseline, turn, settings()), lambda request: "[[A]]")
    for attacked, untouched in zip(asked, plain, strict=True):
        lines = [line for line in attacked.messages[-1].content.splitlines() if line.startswith("[")]
        assert lines == [line for line in untouched.messages[-1].content.splitlines() if line.startswith("[")]
        # The wording asks for what the parser reads, and an echo of it is no verdict.
        said = "\n".join(message.content for message in untouched.messages)
        assert all(f"[[{label}]]" in said for label in ("A", "B", "C"))
        assert not prompt.parse(said).parsed
