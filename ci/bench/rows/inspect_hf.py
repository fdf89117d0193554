"""Inspect with its own provider `hf/`; its draws are requests of their own, as it knows no `num_choices`."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

import torch
from inspect_ai.model import GenerateConfig, get_model
from judging_work import Item, Texts, Work

from rows._inspect import judge_with


def prepare(work: Work) -> Callable[[list[Item], int], Texts]:
    torch.set_num_threads(work.threads)
    model = get_model(
        "hf/local",
        config=GenerateConfig(max_connections=work.batch),
        model_path=work.model,
        tokenizer_path=work.model,
        dtype=work.dtype,
        do_sample=work.temperature > 0,
        tokenizer_call_args={"add_special_tokens": False},
    )
    return judge_with(model, work, choices=False)


def versions() -> dict[str, str]:
    return {name: version(name) for name in ("inspect-ai", "torch", "transformers")}
