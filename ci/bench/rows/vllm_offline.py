"""vLLM called as a library, without a server or a harness; runs in an environment of its own (ci/vllm_env.sh)."""

from __future__ import annotations

import os
from collections.abc import Callable

from judging_work import Item, Outcome, Work

from rows._vllm import engine_settings, versions

os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"  # in this process, whose time and memory are measured

from vllm import LLM, SamplingParams


def prepare(work: Work) -> Callable[[list[Item], int], Outcome]:
    llm = LLM(model=work.model, **engine_settings(work))

    def judge(items: list[Item], draws: int) -> Outcome:
        sampling = SamplingParams(
            n=draws, max_tokens=work.max_tokens, temperature=work.temperature, top_p=work.top_p or 1.0
        )
        outputs = llm.generate([item.text for item in items], sampling, use_tqdm=False)
        return Outcome(
            [[draw.text for draw in output.outputs] for output in outputs],
            sum(len(draw.token_ids) for output in outputs for draw in output.outputs),
        )

    return judge


__all__ = ["prepare", "versions"]
