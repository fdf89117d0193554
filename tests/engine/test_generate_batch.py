from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import binomtest, chisquare
from transformers import DynamicCache

from ste_plugin.engine import draw_rows, draw_state, generate_batch, prefill, roomy_cache
from ste_plugin.engine.local_model import LocalModel
from ste_plugin.engine.roomy_cache import RoomyLayer
from ste_plugin.engine.sampling import uniforms
from ste_plugin.model_request import Answer, ModelAnswers, ModelRequest
from tests.engine.stand_ins import PROMPTS, VERDICT, IdsAsText, ScriptedModel, answers_of, ask, ids_of

HOT = {"temperature": 1.0, "top_p": 0.95}


def generate(
    loaded: LocalModel, requests: Sequence[ModelRequest], eos: frozenset[int] = frozenset({2})
) -> list[ModelAnswers]:
    """As LocalModel.generate, with the token ids as text."""
    prompts = [loaded.encode(request) for request in requests]
    forced = [loaded.forced_tokens(r.forced) if r.forced is not None else None for r in requests]
    return generate_batch.generate_batch(loaded.model, IdsAsText(), prompts, requests, forced, eos)


def next_logits(loaded: LocalModel, ids: Sequence[int]) -> torch.Tensor:
    with torch.inference_mode():
        return loaded.model(torch.tensor([list(ids)])).logits[0, -1].float()


def by_transformers(loaded: LocalModel, prompts: list[list[int]], max_tokens: int, eos: list[int]) -> list[list[int]]:
    longest = max(map(len, prompts))
    ids = torch.tensor([[0] * (longest - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts])
    output = loaded.model.generate(
        input_ids=ids, attention_mask=mask, do_sample=False, max_new_tokens=max_tokens, eos_token_id=eos, pad_token_id=0
    )
    rows = [row[longest:].tolist() for row in output]
    return [row[: next((i for i, token in enumerate(row) if token in eos), len(row))] for row in rows]


@pytest.fixture(params=[0.0, 0.5, 0.8, 1.0])
def compaction(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> float:
    """Never, sometimes, as shipped, whenever a row has finished."""
    monkeypatch.setattr(generate_batch, "COMPACT_AT", request.param)
    return request.param


@pytest.fixture(params=[draw_rows.RowsOverSharedPrompts, draw_rows.RowsOverCopies])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[type]:
    """Over shared prompts, and as models do it whose attention is not known to share them."""
    used = []
    monkeypatch.setattr(generate_batch, "start_rows", lambda *a: used.append(a) or request.param(*a))
    yield request.param
    assert used


def test_greedy_is_what_transformers_generates(loaded: LocalModel, compaction: float, way: type) -> None:
    requests = [ask(prompt, 40) for prompt in PROMPTS]
    prompts = [loaded.encode(request) for request in requests]
    assert len({len(prompt) for prompt in prompts}) == len(prompts)
    endless = by_transformers(loaded, prompts, 40, [2])
    # some tokens on the way are declared ends of text, so that rows finish at different times
    eos = frozenset({2, endless[0][5], endless[2][17]})
    expected = by_transformers(loaded, prompts, 40, sorted(eos))
    assert len({len(row) for row in expected}) > 2
    for end, rows in ((frozenset({2}), endless), (eos, expected)):
        results = generate(loaded, requests, end)
        assert [ids_of(result.answers[0]) for result in results] == rows
        assert [result.answers[0].tokens for result in results] == [len(row) for row in rows]
        assert [result.prompt_tokens for result in results] == [len(prompt) for prompt in prompts]


@pytest.mark.parametrize("index", range(len(PROMPTS)))
def test_greedy_alone_is_greedy_in_company(loaded: LocalModel, index: int) -> None:
    requests = [ask(prompt, 30) for prompt in PROMPTS]
    assert generate(loaded, requests[index : index + 1])[0] == generate(loaded, requests)[index]


def ends(loaded: LocalModel) -> frozenset[int]:
    """Ends of text so likely that the draws of a request finish at many different times."""
    return frozenset(range(2, loaded.model.config.vocab_size, 23))


def test_draws_depend_on_seed_and_number_alone(loaded: LocalModel, compaction: float, way: type) -> None:
    requests = [
        ask(prompt, 10 + 7 * i, seed=i, draws=draws, **HOT)
        for i, (prompt, draws) in enumerate(zip(PROMPTS, (5, 1, 3, 4), strict=True))
    ]
    eos = ends(loaded)
    together = generate(loaded, requests, eos)
    assert len({answer.tokens for result in together for answer in result.answers}) > 4
    assert len({answer.text for answer in together[0].answers}) > 3
    for request, result in zip(requests, together, strict=True):
        assert generate(loaded, [request], eos)[0] == result
        for draws in range(1, request.draws):
            assert generate(loaded, [replace(request, draws=draws)], eos)[0].answers == result.answers[:draws]
    backwards = generate(loaded, requests[::-1], eos)
    assert backwards == together[::-1]
    greedy_beside = generate(loaded, [ask("another prompt", 50), *requests[:2], ask("and one more", 3)], eos)
    assert greedy_beside[1:3] == together[:2]


def test_a_draw_alone_is_the_same_draw(loaded: LocalModel, monkeypatch: pytest.MonkeyPatch) -> None:
    request = ask(PROMPTS[1], 20, seed=11, draws=4, **HOT)
    together = generate(loaded, [request], ends(loaded))[0].answers
    for number in range(4):
        monkeypatch.setattr(
            draw_state, "uniforms", lambda seed, draw, count, number=number: uniforms(seed, number, count)
        )
        assert generate(loaded, [replace(request, draws=1)], ends(loaded))[0].answers == together[number : number + 1]


def test_other_budgets_and_seeds(loaded: LocalModel) -> None:
    request = ask(PROMPTS[0], 20, seed=3, draws=2, **HOT)
    answers = generate(loaded, [request])[0].answers
    shorter = generate(loaded, [replace(request, max_tokens=6)])[0].answers
    assert [ids_of(a) for a in shorter] == [ids_of(a)[:6] for a in answers]
    other = generate(loaded, [replace(request, seed=4)])[0].answers
    assert all(a.text != b.text for a, b in zip(answers, other, strict=True))


def test_finished_rows_leave_and_take_their_padding_along(loaded: LocalModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The paths above are really walked: rows are dropped, padding is dropped, buffers grow."""
    monkeypatch.setattr(generate_batch, "start_rows", draw_rows.RowsOverCopies)
    monkeypatch.setattr(generate_batch, "COMPACT_AT", 1.0)
    rows, columns, growths = [], [], []
    select, drop, roomy = RoomyLayer.batch_select_indices, RoomyLayer.drop_left, RoomyLayer._roomy
    monkeypatch.setattr(
        RoomyLayer, "batch_select_indices", lambda self, index: (rows.append(len(index)), select(self, index))[1]
    )
    monkeypatch.setattr(RoomyLayer, "drop_left", lambda self, count: (columns.append(count), drop(self, count))[1])
    monkeypatch.setattr(RoomyLayer, "_roomy", lambda self, *a: (growths.append(a[1]), roomy(self, *a))[1])
    monkeypatch.setattr(RoomyLayer, "room", 3)
    # the longest prompt has the smallest budget
    requests = [ask(prompt, 40 - len(prompt) // 3, draws=2, **HOT) for prompt in PROMPTS]
    expected = [generate(loaded, [request])[0] for request in requests]
    assert not columns
    rows.clear(), growths.clear()
    assert generate(loaded, requests) == expected
    assert len(set(rows)) >= 3 and rows == sorted(rows, reverse=True)
    assert columns and all(columns)
    assert len(set(growths)) > 3


def test_the_roomy_cache_changes_nothing(loaded: LocalModel, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = [ask(prompt, 25, draws=3, seed=i, **HOT) for i, prompt in enumerate(PROMPTS)]
    roomy = generate(loaded, requests, ends(loaded))
    monkeypatch.setattr(generate_batch, "start_rows", draw_rows.RowsOverCopies)
    monkeypatch.setattr(prefill, "new_cache", lambda config: DynamicCache(config=config))
    assert generate(loaded, requests, ends(loaded)) == roomy


def test_models_with_sliding_windows_keep_their_own_cache() -> None:
    from transformers import LlamaConfig, MistralConfig

    assert {type(layer) for layer in roomy_cache.new_cache(LlamaConfig(num_hidden_layers=2)).layers} == {RoomyLayer}
    sliding = roomy_cache.new_cache(MistralConfig(num_hidden_layers=2, sliding_window=8)).layers
    assert not any(isinstance(layer, RoomyLayer) for layer in sliding)


def test_a_sliding_window_model_generates_what_transformers_does(loaded: LocalModel, compaction: float) -> None:
    from transformers import MistralConfig, MistralForCausalLM

    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = MistralConfig(
            vocab_size=loaded.model.config.vocab_size,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=16,
            sliding_window=16,
            initializer_range=0.3,
        )
        model = MistralForCausalLM(config).eval()
    prompts = [loaded.encode(ask(prompt)) for prompt in PROMPTS]
    requests = [ask(prompt, 12 + 5 * i) for i, prompt in enumerate(PROMPTS)]
    results = generate_batch.generate_batch(model, IdsAsText(), prompts, requests, [None] * 4, frozenset({2}))
    for prompt, request, result in zip(prompts, requests, results, strict=True):
        output = model.generate(
            torch.tensor([prompt]), do_sample=False, max_new_tokens=request.max_tokens, eos_token_id=2, pad_token_id=0
        )
        assert ids_of(result.answers[0]) == [t for t in output[0, len(prompt) :].tolist() if t != 2]


def test_first_tokens_follow_the_heated_distribution(loaded: LocalModel) -> None:
    draws, temperature = 5000, 1.5
    request = ask(PROMPTS[0], 1, temperature=temperature, draws=draws, seed=5)
    tokens = [ids_of(answer)[0] for answer in generate(loaded, [request], frozenset())[0].answers]
    expected = torch.softmax(next_logits(loaded, loaded.encode(request)) / temperature, -1).double().numpy() * draws
    observed = np.bincount(tokens, minlength=len(expected))
    common = expected >= 10
    bins = [*observed[common], observed[~common].sum()], [*expected[common], expected[~common].sum()]
    assert chisquare(bins[0], np.array(bins[1]) * draws / sum(bins[1])).pvalue > 0.001


# Forced verdicts


def test_a_verdict_alone_is_the_models_choice_after_the_opening(loaded: LocalModel) -> None:
    requests = [ask(prompt, 0, forced=VERDICT) for prompt in PROMPTS]
    tokens = loaded.forced_tokens(VERDICT)
    for request, result in zip(requests, generate(loaded, requests), strict=True):
        (answer,) = result.answers
        scores = next_logits(loaded, [*loaded.encode(request), *tokens.opening])[list(tokens.labels)]
        expected = torch.softmax(scores, -1).tolist()
        assert answer.label_probabilities is not None
        assert list(answer.label_probabilities) == ["A", "B"]
        assert list(answer.label_probabilities.values()) == pytest.approx(expected, abs=1e-5)
        assert sum(answer.label_probabilities.values()) == pytest.approx(1)
        assert answer == replace(
            answer, text="\n\n[[A]]" if expected[0] > 0.5 else "\n\n[[B]]", tokens=1, stop_reason="stop", forced=True
        )


@pytest.mark.parametrize("stop", [(), ("\n",)])
def test_a_verdict_after_the_budget_is_the_models_choice_there(loaded: LocalModel, stop: tuple[str, ...]) -> None:
    """Greedy and sampled rows, with and without an end of text, in one batch."""
    requests = [
        ask(prompt, 6 + i, draws=3, seed=i, temperature=i % 2, stop=stop, forced=VERDICT)
        for i, prompt in enumerate(PROMPTS)
    ]
    tokens = loaded.forced_tokens(VERDICT)
    lengths = set()
    for request, result in zip(requests, generate(loaded, requests, ends(loaded)), strict=True):
        for answer in result.answers:
            assert answer.forced and answer.label_probabilities is not None
            written, _, verdict = answer.text.partition("\n\n[[")
            free = ids_of(replace(answer, text=written))
            lengths.add((len(free), request.max_tokens))
            assert answer.tokens == len(free) + len(tokens.opening) + 1
            assert verdict in ("A]]", "B]]")
            context = [*loaded.encode(request), *free, *tokens.opening]
            expected = torch.softmax(next_logits(loaded, context)[list(tokens.labels)], -1).tolist()
            assert list(answer.label_probabilities.values()) == pytest.approx(expected, abs=1e-4)
            if request.temperature == 0:
                assert verdict[0] == "AB"[int(np.argmax(expected))]
    assert any(free == budget for free, budget in lengths) and any(free < budget for free, budget in lengths)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.0])
def test_labels_are_drawn_by_their_heated_probabilities(loaded: LocalModel, temperature: float) -> None:
    draws = 3000
    request = ask(PROMPTS[0], 0, temperature=temperature, draws=draws, seed=9, forced=VERDICT)
    answers = generate(loaded, [request])[0].answers
    assert_labels_follow(answers, temperature)


def assert_labels_follow(answers: Sequence[Answer], temperature: float) -> None:
    assert answers[0].label_probabilities is not None
    plain = np.array(list(answers[0].label_probabilities.values()))
    heated = plain ** (1 / temperature) / (plain ** (1 / temperature)).sum()
    assert 0.02 < heated[0] < 0.98
    hits = sum(answer.text.endswith("A]]") for answer in answers)
    assert binomtest(hits, len(answers), heated[0]).pvalue > 0.001


@pytest.mark.parametrize("likely", [True, False])
def test_how_a_draw_ended_does_not_bias_its_label(loaded: LocalModel, likely: bool) -> None:
    """Draws whose first token is an end of text all have the same context: the labels' shares are known."""
    request = ask(PROMPTS[0], 2, temperature=1.0, draws=4000, seed=2, forced=VERDICT)
    order = next_logits(loaded, loaded.encode(request)).argsort(descending=True).tolist()
    eos = frozenset(order[:12] if likely else order[12:])
    ended = [a for a in generate(loaded, [request], eos)[0].answers if a.text.startswith("\n\n[[")]
    assert 300 < len(ended) < 3700
    assert_labels_follow(ended, 1.0)


def script(loaded: LocalModel, text: str) -> list[int]:
    return loaded.encoder.encode_text(text)


def scripted(loaded: LocalModel, tokens: list[int], request: ModelRequest) -> tuple[ScriptedModel, Answer]:
    model = ScriptedModel(tokens, loaded.model.config.vocab_size)
    forced: Any = loaded.forced_tokens(request.forced) if request.forced else None
    (result,) = generate_batch.generate_batch(
        model, loaded.tokenizer, [loaded.encode(request)], [request], [forced], frozenset({2})
    )
    return model, result.answers[0]


def test_a_verdict_of_the_models_own_ends_the_draw(loaded: LocalModel) -> None:
    tokens = script(loaded, "The first answer is better. [[B]]\nand so on")
    model, answer = scripted(loaded, tokens, ask("x", 100, forced=VERDICT))
    assert answer.text == "The first answer is better. [[B]]"
    assert not answer.forced
    assert len(model.fed) == answer.tokens


def test_a_verdict_whose_line_goes_on_does_not_end_the_draw(loaded: LocalModel) -> None:
    """It may be taken back on it; where the budget ends there, it is as good as none."""
    tokens = script(loaded, "At first I lean to [[B]] and so on")
    _, answer = scripted(loaded, tokens, ask("x", len(tokens), forced=VERDICT))
    assert answer.text.startswith("At first I lean to [[B]] and so on\n\n[[") and answer.forced


def test_a_stop_string_ends_the_draw(loaded: LocalModel) -> None:
    request = ask("x", 100, stop=("\n\n", "better"))
    _, answer = scripted(loaded, script(loaded, "The first.\n\nThe second is better."), request)
    assert (answer.text, answer.stop_reason, answer.forced) == ("The first.", "stop", False)


@pytest.mark.parametrize(
    ("written", "max_tokens", "stop", "text"),
    [
        ("The first answer<|im_end|>", 50, (), "The first answer"),
        ("The first answer is better than", 3, (), "The first answer"),
        ("The first answer###is better", 50, ("###",), "The first answer"),
        ("", 0, (), ""),
    ],
    ids=["end of text", "budget", "stop string", "no budget"],
)
def test_what_the_model_reads_before_it_chooses_a_label(
    loaded: LocalModel, written: str, max_tokens: int, stop: tuple[str, ...], text: str
) -> None:
    request = ask("x", max_tokens, stop=stop, forced=VERDICT)
    tokens = loaded.tokenizer(written, add_special_tokens=False)["input_ids"] if written else []
    model, answer = scripted(loaded, tokens, request)
    prompt, opening = loaded.encode(request), list(loaded.forced_tokens(VERDICT).opening)
    assert answer.forced
    assert answer.text in (f"{text}\n\n[[A]]", f"{text}\n\n[[B]]")
    read = model.read[len(prompt) :]
    assert model.read[: len(prompt)] == prompt
    assert read[-len(opening) :] == opening
    before = loaded.tokenizer.decode(read[: -len(opening)])
    assert before == text or (stop and before.startswith(text) and "###" not in before)


def test_a_real_batch_of_everything_at_once(loaded: LocalModel) -> None:
    """Budgets from none to many, greedy, hot, top-k, stops and verdicts, each as if it were alone."""
    requests = [
        ask(PROMPTS[0], 0, draws=3, forced=VERDICT, **HOT),
        ask(PROMPTS[1], 12),
        ask(PROMPTS[2], 20, draws=2, top_k=5, temperature=0.7, stop=("a", "\n")),
        ask(PROMPTS[3], 9, draws=2, forced=VERDICT, stop=(" ",), **HOT),
        ask(PROMPTS[1], 1, draws=4, temperature=3.0),
    ]
    together = [without_probabilities(answers) for answers in answers_of(loaded, *requests)]
    assert together == [without_probabilities(answers_of(loaded, request)[0]) for request in requests]


def without_probabilities(answers: Sequence[Answer]) -> list[Answer]:
    """They are equal up to rounding only."""
    return [replace(answer, label_probabilities=None) for answer in answers]
