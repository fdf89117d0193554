"""The plugin's engine without a harness."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import torch
from judging_work import Item, Texts, Work

from ste_plugin.engine.batching import Batcher
from ste_plugin.engine.loaded_models import LoadedModels, ModelKey
from ste_plugin.model_request import ModelRequest
from ste_plugin.pairs import Message


def prepare(work: Work) -> Callable[[list[Item], int], Texts]:
    torch.set_num_threads(work.threads)
    batcher = Batcher(LoadedModels(), max_rows=work.batch, max_prefill_tokens=work.prefill_tokens)
    key = ModelKey(Path(work.model), None, work.dtype)

    def judge(items: list[Item], draws: int) -> Texts:
        futures = [
            batcher.submit(
                key,
                None,
                ModelRequest(
                    tuple(Message(m["role"], m["content"]) for m in item.messages),  # type: ignore[arg-type]
                    max_tokens=work.max_tokens,
                    temperature=work.temperature,
                    top_p=work.top_p,
                    seed=index,
                    draws=draws,
                ),
            )
            for index, item in enumerate(items)
        ]
        return [[answer.text for answer in future.result().answers] for future in futures]

    return judge


def versions() -> dict[str, str]:
    return {name: version(name) for name in ("ste", "torch", "transformers")}
