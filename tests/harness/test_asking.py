"""Several items at the same time: all their requests are in flight together, and results come in order."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from inspect_ai.model import ModelOutput, ModelUsage, StopReason

from ste.asking import Asker
from ste.refusals import too_long
from ste_plugin.errors import UserError
from ste_plugin.model_request import Answer, ModelAnswers, ModelRequest, Steps
from ste_plugin.pairs import Message


class Waits(Asker):
    """Answers with the request's own text once `count` requests are there, the last of them first."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.asked: list[str] = []

    async def ask(self, request: ModelRequest) -> ModelAnswers:
        text = request.messages[0].content
        self.asked.append(text)
        with anyio.fail_after(10):
            while len(self.asked) < self.count:
                await anyio.sleep(0)
        for _ in range(10 * (self.count - self.asked.index(text))):
            await anyio.sleep(0)
        return ModelAnswers(1, (Answer(text, 1, "stop"),))


def steps(text: str, fails: bool = False) -> Steps[str]:
    answers = yield ModelRequest((Message("user", text),), 1)
    if fails:
        raise UserError(f"{text} cannot be judged")
    return answers.answers[0].text


def test_all_at_once_and_in_order() -> None:
    async def run() -> Any:
        return await Waits(3).run_all([steps(text) for text in ("a", "b", "c")])

    assert anyio.run(run) == ["a", "b", "c"]


def test_an_error_is_raised_as_it_is() -> None:
    async def run() -> Any:
        return await Waits(2).run_all([steps("a"), steps("b", fails=True)])

    with pytest.raises(UserError, match="b cannot be judged"):
        anyio.run(run)


def test_nothing_to_run() -> None:
    async def run() -> Any:
        return await Waits(0).run_all([])

    assert anyio.run(run) == []


@pytest.mark.parametrize(
    ("text", "stop_reason", "counted", "refused"),
    [
        ("", "model_length", True, True),
        ("The prompt is too long.", "model_length", False, True),  # what most providers make of a refused request
        ("An answer that ran into", "model_length", True, False),
        ("An answer that ran into", "max_tokens", False, False),
        ("An answer.", "stop", False, False),
    ],
)
def test_refusals_are_told_from_answers(text: str, stop_reason: StopReason, counted: bool, refused: bool) -> None:
    output = ModelOutput.from_content("model", text, stop_reason=stop_reason)
    output.usage = ModelUsage(input_tokens=5, output_tokens=1, total_tokens=6) if counted else None
    answers = too_long(output)
    assert (answers is not None) == refused
    assert answers is None or (answers.too_long and answers.limit < answers.prompt_tokens)
