"""vLLM called as a library, without a server or a harness; runs in an environment of its own (ci/vllm_env.sh)."""

from __future__ import annotations

import os
from collections.abc import Callable

from judging_work import Item, Texts, Work

from rows._vllm import engine_settings, versions

os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"  # in this process, whose time and memory are measured

from vllm import LLM, SamplingParams


def prepare(work: Work) -> Callable[[list[Item], int], Texts]:
    llm = LLM(model=work.model, **engine_settings(work))

    def judge(items: list[Item], draws: int) -> Texts:
        sampling = SamplingParams(
            n=draws, max_tokens=work.max_tokens, temperature=work.temperature, top_p=work.top_p or 1.0
        )
        outputs = llm.generate([item.text for item in items], sampling, use_tqdm=False)
        return [[draw.text for draw in output.outputs] for output in outputs]

    return judge


__all__ = ["prepare", "versions"]
