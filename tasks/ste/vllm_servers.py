"""Servers of Inspect's provider ``vllm/``: bound to this machine, ready for adapters, stopped when not needed.

Inspect starts one server for each base model with the first request, waits until it answers, loads LoRA adapters
into it while it runs, and ends it when the process exits. What it leaves to its caller is done here: the address it
listens on, the adapters it must be ready for before there are any, how long it may take to start, that a judge's server
does not stand in the way of its successor's or of the training, and that none outlives the process.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, cast

from inspect_ai.model import Model

from ste.server_processes import end_servers_with_this_process

ADAPTER_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM takes as the largest rank of an adapter."""

SEQUENCES = 256
"""What vLLM works on side by side unless -M max_num_seqs= says otherwise."""

START_SECONDS = 3600
"""How long a server may take to answer unless -M timeout= says otherwise: weights may have to be fetched first."""

_used: dict[str, Any] = {}
_ranks: dict[str, int] = {}


def served_by_vllm(model: Model) -> bool:
    """Whether `model` is one of Inspect's provider ``vllm/``."""
    return str(model).partition("/")[0] == "vllm"


def set_up_server(model: Model, lora_rank: int | None = None) -> None:
    """Settle how the server of `model` will be started, where that is Inspect's to do.

    It listens on 127.0.0.1 unless ``-M host=`` says otherwise (by itself, Inspect lets every machine in), has an hour
    to start unless ``-M timeout=`` does (Inspect waits forever), and ends with this process. With
    `lora_rank`, or an adapter in the model's name, it takes adapters up to that rank; so do all later models over
    the same base, whichever of them is asked first. Other providers are left alone.
    """
    if not served_by_vllm(model):
        return
    base, adapter = weights_of(model)
    arguments = cast(Any, model.api).server_args
    arguments.setdefault("host", "127.0.0.1")
    arguments.setdefault("timeout", START_SECONDS)
    end_servers_with_this_process()
    rank = max(lora_rank or 0, _rank_of(adapter), _ranks.get(base, 0))
    if rank:
        _ranks[base] = rank
        os.environ.setdefault("VLLM_ALLOW_RUNTIME_LORA_UPDATING", "True")
        arguments.setdefault("enable_lora", True)
        arguments.setdefault("max_lora_rank", next((known for known in ADAPTER_RANKS if known >= rank), rank))
    _used[base] = model.api


def stop_servers(but: Model | None = None) -> None:
    """Stop all servers that models of this process run on, except that of `but`; a later request starts one anew.

    Servers that were there before, named by an address, are left running.
    """
    kept = weights_of(but)[0] if but is not None and served_by_vllm(but) else None
    for base in [base for base in _used if base != kept]:
        _used.pop(base).close()


def requests_at_once(model: Model) -> int:
    """As many as the server of `model` works on side by side: Inspect's own ten leave it idle."""
    given = str(cast(Any, model.api).server_args.get("max_num_seqs", ""))
    return int(given) if given.isdecimal() else SEQUENCES


def weights_of(model: Model) -> tuple[str, str | None]:
    """(base model, adapter or None) of a model of ``vllm/``: folders, or names on the hub.

    Not from the model's name: when its server has started, Inspect leaves the adapter out of it.
    """
    api = cast(Any, model.api)
    return api.base_model, api.adapter.name if api.adapter is not None else None


def _rank_of(adapter: str | None) -> int:
    """The rank of an adapter in a folder; 0 without one, or where Inspect has to find it out."""
    if adapter is None:
        return 0
    try:
        return int(json.loads(Path(adapter, "adapter_config.json").read_text(encoding="utf-8"))["r"])
    except (OSError, ValueError, KeyError):
        return 0
