"""Carries a stage's requests to an Inspect model and its answers back, by way of a journal if there is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import anyio
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
    Model,
    ModelOutput,
)

from ste.local_provider import OPTIONS, LocalProvider
from ste.refusals import too_long
from ste.vllm_servers import served_by_vllm, set_up_server
from ste.vllm_verdicts import forced_by_vllm
from ste_plugin.errors import UserError
from ste_plugin.journal import Journal
from ste_plugin.model_request import Answer, ModelAnswers, ModelRequest, Steps
from ste_plugin.pairs import Message

T = TypeVar("T")

_ROLES = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}


def chat(messages: tuple[Message, ...]) -> list[ChatMessage]:
    """Our messages as Inspect's."""
    return [_ROLES[message.role](content=message.content) for message in messages]


def check_forced_verdict(model: Model, forced: bool) -> None:
    """Raises UserError where a verdict is to be `forced` and `model` cannot do it."""
    if forced and not (isinstance(model.api, LocalProvider) or served_by_vllm(model)):
        raise UserError(f"force_verdict works with models of the providers 'ste/' and 'vllm/' only, not with {model}")


class Asker:
    """Asks one model. `identity` names the model's weights in the journal: another checkpoint, another name.

    Two items that need the same answer at the same time share one generation. A request of a role is passed on to
    the asker of that role in `roles`.
    """

    def __init__(
        self,
        model: Model,
        identity: str,
        journal: Journal | None = None,
        roles: Mapping[str, Asker] | None = None,
    ) -> None:
        self.model = model
        self.identity = identity
        self.journal = journal
        self.roles = roles or {}
        self._under_way: dict[str, anyio.Event] = {}
        set_up_server(model)

    async def run(self, steps: Steps[T]) -> T:
        """Drive `steps` to its result."""
        try:
            request = next(steps)
            while True:
                request = steps.send(await self.ask(request))
        except StopIteration as end:
            result: T = end.value
            return result

    async def run_all(self, steps: Sequence[Steps[T]]) -> list[T]:
        """Drive all `steps` at the same time; their results in order. Raises what the first that fails raises."""
        results: dict[int, T] = {}
        failed: list[Exception] = []

        async def drive(index: int, one: Steps[T]) -> None:
            try:
                results[index] = await self.run(one)
            except Exception as error:  # carried out by hand: a task group would wrap it
                failed.append(error)
                group.cancel_scope.cancel()

        async with anyio.create_task_group() as group:
            for index, one in enumerate(steps):
                group.start_soon(drive, index, one)
        if failed:
            raise failed[0]
        return [results[index] for index in range(len(steps))]

    async def ask(self, request: ModelRequest) -> ModelAnswers:
        """The answers to `request`, from the journal if they are there."""
        if request.role:
            return await self.roles[request.role].ask(replace(request, role=""))
        if self.journal is None:
            return await self._generate(request)
        key = request.key(self.identity)
        while key in self._under_way:
            await self._under_way[key].wait()
        known = self.journal.get(key)
        if known is not None:
            return known
        done = self._under_way[key] = anyio.Event()
        try:
            answers = await self._generate(request)
            self.journal.put(key, answers)
        finally:
            del self._under_way[key]
            done.set()
        return answers

    async def _generate(self, request: ModelRequest) -> ModelAnswers:
        local = isinstance(self.model.api, LocalProvider)
        check_forced_verdict(self.model, request.forced is not None)
        if request.forced is not None and not local:
            return await forced_by_vllm(self.model, request, chat(request.messages), self._generate)
        answers: list[Answer] = []
        prompt_tokens = 0
        while len(answers) < request.draws:
            left = request.draws - len(answers)
            output = await self.model.generate(
                chat(request.messages), config=_config(request, left, len(answers), local)
            )
            prompt_tokens += output.usage.input_tokens if output.usage else 0
            if not output.choices:
                raise UserError(f"{self.model} gave no answer; look for its error in the log")
            refused = too_long(output)
            if refused is not None:
                return refused
            answers += _answers(output)[:left]
        return ModelAnswers(prompt_tokens, tuple(answers))


def _config(request: ModelRequest, draws: int, drawn: int, local: bool) -> GenerateConfig:
    config = GenerateConfig(
        max_tokens=request.max_tokens,
        temperature=request.temperature,
        top_p=request.top_p if request.temperature > 0 else None,
        top_k=request.top_k,
        seed=(request.seed + drawn) % 2**31 if not local else request.seed + drawn,
        stop_seqs=list(request.stop) or None,
    )
    if draws > 1:
        config.num_choices = draws
    if local:
        options: dict[str, Any] = {"max_tokens": request.max_tokens}
        if request.forced is not None:
            options["forced_verdict"] = request.forced.to_json()
        config.extra_body = {OPTIONS: options}
    return config


def _answers(output: ModelOutput) -> list[Answer]:
    details = (output.metadata or {}).get(OPTIONS, {})
    count = len(output.choices)
    forced = details.get("forced", [False] * count)
    # a provider without token counts by choice: all tokens are on the first
    total = output.usage.output_tokens if output.usage else 0
    tokens = details.get("tokens", [total] + [0] * (count - 1))
    probabilities = details.get("label_probabilities", [None] * count)
    return [
        Answer(
            text=choice.message.text,
            tokens=tokens[index],
            stop_reason="length" if choice.stop_reason in ("max_tokens", "model_length") else "stop",
            forced=forced[index],
            label_probabilities=probabilities[index],
        )
        for index, choice in enumerate(output.choices)
    ]
