"""Training rows to token ids, with the very encoding that judging uses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ste_plugin.engine.chat_encoding import ChatEncoder
from ste_plugin.pairs import Message


@dataclass(frozen=True, slots=True)
class EncodedExample:
    """`input_ids` and `labels` have shape (length,); labels are -100 where no loss is taken. `pair` is the id
    of the judged pair and `strategy` that of its negative, "" where the row names none."""

    input_ids: tuple[int, ...]
    labels: tuple[int, ...]
    pair: str = ""
    strategy: str = ""


def encode_example(
    row: Mapping[str, Any],
    encoder: ChatEncoder,
    *,
    opening: str,
    loss: Literal["judgment", "verdict"],
    eos: int,
) -> EncodedExample:
    """Encode one row ``{"prompt": [messages], "completion": [message]}``; the judgment ends with `eos`.

    The text around the verdict's last `opening` is encoded in pieces, as the engine does when it forces a verdict,
    so that training and judging see the same tokens: the opening by itself, then the label as it continues the
    opening (the word after it), then the rest.
    """
    messages = [Message(m["role"], m["content"]) for m in row["prompt"]]
    judgment: str = row["completion"][0]["content"]
    prompt = encoder.encode(messages)
    position = judgment.rfind(opening)
    if position < 0:
        before, after = encoder.encode_text(judgment), []
    else:
        before = encoder.encode_text(judgment[:position]) if position else []
        label, rest = _WORD.fullmatch(judgment[position + len(opening) :]).groups()  # type: ignore[union-attr]
        after = _continued(encoder, encoder.encode_text(opening), opening, label)
        after = _continued(encoder, after, opening + label, rest)
    completion = [*before, *after, eos]
    first = len(before) if loss == "verdict" and after else 0
    labels = [-100] * (len(prompt) + first) + completion[first:]
    origin = (str(row.get(name, "")) for name in ("pair_id", "strategy"))
    return EncodedExample((*prompt, *completion), tuple(labels), *origin)


_WORD = re.compile(r"(\w*)(.*)", re.DOTALL)


def _continued(encoder: ChatEncoder, ids: list[int], text: str, more: str) -> list[int]:
    """`ids`, which encode `text`, and those of `more` after it, without the blank some tokenizers start a text with."""
    together = encoder.encode_text(text + more)
    return together if together[: len(ids)] == ids else [*ids, *encoder.encode_text(more)]


def within_length(examples: Sequence[EncodedExample], max_length: int) -> tuple[list[EncodedExample], int]:
    """(the examples of at most `max_length` tokens, how many were left out)."""
    kept = [example for example in examples if len(example.input_ids) <= max_length]
    return kept, len(examples) - len(kept)
