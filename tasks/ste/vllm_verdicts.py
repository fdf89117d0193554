"""Forced verdicts from a vLLM server, for judges that do not write one: the opening is given, the label chosen.

The server continues the judge's text behind the verdict's opening and may say nothing but one of the labels
(structured outputs), by the model's own probabilities and at the temperature of the request.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from inspect_ai.model import ChatCompletionChoice, ChatMessage, ChatMessageAssistant, GenerateConfig, Model, ModelOutput

from ste.refusals import too_long
from ste_plugin.model_request import Answer, ForcedVerdict, ModelAnswers, ModelRequest, derive_seed

LABEL_TOKENS = 8
"""More than a label has."""

TOP = 20
"""Likeliest tokens whose probabilities are asked for, as many as a server gives unless told otherwise."""


async def forced_by_vllm(
    model: Model,
    request: ModelRequest,
    prompt: list[ChatMessage],
    free: Callable[[ModelRequest], Awaitable[ModelAnswers]],
) -> ModelAnswers:
    """The answers to `request`, which has a forced verdict.

    `prompt` is the request's as Inspect's messages; `free` answers a request that has no forced verdict.
    """
    forced = request.forced
    assert forced is not None
    if request.max_tokens > 0:
        written = await free(replace(request, forced=None))
        if written.too_long:
            return written
        answers = list(written.answers)
        prompt_tokens = written.prompt_tokens
    else:
        answers = [Answer("", 0, "stop")] * request.draws
        prompt_tokens = 0
    without: dict[str, list[int]] = {}
    for draw, answer in enumerate(answers):
        if not forced.found_in(answer.text, cut=answer.stop_reason == "length"):
            without.setdefault(answer.text, []).append(draw)
    for text, draws in without.items():
        opened = ChatMessageAssistant(content=text + forced.opening)
        output = await _choose(model, request, [*prompt, opened], len(draws), draws[0])
        refused = too_long(output)
        if refused is not None:
            if not text:
                return refused
            continue  # the prompt fits, but not all that was written behind it: those draws stay without a verdict
        prompt_tokens = prompt_tokens or (output.usage.input_tokens if output.usage else 0)
        for draw, choice in zip(draws, output.choices, strict=False):
            answers[draw] = _with_label(answers[draw], choice, forced)
    return ModelAnswers(prompt_tokens, tuple(answers))


async def _choose(
    model: Model, request: ModelRequest, opened: list[ChatMessage], draws: int, first: int
) -> ModelOutput:
    """Labels behind `opened`, for `draws` of the request's draws of which `first` is the first."""
    assert request.forced is not None
    config = GenerateConfig(
        max_tokens=LABEL_TOKENS,
        temperature=request.temperature,
        # far from the seeds of the text, and of the labels behind other texts: a server counts on from each
        seed=derive_seed(request.seed, "label", first) % 2**31,
        logprobs=True,
        top_logprobs=TOP,
        extra_body={"structured_outputs": {"choice": list(request.forced.labels)}},
    )
    if draws > 1:
        config.num_choices = draws
    return await model.generate(opened, config=config)


def _with_label(answer: Answer, choice: ChatCompletionChoice, forced: ForcedVerdict) -> Answer:
    label = choice.message.text.strip()
    return Answer(
        text=answer.text + forced.opening + label + forced.closing,
        tokens=answer.tokens + 1,
        stop_reason="stop",
        forced=True,
        label_probabilities=_probabilities(choice, forced),
    )


def _probabilities(choice: ChatCompletionChoice, forced: ForcedVerdict) -> Mapping[str, float] | None:
    """Each label's probability among the labels; None where not all of them are among the likeliest tokens."""
    first = choice.logprobs.content[0] if choice.logprobs and choice.logprobs.content else None
    known = {top.token.strip(): math.exp(top.logprob) for top in reversed((first and first.top_logprobs) or [])}
    if not all(label in known for label in forced.labels):
        return None
    total = sum(known[label] for label in forced.labels)
    return {label: known[label] / total for label in forced.labels} if total > 0 else None
