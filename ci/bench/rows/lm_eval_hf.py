"""lm-eval with its own model `hf`."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

import torch
from judging_work import Item, Texts, Work
from lm_eval.models.huggingface import HFLM

from rows._lm_eval import judge_with


def prepare(work: Work) -> Callable[[list[Item], int], Texts]:
    torch.set_num_threads(work.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    lm = HFLM(pretrained=work.model, dtype=work.dtype, batch_size=work.batch, add_bos_token=False, device=device)

    return judge_with(lm, work)


def versions() -> dict[str, str]:
    return {name: version(name) for name in ("lm-eval", "torch", "transformers")}
