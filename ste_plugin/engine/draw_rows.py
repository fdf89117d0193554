"""The draws of a batch, one row each, fed one token a step: over copies of their prompts, or over shared ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch

from ste_plugin.engine.prefill import Prefilled, prefill
from ste_plugin.engine.roomy_cache import RoomyLayer, new_cache
from ste_plugin.engine.shared_prompts import ATTENTION, SharedPrompts, attending_to, own_layers

LARGEST_DEVIATION = 0.1
"""Of the logits over shared prompts from those over copies, as a share of their spread (rounding gives about 0.01)."""


class DrawRows(Protocol):
    """Rows that are continued together."""

    def keep(self, rows: Sequence[int]) -> None:
        """Keep only `rows`, in that order (ascending)."""

    def step(self, tokens: Sequence[int]) -> torch.Tensor:
        """Feed one token to each row; logits of the next, shape (rows, vocabulary)."""


def start_rows(model: Any, prefilled: Prefilled, request_of: Sequence[int]) -> DrawRows:
    """Rows that continue the prompts `request_of`. `prefilled` may not be used afterwards."""
    shared = getattr(model.config, "_attn_implementation", None) == ATTENTION
    return (RowsOverSharedPrompts if shared else RowsOverCopies)(model, prefilled, request_of)


class RowsOverSharedPrompts:
    """Each prompt's keys and values once. Needs a model whose attention is `ATTENTION` (see `share_prompts`)."""

    def __init__(self, model: Any, prefilled: Prefilled, request_of: Sequence[int]) -> None:
        self._model = model
        self._cache = prefilled.cache
        layers = [(layer.keys, layer.values) for layer in self._cache.layers]
        self._cache.layers = own_layers(len(layers))
        self._prompts = SharedPrompts(layers, prefilled.mask, request_of)
        self._position = prefilled.position[torch.tensor(request_of, device=prefilled.mask.device)]

    def keep(self, rows: Sequence[int]) -> None:
        index = torch.tensor(rows, device=self._position.device)
        self._position = self._position[index]
        self._prompts.keep(rows)
        if self._cache.get_seq_length():
            self._cache.batch_select_indices(index)

    def step(self, tokens: Sequence[int]) -> torch.Tensor:
        self._position = self._position + 1
        ids = torch.tensor(tokens, device=self._position.device)[:, None]
        with attending_to(self._prompts):
            output = self._model(
                input_ids=ids,
                position_ids=self._position[:, None],
                past_key_values=self._cache,
                use_cache=True,
                logits_to_keep=1,
            )
        logits: torch.Tensor = output.logits[:, -1]
        return logits


class RowsOverCopies:
    """Each row with a copy of its prompt's keys and values: works with every model of transformers."""

    def __init__(self, model: Any, prefilled: Prefilled, request_of: Sequence[int]) -> None:
        self._model = model
        self._cache = prefilled.cache
        self._mask = prefilled.mask
        self._position = prefilled.position
        self._padded = bool((prefilled.mask == 0).any())
        if list(request_of) != list(range(len(prefilled.mask))):
            self._select(request_of)

    def keep(self, rows: Sequence[int]) -> None:
        self._select(rows)

    def step(self, tokens: Sequence[int]) -> torch.Tensor:
        self._position = self._position + 1
        self._mask = torch.cat([self._mask, self._mask.new_ones((len(tokens), 1))], dim=-1)
        output = self._model(
            input_ids=torch.tensor(tokens, device=self._mask.device)[:, None],
            attention_mask=self._mask if self._padded else None,
            position_ids=self._position[:, None],
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits: torch.Tensor = output.logits[:, -1]
        return logits

    def _select(self, rows: Sequence[int]) -> None:
        index = torch.tensor(rows, device=self._mask.device)
        self._cache.batch_select_indices(index)
        self._position = self._position[index]
        self._mask = self._mask[index]
        columns = int(self._mask.sum(0).ne(0).int().argmax())
        if columns and all(isinstance(layer, RoomyLayer) for layer in self._cache.layers):
            for layer in self._cache.layers:
                layer.drop_left(columns)
            self._mask = self._mask[:, columns:]


@torch.inference_mode()
def share_prompts(model: Any) -> bool:
    """Give `model` the attention for shared prompts, where it is known to pay off and gives what copies give.

    Measured on CPUs alone, so others keep copies. Whether a model's attention is the plain one (no caps, sinks,
    windows or biases of its own) is not looked up but tried: on a few tokens both ways must give the same logits.
    """
    layers = new_cache(model.config).layers
    plain = bool(layers) and all(isinstance(layer, RoomyLayer) for layer in layers)
    if model.device.type != "cpu" or not plain or model.config._attn_implementation != "sdpa":
        return False
    try:
        copied = _trial(model)
        model.set_attn_implementation(ATTENTION)
        shared = _trial(model)
        deviation = (shared - copied).norm() / (copied - copied.mean(-1, keepdim=True)).norm()
        same = bool(deviation <= LARGEST_DEVIATION)  # not so for a nan
    except Exception:  # whatever a model of unknown make does here: it keeps what worked
        same = False
    if not same:
        model.set_attn_implementation("sdpa")
    return same


def _trial(model: Any) -> torch.Tensor:
    """Logits after two steps of three draws of two prompts of unlike length with a common start."""
    ids = [(7 * i + 3) % min(int(model.get_input_embeddings().num_embeddings), 997) for i in range(40)]
    rows = start_rows(model, prefill(model, [ids, [*ids[:20], *ids[:6]]], ids[0]), [0, 0, 1])
    return torch.cat([rows.step(ids[-3:]), rows.step(ids[-4:-1])]).float()
