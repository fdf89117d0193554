"""Attention in blocks gives what torch's own gives, forwards and backwards, for every mask."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from ste_plugin.engine import block_attention
from ste_plugin.engine.block_attention import BLOCK_ATTENTION, HIDDEN, SHORTEST, block_attention_forward

MODULE = SimpleNamespace(is_causal=True, num_key_value_groups=2, training=True)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many blocks and parts without many queries; and whatever this machine's processor has."""
    monkeypatch.setattr(block_attention, "BLOCK", 8)
    monkeypatch.setattr(block_attention, "SCORES", 2 * 4 * 8 * 40)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    block_attention._causal.cache_clear()


def states(rows: int, queries: int, keys: int, seed: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randn(rows, count, heads, 16, generator=generator).mul(1.5).bfloat16().transpose(1, 2)
        for count, heads in ((queries, 4), (keys, 2), (keys, 2))
    ]


def both_ways(
    given: list[torch.Tensor], mask: torch.Tensor | None, real: torch.Tensor, scaling: float | None
) -> list[list[torch.Tensor]]:
    """(result and gradients, as float32) of ours in bfloat16, torch's in bfloat16, torch's in float32."""
    ways: list[list[torch.Tensor]] = []
    for attention, dtype in (
        (block_attention_forward, torch.bfloat16),
        (sdpa_attention_forward, torch.bfloat16),
        (sdpa_attention_forward, torch.float32),
    ):
        inputs = [one.to(dtype).detach().requires_grad_() for one in given]
        result, _ = attention(MODULE, *inputs, mask, scaling=scaling)
        incoming = torch.linspace(-1, 1, result.numel()).view(result.shape).to(dtype) * real
        result.backward(incoming)
        ways.append([(result * real).detach().float(), *(one.grad.float() for one in inputs if one.grad is not None)])
    return ways


def far(value: torch.Tensor, exact: torch.Tensor) -> float:
    return float((value - exact).norm() / exact.norm())


@settings(max_examples=20, deadline=None)
@given(
    rows=st.integers(1, 3),
    queries=st.integers(SHORTEST, 40),
    common=st.integers(0, 12),
    padding=st.lists(st.integers(0, 14), min_size=3, max_size=3),
    window=st.sampled_from([None, 5]),
    scaling=st.sampled_from([None, 0.3]),
    seed=st.integers(0, 99),
)
def test_results_and_gradients(
    rows: int,
    queries: int,
    common: int,
    padding: list[int],
    window: int | None,
    scaling: float | None,
    seed: int,
) -> None:
    """A common start before the queries, padding after it, even a window: as exact as torch's own."""
    keys = common + queries
    place = torch.arange(keys)
    mask = place[None] <= place[common:, None]
    if window:
        mask = mask & (place[None] > place[common:, None] - window)
    seen = torch.stack([(place < common) | (place >= common + padding[row]) for row in range(rows)])
    mask = mask[None, None] & seen[:, None, None]
    real = torch.stack([torch.arange(queries) >= padding[row] for row in range(rows)])[:, :, None, None]
    ours, stock, exact = both_ways(states(rows, queries, keys, seed), mask, real, scaling)
    for mine, theirs, right in zip(ours, stock, exact, strict=True):
        assert far(mine, right) <= max(0.01, 1.5 * far(theirs, right))


def test_without_a_mask_it_is_causal() -> None:
    given = states(2, 40, 40, 0)
    ours, _, exact = both_ways(given, None, torch.ones(1, 1, 1, 1), None)
    for mine, right in zip(ours, exact, strict=True):
        assert far(mine, right) < 0.01


def test_a_query_that_sees_nothing_stays_a_number() -> None:
    mask = torch.ones(40, 40, dtype=torch.bool).tril()[None, None].repeat(2, 1, 1, 1)
    mask[0, ..., :20] = False
    result, _ = block_attention_forward(MODULE, *states(2, 40, 40, 0), mask)
    assert torch.isfinite(result).all()
    assert torch.isfinite(torch.tensor(HIDDEN))


@pytest.mark.parametrize(
    "change",
    ["float32", "few queries", "float mask", "mask per head", "no causality", "softcap", "dropout"],
)
def test_what_it_is_not_made_for_goes_to_torch(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given, mask, more = states(1, 24, 24, 0), None, {}
    match change:
        case "float32":
            given = [one.float() for one in given]
        case "few queries":
            given = states(1, SHORTEST - 1, SHORTEST - 1, 0)
        case "float mask":
            mask = torch.zeros(1, 1, 24, 24, dtype=torch.bfloat16)
        case "mask per head":
            mask = torch.ones(1, 4, 24, 24, dtype=torch.bool)
        case "no causality":
            more = {"is_causal": False}
        case "softcap":
            more = {"softcap": 30.0}
        case "dropout":
            more = {"dropout": 0.1}
    calls: list[Any] = []
    monkeypatch.setattr(block_attention, "sdpa_attention_forward", lambda *a, **k: calls.append(a) or (None, None))
    block_attention_forward(MODULE, *given, mask, **more)
    assert len(calls) == 1


def test_training_under_autocast_and_what_is_saved(tiny_model: Path, tmp_path: Path) -> None:
    """Float32 weights, bfloat16 products: the gradients of the weights agree with stock attention's."""
    gradients = []
    ids = torch.arange(80).view(2, 40) % 400 + 3
    mask = torch.ones_like(ids)
    mask[1, 30:] = 0
    for name in ("sdpa", BLOCK_ATTENTION):
        model = AutoModelForCausalLM.from_pretrained(tiny_model)
        model.set_attn_implementation(name)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output = model(input_ids=ids, attention_mask=mask, labels=ids.masked_fill(mask == 0, -100))
        output.loss.backward()
        gradients.append(torch.cat([weight.grad.flatten() for weight in model.parameters()]))
    assert far(gradients[1], gradients[0]) < 0.02
    model.save_pretrained(tmp_path)
    assert BLOCK_ATTENTION not in (tmp_path / "config.json").read_text()


def test_the_setting_of_products_is_put_back() -> None:
    before = torch.backends.mkldnn.matmul.fp32_precision
    block_attention_forward(MODULE, *states(1, 24, 24, 0), None)
    assert torch.backends.mkldnn.matmul.fp32_precision == before
    with pytest.raises(ZeroDivisionError), block_attention.bfloat16_products():
        _ = 1 / 0
    assert torch.backends.mkldnn.matmul.fp32_precision == before
