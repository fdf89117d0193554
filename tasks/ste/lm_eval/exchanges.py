"""One `ModelRequest` as what a model of lm-eval can be asked, and its responses as `ModelAnswers`.

lm-eval knows two questions that matter here: continue a text (`generate_until`), and how likely a continuation is
(`loglikelihood`). A forced verdict is the second one, asked for each label.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from ste.lm_eval.asked_model import AskedModel
from ste_plugin.errors import UserError
from ste_plugin.journal import Journal
from ste_plugin.model_request import Answer, ForcedVerdict, ModelAnswers, ModelRequest, Steps, derive_seed

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to a model of lm-eval: the method of `LM`, and its arguments as lm-eval has them."""

    kind: Literal["generate_until", "loglikelihood"]
    arguments: tuple[Any, Any]
    request: ModelRequest
    """What it is a part of; a model that takes requests (``--model ste``) answers this instead."""


Exchange = Generator[list[Ask], list[Any], T]
"""Yields what is to be asked, is sent the responses in the same order, returns its result."""


class AnswersText(str):
    """A response of a model that takes requests: the first draw's text, with all draws in `answers`."""

    answers: ModelAnswers

    def __new__(cls, answers: ModelAnswers) -> AnswersText:
        text = super().__new__(cls, answers.answers[0].text if answers.answers else "")
        text.answers = answers
        return text

    def __reduce__(self) -> tuple[Any, ...]:
        return (AnswersText, (self.answers,))


def run_steps(steps: Steps[T], model: AskedModel, *, journal: Journal | None = None, identity: str = "") -> Exchange[T]:
    """Drive `steps` with `model`; answers in `journal` are taken from there, others recorded under `identity`."""
    try:
        request = next(steps)
        while True:
            key = request.key(identity)
            answers = journal.get(key) if journal is not None else None
            if answers is None:
                answers = yield from exchange(request, model)
                if journal is not None:
                    journal.put(key, answers)
            request = steps.send(answers)
    except StopIteration as end:
        result: T = end.value
        return result


def exchange(request: ModelRequest, model: AskedModel) -> Exchange[ModelAnswers]:
    """The answers to `request`. A prompt that does not fit the model is asked nothing (never cut).

    Raises UserError where the model cannot do what is asked.
    """
    prompt = model.prompt(request.messages)
    prompt_tokens, room = model.measure(request, prompt)
    if prompt_tokens is not None and room is not None and prompt_tokens > room:
        return ModelAnswers(prompt_tokens, (), max(room, 0))
    if model.takes_requests:
        (response,) = yield [Ask("generate_until", (prompt, _whole_request(request)), request)]
        return response.answers if isinstance(response, AnswersText) else _no_answers(model)
    written = [_Written("", 0, "stop")] * request.draws
    if request.max_tokens > 0:
        settings = generation_settings(request) | model.settings(request)
        ask = Ask("generate_until", (prompt, settings), request)
        responses = yield [ask] * request.draws
        written = [_written(str(response), request, model) for response in responses]
    answers = [Answer(one.text, one.tokens, one.stop_reason) for one in written]
    if request.forced is not None:
        answers = yield from _forced(prompt, written, request, request.forced, model)
        if request.max_tokens == 0 and prompt_tokens:  # verdict alone: its opening ends the prompt
            prompt_tokens += model.tokens(request.forced.opening) or 0
    return ModelAnswers(prompt_tokens or 0, tuple(answers))


def generation_settings(request: ModelRequest) -> dict[str, Any]:
    """lm-eval's generation settings for one draw. `do_sample` is always explicit: its cache relies on it."""
    settings: dict[str, Any] = {
        "until": list(request.stop),
        "max_gen_toks": request.max_tokens,
        "do_sample": request.temperature > 0,
        "temperature": request.temperature,
    }
    if request.temperature > 0:
        settings |= {"top_p": request.top_p} if request.top_p < 1 else {}
        settings |= {"top_k": request.top_k} if request.top_k is not None else {}
    return settings


def _whole_request(request: ModelRequest) -> dict[str, Any]:
    """All that the answer depends on beside the prompt: what lm-eval logs, and its cache compares."""
    return generation_settings(request) | {
        "seed": request.seed,
        "draws": request.draws,
        "forced_verdict": None if request.forced is None else request.forced.to_json(),
    }


@dataclass(frozen=True, slots=True)
class _Written:
    """What the model wrote of its own accord."""

    text: str
    tokens: int
    stop_reason: Literal["stop", "length"]


def _written(text: str, request: ModelRequest, model: AskedModel) -> _Written:
    """lm-eval does not say why a text ended: one that fills its budget, encoded again, counts as cut."""
    tokens = model.tokens(text) if text else 0
    cut = tokens is not None and tokens >= request.max_tokens
    return _Written(text, tokens or 0, "length" if cut else "stop")


def _has_verdict(written: _Written, forced: ForcedVerdict) -> bool:
    return forced.found_in(written.text, cut=written.stop_reason == "length")


def _forced(
    prompt: Any, written: Sequence[_Written], request: ModelRequest, forced: ForcedVerdict, model: AskedModel
) -> Exchange[list[Answer]]:
    """Complete each draw that came without a verdict: the likelier label, or one drawn by its likelihood."""
    if not isinstance(prompt, str):
        raise UserError(
            f"force_verdict: {model.name} is a chat server, which gives no likelihoods; leave it out, "
            "or use --model hf, vllm or ste"
        )
    openings = [one.text + forced.opening for one in written if not _has_verdict(one, forced)]
    distinct = list(dict.fromkeys(openings))
    scores: dict[str, list[float]] = {}
    if distinct:
        responses = yield [
            Ask("loglikelihood", (prompt + opening, label), request) for opening in distinct for label in forced.labels
        ]
        likelihoods = [float(response[0]) for response in responses]
        size = len(forced.labels)
        scores = {opening: likelihoods[i * size : (i + 1) * size] for i, opening in enumerate(distinct)}
    answers = []
    for draw, one in enumerate(written):
        if _has_verdict(one, forced):
            answers.append(Answer(one.text, one.tokens, one.stop_reason))
            continue
        opening = one.text + forced.opening
        position = _chosen(scores[opening], request, draw)
        probabilities = dict(zip(forced.labels, _softmax(scores[opening], 1.0), strict=True))
        text = opening + forced.labels[position] + forced.closing
        tokens = one.tokens + 1 + ((model.tokens(forced.opening) or 0) if request.max_tokens else 0)
        answers.append(Answer(text, tokens, "stop", True, probabilities))
    return answers


def _chosen(scores: Sequence[float], request: ModelRequest, draw: int) -> int:
    if request.temperature == 0:
        return max(range(len(scores)), key=lambda index: scores[index])
    uniform = derive_seed(request.seed, draw, "label") / 2**63
    reached = 0.0
    for position, probability in enumerate(_softmax(scores, request.temperature)):
        reached += probability
        if uniform < reached:
            return position
    return len(scores) - 1


def _softmax(scores: Sequence[float], temperature: float) -> list[float]:
    highest = max(scores)
    weights = [math.exp((score - highest) / temperature) for score in scores]
    return [weight / math.fsum(weights) for weight in weights]


def _no_answers(model: AskedModel) -> ModelAnswers:
    raise UserError(f"{model.name}: a cached response of another model; name another file for --use_cache")
