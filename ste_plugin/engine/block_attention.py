"""Attention for reading prompts and for training on a CPU: queries in blocks, each against only the keys it may see.

torch's own attention computes every score, seen or not, and on a CPU spends most of its time outside of its matrix
products. Here the products are those of oneDNN, in bfloat16 with sums kept in float32; scores and softmax are
float32, and a block's scores are small enough to stay in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

BLOCK_ATTENTION = "ste_blocks"
"""Name of the attention in transformers' registry."""

BLOCK = 64
"""Queries of one block."""

SCORES = 2**20
"""Scores held at a time, about (4 MiB)."""

SHORTEST = 16
"""Queries below which torch's own attention is as fast."""

HIDDEN = -1e30
"""Added to the score of a key that is not to be seen: finite, so that a padding query that sees none stays a number."""

_UNKNOWN = ("softcap", "s_aux", "sliding_window", "position_bias", "block_mask", "head_mask")


@dataclass(frozen=True, slots=True)
class Block:
    """Queries `start` to `end`, none of which sees a key outside of `first` to `last`.

    `bias`, shape (rows or 1, 1, queries, last - masked), is added to the scores of the keys from `masked` on; None
    where every query sees every key.
    """

    start: int
    end: int
    first: int
    last: int
    masked: int
    bias: torch.Tensor | None


def block_attention_forward(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    is_causal: bool | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, Any]:
    """Attention in the form that transformers asks for; torch's own for whatever this one is not made for.

    `query` has shape (rows, heads, queries, head size), `key` and `value` (rows, heads of keys, keys, head size).
    """
    if query.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
        # as autocast does for torch's own: rotated queries and keys come in float32
        query, key, value = (states.to(torch.get_autocast_dtype("cpu")) for states in (query, key, value))
    causal = getattr(module, "is_causal", True) if is_causal is None else is_causal
    known = not dropout and not any(kwargs.get(name) is not None for name in _UNKNOWN)
    if not (known and _made_for(query, key, value) and _known_mask(attention_mask, query, key, causal)):
        result: tuple[torch.Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout, scaling=scaling, is_causal=is_causal, **kwargs
        )
        return result
    blocks = _causal(query.shape[2], key.shape[2]) if attention_mask is None else _blocks_of(attention_mask)
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    if torch.is_grad_enabled() and any(states.requires_grad for states in (query, key, value)):
        return _Attention.apply(query, key, value, blocks, scale), None  # type: ignore[no-untyped-call]
    return _attend(query, key, value, blocks, scale), None


def has_bfloat16_products(*factors: torch.Tensor) -> bool:
    """Whether `bfloat16_products` does what it says with `factors`, and fast."""
    return (
        all(states.device.type == "cpu" and states.dtype is torch.bfloat16 for states in factors)
        and torch.cpu._is_avx512_bf16_supported()
        and hasattr(torch.backends.mkldnn, "matmul")  # older torch has no such setting
    )


def _made_for(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> bool:
    return (
        has_bfloat16_products(query, key, value)
        and query.shape[2] >= SHORTEST
        and key.shape == value.shape
        and query.shape[1] % key.shape[1] == 0
    )


def _known_mask(mask: torch.Tensor | None, query: torch.Tensor, key: torch.Tensor, causal: bool) -> bool:
    if mask is None:
        return causal and query.shape[2] == key.shape[2]
    return (
        mask.dtype is torch.bool
        and mask.shape[0] in (1, len(query))
        and mask.shape[1:] == (1, query.shape[2], key.shape[2])
    )


def causal_attention(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float) -> torch.Tensor:
    """Attention of the last tokens, each to all up to it, without gradients.

    `query` has shape (rows, heads, queries, head size), `key` and `value` (rows, heads of keys, keys, head size); the
    result (rows, queries, heads, head size).
    """
    queries, keys = query.shape[2], key.shape[2]
    if _made_for(query, key, value):
        blocks = _causal(queries, keys)
        result: torch.Tensor = _attend(query, key, value, blocks, scale)
        return result
    mask = None if queries == keys else torch.ones(queries, keys, dtype=torch.bool, device=query.device)
    result = torch.nn.functional.scaled_dot_product_attention(
        query,
        key,
        value,
        attn_mask=None if mask is None else mask.tril_(keys - queries),
        is_causal=mask is None,
        scale=scale,
        enable_gqa=True,
    )
    return result.transpose(1, 2)


@lru_cache(maxsize=256)
def _causal(queries: int, keys: int) -> list[Block]:
    return _blocks(torch.ones(queries, keys, dtype=torch.bool).tril(keys - queries)[None, None])


def _blocks_of(mask: torch.Tensor) -> list[Block]:
    """The blocks of `mask`; kept with it, since all layers of a model are given the same one."""
    known: list[Block] | None = getattr(mask, "_ste_blocks", None)
    if known is None:
        known = mask._ste_blocks = _blocks(mask)  # type: ignore[attr-defined]
    return known


def _blocks(mask: torch.Tensor) -> list[Block]:
    """`mask`, shape (rows or 1, 1, queries, keys), is True where a key is seen."""
    blocks = []
    for start in range(0, mask.shape[2], BLOCK):
        seen = mask[:, :, start : start + BLOCK]
        columns = seen.flatten(0, 2).any(0).nonzero()[:, 0].tolist() or [0]
        first, last = columns[0], columns[-1] + 1
        hidden = ~seen[..., first:last]
        partly = hidden.flatten(0, 2).any(0).nonzero()[:, 0].tolist()
        masked = first + partly[0] if partly else last
        bias = None
        if partly:
            bias = torch.zeros(hidden[..., partly[0] :].shape).masked_fill_(hidden[..., partly[0] :], HIDDEN)
        blocks.append(Block(start, start + seen.shape[2], first, last, masked, bias))
    return blocks


@contextmanager
def bfloat16_products() -> Iterator[None]:
    """Within, float32 matrix products round their factors (here: bfloat16 values already) to bfloat16.

    The only way on a CPU to have a product of bfloat16 matrices in float32. The setting is the whole process's.
    """
    setting: Any = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]
    before = setting.fp32_precision
    setting.fp32_precision = "bf16"
    try:
        with torch.autocast("cpu", enabled=False):
            yield
    finally:
        setting.fp32_precision = before


@dataclass(slots=True)
class _Rows:
    """Some rows of a batch as matrices, one a head of keys, float32; shape (rows x heads of keys, ..., head size)."""

    rows: slice
    query: torch.Tensor
    key: torch.Tensor
    shape: tuple[int, int, int]
    """(rows, heads of keys, heads of queries for each)."""

    def queries(self, states: torch.Tensor, block: Block) -> torch.Tensor:
        """A block of `states`, shape (rows, heads of keys, group, queries, head size), as one matrix each."""
        return states[:, :, :, block.start : block.end].flatten(2, 3).flatten(0, 1)

    def probabilities(self, block: Block) -> torch.Tensor:
        """Float32, shape (rows x heads of keys, group x queries, keys of the block)."""
        keys = self.key[:, block.first : block.last].transpose(1, 2)
        scores = torch.bmm(self.queries(self.query, block), keys)
        if block.bias is not None:
            bias = block.bias if len(block.bias) == 1 else block.bias[self.rows]
            count = block.end - block.start
            scores.view(*self.shape, count, -1)[..., block.masked - block.first :] += bias[:, None]
        return torch.softmax(scores, -1, out=scores)


def _parts(query: torch.Tensor, key: torch.Tensor, scale: float) -> Iterator[_Rows]:
    """So many rows at a time that their scores stay few."""
    rows, heads, _, size = query.shape
    key_heads, length = key.shape[1:3]
    at_once = max(1, SCORES // (heads * BLOCK * length))
    for start in range(0, rows, at_once):
        part = slice(start, min(start + at_once, rows))
        shape = (part.stop - part.start, key_heads, heads // key_heads)
        # scaled in bfloat16, as transformers' other attentions do: exact for the usual head sizes
        scaled = (query[part] * scale).float().reshape(*shape, -1, size)
        yield _Rows(part, scaled, key[part].float().reshape(-1, length, size), shape)


def _attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, blocks: list[Block], scale: float) -> Any:
    """Shape (rows, queries, heads, head size)."""
    rows, heads, length, size = query.shape
    result = query.new_empty(rows, length, heads, size)
    with bfloat16_products():
        for part in _parts(query, key, scale):
            values = value[part.rows].reshape(-1, *value.shape[2:])
            own = result[part.rows].view(part.shape[0], length, *part.shape[1:], size).permute(0, 2, 3, 1, 4)
            for block in blocks:
                probabilities = part.probabilities(block).to(value.dtype)
                product = torch.bmm(probabilities, values[:, block.first : block.last])
                own[:, :, :, block.start : block.end] = product.view(*part.shape, -1, size)
    return result


class _Attention(torch.autograd.Function):
    """`_attend` with gradients; the probabilities are computed again on the way back, not kept."""

    @staticmethod
    def forward(
        ctx: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, blocks: list[Block], scale: float
    ) -> torch.Tensor:
        result: torch.Tensor = _attend(query, key, value, blocks, scale)
        ctx.save_for_backward(query, key, value, result)
        ctx.blocks, ctx.scale = blocks, scale
        return result

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        query, key, value, result = ctx.saved_tensors
        heads, length, size = query.shape[1:]
        into_query, into_key, into_value = (torch.empty_like(states) for states in (query, key, value))
        with bfloat16_products():
            for part in _parts(query, key, ctx.scale):
                values = value[part.rows].float().reshape(-1, *value.shape[2:])
                incoming = gradient[part.rows].transpose(1, 2).float().reshape(*part.shape, length, size)
                outgoing = result[part.rows].transpose(1, 2).float().reshape(*part.shape, length, size)
                shares = (incoming * outgoing).sum(-1, keepdim=True)
                of_query = torch.empty_like(part.query)
                of_key, of_value = torch.zeros_like(part.key), torch.zeros_like(values)
                for block in ctx.blocks:
                    keys = slice(block.first, block.last)
                    mine = part.queries(incoming, block)
                    probabilities = part.probabilities(block)
                    of_value[:, keys].baddbmm_(probabilities.transpose(1, 2), mine)
                    # what the softmax passes on: p (dp - sum of p dp), and that sum is the output's own product
                    scores = torch.bmm(mine, values[:, keys].transpose(1, 2))
                    scores.sub_(part.queries(shares, block)).mul_(probabilities)
                    product = torch.bmm(scores, part.key[:, keys])
                    of_query[:, :, :, block.start : block.end] = product.view(*part.shape, -1, size)
                    of_key[:, keys].baddbmm_(scores.transpose(1, 2), part.queries(part.query, block))
                into_query[part.rows] = of_query.mul_(ctx.scale).view(-1, heads, length, size)
                into_key[part.rows] = of_key.view(-1, *key.shape[1:])
                into_value[part.rows] = of_value.view(-1, *value.shape[1:])
        return into_query, into_key, into_value, None, None


AttentionInterface.register(BLOCK_ATTENTION, block_attention_forward)
AttentionMaskInterface.register(BLOCK_ATTENTION, sdpa_mask)
