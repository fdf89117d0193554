"""Arguments of a task as words for `inspect eval`: it gets them as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspect_ai._util.config import parse_cli_args

from ste_plugin.errors import UserError
from ste_plugin.task_words import task_words

NAMED = ["run", "007", "2026-07-01", "run #2", "a: b", "null", "yes", "~/x", "1e5", "[x]", "'quoted'", "a=b", "", " x "]


@pytest.mark.parametrize("text", NAMED)
def test_inspect_reads_the_text(text: str) -> None:
    assert read(text) == text


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters=",")))
def test_inspect_reads_any_text(text: str) -> None:
    assert read(text) == text


def read(text: str) -> object:
    option, word = task_words({"workdir": text})
    assert option == "-T"
    return parse_cli_args([word])["workdir"]


def test_numbers_paths_and_what_is_not_given() -> None:
    assert task_words({"recipe": "smollm2-demo", "workdir": Path("a/b"), "seed": 3, "journal": None}) == [
        *("-T", "recipe=smollm2-demo", "-T", "workdir=a/b", "-T", "seed=3"),
    ]


def test_a_comma_is_refused() -> None:
    with pytest.raises(UserError, match=r"workdir 'runs,2': .*name another path"):
        task_words({"workdir": "runs,2"})
