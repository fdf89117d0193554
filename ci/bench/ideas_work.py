"""What the ideas of the engine are measured on: real pairs judged in both orders, and steps of training on them."""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch

from ste_plugin.benchmarks import rewardbench
from ste_plugin.engine import block_attention
from ste_plugin.engine.batching import Batcher
from ste_plugin.engine.loaded_models import LoadedModels, ModelKey
from ste_plugin.engine.local_model import LocalModel
from ste_plugin.judge_prompt import JudgePrompt
from ste_plugin.judging import JudgeSettings
from ste_plugin.model_folder import model_folder
from ste_plugin.model_request import ModelAnswers, ModelRequest, derive_seed
from ste_plugin.pairs import ORDERS, Message

VERDICT, GREEDY, DRAWS, TRAINING = "verdict", "greedy", "draws", "training"
WORKLOADS = {
    VERDICT: "The verdict alone",
    GREEDY: "Reasoning and verdict, greedy",
    DRAWS: "15 draws at temperature 0.7, top-p 0.9",
    TRAINING: "A training step (forwards and backwards)",
}
TRAINING_ROWS = 8
LONGEST = 600
"""Characters of a response; longer ones are cut in their middle."""


class Bench:
    """The loaded model and its work. The attributes below may be changed for a while to take an idea out."""

    orders_apart = False
    dtype = "bfloat16"

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.folder = model_folder(options.model)
        self.settings = JudgeSettings(JudgePrompt.load("judge_short"), max_tokens=0, force_verdict=True)
        assert self.settings.forced is not None
        self.forced = self.settings.forced
        self.batcher = Batcher(LoadedModels())
        self.local = self.load()
        pairs = rewardbench.load(options.data, seed=0)
        random.Random(0).shuffle(pairs)
        if len(pairs) < options.pairs:
            raise SystemExit(f"only {len(pairs)} pairs are there; ask for fewer with --pairs")
        self.messages: list[tuple[tuple[Message, ...], ...]] = [
            tuple(self.settings.prompt.render(pair, order, max_response_chars=LONGEST) for order in ORDERS)
            for pair in pairs[: options.pairs]
        ]
        self._training: Any = None

    def load(self) -> LocalModel:
        """The model in the number format in force. The engine's thread loads it, as it does for users.

        A second thread that calculates would make that one wait, see `Batcher.load`.
        """
        return self.batcher.load(self._key()).result()

    def _key(self) -> ModelKey:
        return ModelKey(self.folder, "cpu", self.dtype)

    def run(self, workload: str, pairs: int | None = None) -> list[Any]:
        """Do the work (on the first `pairs` alone): a digest of each text, or the label's probability, or losses."""
        if workload == TRAINING:
            # in a thread that ends with it, so that its team of threads is gone when the engine's is measured
            with ThreadPoolExecutor(1, "training") as thread:
                return thread.submit(self._train).result()
        # draws are many: a quarter of the pairs
        messages = self.messages[: pairs or max(1, len(self.messages) // (4 if workload == DRAWS else 1))]
        asked = [[self._request(workload, pair, number) for pair in messages] for number in range(len(ORDERS))]
        rounds = asked if self.orders_apart else [[request for both in zip(*asked, strict=True) for request in both]]
        answers = [answer for one in rounds for answer in self._ask(one)]
        if workload == VERDICT:
            ordered = sorted(zip([r.seed for one in rounds for r in one], answers, strict=True), key=lambda x: x[0])
            return [next(iter((found.answers[0].label_probabilities or {}).values())) for _, found in ordered]
        return [_digest(answer.text) for found in answers for answer in found.answers]

    def _request(self, workload: str, both: Sequence[tuple[Message, ...]], number: int) -> ModelRequest:
        tokens = 0 if workload == VERDICT else self.options.max_tokens
        draws = {"draws": 15, "temperature": 0.7, "top_p": 0.9} if workload == DRAWS else {}
        seed = derive_seed("ideas", both[number][-1].content)
        return ModelRequest(both[number], tokens, seed=seed, forced=self.forced, **draws)  # type: ignore[arg-type]

    def _ask(self, requests: Sequence[ModelRequest]) -> list[ModelAnswers]:
        with self.batcher.models.lock:  # all are there when the first batch is made up
            futures = [self.batcher.submit(self._key(), None, request) for request in requests]
        return [future.result() for future in futures]

    def _train(self) -> list[float]:
        """Float32 weights under bfloat16 autocast, as training has them; the loss is on one token of each row's middle.

        Not on the last, which the chat template decides: its loss and gradients are next to nothing.
        """
        if self._training is None:
            from transformers import AutoModelForCausalLM

            self._training = AutoModelForCausalLM.from_pretrained(self.folder, dtype=torch.float32)
            self._training.set_attn_implementation(block_attention.BLOCK_ATTENTION)
        prompts = [self.local.encode(self._request(VERDICT, both, 0)) for both in self.messages[:TRAINING_ROWS]]
        longest = max(map(len, prompts))
        ids = torch.tensor([prompt + [0] * (longest - len(prompt)) for prompt in prompts])
        mask = torch.tensor([[1] * len(prompt) + [0] * (longest - len(prompt)) for prompt in prompts])
        targets = torch.tensor([len(prompt) // 2 for prompt in prompts])
        columns, places = targets.sub(1).unique(return_inverse=True)
        self._training.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output = self._training(input_ids=ids, attention_mask=mask, use_cache=False, logits_to_keep=columns)
        rows = torch.arange(len(ids))
        loss = torch.nn.functional.cross_entropy(output.logits[rows, places].float(), ids[rows, targets])
        loss.backward()
        return [loss.item(), *(float(weight.grad.norm()) for weight in self._training.parameters())]

    def agreement(self, workload: str, shipped: Sequence[Any], other: Sequence[Any]) -> str:
        """How the outcome without an idea compares with the one as shipped."""
        if workload == VERDICT:
            same = sum((a > 0.5) == (b > 0.5) for a, b in zip(shipped, other, strict=True))
            furthest = max(abs(a - b) for a, b in zip(shipped, other, strict=True))
            return f"{same} of {len(shipped)} verdicts the same, probability at most {furthest:.3f} apart"
        if workload == TRAINING:
            gradients = sum(abs(a - b) for a, b in zip(shipped[1:], other[1:], strict=True)) / sum(shipped[1:])
            return f"loss {other[0] - shipped[0]:+.4f}, norms of the gradients {100 * gradients:.2f} % apart"
        return f"{sum(a == b for a, b in zip(shipped, other, strict=True))} of {len(shipped)} texts the same"

    def shape(self, workload: str) -> str:
        """What the work consists of, in short."""
        if workload == TRAINING:
            return f"{min(TRAINING_ROWS, len(self.messages))} rows"
        count = max(1, len(self.messages) // (4 if workload == DRAWS else 1))
        tokens = "" if workload == VERDICT else f", {self.options.max_tokens} tokens"
        return f"{count} pairs in both orders, prompt judge_short{tokens}"

    def digest(self) -> str:
        """Names this very work: model, prompts, sizes."""
        prompts = [[[message.content for message in one] for one in both] for both in self.messages]
        about = [str(self.folder), self.dtype, self.options.max_tokens, self.options.threads, prompts]
        return _digest(json.dumps(about))

    def versions(self) -> dict[str, str]:
        import transformers

        return {"torch": torch.__version__, "transformers": transformers.__version__}


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
