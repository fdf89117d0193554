"""Formats that are declared, the presets, and answers of judges that nobody here has seen."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ste_plugin.errors import UserError
from ste_plugin.judge_prompt import JudgePrompt
from ste_plugin.judging import JudgeSettings
from ste_plugin.verdict_formats import PLACES, PRESETS, preset_names, read_format
from ste_plugin.verdicts import FORMATS, RULES, Verdict, parse_verdict

A, B, TIE = Verdict("A"), Verdict("B"), Verdict("TIE")
NO_VERDICT, CONFLICTING, TRUNCATED = (
    Verdict("UNPARSED", reason) for reason in ("no_verdict", "conflicting", "truncated")
)

DECLARED = [
    "[[{A|B|C}]]",
    "Winner: {1|2|tie}",
    "Output ({a|b}) is better",
    "[[{A>>B:A|A>B:A|A=B:TIE|B>A:B|B>>A:B}]]",
    "<verdict>{first:A|second:B}</verdict>",
    '{{"winner": "{model_a|model_b|tie}"}}',
    "{A|B} @last-line",
    "Verdict - {A|B} @line",
    "{A|B|tie} @first-line",
    "{1-10} {1-10} @first-line",
    "{0-100} {0-100} @last-line",
    "Score of A: {1-5}; score of B: {1-5}",
]
SPECS = [*DECLARED, *preset_names()]


def read(text: str, spec: str, **settings: object) -> Verdict:
    return parse_verdict(text, read_format(spec), ties=True, **settings)  # type: ignore[arg-type]


MARKS = [
    "[[",
    "]]",
    " ",
    "\n",
    ",",
    "**",
    '"',
    "/10",
    "<verdict>",
    "</verdict>",
    ">>",
    ">",
    "=",
    "{",
    "}",
    "\\",
    "(",
    ")",
]
WORDS = [
    "A",
    "B",
    "C",
    "a",
    "b",
    "1",
    "2",
    "tie",
    "8",
    "7.5",
    "10",
    "first",
    "winner",
    "Winner:",
    "Output (",
    "Score of A: ",
]
JOINTS = ["; score of B: ", "Assistant 1: ", "Assistant 2: ", " is better", " or ", ". Therefore, ", "not "]
pieces = st.sampled_from([*MARKS, *WORDS, *JOINTS, "\ud800", "\u200b", "\x00"])
texts = st.lists(pieces, max_size=25).map("".join) | st.text(max_size=200)


@settings(deadline=None)
@given(texts, st.sampled_from(SPECS), st.sampled_from(RULES), st.booleans(), st.booleans(), st.lists(texts, max_size=2))
def test_no_text_raises(text, spec, rule, ties, truncated, quoted):
    format = read_format(spec)
    verdict = parse_verdict(text, format, ties=ties, rule=rule, truncated=truncated, quoted=quoted)
    assert verdict.parsed == (verdict.reason is None)
    assert ties or verdict.label != "TIE"
    assert not (rule != "last" and not format.texts and verdict.parsed)


LABELLED = [spec for spec in SPECS if read_format(spec).can_be_forced]


@settings(deadline=None)
@given(texts, st.sampled_from(LABELLED), st.data())
def test_the_last_well_formed_verdict_wins(reasoning, spec, data):
    format = read_format(spec)
    text, label = data.draw(st.sampled_from(list(format.texts.items())))
    answer = f"{reasoning}\n\nso I say: x\n\n{format.opening}{text}{format.closing}"
    assert parse_verdict(answer, format, ties=True) == Verdict(label)


@settings(deadline=None)
@given(texts, st.sampled_from(LABELLED), st.data())
def test_two_verdicts_in_one_breath_are_none(reasoning, spec, data):
    format = read_format(spec)
    of = {label: text for text, label in format.texts.items()}
    first, second = data.draw(st.sampled_from([("A", "B"), ("B", "A")]))
    both = f"\n{format.opening}{of[second]}{format.closing}".join(["", ""])
    answer = f"{reasoning}\n\nso I say: x\n\n{format.opening}{of[first]}{format.closing}{both}"
    assert parse_verdict(answer, format, ties=True) == CONFLICTING


@settings(deadline=None)
@given(
    st.sampled_from(["{0-10} {0-10} @first-line", "{0-10} {0-10} @last-line", "two-scores"]),
    st.integers(0, 20),
    st.integers(0, 20),
    st.sampled_from(
        ["{} {}", "{}, {}", "{},{}", "{}/10 {}/10", "({}, {})", "**{} {}**", "{} vs {}", "{} | {}", "{}\t{}"]
    ),
    st.sampled_from(["", "\n\nThe first names its source."]),
)
def test_two_scores_say_who_has_the_higher_one(spec, a, b, shape, reasons):
    a, b = a / 2, b / 2
    line = shape.format(f"{a:g}", f"{b:g}")
    answer = reasons.strip() + "\n\n" + line if "last" in spec else line + reasons
    assert read(answer, spec) == (A if a > b else B if b > a else TIE)


@settings(deadline=None)
@given(st.integers(), st.integers())
def test_scores_beyond_the_range_are_no_scores(a, b):
    verdict = read(f"{a} {b}", "{1-10} {1-10} @line")
    within = 1 <= a <= 10 and 1 <= b <= 10
    assert verdict.parsed == within


@settings(deadline=None)
@given(st.text(max_size=40), st.sampled_from(PLACES))
def test_a_declaration_is_read_or_refused(text, place):
    for spec in (text, f"{text} @{place}", "Say {" + text + "} now"):
        try:
            format = read_format(spec)
        except UserError:
            continue
        assert format.score_range or {"A", "B"} <= set(format.texts.values())
        for said, label in format.texts.items():
            if format.can_be_forced:
                written = f"x\n\n{format.opening}{said}{format.closing}"
                assert parse_verdict(written, format, ties=True).label in (label, "UNPARSED")


HOSTILE = [
    "[",
    "[[A",
    "A",
    "8 ",
    "8 7 ",
    "8/10 ",
    "8\n",
    "Winner: ",
    "Winner: 1 ",
    "Output (a) ",
    "<verdict>",
    " ",
    "\n",
    '"',
]
HOSTILE += [
    "*",
    "_",
    "Assistant 1: 8 ",
    "Assistant 1: 8\nAssistant 2: ",
    ". Therefore, ",
    "[[A]]. Therefore, ",
    "> ",
    "-",
]
HOSTILE += [
    "[[A]] final ",
    ". x x x final ",
    "final ",
    "my the final ",
    "1.1",
    "Score of A: ",
    "verdict",
    "(",
    "#",
    "“",
]


HOSTILE += ["not [[A]] ", "than ", "Assistant A: 8\n", "I choose "]


@pytest.mark.parametrize("spec", SPECS)
def test_hostile_text_takes_no_time(spec):
    """Milliseconds where time is linear in the length, minutes where it is quadratic."""
    format = read_format(spec)
    for piece in HOSTILE:
        start = time.process_time()
        parse_verdict(piece * (100_000 // len(piece)), format, ties=True, quoted=["[[A]] " * 100])
        assert time.process_time() - start < 2, piece


JUDGES = [
    # brackets
    ("brackets", "The request asks for three items.\n\n**Verdict: [[B]]**", B),
    ("brackets", "[[A]]\n\nAssistant A keeps to the limit; B does not.", A),
    ("brackets", "Final verdict — “[[A]]”", A),
    ("brackets", "> [[B]]", B),
    ("brackets", "[[Winner: A]]", A),
    ("brackets", "[[**B**]]", B),
    ("brackets", "[[Final verdict: Response A]]", A),
    ("brackets", "| Verdict |\n|---|\n| [[A]] |", A),
    ("brackets", "[[C]]", TIE),
    ("brackets", "[[A]] looked right, but my final verdict is [[B]].", B),
    ("brackets", "I lean to [[A]]; on reflection, [[B]]", B),
    ("brackets", "[[B]] wait, no: [[A]]", A),
    # A verdict that is denied is none.
    ("brackets", "[[A]] is my final verdict, not [[B]]", A),
    ("brackets", "[[A]], overall better than [[B]]", A),
    ("brackets", "Final: [[A]]\nNote: I did not choose **[[B]]**, because it is off by one.", A),
    ("brackets", "I am not going with [[B]].", NO_VERDICT),
    ("brackets", "It can be none other than [[B]]", B),
    ("brackets", "I am not sure whether [[A]] or [[B]]", CONFLICTING),
    ("brackets", "I can't choose [[A]] or [[B]].", NO_VERDICT),
    ("brackets", "I would not say [[A]] nor **[[B]]** yet.\n\n[[B]]", B),
    ("brackets", "I won't pick [[B]]; [[A]]", A),
    ("brackets", "It is not clear that [[A]] is better.", NO_VERDICT),
    ("brackets", "A is not exact, so [[B]] is my verdict.", B),
    ("brackets", "[[AI Assistant B]]", B),
    ("brackets", "[[option a]]", A),
    ("brackets", "Although [[B]] is shorter, [[A]] is better.", CONFLICTING),
    ("brackets", "Say [[A]] if A is better, and finally [[B]] if B is.", CONFLICTING),
    ("brackets", "Assistant A wins.", NO_VERDICT),
    ("brackets", "x = m[[A]][[B]]", CONFLICTING),
    # Output (a)
    ("output-a", "**Output (b)** is better.", B),
    ("output-a", '"Output (a)"', A),
    ("output-a", "“Output (b)”\r\n", B),
    ("output-a", "Output (a) is **better**.", A),
    ("output-a", "I would prefer Output (b) for its brevity.", B),
    ("output-a", "Therefore, the better output is: **Output (a)**", A),
    ("output-a", "Output (a) lists five rivers; Output (b) lists four.", NO_VERDICT),
    ("output-a", "Neither Output (a) nor Output (b) follows the instruction.", NO_VERDICT),
    ("output-a", "I don't think that Output (b) is better.", NO_VERDICT),
    ("output-a", "Neither Output (a) nor Output (b) is better.", NO_VERDICT),
    ("output-a", "It is not clear that Output (a) is better.", NO_VERDICT),
    ("output-a", "It is unclear whether **Output (a)** is better.", NO_VERDICT),
    ("output-a", "Output (a) does not answer. Output (b) is better.", B),
    ("output-a", "While it is not perfect, Output (a) is better.", A),
    ("output-a", "Output (a) does not answer and Output (b) is better.", B),
    # arena
    ("arena", "My final verdict is tie: [[A=B]]", TIE),
    ("arena", "My final verdict is: **[[B>>A]]**", B),
    ("arena", "[[A&gt;B]]", A),
    ("arena", "[[ B > A ]]", B),
    ("arena", "First I thought [[A>B]].\n\nThe proof in A fails.\n\n[[B>A]]", B),
    ("arena", "[[A>B]] or [[B>A]]", CONFLICTING),
    ("arena", "[[A]]", NO_VERDICT),
    ("arena", "A>B", NO_VERDICT),
    # Winner: 1
    ("winner-number", "**Winner:** Assistant 2", B),
    ("winner-number", "The winner is Response 1.", A),
    ("winner-number", "Winner: #2", B),
    ("winner-number", "Winner: [[1]]", A),
    ("winner-number", 'winner: "2"', B),
    ("winner-number", "Winner: Draw", TIE),
    ("winner-number", "Winner: 1\n\nOn a second look the sum is wrong.\n\nWinner: 2", B),
    ("winner-number", "Winner: 1 or 2", NO_VERDICT),
    ("winner-number", "The winner is clear.", NO_VERDICT),
    # two scores on the first line
    ("two-scores", "8 7\nThe first one names its sources.", A),
    ("two-scores", "8.5, 7", A),
    ("two-scores", "8/10 9/10", B),
    ("two-scores", "8/10, 8/10\nBoth are good.", TIE),
    ("two-scores", "**6 9**", B),
    ("two-scores", "\n\n7 9", B),
    ("two-scores", "Scores: 8 7", A),
    ("two-scores", "Assistant 1: 8, Assistant 2: 9", B),
    ("two-scores", "Assistant A: 8/10\nAssistant B: 7/10\n\nBoth...", A),
    ("two-scores", "8\n7", NO_VERDICT),
    ("two-scores", "9 8 7", NO_VERDICT),
    ("two-scores", "80 70", NO_VERDICT),
    ("two-scores", "2023 was a good year for 2 of them", NO_VERDICT),
    ("two-scores", "8/10", NO_VERDICT),  # one score of ten, or two scores?
    ("two-scores", "Both are good.\n8 7", NO_VERDICT),
    ("two-scores", "8", NO_VERDICT),
    ("named-scores", "Evidence: ...\n\nThe score of Assistant 1: 8\nThe score of Assistant 2: 6.5", A),
    ("named-scores", "**Response A: 6/10**\n**Response B: 9/10**", B),
    ("named-scores", "Assistant 1: 8\nAssistant 2: 7\n\nOn reflection:\nAssistant 1: 6\nAssistant 2: 7", B),
    ("named-scores", "Assistant 1: 8", NO_VERDICT),
    # the last line
    ("last-line", "Both answer.\n\nFinal verdict: A", A),
    ("last-line", "Reasons.\n\n**Answer:** B", B),
    ("last-line", "Reasons.\nTherefore, the better response is B.", B),
    ("last-line", "Reasons.\n\n## Verdict: [[A]]", A),
    ("last-line", "Reasons.\n\nResponse B", B),
    ("last-line", "Reasons.\nSo, I would prefer B.", B),
    ("last-line", "Reasons.\n$\\boxed{A}$", A),
    ("last-line", "A\n\nBecause it is shorter.", NO_VERDICT),
    ("last-line", "I like A more than B", NO_VERDICT),
    # declared
    ("<verdict>{1|2}</verdict>", "<think>1 or 2?</think>\n<VERDICT>\n 2 \n</verdict>", B),
    ('{{"winner": "{model_a|model_b|tie}"}}', 'My answer:\n```json\n{ "winner": "model_b" }\n```', B),
    ("Preference: {left:A|right:B|equal:TIE}", "**Preference:** Equal", TIE),
    ("Better: {A|B}", "better: Response B", B),
    # "a" may be an article.
    ("Winner: {A|B|tie}", "Winner: a tie", TIE),
    ("Winner: {A|B|tie}", "**Winner:** A tie between the two.", TIE),
    ("Winner: {A|B|tie}", "**Winner:** A **tie**", TIE),
    ("Winner: {A|B|tie}", "Winner: a", A),
    ("Winner: {A|B|tie}", "Winner: A is clearly better.", A),
    ("Winner: {A|B|tie}", "Winner: A\nA tie was not far.", A),
    ("Verdict: {A|B}", "Verdict: a draw", NO_VERDICT),
    ("Preference: {A|B}", "Preference: a slight preference for B", NO_VERDICT),
    ("Better response: {A|B}", "Better response: a bit unclear, but B", NO_VERDICT),
    ("<v>{A|B|tie}</v>", "<v>a tie</v>", TIE),
    ("Better: {A|B}", "Better: A or B", NO_VERDICT),
    ("Better: {A|B}", "Better: Because of its length", NO_VERDICT),
    (
        "The score of Assistant 1: {1-10} The score of Assistant 2: {1-10}",
        "the score of assistant 1: 7\nThe score of Assistant 2: 9/10",
        B,
    ),
]


@pytest.mark.parametrize(("spec", "text", "verdict"), JUDGES)
def test_what_judges_write(spec, text, verdict):
    assert read(text, spec) == verdict


@pytest.mark.parametrize(
    ("spec", "text", "verdict"),
    [
        ("two-scores", "8 7", TRUNCATED),  # 7.5 or 75 may have been on the way
        ("two-scores", "8 7\nThe first", A),
        ("Better: {A|B}", "Better: A", TRUNCATED),
        ("<v>{A|B}</v>", "<v>A</v>", A),
        ("<v>{A|B}</v>", "<v>A", TRUNCATED),
    ],
)
def test_truncated(spec, text, verdict):
    assert read(text, spec, truncated=True) == verdict


def test_scores_in_a_quoted_response_do_not_count():
    candidate = "I rate these restaurants as follows, and would go to the first again:\nAssistant 1: 9\nAssistant 2: 3"
    answer = f"It says:\n{candidate}\n"
    assert read(answer, "named-scores", quoted=[candidate]).reason == "quoted_only"
    assert read(answer + "\nAssistant 1: 2\nAssistant 2: 8", "named-scores", quoted=[candidate]) == B


def test_presets():
    assert read_format("brackets") is FORMATS["brackets"]
    assert read_format("winner-number") is read_format("winner_number") is FORMATS["winner_number"]
    assert read_format("output-a") is FORMATS["output_paren"]
    assert read_format("last-line") is FORMATS["final_line"]
    assert set(map(read_format, preset_names())) == set(PRESETS.values())


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "stars",
            "choose of brackets, arena, winner-number, two-scores, named-scores, output-a, last-line, or declare",
        ),
        ("{A|B}", "a bare label may stand anywhere by chance; add @line"),
        ("{1-10} {1-10}", "two bare numbers may stand anywhere"),
        ("Say {A}", "should be {A|B}"),
        ("Say {A|B|C|D}", "should be {A|B}"),
        ("Say {x:A|y}", "should be {A|B}"),
        ("Say {x:A|y:A}", "texts for A as well as for B"),
        ("Say {a|A}", "differ in case"),
        ("Say {A|B} or {A|B}", "has 2 braces"),
        ("{1-10} {0-10} @line", "the same range"),
        ("{9-1} {9-1} @line", "should be LOW-HIGH"),
        ("Say {A|B", "brace is not closed"),
        ("Say {A|B} @top", "'@top' should be one of @anywhere"),
        ("Say {A|B} " + "x" * 400, "at most 300 characters"),
    ],
)
def test_what_cannot_be_read_is_refused(spec, message):
    with pytest.raises(UserError) as caught:
        read_format(spec)
    assert message in str(caught.value)


def write(tmp_path, front):
    path = tmp_path / "mine.jinja"
    path.write_text(f"---\n{front}\n---\n{{% block user %}}{{{{ response_a }}}} {{{{ response_b }}}}{{% endblock %}}")
    return str(path)


def test_in_front_matter(tmp_path):
    prompt = JudgePrompt.load(write(tmp_path, 'verdict_format: "Better: {A|B}"'))
    assert prompt.parse("**Better:** B") == B
    assert (prompt.opening, prompt.closing, prompt.label_texts) == ("\n\nBetter: ", "", ("A", "B"))
    assert prompt.parse(f"x{prompt.opening}A{prompt.closing}") == A
    scores = JudgePrompt.load(write(tmp_path, "verdict_format: two-scores\nties: true"))
    assert scores.parse("8 8\n...") == TIE


@pytest.mark.parametrize(
    ("front", "message"),
    [
        ('verdict_format: "Better: {A}"', "field 'verdict_format' is 'Better: {A}': '{A}' should be {A|B}"),
        (
            "verdict_format: two-scores\nrule: paper",
            "field 'rule': 'paper' looks for literal tokens, 'two-scores' has none",
        ),
        (
            "verdict_format: last-line\nrule: rewardbench",
            "'rewardbench' looks for literal tokens, 'last-line' has none",
        ),
    ],
)
def test_errors_in_front_matter(tmp_path, front, message):
    with pytest.raises(UserError) as caught:
        JudgePrompt.load(write(tmp_path, front))
    assert message in str(caught.value)


@pytest.mark.parametrize("spec", ["two-scores", '"{A|B} @first-line"'])
def test_verdicts_that_cannot_be_forced(tmp_path, spec):
    prompt = JudgePrompt.load(write(tmp_path, f"verdict_format: {spec}"))
    assert prompt.label_texts == ()
    with pytest.raises(UserError, match="cannot be forced"):
        JudgeSettings(prompt, force_verdict=True)
