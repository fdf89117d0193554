"""The registered group `ste_rewardbench` under lm-eval with `--model ste`: pairs from a file, verdicts, scores."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib.metadata import version

import torch
from judging_work import Item, Texts, Work
from lm_eval.evaluator import evaluate
from lm_eval.tasks import TaskManager

from rows._registered import engine_limits, task_options, texts_of, write_pairs
from ste._lm_eval_hook import task_folder
from ste.lm_eval.local_model import SteLM
from ste_plugin.result_rows import SAMPLE_KEY


def prepare(work: Work) -> Callable[[list[Item], int], Texts]:
    torch.set_num_threads(work.threads)
    lm = SteLM(pretrained=work.model, **engine_limits(work))

    def judge(items: list[Item], draws: int) -> Texts:
        with tempfile.TemporaryDirectory() as folder:
            options = task_options(work, write_pairs(items, folder))
            # our tasks alone: finding those of lm-eval takes the same seconds whatever is run
            tasks = TaskManager(include_path=task_folder(), include_defaults=False, metadata=options)
            # not `simple_evaluate`, which spends seconds on writing down the machine
            results = evaluate(
                lm=lm, task_dict=tasks.load(["ste_rewardbench"]), apply_chat_template=True, bootstrap_iters=0
            )
        samples = [sample for own in results["samples"].values() for sample in own if SAMPLE_KEY in sample]
        return texts_of(items, [(s["doc"]["id"], row) for s in samples for row in s[SAMPLE_KEY]["orders"]])

    return judge


def versions() -> dict[str, str]:
    return {name: version(name) for name in ("ste", "lm-eval", "torch", "transformers")}
