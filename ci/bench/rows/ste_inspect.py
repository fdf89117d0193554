"""The plugin's engine under Inspect, as the provider `ste/`."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

import torch
from inspect_ai.model import get_model
from judging_work import Item, Texts, Work

from rows._inspect import judge_with


def prepare(work: Work) -> Callable[[list[Item], int], Texts]:
    torch.set_num_threads(work.threads)
    limits = {"max_rows": work.batch, "max_prefill_tokens": work.prefill_tokens}
    return judge_with(get_model(f"ste/{work.model}", dtype=work.dtype, **limits), work, choices=True)


def versions() -> dict[str, str]:
    return {name: version(name) for name in ("ste", "inspect-ai", "torch", "transformers")}
