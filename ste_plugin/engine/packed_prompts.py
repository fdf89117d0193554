"""Reading the prompts of a batch as one sequence: no padding, and what prompts have in common once."""

from __future__ import annotations

from typing import Any

import torch

from ste_plugin.engine.block_attention import causal_attention
from ste_plugin.engine.prompt_tree import PromptTree


class PackedPrompts:
    """What the attention does while `tree` is read, and the prompts' keys and values as it finds them.

    With a `cache`, each layer's go there, one row a prompt, padded on the left; `mask`, shape (prompts, length), is
    0 at the padding.
    """

    def __init__(self, tree: PromptTree, cache: Any, device: torch.device) -> None:
        self.tree = tree
        self.cache = cache
        lengths = [sum(end - start for start, end in spans) for spans in tree.spans]
        longest = max(lengths)
        places, real = [], []
        for spans, length in zip(tree.spans, lengths, strict=True):
            padding = [0] * (longest - length)
            places += [*padding, *(place for start, end in spans for place in range(start, end))]
            real.append([*padding, *[1] * length])
        self._places = torch.tensor(places, device=device)
        self.mask = torch.tensor(real, device=device)

    def attend(
        self, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float
    ) -> torch.Tensor:
        """Shape (1, packed tokens, heads, head size) of `query`, shape (1, heads, packed tokens, head size)."""
        if self.cache is not None:
            self.cache.layers[layer].update(self._rows(key), self._rows(value))
        result = query.new_empty(1, query.shape[2], query.shape[1], query.shape[3])
        for segment in self.tree.segments:
            spans = [*segment.before, (segment.start, segment.end)]
            keys, values = (
                torch.cat([states[:, :, start:end] for start, end in spans], 2)
                if len(spans) > 1
                else states[:, :, segment.start : segment.end]
                for states in (key, value)
            )
            own = slice(segment.start, segment.end)
            result[:, own] = causal_attention(query[:, :, own], keys, values, scale)
        return result

    def _rows(self, states: torch.Tensor) -> torch.Tensor:
        heads, size = states.shape[1], states.shape[3]
        rows = states[0].index_select(1, self._places).view(heads, *self.mask.shape, size)
        return rows.transpose(0, 1).contiguous()
