"""Inspect with its provider vllm/, as ste's tasks set it up; runs in an environment of its own (ci/vllm_env.sh)."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

from inspect_ai.model import get_model
from judging_work import Item, Texts, Work

from rows._inspect import judge_with
from rows._vllm import engine_settings
from rows._vllm import versions as vllm_versions
from ste.vllm_servers import set_up_server


def prepare(work: Work) -> Callable[[list[Item], int], Texts]:
    model = get_model(f"vllm/{work.model}", **engine_settings(work))
    set_up_server(model)
    return judge_with(model, work, choices=True)


def versions() -> dict[str, str]:
    return vllm_versions() | {name: version(name) for name in ("ste", "inspect-ai")}
