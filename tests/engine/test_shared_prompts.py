"""Draws over one copy of their prompt's keys and values give what draws over copies of their own give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ste_plugin.engine import draw_rows, shared_prompts
from ste_plugin.engine.draw_rows import RowsOverCopies, RowsOverSharedPrompts, share_prompts
from ste_plugin.engine.local_model import LocalModel
from ste_plugin.engine.prefill import prefill, read_packed, read_padded
from ste_plugin.engine.prompt_tree import SHORTEST_COMMON
from ste_plugin.engine.shared_prompts import ATTENTION

COMMON = [5 + 3 * i for i in range(SHORTEST_COMMON)]
PROMPTS = [[*COMMON, 40, 41, 42], [*COMMON, 50], [*COMMON, *range(60, 90)]]


def test_a_llama_shares_prompts(loaded: LocalModel) -> None:
    assert loaded.model.config._attn_implementation == ATTENTION


@settings(max_examples=25, deadline=None)
@given(data=st.data())
@torch.inference_mode()
def test_rows_that_come_and_go(loaded: LocalModel, data: st.DataObject) -> None:
    """Any draws of any requests, any of them leaving at any step: the same logits both ways."""
    request_of = sorted(data.draw(st.lists(st.integers(0, 2), min_size=1, max_size=8)))
    ways = [
        way(loaded.model, prefill(loaded.model, PROMPTS, 0), request_of)
        for way in (RowsOverSharedPrompts, RowsOverCopies)
    ]
    count = len(request_of)
    for _ in range(data.draw(st.integers(1, 5))):
        tokens = data.draw(st.lists(st.integers(3, 400), min_size=count, max_size=count))
        shared, copied = (rows.step(tokens) for rows in ways)
        torch.testing.assert_close(shared, copied, atol=1e-4, rtol=1e-4)
        kept = sorted(data.draw(st.sets(st.integers(0, count - 1), min_size=1)))
        for rows in ways:
            rows.keep(kept)
        count = len(kept)


@pytest.mark.parametrize("at_once", [1, 2 * (2 * 60 * 8), 10**9])
@pytest.mark.parametrize("queries", [3, 90])
@torch.inference_mode()
def test_attention_by_products(queries: int, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In bfloat16, however many rows at a time: within rounding of float32's, the log of the sum exactly."""
    monkeypatch.setattr(shared_prompts, "KEYS_AT_ONCE", at_once)
    generator = torch.Generator().manual_seed(0)
    query, key, value = ((3 * torch.randn(5, 2, n, 8, generator=generator)).bfloat16() for n in (queries, 60, 60))
    mask = torch.zeros(5, 1, 1, 60)
    mask[0, ..., :59] = mask[3, ..., :20] = float("-inf")
    for hidden in (mask, None):
        result, total = shared_prompts._attention_by_products(query, key, value, hidden, 0.25)
        expected, log_sum = shared_prompts._plain_attention(query.float(), key.float(), value.float(), hidden, 0.25)
        assert result.dtype is torch.bfloat16 and total.dtype is torch.float32
        assert float((result.float() - expected).norm() / expected.norm()) < 0.005
        torch.testing.assert_close(total, log_sum, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_products_are_taken_for_many_scores_in_bfloat16_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    if not shared_prompts.has_bfloat16_products(torch.zeros(1, dtype=torch.bfloat16)):
        pytest.skip("no products of bfloat16 on this processor")
    calls: list[int] = []
    real = shared_prompts._attention_by_products
    monkeypatch.setattr(shared_prompts, "_attention_by_products", lambda *a: calls.append(1) or real(*a))
    keys = shared_prompts.FEWEST_SCORES // (2 * 2 * 4)
    for dtype, length, expected in ((torch.bfloat16, keys, 1), (torch.bfloat16, keys - 1, 0), (torch.float32, keys, 0)):
        calls.clear()
        query, key, value = (torch.randn(2, 2, n, 8).to(dtype) for n in (4, length, length))
        result, _ = shared_prompts._attention(query, key, value, None, 0.3)
        assert len(calls) == expected
        assert result.shape == query.shape


@torch.inference_mode()
def test_devices_without_a_kernel_of_their_own(loaded: LocalModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plain form of the same attention."""
    query, key, value = torch.randn(2, 2, 3, 8), torch.randn(2, 2, 5, 8), torch.randn(2, 2, 5, 8)
    mask = torch.zeros(2, 1, 1, 5)
    mask[0, ..., :2] = float("-inf")
    scores = query @ key.transpose(-1, -2) * 0.3 + mask
    for result, total in (
        shared_prompts._attention(query, key, value, mask, 0.3),
        [t.cpu() for t in shared_prompts._plain_attention(query, key, value, mask, 0.3)],
    ):
        torch.testing.assert_close(result, scores.softmax(-1) @ value)
        torch.testing.assert_close(total, scores.logsumexp(-1))


def test_a_model_that_would_come_to_other_logits_keeps_copies(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_prompts(*a: Any, **k: Any) -> Any:
        query, key = a[1:3]
        return key.new_zeros(query.shape).transpose(1, 2), None

    monkeypatch.setitem(shared_prompts.AttentionInterface._global_mapping, ATTENTION, without_prompts)
    model = LocalModel(tiny_model, device="cpu", dtype="float32")
    assert model.model.config._attn_implementation == "sdpa"


def test_a_model_of_another_make_keeps_what_works(loaded: LocalModel, monkeypatch: pytest.MonkeyPatch) -> None:
    model = loaded.model
    model.set_attn_implementation("eager")
    try:
        assert not share_prompts(model)
        model.set_attn_implementation("sdpa")
        monkeypatch.setattr(draw_rows, "_trial", lambda model: 1 / 0)
        assert not share_prompts(model)
        assert model.config._attn_implementation == "sdpa"
    finally:
        model.set_attn_implementation(ATTENTION)


@torch.inference_mode()
def test_a_common_start_is_read_once(loaded: LocalModel) -> None:
    read = []
    hook = loaded.model.register_forward_pre_hook(
        lambda *a: read.append(tuple(a[2]["input_ids"].shape)), with_kwargs=True
    )
    try:
        packed, padded = read_packed(loaded.model, PROMPTS, True), read_padded(loaded.model, PROMPTS, 0)
        alone = [prefill(loaded.model, [prompt], 0).logits[0] for prompt in PROMPTS]
    finally:
        hook.remove()
    assert read[:3] == [(1, SHORTEST_COMMON + 3 + 1 + 30), (1, SHORTEST_COMMON), (3, 30)]
    for together in (packed, padded):
        torch.testing.assert_close(together.logits, torch.stack(alone), atol=1e-4, rtol=1e-4)
        assert together.position.tolist() == [len(prompt) - 1 for prompt in PROMPTS]


@settings(max_examples=15, deadline=None)
@given(data=st.data())
@torch.inference_mode()
def test_packed_prompts_are_read_as_each_alone(loaded: LocalModel, data: st.DataObject) -> None:
    """Groups with starts of their own within the common one, equal prompts, starts of others: keys and values, too."""
    piece = st.lists(st.integers(3, 9), min_size=1, max_size=SHORTEST_COMMON + 4)
    starts = data.draw(st.lists(piece, min_size=1, max_size=3))
    prompts = data.draw(
        st.lists(st.builds(lambda a, b: [*COMMON, *a, *b], st.sampled_from(starts), piece), min_size=1, max_size=6)
    )
    packed = read_packed(loaded.model, prompts, True)
    for row, prompt in enumerate(prompts):
        alone = read_padded(loaded.model, [prompt], 0)
        torch.testing.assert_close(packed.logits[row], alone.logits[0], atol=1e-4, rtol=1e-4)
        assert packed.mask[row].tolist() == [0] * (packed.mask.shape[1] - len(prompt)) + [1] * len(prompt)
        for mine, other in zip(packed.cache.layers, alone.cache.layers, strict=True):
            torch.testing.assert_close(mine.keys[row, :, -len(prompt) :], other.keys[0], atol=1e-4, rtol=1e-4)
            torch.testing.assert_close(mine.values[row, :, -len(prompt) :], other.values[0], atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_what_is_not_continued_is_not_kept(loaded: LocalModel) -> None:
    assert prefill(loaded.model, PROMPTS, 0, keep=False).cache is None


@torch.inference_mode()
def test_packed_prompts_in_bfloat16(tiny_model: Path) -> None:
    """The same in blocks: no further from float32 than a prompt that is read alone."""
    exact = LocalModel(tiny_model, device="cpu", dtype="float32")
    model = LocalModel(tiny_model, device="cpu", dtype="bfloat16")
    prompts = [[*COMMON, *range(3, 3 + length)] for length in (90, 20, 70)]
    prompts += [[*prompts[0][:60], *range(200, 230)]]
    right = torch.stack([read_padded(exact.model, [prompt], 0).logits[0] for prompt in prompts])
    alone = torch.stack([read_padded(model.model, [prompt], 0).logits[0].float() for prompt in prompts])
    packed = read_packed(model.model, prompts, True).logits.float()
    assert (packed - right).norm() <= 1.5 * (alone - right).norm()
