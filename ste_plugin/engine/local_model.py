"""A causal language model on this machine: loaded once, its adapters swapped in place, freed on close."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ste_plugin.engine.chat_encoding import ChatEncoder
from ste_plugin.engine.draw_rows import share_prompts
from ste_plugin.engine.draw_state import ForcedTokens
from ste_plugin.engine.generate_batch import generate_batch
from ste_plugin.errors import UserError
from ste_plugin.model_request import ForcedVerdict, ModelAnswers, ModelRequest


def best_device() -> str:
    """``cuda``, ``mps`` or ``cpu``: the fastest there is."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def best_dtype(device: str) -> torch.dtype:
    """bfloat16 where the hardware multiplies it natively, else float32 (which is faster than emulation)."""
    if device.startswith("cuda"):
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if device == "cpu" and torch.cpu._is_avx512_bf16_supported():
        return torch.bfloat16
    return torch.float32


class LocalModel:
    """A model, its tokenizer and any number of LoRA adapters over the same weights."""

    def __init__(self, path: Path, *, device: str | None = None, dtype: str | None = None) -> None:
        """Load the checkpoint folder `path`. Raises UserError when it is not a loadable chat model."""
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.path = path
        self.device = device or best_device()
        try:
            torch.empty(0, device=self.device)
        except (RuntimeError, AssertionError) as error:  # AssertionError: torch without CUDA
            raise UserError(f"device '{self.device}': {_first_line(error)}") from error
        torch_dtype = getattr(torch, dtype, None) if dtype else best_dtype(self.device)
        if not isinstance(torch_dtype, torch.dtype):
            raise UserError(f"dtype '{dtype}': no number format of torch; use float32, bfloat16 or float16")
        try:
            self.tokenizer = AutoTokenizer.from_pretrained(path)
            self.model: Any = AutoModelForCausalLM.from_pretrained(path, dtype=torch_dtype).to(self.device).eval()
        except (OSError, ValueError) as error:
            raise UserError(f"{path}: not a loadable model folder: {_first_line(error)}") from error
        share_prompts(self.model)
        self.encoder = ChatEncoder(self.tokenizer, str(path))
        self.context = int(getattr(self.model.config.get_text_config(), "max_position_embeddings", 0) or 2**20)
        eos = self.model.generation_config.eos_token_id
        ids = eos if isinstance(eos, list) else [eos]
        self.eos = frozenset(int(i) for i in [*ids, self.tokenizer.eos_token_id] if i is not None)
        self._adapters: dict[Path, str] = {}
        self._forced: dict[ForcedVerdict, ForcedTokens] = {}

    def use_adapter(self, path: Path | None) -> None:
        """Make the LoRA adapter in `path` the one in force (None: the bare model). The base is not reloaded."""
        if path is None:
            if self._adapters:
                self.model.disable_adapters()
            return
        name = self._adapters.get(path)
        if name is None:
            name = self._adapters[path] = self._load_adapter(path)
        self.model.enable_adapters()
        self.model.set_adapter(name)

    def _load_adapter(self, path: Path) -> str:
        if not (path / "adapter_config.json").exists():  # or it would be taken for a repository's name
            raise UserError(f"{path}: not a loadable adapter: adapter_config.json is missing")
        from transformers.utils import logging

        name = f"adapter{len(self._adapters)}"
        verbosity = logging.get_verbosity()
        logging.set_verbosity_error()  # it reports the weights of all other adapters as missing
        try:
            loaded = self.model.load_adapter(str(path), adapter_name=name)
            missing = [key for key in getattr(loaded, "missing_keys", ()) if f".{name}." in key]
            if missing:
                raise ValueError(f"it has no weights for {missing[0].partition(f'.{name}.')[0]}")
        except Exception as error:
            # half an adapter must not stay in force
            if name in getattr(self.model, "peft_config", {}):
                self.model.delete_adapter(name)
            if isinstance(error, RuntimeError):  # transformers prints the shapes and raises nothing to the point
                raise UserError(f"{path}: this adapter was made for another model than {self.path}") from error
            if isinstance(error, (OSError, ValueError, ImportError)):
                raise UserError(f"{path}: not a loadable adapter: {_first_line(error)}") from error
            raise
        finally:
            logging.set_verbosity(verbosity)
        return name

    def encode(self, request: ModelRequest) -> list[int]:
        """Token ids of the request's chat; shape (length,)."""
        return self.encoder.encode(request.messages)

    def room(self, request: ModelRequest) -> int:
        """The longest prompt, in tokens, that leaves room for the answer in the model's context."""
        extra = request.max_tokens
        if request.forced is not None:
            extra += len(self.forced_tokens(request.forced).opening) + 1
        return self.context - extra

    def forced_tokens(self, forced: ForcedVerdict) -> ForcedTokens:
        """Token ids of a forced verdict. Raises UserError where its labels cannot be told apart by one token."""
        forced = replace(forced, quoted=())  # of one pair alone, and without a say in this
        known = self._forced.get(forced)
        if known is None:
            opening = self.encoder.encode_text(forced.opening)
            if not opening:
                raise UserError("the judge prompt's verdict opening is empty: there is nothing to force a verdict with")
            labels = []
            for label in forced.labels:
                ids = self.encoder.encode_text(forced.opening + label)
                if ids[: len(opening)] != opening or len(ids) == len(opening):
                    raise UserError(
                        f"verdict opening {forced.opening!r}: the tokenizer of {self.path} merges it with the label "
                        f"{label!r}; let the opening end with a bracket or a line break"
                    )
                labels.append(ids[len(opening)])
            if len(set(labels)) < len(labels):
                raise UserError(f"verdict labels {forced.labels}: their first tokens are the same for {self.path}")
            known = ForcedTokens(tuple(opening), tuple(labels))
            self._forced[forced] = known
        return known

    def generate(self, requests: Sequence[ModelRequest], prompts: Sequence[Sequence[int]]) -> list[ModelAnswers]:
        """Answer `requests`, whose encoded chats are `prompts`, as one batch."""
        forced = [self.forced_tokens(r.forced) if r.forced is not None else None for r in requests]
        return generate_batch(self.model, self.tokenizer, prompts, requests, forced, self.eos)

    def close(self) -> None:
        """Free the weights. The object cannot be used afterwards."""
        self.model = None
        self._adapters.clear()
        gc.collect()
        if self.device.startswith("cuda"):
            torch.cuda.empty_cache()


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
