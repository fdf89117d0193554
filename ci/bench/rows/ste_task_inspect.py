"""The registered task `ste/rewardbench` under Inspect, as users run it: pairs from a file, verdicts, scores, a log."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib.metadata import version

import torch
from inspect_ai import eval
from inspect_ai.model import get_model
from judging_work import Item, Texts, Work

from rows._registered import engine_limits, task_options, texts_of, write_pairs
from ste.pair_scorer import JUDGED


def prepare(work: Work) -> Callable[[list[Item], int], Texts]:
    torch.set_num_threads(work.threads)
    model = get_model(f"ste/{work.model}", **engine_limits(work))

    def judge(items: list[Item], draws: int) -> Texts:
        with tempfile.TemporaryDirectory() as folder:
            options = task_options(work, write_pairs(items, folder))
            (log,) = eval("ste/rewardbench", model=model, task_args=options, log_dir=folder, display="none")
            if log.status != "success":
                raise RuntimeError(f"Inspect: {log.error.message if log.error else log.status}")
            # read from the log's file
            return texts_of(items, [(str(one.id), row) for one in log.samples or () for row in one.store[JUDGED]])

    return judge


def versions() -> dict[str, str]:
    return {name: version(name) for name in ("ste", "inspect-ai", "torch", "transformers")}
