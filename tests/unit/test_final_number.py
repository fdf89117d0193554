"""What a solution comes to, and that a right solution is never taken for a wrong one."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ste_plugin.instructions import Instruction
from ste_plugin.negatives.final_number import Result, clearly_differ, final_number, result_of
from ste_plugin.negatives.strategy import Dropped
from ste_plugin.negatives.wrong_result import DRAWS, WrongResult
from ste_plugin.pairs import Pair
from tests.unit.driving import answered, drive
from tests.unit.test_negatives import CONTEXT

SUM = Instruction("sum", "Tom has 3 bags of 4 apples. How many apples does he have?")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        # "answer" and "result" that state nothing
        ("To find the answer, we multiply 3 by 4.\n3 x 4 = 12, so Tom has 12 apples.", 12),
        ("The result of adding 12 and 30 is 42.", 42),
        ("We multiply to get the result: there are 3 bags with 4 apples, 12 apples altogether.", 12),
        ("The result is 12. Then we add 30 and get 42.", 42),
        ("A wrong answer is 7. We get 12.", 12),
        ("If the answer is 5, one bag is lost. So we get 12.", 12),
        ("Answer:\n1. We add the bags.\n2. We get 12", 12),
        # statements
        ("The answer is 3 x 4 = 12 apples. I checked it 2 times.", 12),
        ("The final answer is **12**.", 12),
        ("Answer:12", 12),
        ("3 * 4 = 12.\n\n# Answer\n\n12", 12),
        ("The answer is $n = 3^2 = 9$.", 9),
        ("Final answer: $\\boxed{1{,}250\\text{ dollars}}$", 1250),
        ("The answer is 1.2 million.", 1_200_000),
        ("The answer is 5 MILLION.", 5_000_000),
        ("CEVAP 5 MİLLİON.", 5),
        ("The answer is 5 mıllion.", 5),
        ("The answer is 33 1/3.", Fraction(100, 3)),
        ("The answer is $33\\frac{1}{3}$.", Fraction(100, 3)),
        ("The answer is $-\\frac{3}{4}$.", Fraction(-3, 4)),
        ("Answer: 33½", Fraction(67, 2)),
        # doubtful
        ("The answer is x = 2 or x = 3.", None),
        ("The answer is 5-6.", None),
        ("The answer is 5. No, the answer is 7.", None),
        ("The answer is 5. Wait, 3 x 4 is more.", None),
        ("The answer is 5. But 3 x 4 = 12.", None),
        ("The answer is 3 x 4.", None),
        ("The answer is 10^5.", None),
        ("Thus \\boxed{\\sqrt{2}}", None),
        ("The answer is 2 dozen.", None),
        ("It is 12.\n# Answer\nUndefined", None),
        ("The answer is 33,3.", None),
        ("The answer is 1 250.", None),
        ("The answer is 4x.", None),
        ("We have 3 bags of 4. The answer is twelve.", None),
        ("So Tom has 12 apples in 3 bags", None),
        ("The answer is " + "9" * 5000, None),
    ],
)
def test_what_a_solution_comes_to(text: str, number: int | Fraction | None) -> None:
    assert final_number(text) == number


pieces = st.sampled_from(
    [
        "the answer is ",
        "result: ",
        "mıllion",
        "MİLLİON",
        "million",
        "\\boxed{",
        "}",
        "#### ",
        "= ",
        "12",
        "3",
        "1/3",
        " ",
        ".",
        "\n",
        "-",
        ",",
        "x",
        "%",
    ]
)


@given(st.text() | st.lists(pieces | st.text(max_size=3)).map("".join))
def test_any_text_comes_to_a_number_or_to_none(text: str) -> None:
    found = final_number(text)
    assert found is None or isinstance(found, Fraction)


whole = st.integers(0, 10**6)
FRAMES = (
    "We add 2 and 2. The answer is {}.", "So we get {} apples.", "#### {}", "Thus $\\boxed{{{}}}$.", "**Answer:** {}",
    "Final answer: {}", "To find the answer, we count. That makes {}.", "The result of counting is {}.",
)  # fmt: skip


@given(whole, st.sampled_from(FRAMES), st.booleans())
def test_a_number_is_read_from_its_frame(number: int, frame: str, commas: bool) -> None:
    assert final_number(frame.format(f"{number:,}" if commas else number)) == number


def of(text: str) -> Result:
    found = result_of(f"The answer is {text}.")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        ("33.3", "33.33", False),
        ("33", "33 1/3", False),
        ("0.67", "0.66", False),
        ("1/3", "0.33", False),
        ("0.5", "50 %", False),
        ("1.5", "90", False),  # hours and minutes
        ("5", "-5", False),  # a loss of 5
        ("1256", "1257", False),  # with pi as 3.14 and 3.1416
        ("1/3", "0.35", True),
        ("12", "7", True),
        ("12", "13", True),
        ("12.5", "13.5", True),
        ("2/3", "3/4", True),
        ("4", "9", True),
        ("331", "0", True),
        ("9 feet", "3 yards", False),
        ("2 years", "104 weeks", False),
        ("32 ounces", "2 pounds", False),
        ("8 quarts", "2 gallons", False),
        ("1440 minutes", "1 day", False),
        ("336 hours", "2 weeks", False),
        ("\\boxed{9} square feet", "1 square yard", False),
        ("9 ft", "3", False),  # where only one names its unit, the factors of that kind
        ("2", "32 oz", False),
        ("9 feet", "4 feet", True),
        ("9 feet", "3 feet", True),
        ("9 feet", "4", True),
        ("9 apples", "3 pears", True),
        ("9", "3", True),
    ],
)
def test_results_differ_beyond_rounding_and_spelling(one: str, other: str, differ: bool) -> None:
    assert clearly_differ(of(one), of(other)) == clearly_differ(of(other), of(one)) == differ


values = st.fractions(min_value=Fraction(1, 50), max_value=5000, max_denominator=60)


@given(values, st.integers(1, 4), st.integers(1, 4))
def test_one_value_in_two_spellings_never_differs(value: Fraction, digits: int, more: int) -> None:
    share, percent = f"{float(value):.{digits}f}", f"{float(value) * 100:.{more}f} %"
    mixed = f"{value.numerator // value.denominator} {value - value.numerator // value.denominator}"
    spellings = [share, percent, f"{float(value):.{more}f}", str(value)]
    spellings += [mixed] if value > 1 and value.denominator > 1 else []
    for one in spellings:
        for other in spellings:
            assert not clearly_differ(of(one), of(other)), (one, other)


def test_a_solution_that_names_the_other_number_where_its_result_may_be_is_doubtful() -> None:
    right = of("12")
    for doubtful in ("3 x 4 = 12. I checked the sum 2 times.", "So it is 12 apples, at a price of 3."):
        found = result_of(doubtful)
        assert found is not None and found.value != 12 and not clearly_differ(right, found)
    wrong = result_of("3 x 4 = 12. The answer is 13.")  # stated: what stands before it does not count
    assert wrong is not None and clearly_differ(right, wrong)


def solved(*texts: str) -> Pair | Dropped:
    return drive(WrongResult().synthesize(SUM, CONTEXT), lambda _: answered(*texts))


RIGHT = (
    "To find the answer, we multiply 3 by 4.\n3 x 4 = 12, so Tom has 12 apples.", "The answer is 12.",
    "The result of multiplying 3 and 4 is 12.", "3 bags hold 4 apples each. Result: 12", "#### 12",
    "3 * 4 = 12. I checked the sum 2 times.", "Tom has 12 apples in his 3 bags.", "Thus $\\boxed{12}$.",
    "The answer is twelve, since 3 x 4 = 12.", "The answer is 12.0 apples.",
)  # fmt: skip


@given(st.lists(st.sampled_from(RIGHT), min_size=DRAWS, max_size=DRAWS))
def test_a_right_solution_is_never_rejected_however_it_is_told(texts: list[str]) -> None:
    assert isinstance(solved(*texts), Dropped)
    pair = solved(*texts[:-1], "3 + 4 = 7, so the answer is 7.")
    assert isinstance(pair, Dropped) or (pair.chosen[0] in RIGHT and "7" in pair.rejected[0])


def said(*results: int | None) -> Pair | Dropped:
    return solved(*("No idea." if r is None else f"The answer is {r}." for r in results))


def test_a_majority_is_half_of_the_draws_and_more_than_half_of_the_results() -> None:
    assert said(12, 12, 7, None, None, None, None, None) == Dropped("no_majority")  # two agree, of three
    assert said(12, 12, 12, 7, None, None, None, None) == Dropped("no_majority")
    assert said(12, 12, 12, 12, 7, 8, 9, 5) == Dropped("no_majority")  # just half of the results
    assert said(12, 12, 12, None, None, None, None, None) == Dropped("no_majority")
    pair = said(12, 12, 12, 12, 7, 8, 9, None)
    assert isinstance(pair, Pair) and (pair.meta["votes"], pair.meta["draws"]) == (4, 7)


def test_a_result_that_differs_in_rounding_alone_is_not_rejected() -> None:
    texts = ["The answer is 33.33."] * 6
    assert solved(*texts, "The answer is 33.3.", "The answer is 33 1/3.") == Dropped("no_clear_difference")
    pair = solved(*texts, "The answer is 33.3.", "The answer is 35.")
    assert isinstance(pair, Pair) and pair.rejected == ("The answer is 35.",)
