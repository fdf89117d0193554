"""The judgments as a task of lm-eval: `generate_until` on the chat's text, each draw a repeat of its document."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from judging_work import Item, Texts, Work
from lm_eval.api.task import ConfigurableTask
from lm_eval.evaluator import evaluate

TASK = "ste_bench"


def plain_task(config: dict[str, Any], items: list[Item], draws: int) -> Any:
    """The task as lm-eval makes it of its configuration."""
    return ConfigurableTask(config=config)


def judge_with(
    lm: Any,
    work: Work,
    outcome: Callable[[Texts], Texts] = lambda responses: responses,
    make_task: Callable[[dict[str, Any], list[Item], int], Any] = plain_task,
) -> Callable[[list[Item], int], Texts]:
    """`outcome` makes the texts of each item's responses; `make_task` the task of a configuration, items and draws."""

    def judge(items: list[Item], draws: int) -> Texts:
        generation: dict[str, Any] = {"until": [], "max_gen_toks": work.max_tokens, "do_sample": work.temperature > 0}
        if work.temperature > 0:
            generation |= {"temperature": work.temperature, "top_p": work.top_p, "top_k": 0}
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder, "items.json")
            data.write_text("".join(json.dumps({"text": i.text, "place": n}) + "\n" for n, i in enumerate(items)))
            config = {
                "task": TASK,
                "dataset_path": "json",
                "dataset_kwargs": {"data_files": {"test": str(data)}, "cache_dir": folder},
                "test_split": "test",
                "output_type": "generate_until",
                "doc_to_text": "{{text}}",
                "doc_to_target": "A",
                "repeats": draws,
                "generation_kwargs": generation,
                "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
            }
            task = make_task(config, items, draws)
            # not `simple_evaluate`, which spends seconds on writing down the machine
            results = evaluate(lm=lm, task_dict={TASK: task}, bootstrap_iters=0, log_samples=True)
        responses: Texts = [[] for _ in items]
        for sample in results["samples"][TASK]:
            responses[sample["doc"]["place"]] = list(sample["resps"][0])
        return outcome(responses)

    return judge
