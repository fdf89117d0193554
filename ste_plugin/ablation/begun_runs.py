"""What a run of the matrix was begun with, so that runs begun otherwise do not come into its table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ste_plugin.errors import UserError
from ste_plugin.recipe import Recipe
from ste_plugin.self_training import what_decides
from ste_plugin.work_directory import check_same, read_json, write_json

_OTHERWISE = "name another --out"
_DECIDE_NOTHING = {
    *("--ctl-server", "--display", "--log-dir", "--log-level", "--log-level-transcript", "--no-log-realtime"),
    *("--adaptive-connections", "--max-connections", "--max-samples", "--max-subprocesses", "--max-tasks"),
    *("--attempt-timeout", "--max-retries", "--stream-idle-timeout", "--timeout"),
}
"""Options of `inspect eval` that say how a run is shown, how fast and how patiently it asks: they may change."""


def record_words(work: Path, words: Sequence[str]) -> None:
    """Note beside the work directory which further words `inspect eval` is given. Raises UserError."""
    write_json(_record(work), {"inspect": list(words)})


def check_words(work: Path, words: Sequence[str]) -> None:
    """Raises UserError where the run in `work` was begun with other words, of which Inspect's logs alone would tell."""
    recorded = read_json(_record(work))
    if recorded is None:  # of a version that did not note them
        return
    old = recorded.get("inspect")
    if not isinstance(old, list) or not all(isinstance(word, str) for word in old):
        raise UserError(f"{_record(work)}: field 'inspect' should be a list of words; {_OTHERWISE}")
    if deciding(old) != deciding(words):
        given = (" ".join(f"--inspect={word}" for word in one) or "no --inspect" for one in (old, words))
        raise UserError(f"{work}: was begun with {', now it is '.join(given)}; change it back or {_OTHERWISE}")


def deciding(words: Sequence[str]) -> list[str]:
    """The words without the options that no result depends on."""
    left: list[str] = []
    value_next = False
    for word in words:
        name, equals, _ = word.partition("=")
        # an option that may stand without a value ("--ctl-server") hides no option behind it
        if value_next and not word.startswith("-"):
            value_next = False
        elif name in _DECIDE_NOTHING:
            value_next = not equals and not name.startswith("--no-")
        else:
            value_next = False
            left.append(word)
    return left


def check_made(work: Path, manifest: dict[str, Any], recipe: Recipe, model: str) -> None:
    """Raises UserError for a run that was made otherwise: of a finished one nothing else would tell, and one that was
    stopped would be refused when it is started, but what it has finished would come into the table.

    What its models weigh only a harness can tell: the next run that is started compares itself with this one.
    """
    judge = manifest["judge"]["name"]
    if judge != model:
        raise UserError(f"{work}: was made with --model {judge}; {_OTHERWISE}")
    made = {"recipe": manifest.get("recipe")}
    check_same(work, made, {"recipe": recipe.what_decides()}, _OTHERWISE)  # before its files are looked for
    wanted = what_decides(recipe)
    check_same(work, {key: manifest.get(key) for key in wanted}, wanted, _OTHERWISE)


def _record(work: Path) -> Path:
    return work.with_name(f"{work.name}.words.json")
