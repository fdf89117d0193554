"""A plain loop over `transformers.generate`, batch by batch, as evaluation scripts do it."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

import torch
from judging_work import Item, Texts, Work
from transformers import AutoModelForCausalLM, AutoTokenizer


def prepare(work: Work) -> Callable[[list[Item], int], Texts]:
    torch.set_num_threads(work.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = AutoTokenizer.from_pretrained(work.model, padding_side="left")
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    model = AutoModelForCausalLM.from_pretrained(work.model, dtype=getattr(torch, work.dtype)).to(device).eval()
    sampling = {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
    if work.temperature > 0:
        sampling = {"do_sample": True, "temperature": work.temperature, "top_p": work.top_p, "top_k": 0}

    def judge(items: list[Item], draws: int) -> Texts:
        # prompts of like length together, as lm-eval does it, too
        order = sorted(range(len(items)), key=lambda i: -len(items[i].text))
        size = work.batch // draws
        texts: list[list[str]] = [[] for _ in items]
        for start in range(0, len(order), size):
            chosen = order[start : start + size]
            ids = tokenizer(
                [items[i].text for i in chosen], return_tensors="pt", padding=True, add_special_tokens=False
            ).to(device)
            with torch.inference_mode():
                output = model.generate(**ids, max_new_tokens=work.max_tokens, num_return_sequences=draws, **sampling)
            new = output[:, ids["input_ids"].shape[1] :]
            decoded = tokenizer.batch_decode(new, skip_special_tokens=True)
            for place, item in enumerate(chosen):
                texts[item] = decoded[place * draws : (place + 1) * draws]
        return texts

    return judge


def versions() -> dict[str, str]:
    return {name: version(name) for name in ("torch", "transformers")}
