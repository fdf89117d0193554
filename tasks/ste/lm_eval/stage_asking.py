"""Carries a stage's requests to a live model through lm-eval, round by round, and keeps lm-eval's logs of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from lm_eval.api.model import LM
from lm_eval.evaluator import simple_evaluate
from lm_eval.tasks import TaskManager
from lm_eval.utils import handle_non_serializable

from ste.lm_eval.asked_model import AskedModel
from ste.lm_eval.exchanges import exchange
from ste.lm_eval.journaled_model import JournaledModel
from ste.lm_eval.rounds import Item
from ste.lm_eval.stage_task import StageTask
from ste_plugin.errors import UserError
from ste_plugin.journal import Journal
from ste_plugin.lockstep import Lockstep
from ste_plugin.model_request import ModelAnswers, Steps

T = TypeVar("T")


@dataclass(frozen=True)
class StageModel:
    """A live model, what names its weights, and where its answers are journaled."""

    lm: LM
    identity: str
    journal: Journal

    def evaluate(self, tasks: list[Any], logs: Path, manager: TaskManager | None = None) -> dict[str, Any]:
        """Have lm-eval run `tasks`; its results. They and the samples are left in the folder `logs`.

        `manager` knows the tasks that are given by their names.
        Raises UserError.
        """
        if self.lm.world_size > 1:
            raise UserError("ste self-train runs in one process; start it without torchrun or accelerate launch")
        with JournaledModel(self.lm, self.journal, self.identity) as lm:
            results = simple_evaluate(
                model=lm,
                tasks=tasks,
                task_manager=manager or TaskManager(include_defaults=False),
                apply_chat_template=True,
                bootstrap_iters=0,
            )
        assert results is not None, "one process"
        _write_logs(results, logs)
        return dict(results)


def ask_in_rounds(
    task: str,
    steps: Mapping[str, Steps[T]],
    model: StageModel,
    logs: Path,
    roles: Mapping[str, StageModel] | None = None,
) -> Lockstep[T]:
    """Bring all `steps`, by item, to their results: one `StageTask` a round and model.

    `model` answers the requests that name no role, `roles` those that name one. Raises UserError.
    """
    lockstep = Lockstep(steps)
    models = {"": model, **(roles or {})}
    asked = {role: AskedModel(one.lm) for role, one in models.items()}
    exchanges: dict[str, Item[ModelAnswers]] = {}
    while lockstep.waiting:
        for key, request in lockstep.waiting.items():
            if key not in exchanges:
                exchanges[key] = Item(exchange(replace(request, role=""), asked[request.role]))
        done = {key: one.result for key, one in exchanges.items() if one.done}
        if done:
            exchanges = {key: one for key, one in exchanges.items() if key not in done}
            lockstep.receive(done)
            continue
        for role, one in models.items():
            own = {key: item for key, item in exchanges.items() if lockstep.waiting[key].role == role}
            if own:
                docs = [{"items": list(lockstep.items(key)), "request": key} for key in own]
                round_task = StageTask(task, docs, list(own.values()))
                one.evaluate([round_task], logs)
                round_task.receive()
    return lockstep


def _write_logs(results: Mapping[str, Any], folder: Path) -> None:
    """``results_TIME.json`` and ``samples_TASK_TIME.jsonl``, as ``lm_eval --output_path --log_samples`` names them."""
    time = datetime.now().isoformat().replace(":", "-")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        samples = results.get("samples") or {}
        kept = {key: value for key, value in results.items() if key != "samples"}
        text = json.dumps(kept, indent=2, default=handle_non_serializable, ensure_ascii=False)
        (folder / f"results_{time}.json").write_text(text, encoding="utf-8")
        for task, rows in samples.items():
            with (folder / f"samples_{task}_{time}.jsonl").open("w", encoding="utf-8") as file:
                for row in rows:
                    file.write(json.dumps(row, default=handle_non_serializable, ensure_ascii=False) + "\n")
    except OSError as error:
        raise UserError(f"{folder}: {error.strerror or error}; make room and run the same command again") from error
