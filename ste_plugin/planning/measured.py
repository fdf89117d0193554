"""What a run has taken, stage by stage, from its work directory and the logs that it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ste_plugin.errors import UserError
from ste_plugin.gate.inspect_logs import read_header
from ste_plugin.recipe import Recipe
from ste_plugin.work_directory import read_run

ASKED_AGAIN = 0.95
"""Share of a stage's tokens that its own log has to hold; below it, too much came from the journal for its time to
say anything."""


@dataclass(frozen=True, slots=True)
class MeasuredStage:
    """What one finished stage took.

    Attributes:
        seconds: from its start to its end, starting processes and loading models included; None where it is unknown,
            or the stage took answers from the journal, and `why` says so. Of a stage that was interrupted it is the
            last part.
        tokens_in, tokens_out: read and written, answers from the journal included; None where nothing counted them.
        why: says in a few words why there are no seconds; "".
    """

    seconds: float | None
    tokens_in: float | None
    tokens_out: float | None
    why: str = ""


def measured_stages(work: Path) -> dict[str, MeasuredStage]:
    """The finished stages of the run in `work`, by name. Raises UserError for a folder that is not what a run left."""
    return {name: _stage(name, summary) for name, summary in read_run(work)[1].items() if name != "report"}


def _stage(name: str, summary: Mapping[str, Any]) -> MeasuredStage:
    figures = summary["figures"]
    counted = "prompt_tokens" in figures
    read, written = (figures["prompt_tokens"], figures["tokens"]) if counted else (None, None)
    training = name.startswith("train-")
    log = Path(summary["log"])
    if log.is_dir():  # lm-eval's: no time in them, and its models count no tokens
        seconds = summary.get("seconds", figures["seconds"] if training else None)
        return MeasuredStage(seconds, read, written, "" if seconds is not None else "its log has no times")
    try:
        stats = read_header(log)["stats"]
        seconds = (_time(stats["completed_at"]) - _time(stats["started_at"])).total_seconds()
        usage = stats.get("model_usage", {}).values()
        asked = [sum(one[name] for one in usage) for name in ("input_tokens", "output_tokens")]
    except (UserError, KeyError, ValueError, TypeError):
        return MeasuredStage(None, read, written, f"{log.name} is not there or cannot be read")
    if training:
        return MeasuredStage(seconds, None, None)
    if not counted:
        read, written = asked
    if not sum(asked) or sum(asked) < ASKED_AGAIN * ((read or 0) + (written or 0)):
        return MeasuredStage(None, read, written, "its answers were in the journal")
    return MeasuredStage(seconds, read, written)


def _time(text: str) -> datetime:
    # Python 3.10 does not know "Z"
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def settings_of(work: Path) -> dict[str, Any]:
    """The settings that the run in `work` was made with, those that were not there yet at their defaults.

    Raises UserError for a folder that is not what a run left.
    """
    recipe: Any = read_run(work)[0].get("recipe")
    if not isinstance(recipe, dict):
        raise UserError(f"{work}: its manifest has no recipe; name a work directory of ste")
    try:
        return Recipe.model_validate(recipe).what_decides()
    except ValidationError:  # of a version with other keys
        return recipe
