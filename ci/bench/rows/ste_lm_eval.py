"""The plugin's engine under lm-eval, as `--model ste`; each question is one request for all its draws."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import torch
from judging_work import Item, Texts, Work
from lm_eval.api.task import ConfigurableTask

from rows._lm_eval import TASK, judge_with
from ste.lm_eval.local_model import SteLM
from ste.lm_eval.rounds import RequestInstance
from ste_plugin.model_request import ModelAnswers, ModelRequest
from ste_plugin.pairs import Message


def prepare(work: Work) -> Callable[[list[Item], int], Texts]:
    torch.set_num_threads(work.threads)
    answered: dict[int, ModelAnswers] = {}

    class RecordedLM(SteLM):  # type: ignore[misc]
        """Keeps all draws; a common task of lm-eval takes a response as the one text it looks like."""

        def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
            responses: list[Any] = super().generate_until(requests, disable_tqdm)
            for instance, response in zip(requests, responses, strict=True):
                answered[instance.doc["place"]] = response.answers
            return [str(response) for response in responses]

    engine = {"dtype": work.dtype, "max_rows": work.batch, "max_prefill_tokens": work.prefill_tokens}
    lm = RecordedLM(pretrained=work.model, **engine)

    def make_task(config: dict[str, Any], items: list[Item], draws: int) -> Any:
        class Task(ConfigurableTask):
            def construct_requests(self, doc: dict[str, Any], ctx: Any, **settings: Any) -> RequestInstance:
                item = items[doc["place"]]
                instance = RequestInstance("generate_until", doc, (ctx, {}), 0, (TASK, settings["metadata"][1], 1))
                instance.request = ModelRequest(
                    tuple(Message(m["role"], m["content"]) for m in item.messages),
                    max_tokens=work.max_tokens,
                    temperature=work.temperature,
                    top_p=work.top_p,
                    seed=doc["place"],
                    draws=draws,
                )
                return instance

        return Task(config={**config, "repeats": 1})

    def outcome(responses: Texts) -> Texts:
        return [[answer.text for answer in answered[place].answers] for place in range(len(responses))]

    return judge_with(lm, work, outcome, make_task)


def versions() -> dict[str, str]:
    return {name: version(name) for name in ("ste", "lm-eval", "torch", "transformers")}
