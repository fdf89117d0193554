"""The prompts of a batch, read once: what they have in common is read once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ste_plugin.engine.packed_prompts import PackedPrompts
from ste_plugin.engine.prompt_tree import SHORTEST_COMMON, PromptTree, common_start
from ste_plugin.engine.roomy_cache import RoomyLayer, new_cache
from ste_plugin.engine.shared_prompts import ATTENTION, reading


@dataclass(slots=True)
class Prefilled:
    """What a model knows after reading `requests` prompts.

    `logits` of the next token, shape (requests, vocabulary); `cache` and `mask`, shape (requests, length), where 0
    is padding; `position` of the last token, shape (requests,). The cache is None where it was not asked for.
    """

    logits: torch.Tensor
    cache: Any
    mask: torch.Tensor
    position: torch.Tensor


def prefill(model: Any, prompts: Sequence[Sequence[int]], pad: int, *, keep: bool = True) -> Prefilled:
    """Read `prompts` (token ids); with `keep` they can be continued, else only `logits` are of use."""
    packed = getattr(model.config, "_attn_implementation", None) == ATTENTION
    return read_packed(model, prompts, keep) if packed else read_padded(model, prompts, pad)


def read_packed(model: Any, prompts: Sequence[Sequence[int]], keep: bool) -> Prefilled:
    """Each token that prompts have in common is read once, and no padding. Needs the attention `ATTENTION`."""
    tree = PromptTree.of(prompts)
    packed = PackedPrompts(tree, new_cache(model.config) if keep else None, model.device)
    with reading(packed):
        output = model(
            input_ids=torch.tensor([tree.tokens], device=model.device),
            position_ids=torch.tensor([tree.positions], device=model.device),
            use_cache=False,
            logits_to_keep=torch.tensor([spans[-1][1] - 1 for spans in tree.spans], device=model.device),
        )
    return Prefilled(output.logits[0], packed.cache, packed.mask, packed.mask.sum(-1) - 1)


def read_padded(model: Any, prompts: Sequence[Sequence[int]], pad: int) -> Prefilled:
    """Each prompt is padded on the left to the longest, behind what is common to all."""
    cache = new_cache(model.config)
    roomy = bool(cache.layers) and all(isinstance(layer, RoomyLayer) for layer in cache.layers)
    # other caches count distances by columns: padding in the middle would shift them
    common = common_start(prompts) if roomy and len(prompts) > 1 else 0
    if common < SHORTEST_COMMON:
        common = 0
    else:
        start = torch.tensor([list(prompts[0][:common])], device=model.device)
        model(input_ids=start, past_key_values=cache, use_cache=True, logits_to_keep=1)
        cache.batch_repeat_interleave(len(prompts))
    rests = [list(prompt[common:]) for prompt in prompts]
    longest = max(map(len, rests))
    ids = torch.tensor([[pad] * (longest - len(rest)) + rest for rest in rests], device=model.device)
    real = torch.tensor([[0] * (longest - len(rest)) + [1] * len(rest) for rest in rests], device=model.device)
    mask = torch.cat([real.new_ones((len(rests), common)), real], dim=-1)
    output = model(
        input_ids=ids,
        attention_mask=mask if bool((mask == 0).any()) else None,
        position_ids=common + (real.cumsum(-1) - 1).clamp(min=0),
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    return Prefilled(output.logits[:, -1], cache, mask, mask.sum(-1) - 1)
