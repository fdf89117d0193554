"""Prompts that do not fit a model, as the providers of Inspect report them."""

from __future__ import annotations

from inspect_ai.model import ModelOutput

from ste.local_provider import OPTIONS
from ste_plugin.model_request import ModelAnswers


def too_long(output: ModelOutput) -> ModelAnswers | None:
    """What `output` says of a prompt that did not fit; None where it holds an answer.

    Of a refused request Inspect's providers make an output that stopped at the model's length, most of them with the
    server's message as its text. Such an output has no count of tokens; an answer that ran into the same limit has one.
    """
    if output.stop_reason != "model_length" or (output.completion and output.usage is not None):
        return None
    prompt_tokens = output.usage.input_tokens if output.usage else 0
    limit = (output.metadata or {}).get(OPTIONS, {}).get("limit")
    if limit is None or not prompt_tokens:
        # a provider that does not say by how much: ask for a quarter less each time
        return ModelAnswers(4, (), 3)
    return ModelAnswers(prompt_tokens, (), int(limit))
