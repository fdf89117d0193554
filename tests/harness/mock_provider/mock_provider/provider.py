"""The model provider ``mock/``: no weights, no network, and the same answer to the same messages.

Its folder on PYTHONPATH is enough: the `.dist-info` beside the package has the entry point by which Inspect finds it.

Judges      ``mock/good`` prefers the response that holds `MARKER`, ends with the request, or is the mini benchmark's
            better one; ``mock/bad`` the other one; ``mock/biased`` says [[A]], ``mock/silent`` no verdict,
            ``mock/tie`` says [[C]], ``mock/wavering`` says what the seed of the draw says.
Generators  ``mock/generator`` answers, modifies and labels instructions; ``mock/apprentice`` answers less well;
            ``mock/mute`` says nothing at all.
MT-Bench    ``mock/candidate`` writes a reply with `MARKER`, ``mock/examiner`` grades those 9 and others 3, and prefers
            them; ``mock/stranger`` says nothing that could be read.
Faults      ``mock/failing`` raises, ``mock/empty`` gives no choice, ``mock/narrow`` is good, but takes prompts of
            `NARROW` characters at most.

Model arguments: ``-M choices=1`` ignores `num_choices`, as many providers do; ``-M usage=false`` counts no tokens.
``STE_MOCK_CALLS`` names a file that gets one JSON line a call; ``STE_MOCK_DELAY`` is the seconds a call takes.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from functools import cache
from hashlib import blake2b
from typing import Any

import anyio
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    StopReason,
    modelapi,
)
from inspect_ai.tool import ToolChoice, ToolInfo

MARKER = "marvellous"
MODIFIED = "But do the opposite of it."
NARROW = 3000


@modelapi(name="mock")
def mock() -> type[ModelAPI]:
    return MockProvider


class MockProvider(ModelAPI):
    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig | None = None,
        choices: int | None = None,
        usage: bool = True,
        **unknown: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config or GenerateConfig())
        assert model_name in ANSWERS, f"no such mock model: {model_name}"
        assert not unknown, f"unknown model arguments: {unknown}"
        self.choices = choices
        self.usage = usage

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        text = "\n\n".join(message.text for message in input)
        draws = min(config.num_choices or 1, self.choices or 1_000_000)
        _write_call(self.model_name, draws, config, text)
        await anyio.sleep(float(os.environ.get("STE_MOCK_DELAY", "0")))
        if self.model_name == "failing":
            raise RuntimeError("the mock model fails")
        if self.model_name == "empty":
            return self._output([], "stop", text)
        if self.model_name == "narrow" and len(text) > NARROW:
            return self._output([""], "model_length", text)
        answer = ANSWERS[self.model_name]
        return self._output([answer(text, (config.seed or 0) + draw) for draw in range(draws)], "stop", text)

    def _output(self, answers: list[str], stop_reason: StopReason, prompt: str) -> ModelOutput:
        choices = [
            ChatCompletionChoice(
                message=ChatMessageAssistant(content=answer, model=self.model_name, source="generate"),
                stop_reason=stop_reason,
            )
            for answer in answers
        ]
        written = sum(len(answer) for answer in answers)
        # a token is a letter
        usage = ModelUsage(input_tokens=len(prompt), output_tokens=written, total_tokens=len(prompt) + written)
        return ModelOutput(model=self.model_name, choices=choices, usage=usage if self.usage else None)

    def connection_key(self) -> str:
        return "mock"


def _write_call(model: str, draws: int, config: GenerateConfig, text: str) -> None:
    path = os.environ.get("STE_MOCK_CALLS")
    if path:
        settings = {"temperature": config.temperature, "max_tokens": config.max_tokens, "seed": config.seed}
        line = json.dumps({"model": model, "draws": draws, **settings, "text": text})
        with open(path, "a", encoding="utf-8") as file:
            file.write(line + "\n")


def _better(text: str) -> str:
    """ "A" or "B": which response the judge's prompt shows is the better one."""
    if "[Conversation with Assistant A]" in text:
        a, _, b = text.rpartition("[Conversation with Assistant A]\n")[2].partition("[Conversation with Assistant B]\n")
        assert (MARKER in a) != (MARKER in b), f"the mock judge cannot tell these conversations apart:\n{text}"
        return "A" if MARKER in a else "B"
    head, _, rest = text.rpartition("[Response A]\n")
    a, _, b = rest.partition("[Response B]\n")
    a, b = a.partition("[End of Response A]")[0].strip(), b.partition("[End of Response B]")[0].strip()
    request = head.rpartition("[User Request]\n")[2].partition("[End of User Request]")[0].strip()
    rules: tuple[Callable[[str], bool], ...] = (
        lambda response: MARKER in response,
        lambda response: response.endswith(request),
        lambda response: (request, response) in _mini(),
    )
    for rule in rules:
        if rule(a) != rule(b):
            return "A" if rule(a) else "B"
    raise AssertionError(f"the mock judge cannot tell these responses apart:\n{text}")


@cache
def _mini() -> frozenset[tuple[str, str]]:
    """(prompt, chosen response) of the mini benchmark."""
    from ste_plugin.benchmarks import mini

    return frozenset((pair.prompt_text.strip(), pair.chosen[-1].strip()) for pair in mini.pairs())


def _judgment(letter: str) -> str:
    return f"One of them does what was asked, the other does not.\n\n[[{letter}]]"


def _examine(text: str) -> str:
    """A grade of the last reply, or a verdict on the last replies."""
    if "Grade the assistant's last reply." in text:
        reply = text.rpartition("[Assistant Reply]")[2]
        return f"It does what was asked.\n\n[[{9 if MARKER in reply else 3}]]"
    opening = "[Conversation with Assistant B]" if "[Conversation with Assistant B]" in text else "[Response B]"
    a, _, b = text.rpartition(f"{opening}\n")
    a = a.rpartition(opening.replace("B]", "A]"))[2]
    letters = {(True, False): "A", (False, True): "B"}
    return _judgment(letters.get((MARKER in a, MARKER in b), "C"))


def _generate(text: str, seed: int) -> str:
    """What a cooperative generator writes. It does not look at the seed."""
    found = re.search(r"\[User Request\]\n(.*?)\n(?:\[End of User Request\]|\n)", text, re.DOTALL)
    if found is None:
        return f"Here is an answer to this request: {text}"
    request = found[1]
    if text.startswith("Label the request below"):
        category = "coding" if len(request) % 2 else "advice"
        return json.dumps({"category": category, "complexity": 1 + len(request) % 5, "length": "short"})
    modified = f"<new_request>\n{request} {MODIFIED}\n</new_request>"
    if "<answer>" in text:
        return f"{modified}\n<answer>\nHere is the opposite of it.\n</answer>"
    return modified if "<new_request>" in text else f"New request: {request} {MODIFIED}"


ANSWERS: dict[str, Callable[[str, int], str]] = {
    "good": lambda text, seed: _judgment(_better(text)),
    "bad": lambda text, seed: _judgment("B" if _better(text) == "A" else "A"),
    "biased": lambda text, seed: _judgment("A"),
    "silent": lambda text, seed: "Both have their merits.",
    "tie": lambda text, seed: _judgment("C"),
    "wavering": lambda text, seed: _judgment("AB"[blake2b(b"%d" % seed).digest()[0] % 2]),
    "narrow": lambda text, seed: _judgment(_better(text)),
    "generator": _generate,
    "apprentice": lambda text, seed: f"No idea. You said: {text}",
    "mute": lambda text, seed: "",
    "candidate": lambda text, seed: f"A {MARKER} reply to {text.splitlines()[-1]}",
    "examiner": lambda text, seed: _examine(text),
    "stranger": lambda text, seed: "Who can tell?",
    "failing": lambda text, seed: "",
    "empty": lambda text, seed: "",
}
