"""Pairs of responses, the order in which a judge sees them, and whom its verdict names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

from ste_plugin import jsonl
from ste_plugin.errors import UserError
from ste_plugin.scratch_database import ScratchDatabase, text_key
from ste_plugin.verdicts import Verdict

Role = Literal["system", "user", "assistant"]
Order = Literal["chosen_first", "rejected_first"]
Winner = Literal["chosen", "rejected", "tie"]

ORDERS: tuple[Order, Order] = ("chosen_first", "rejected_first")
ROLES: tuple[Role, ...] = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two replies to one prompt, of which `chosen` is the better one.

    Attributes:
        id: unique in a file, not empty.
        prompt: what the user asked; ends with a user message. Where several turns are compared, its last
            `turns` user messages are the compared turns, and no assistant message stands between them (the
            replies differ, so they are in `chosen` and `rejected`).
        chosen: one reply per compared turn, oldest first; may be empty strings.
        rejected: the same number of replies.
        subset: name of the part of a benchmark, or "".
        cluster: pairs that share a source prompt share it; derived from the prompt's text when given as "".
        meta: provenance, JSON values.

    Raises:
        ValueError: the parts do not fit together.
    """

    id: str
    prompt: tuple[Message, ...]
    chosen: tuple[str, ...]
    rejected: tuple[str, ...]
    subset: str = ""
    cluster: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("field 'id' is empty")
        if not self.prompt or self.prompt[-1].role != "user":
            raise ValueError("field 'prompt' should end with a message of the user")
        if not self.chosen or len(self.chosen) != len(self.rejected):
            raise ValueError(
                f"fields 'chosen' ({len(self.chosen)}) and 'rejected' ({len(self.rejected)}) should hold "
                "the same number of replies, at least one"
            )
        if self.turns > 1 and [m.role for m in self.prompt[-self.turns :]] != ["user"] * self.turns:
            raise ValueError(
                f"{self.turns} replies are compared, so field 'prompt' should end with as many user messages"
            )
        if not self.cluster:
            object.__setattr__(self, "cluster", f"prompt-{_digest(self.prompt_text)}")

    @property
    def turns(self) -> int:
        """Number of compared turns."""
        return len(self.chosen)

    @property
    def prompt_text(self) -> str:
        """The prompt as one text: a lone user message as it is, a history with the speakers' names."""
        if len(self.prompt) == 1:
            return self.prompt[0].content
        return conversation_text(self.prompt)

    @property
    def questions(self) -> tuple[str, ...]:
        """Texts of all user messages, oldest first; the last `turns` of them are the compared ones."""
        return tuple(message.content for message in self.prompt if message.role == "user")


def conversation_text(messages: Sequence[Message]) -> str:
    """Messages as one text: "User: ...", blank line, "Assistant: ..." """
    return "\n\n".join(f"{message.role.capitalize()}: {message.content}" for message in messages)


def placement(pair_id: str, seed: int) -> Order:
    """Which response stands first when a pair is shown once: a fair coin that (seed, id) alone decides."""
    return ORDERS[int(_digest(f"{seed}\0{pair_id}"), 16) & 1]


def orders(pair_id: str, policy: Literal["both", "single"], seed: int) -> tuple[Order, ...]:
    """The orders in which a pair is shown: both of them, or the one that `placement` picks."""
    if policy == "both":
        return ORDERS
    if policy == "single":
        return (placement(pair_id, seed),)
    raise ValueError(f"unknown order policy {policy!r}")


def responses(pair: Pair, order: Order) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(replies shown as A, replies shown as B)."""
    if order == "chosen_first":
        return pair.chosen, pair.rejected
    return pair.rejected, pair.chosen


def winner(verdict: Verdict, order: Order) -> Winner | None:
    """Whom a verdict under `order` names; None where it was not parsed."""
    if verdict.label == "UNPARSED":
        return None
    if verdict.label == "TIE":
        return "tie"
    return "chosen" if (verdict.label == "A") == (order == "chosen_first") else "rejected"


def pair_from_row(row: Mapping[str, Any], where: str) -> Pair:
    """Read a pair from a row; `where` (say ``FILE:LINE``) opens every error message.

    ``{"id", "prompt": string or [{"role", "content"}], "chosen": string or [strings], "rejected", "subset"?,
    "cluster"?, "meta"?}``; further fields are ignored.

    Raises:
        UserError: a field is missing or malformed, or the fields do not fit together.
    """
    try:
        return Pair(
            id=jsonl.field(row, "id", str, where),
            prompt=_prompt(row, where),
            chosen=_replies(row, "chosen", where),
            rejected=_replies(row, "rejected", where),
            subset=jsonl.field(row, "subset", str, where) if "subset" in row else "",
            cluster=jsonl.field(row, "cluster", str, where) if "cluster" in row else "",
            meta=jsonl.field(row, "meta", dict, where) if "meta" in row else {},
        )
    except ValueError as error:
        raise UserError(f"{where}: {error}") from None


def pair_to_row(pair: Pair) -> dict[str, Any]:
    """The row that `pair_from_row` reads back as an equal pair."""
    alone = len(pair.prompt) == 1
    return {
        "id": pair.id,
        "prompt": pair.prompt_text if alone else [{"role": m.role, "content": m.content} for m in pair.prompt],
        "chosen": pair.chosen[0] if pair.turns == 1 else list(pair.chosen),
        "rejected": pair.rejected[0] if pair.turns == 1 else list(pair.rejected),
        "subset": pair.subset,
        "cluster": pair.cluster,
        "meta": dict(pair.meta),
    }


def load_pairs(path: Path) -> list[Pair]:
    """All pairs of a JSON-lines file (``.gz`` or not), in file order.

    Raises:
        UserError: as `pair_from_row`, and for an id that occurs twice or a file without pairs.
    """
    return list(read_pairs(path))


def read_pairs(path: Path) -> Iterator[Pair]:
    """As `load_pairs`, one pair at a time: a file of any size, since known ids are kept on disk. Raises UserError."""
    lines = ScratchDatabase("CREATE TABLE seen (id BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID")
    line = 0
    for line, row in jsonl.read_rows(path):
        pair = pair_from_row(row, f"{path}:{line}")
        seen = lines.first("SELECT line FROM seen WHERE id = ?", text_key(pair.id))
        if seen is not None:
            raise UserError(f"{path}:{line}: field 'id': '{pair.id}' is that of line {seen[0]}; make it unique")
        lines.run("INSERT INTO seen VALUES (?, ?)", text_key(pair.id), line)
        yield pair
    if line == 0:
        raise UserError(f"{path}: holds no pairs; give a file with one pair a line")


def _prompt(row: Mapping[str, Any], where: str) -> tuple[Message, ...]:
    value = row.get("prompt")
    if not isinstance(value, list):
        return (Message("user", jsonl.field(row, "prompt", str, where)),)
    messages = []
    for number, item in enumerate(value, start=1):
        here = f"{where}: field 'prompt', message {number}"
        if not isinstance(item, dict):
            raise UserError(f"{here} should be an object with 'role' and 'content', is {type(item).__name__}")
        role = jsonl.field(item, "role", str, here)
        if role not in ROLES:
            raise UserError(f"{here}: field 'role' should be one of {', '.join(ROLES)}, is '{role}'")
        messages.append(Message(role, jsonl.field(item, "content", str, here)))
    return tuple(messages)


def _replies(row: Mapping[str, Any], name: str, where: str) -> tuple[str, ...]:
    value = row.get(name)
    if isinstance(value, list) and all(isinstance(reply, str) for reply in value):
        return tuple(value)
    if isinstance(value, list):
        raise UserError(f"{where}: field '{name}' should be a string or a list of strings")
    return (jsonl.field(row, name, str, where),)


def _digest(text: str) -> str:
    # surrogatepass: a lone surrogate is legal in JSON, and any text must have a digest.
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
