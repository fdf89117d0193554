"""The ideas in the local engine, and how each is taken out for a while: by what it replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import torch
from ideas_work import DRAWS, GREEDY, TRAINING, VERDICT, Bench

from ste_plugin.engine import block_attention, draw_rows, generate_batch, prefill, sampling, shared_prompts
from ste_plugin.engine.local_model import LocalModel


@dataclass(frozen=True)
class Idea:
    """`without`: within it, the bench judges without the idea. `workloads`: those in which it could matter."""

    title: str
    workloads: tuple[str, ...]
    without: Callable[[Bench], AbstractContextManager[Any]]


def _replaced(module: Any, name: str, value: Any) -> Callable[[Bench], AbstractContextManager[Any]]:
    return lambda bench: patch.object(module, name, value)


def _padded(model: Any, prompts: Any, keep: bool) -> Any:
    return prefill.read_padded(model, prompts, 0)


@contextmanager
def _padded_and_apart(bench: Bench) -> Iterator[None]:
    with patch.object(prefill, "read_packed", _padded), patch.object(prefill, "SHORTEST_COMMON", 2**30):
        yield


@contextmanager
def _one_order_after_the_other(bench: Bench) -> Iterator[None]:
    bench.orders_apart = True
    try:
        yield
    finally:
        bench.orders_apart = False


@contextmanager
def _every_draw_to_its_end(bench: Bench) -> Iterator[None]:
    whole = bench.forced
    bench.forced = replace(whole, complete="(?!)")
    try:
        yield
    finally:
        bench.forced = whole


@contextmanager
def _logits_everywhere(bench: Bench) -> Iterator[None]:
    """The vocabulary is projected at all positions, and what was asked for is picked out of that."""
    wanted: list[Any] = []

    def before(module: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        wanted.append(kwargs.pop("logits_to_keep"))
        return args, kwargs

    def after(module: Any, args: Any, output: Any) -> Any:
        keep = wanted.pop()
        output.logits = output.logits[:, keep if isinstance(keep, torch.Tensor) else slice(-keep, None)]
        return output

    model = bench.local.model
    with ExitStack() as stack:
        stack.callback(model.register_forward_pre_hook(before, with_kwargs=True).remove)
        stack.callback(model.register_forward_hook(after).remove)
        yield


@contextmanager
def _one_thread(bench: Bench) -> Iterator[None]:
    """Set in the engine's own thread: a thread that has calculated keeps its number, whatever is set elsewhere."""
    generate = LocalModel.generate

    def alone(*args: Any) -> Any:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return generate(*args)
        finally:
            torch.set_num_threads(before)

    with patch.object(LocalModel, "generate", alone):
        yield


@contextmanager
def _float32(bench: Bench) -> Iterator[None]:
    before, bench.dtype = bench.dtype, "float32"
    try:
        bench.load()
        yield
    finally:
        bench.dtype = before


IDEAS = {
    "blocks": Idea(
        "attention in blocks of queries (else torch's own)",
        (VERDICT, GREEDY, TRAINING),
        _replaced(block_attention, "_made_for", lambda *a: False),
    ),
    "packed": Idea(
        "prompts as one tree: common starts on all levels once, no padding (else one common start, padded)",
        (VERDICT, GREEDY),
        _replaced(prefill, "read_packed", _padded),
    ),
    "common": Idea("the tree, or any common start (else each prompt whole)", (VERDICT,), _padded_and_apart),
    "orders": Idea(
        "both orders of a pair asked at once (else one after the other)", (VERDICT,), _one_order_after_the_other
    ),
    "logits": Idea("logits only where needed", (VERDICT,), _logits_everywhere),
    "bfloat16": Idea("bfloat16 (else float32)", (VERDICT,), _float32),
    "threads": Idea("as many threads as were asked for (else one)", (VERDICT, GREEDY, DRAWS), _one_thread),
    "onednn": Idea(
        "oneDNN's matrix products (else MKL's)",
        (VERDICT, GREEDY, DRAWS),
        lambda bench: torch.backends.mkldnn.flags(enabled=False),
    ),
    "shared": Idea(
        "one copy of a prompt's keys and values for all its draws",
        (DRAWS,),
        _replaced(generate_batch, "start_rows", draw_rows.RowsOverCopies),
    ),
    "products": Idea(
        "draws meet their prompt in oneDNN's products (else in torch's own attention)",
        (GREEDY, DRAWS),
        _replaced(shared_prompts, "FEWEST_SCORES", 2**60),
    ),
    "leave": Idea("finished rows leave the batch", (DRAWS,), _replaced(generate_batch, "COMPACT_AT", 0.0)),
    "verdict": Idea("a draw ends with its verdict", (GREEDY, DRAWS), _every_draw_to_its_end),
    "top": Idea("top-k before top-p", (DRAWS,), _replaced(sampling, "NUCLEUS_TOP", 2**30)),
}
