"""Attention of many draws to the one prompt that they continue.

Repeating a prompt's keys and values for each draw costs memory, and time: every draw would read a copy of its own.
Here they are held once for each request, the queries of all its draws meet them in one product, and the result is
joined with each draw's attention to its own tokens by the two sums of exponentials. That is the same softmax in
two parts (Juravsky et al. 2024, Hydragen).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import sdpa_mask

from ste_plugin.engine.block_attention import bfloat16_products, block_attention_forward, has_bfloat16_products
from ste_plugin.engine.packed_prompts import PackedPrompts
from ste_plugin.engine.roomy_cache import RoomyLayer

ATTENTION = "ste_shared_prompts"
"""Name of the attention in transformers' registry."""

FEWEST_SCORES = 2**15
"""Below so many scores torch's own attention takes less time than the calls that products of matrices need."""

KEYS_AT_ONCE = 2**21
"""Numbers of keys that are held in float32 at a time (8 MiB)."""

_active = threading.local()


class SharedPrompts:
    """Keys and values of a batch's prompts, one row a request, and which request each draw (row) continues.

    `layers` holds (keys, values) of each layer, shape (requests, heads, length, head size); `mask`, shape (requests,
    length), is 0 at padding.
    """

    def __init__(
        self, layers: list[tuple[torch.Tensor, torch.Tensor]], mask: torch.Tensor, request_of: Sequence[int]
    ) -> None:
        self.layers = layers
        self.mask = mask
        self._request_of: list[int] = []
        self.keep_for(request_of)

    def keep_for(self, left: Sequence[int]) -> None:
        """Rows that continue the requests `left` (ascending); requests without a row are forgotten."""
        requests = sorted(set(left))
        if len(requests) < len(self.mask):
            index = torch.tensor(requests, device=self.mask.device)
            mask = self.mask[index]
            columns = mask.any(0).nonzero()[:, 0]
            self.mask = mask[:, columns]
            whole = len(columns) == mask.shape[1]  # else columns that are padding in all that are left go, too
            self.layers = [
                (keys[index], values[index]) if whole else (keys[index][:, :, columns], values[index][:, :, columns])
                for keys, values in self.layers
            ]
        self._arrange([requests.index(request) for request in left])

    def keep(self, rows: Sequence[int]) -> None:
        """Keep only the draws `rows`; requests without a draw are forgotten."""
        self.keep_for([self._request_of[row] for row in rows])

    def _arrange(self, request_of: list[int]) -> None:
        self._request_of = request_of
        sizes = Counter(request_of)
        most = max(sizes.values())
        rows_of: list[list[int]] = [[] for _ in range(len(self.mask))]
        places = []
        for row, request in enumerate(request_of):
            places.append(request * most + len(rows_of[request]))
            rows_of[request].append(row)
        # a request with fewer draws than another repeats its first; nothing reads the result
        filled = [row for rows in rows_of for row in (*rows, *[rows[0]] * (most - len(rows)))]
        device = self.mask.device
        self._most = most
        self._filled = torch.tensor(filled, device=device)
        self._places = torch.tensor(places, device=device)
        self._in_order = places == filled == list(range(len(filled)))
        self._hidden = None
        if not bool(self.mask.all()):
            hidden = torch.zeros(self.mask.shape, device=device).masked_fill(self.mask == 0, float("-inf"))
            self._hidden = hidden[:, None, None, :]

    def attend(self, layer: int, query: torch.Tensor, scale: float) -> tuple[torch.Tensor, torch.Tensor]:
        """(result, log of the sum of exponentials) of `query`, shape (rows, heads of keys, queries, head size)."""
        keys, values = self.layers[layer]
        _, heads, queries, size = query.shape
        requests = len(keys)
        grouped = query if self._in_order else query[self._filled]
        grouped = grouped.view(requests, self._most, heads, queries, size).transpose(1, 2)
        grouped = grouped.reshape(requests, heads, self._most * queries, size)
        result, total = _attention(grouped, keys, values, self._hidden, scale)
        result = result.view(requests, heads, self._most, queries, size).transpose(1, 2).flatten(0, 1)
        total = total.view(requests, heads, self._most, queries).transpose(1, 2).flatten(0, 1)
        return (result, total) if self._in_order else (result[self._places], total[self._places])


@contextmanager
def attending_to(prompts: SharedPrompts) -> Iterator[None]:
    """Within, a model whose attention is `ATTENTION` sees `prompts` before each row's own tokens."""
    _active.prompts = prompts
    try:
        yield
    finally:
        _active.prompts = None


@contextmanager
def reading(prompts: PackedPrompts) -> Iterator[None]:
    """Within, a model whose attention is `ATTENTION` reads the packed `prompts`, and nothing else."""
    _active.packed = prompts
    try:
        yield
    finally:
        _active.packed = None


def shared_prompts_attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attention in the form that transformers asks for; that of `block_attention` where no prompts are in force.

    `query` has shape (rows, heads, 1, head size), `key` and `value` (rows, heads of keys, own tokens, head size).
    """
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    packed_prompts: PackedPrompts | None = getattr(_active, "packed", None)
    if packed_prompts is not None:
        return packed_prompts.attend(module.layer_idx, query, key, value, scale), None
    prompts: SharedPrompts | None = getattr(_active, "prompts", None)
    if prompts is None:
        return block_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **kwargs)
    rows, heads, length, size = query.shape
    if length != 1:
        raise ValueError("with shared prompts each row has one new token")
    packed = query.reshape(rows, key.shape[1], heads // key.shape[1], size)
    far, far_total = prompts.attend(module.layer_idx, packed, scale)
    own, own_total = _attention(packed, key, value, None, scale)
    share = torch.sigmoid(far_total - own_total)[..., None]
    joined = own.float().lerp(far.float(), share).to(query.dtype)
    return joined.reshape(rows, 1, heads, size), None


def _attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """(softmax(query key') value, log of the sum of exponentials), the latter float32 without the last dimension."""
    if query.device.type == "cpu":
        if query.shape[:3].numel() * key.shape[2] >= FEWEST_SCORES and has_bfloat16_products(query, key, value):
            return _attention_by_products(query, key, value, mask, scale)
        # what torch's own attention calls on a CPU; it keeps the sum of exponentials
        if mask is not None:
            mask = mask.to(query.dtype).expand(-1, 1, query.shape[2], -1)
        result, total = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
            query, key, value, 0.0, False, attn_mask=mask, scale=scale
        )
        return result, total
    return _plain_attention(query, key, value, mask, scale)


def _attention_by_products(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """`_attention` by oneDNN's products, scores and softmax in float32, so many rows at a time that copies stay few."""
    rows, heads, queries, size = query.shape
    at_once = max(1, KEYS_AT_ONCE // key[0].numel())
    if at_once < rows:
        parts = [
            _attention_by_products(query[part], key[part], value[part], mask if mask is None else mask[part], scale)
            for part in (slice(start, start + at_once) for start in range(0, rows, at_once))
        ]
        return torch.cat([result for result, _ in parts]), torch.cat([total for _, total in parts])
    scaled = (query * scale).float().reshape(rows * heads, queries, size)
    with bfloat16_products():
        scores = torch.bmm(scaled, key.float().reshape(rows * heads, -1, size).transpose(1, 2))
    scores = scores.view(rows, heads, queries, -1)
    if mask is not None:
        scores += mask
    # log of the sum: a score less the log of its probability, taken where both are largest
    total = scores.amax(-1)
    shares = torch.softmax(scores, -1, out=scores)
    total -= shares.amax(-1).log()
    weights = shares.to(value.dtype).view(rows * heads, queries, -1)
    result = torch.bmm(weights, value.reshape(rows * heads, -1, size)).view(rows, heads, queries, size)
    return result, total


def _plain_attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    scores = (query @ key.transpose(-1, -2)).float() * scale
    if mask is not None:
        scores = scores + mask
    total = torch.logsumexp(scores, -1)
    return (scores - total[..., None]).exp().to(value.dtype) @ value, total


def _mask(*args: Any, **kwargs: Any) -> Any:
    """As torch's attention has it; none for packed prompts, which would be as large as their length squared."""
    return None if getattr(_active, "packed", None) is not None else sdpa_mask(*args, **kwargs)


def own_layers(count: int) -> list[RoomyLayer]:
    """Empty layers for the tokens that follow the prompts."""
    return [RoomyLayer() for _ in range(count)]


AttentionInterface.register(ATTENTION, shared_prompts_attention)
AttentionMaskInterface.register(ATTENTION, _mask)
