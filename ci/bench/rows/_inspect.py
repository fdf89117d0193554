"""The judgments as a task of Inspect: one sample an item, its draws asked for by `num_choices` or side by side."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any

import anyio
from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import (
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
    Model,
    ModelOutput,
)
from inspect_ai.solver import Generate, Solver, TaskState, solver
from judging_work import Item, Texts, Work

ROLES = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}


def judge_with(model: Model, work: Work, *, choices: bool) -> Callable[[list[Item], int], Texts]:
    """`choices`: the provider draws several answers by itself. Else they are asked for at once, one request each."""

    def judge(items: list[Item], draws: int) -> Texts:
        by_id: dict[str, list[ModelOutput]] = {}
        task = Task(
            dataset=MemoryDataset(
                [Sample(input=[ROLES[m["role"]](content=m["content"]) for m in i.messages], id=i.id) for i in items]
            ),
            solver=draw(model, work, draws, choices, by_id),
        )
        with tempfile.TemporaryDirectory() as folder:
            (log,) = eval(
                task,
                model=model,
                log_dir=folder,
                display="none",
                log_realtime=False,
                max_samples=max(work.batch, 64) * 2,
                max_connections=work.batch if not choices else max(work.batch, 64) * 2,
            )
        if log.status != "success":
            raise RuntimeError(f"Inspect: {log.error.message if log.error else log.status}")
        return [[c.message.text for o in by_id[item.id] for c in o.choices] for item in items]

    return judge


@solver
def draw(model: Model, work: Work, draws: int, choices: bool, by_id: dict[str, list[ModelOutput]]) -> Solver:
    settings: dict[str, Any] = {"max_tokens": work.max_tokens, "temperature": work.temperature}
    if work.temperature > 0:
        settings["top_p"] = work.top_p
        settings["top_k"] = 0  # none, as in the other rows; transformers' own default, which hf/ would take, is 50
    if choices and draws > 1:
        settings["num_choices"] = draws
    config = GenerateConfig(**settings)

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        outputs: list[ModelOutput] = []

        async def one() -> None:
            outputs.append(await model.generate(state.messages, config=config))

        async with anyio.create_task_group() as group:
            for _ in range(1 if choices else draws):
                group.start_soon(one)
        by_id[str(state.sample_id)] = outputs
        state.output = outputs[0]
        return state

    return solve
