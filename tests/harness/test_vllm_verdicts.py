"""Forced verdicts of the provider ``vllm/``, request by request, from the stand-in for its server."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from inspect_ai.model import get_model

from ste.asking import Asker
from ste.vllm_verdicts import forced_by_vllm
from ste_plugin.judge_prompt import JudgePrompt
from ste_plugin.judging import TOO_LONG, JudgeSettings, Overlong, judge
from ste_plugin.model_request import Answer, ModelAnswers, ModelRequest, Steps, T
from ste_plugin.pairs import Message, pair_from_row
from ste_plugin.process_tree import end_tree
from tests.harness.stock_inspect import read_rows

STAND_IN = Path(__file__).with_name("stand_in_vllm") / "server.py"
NAME = "org/served"
ROOM = 400
PATIENCE = 30.0


class Server:
    """The stand-in, with room for `ROOM` characters of a conversation, and an asker of it."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.notes = folder / "vllm.jsonl"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        own = {"STE_STAND_IN_VLLM": str(self.notes), "STE_STAND_IN_VLLM_ROOM": str(ROOM), **environment}
        words = [sys.executable, str(STAND_IN), "serve", NAME, "--host", "127.0.0.1", "--port", str(self.port)]
        self.process = subprocess.Popen(words, env=own)
        end = time.monotonic() + PATIENCE
        while True:
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", self.port)) == 0:
                    break
            assert time.monotonic() < end and self.process.poll() is None, "the stand-in did not start"
            time.sleep(0.02)

    def answers(self, request: ModelRequest) -> ModelAnswers:
        return self.run(one(request))

    def run(self, steps: Steps[T]) -> T:
        async def ask() -> T:
            model = get_model(f"vllm/{NAME}", memoize=False, base_url=f"http://127.0.0.1:{self.port}/v1")
            async with model:
                return await Asker(model, "made up").run(steps)

        return anyio.run(ask)

    def asked(self) -> list[dict[str, Any]]:
        return [row["body"] for row in read_rows(self.notes) if row["event"] == "ask"]


@pytest.fixture
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    one = Server(tmp_path, **getattr(request, "param", {}))
    try:
        yield one
    finally:
        end_tree(one.process.pid)
        one.process.wait()


def one(request: ModelRequest) -> Steps[ModelAnswers]:
    return (yield request)


def judging(text: str, **settings: Any) -> ModelRequest:
    """A request with a forced verdict for the prompt `text`."""
    forced = JudgeSettings(JudgePrompt.load("judge_verdict"), force_verdict=True).forced
    return ModelRequest((Message("user", text),), forced=forced, temperature=1.0, **settings)


@pytest.mark.parametrize("max_tokens", [0, 16])
def test_a_prompt_that_does_not_fit_is_too_long(server: Server, max_tokens: int) -> None:
    """The server's refusal is no answer: neither its words nor an empty one."""
    answers = server.answers(judging("x" * (ROOM + 1), max_tokens=max_tokens, draws=4))
    assert answers.too_long and not answers.answers
    assert answers.limit is not None and 0 < answers.limit < answers.prompt_tokens
    assert len(server.asked()) == 1
    assert not server.answers(judging("x", max_tokens=max_tokens, draws=4)).too_long


def test_a_refusal_without_a_forced_verdict(server: Server) -> None:
    answers = server.answers(ModelRequest((Message("user", "x" * (ROOM + 1)),), 16))
    assert answers.too_long and not answers.answers


def test_text_that_leaves_no_room_for_its_verdict_stays_without(server: Server) -> None:
    """The prompt fits, as the text behind it shows."""
    request = judging("x" * (ROOM - 10), max_tokens=16)
    answers = server.answers(request)
    assert not answers.too_long
    (answer,) = answers.answers
    assert answer.text.startswith("The first response") and not answer.forced
    assert len(server.asked()) == 2


@pytest.mark.parametrize("server", [{"STE_STAND_IN_VLLM_ROOM": "1000"}], indirect=True)
@pytest.mark.parametrize(("overlong", "shortened"), [("shorten", True), ("skip", False), ("unparsed", False)])
def test_a_pair_that_does_not_fit(server: Server, overlong: Overlong, shortened: bool) -> None:
    pair = pair_from_row({"id": "p", "prompt": "Say a.", "chosen": "a" * 900, "rejected": "b" * 500}, "made up")
    prompt = JudgePrompt.load("judge_verdict")
    settings = JudgeSettings(prompt, max_tokens=0, force_verdict=True, overlong=overlong)
    judged = server.run(judge(pair, "chosen_first", settings))
    assert judged.shortened == shortened
    assert judged.overlong == (not shortened)
    assert (judged.verdict.label in ("A", "B")) == shortened
    assert judged.verdict.reason == (None if shortened else TOO_LONG)


@pytest.mark.parametrize("server", [{"STE_STAND_IN_VLLM_TEXTS": "2"}], indirect=True)
def test_no_two_draws_have_a_seed_in_common(server: Server) -> None:
    """A server gives the j-th choice of a request the seed after the (j-1)-th's."""
    draws = 6
    answers = server.answers(judging("x", max_tokens=16, draws=draws, seed=2**31 - 2))
    assert len(answers.answers) == draws and all(answer.forced for answer in answers.answers)
    bodies = server.asked()
    assert len(bodies) == 3  # the words, and a label behind each of two different ones
    seeds = [body["seed"] + choice for body in bodies for choice in range(body.get("n", 1))]
    assert len(seeds) == 2 * draws
    assert len(set(seeds)) == len(seeds)


def test_a_text_with_a_verdict_is_left_as_it_is() -> None:
    text = "At first I would not say [[A]].\nYet B is wrong.\n\n[[A]]\n\nB loops."

    async def free(request: ModelRequest) -> ModelAnswers:
        return ModelAnswers(3, (Answer(text, 9, "stop"),))

    model = get_model("mockllm/model")
    answers = anyio.run(forced_by_vllm, model, judging("x", max_tokens=16), [], free)
    assert answers.answers == (Answer(text, 9, "stop"),)


def test_labels_are_the_same_again(server: Server) -> None:
    """By the request alone; another seed, another label at some draw."""
    first, again, other = (server.answers(judging("x", max_tokens=0, draws=12, seed=seed)) for seed in (3, 3, 4))
    assert first == again
    assert [one.text for one in first.answers] != [one.text for one in other.answers]
