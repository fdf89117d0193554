"""Axes of an ablation: what ``--vary KEY=VALUE,VALUE`` means for a recipe.

KEY is any key of a recipe by its dotted path (``train.learning_rate=1e-4,3e-4``), values are YAML; or one of

    strategies  negative strategies, joined by "+", with weights if wanted: ``neighbor+modified_instruction:2,neighbor``
                (the recipe's `synthesize.material` and `train.curriculum` lose the names of all others)
    start       what training starts from: ``seed,previous``
    draws       judgments drawn at most for an example: ``1,5,15``
    reasoning   ``on,off``: off is the verdict alone, forced; on is the recipe's own prompt where that reasons, else
                the prompt `judge_short` with 64 tokens

A value holds for the whole run. Where the recipe's `from_iteration` sets the same key, the axis is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import product
from typing import Any

from ste_plugin.errors import UserError
from ste_plugin.judge_prompt import JudgePrompt
from ste_plugin.recipe import Recipe, load_recipe
from ste_plugin.yaml_values import NotYamlError, yaml_values

SHORT_REASONING_TOKENS = 64
_ALIASES = {"start": "start_from", "draws": "annotate.draws"}
_LATER = re.compile(r"from_iteration\.\d+\.")


@dataclass(frozen=True, slots=True)
class Setting:
    """One value of one axis: how it is named, and which keys of the recipe it sets."""

    axis: str
    value: str
    overrides: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination of values, one of each axis."""

    settings: tuple[Setting, ...]

    @property
    def label(self) -> str:
        """ "draws=5 strategies=neighbor"; "as it is" without axes."""
        return " ".join(f"{setting.axis}={setting.value}" for setting in self.settings) or "as it is"

    @property
    def slug(self) -> str:
        """A file name for it, unique by a hash of the label."""
        plain = re.sub(r"[^A-Za-z0-9.+=-]+", "_", self.label)[:80].strip("_.")
        return f"{plain}-{blake2b(self.label.encode('utf-8', 'surrogatepass'), digest_size=3).hexdigest()}"

    @property
    def overrides(self) -> dict[str, Any]:
        """All keys it sets."""
        return {key: value for setting in self.settings for key, value in setting.overrides.items()}


def cells(vary: Sequence[str], recipe: Recipe, options: Mapping[str, str] | None = None) -> list[Cell]:
    """Every combination of the axes' values.

    Args:
        vary: the axes, each as in ``--vary``.
        recipe: the one that is varied; whether a key exists and a value fits shows when `load_recipe` sets it.
        options: of the command line that set a key of every run, by that key.

    Raises UserError: an axis cannot be read, or something else sets its key too: an option, another axis or
    `from_iteration`.
    """
    axes = [_axis(text, recipe) for text in vary]
    taken = dict(options or {})
    for axis in axes:
        name, keys = axis[0].axis, {key for setting in axis for key in setting.overrides}
        for key in sorted(keys):
            if key.split(".")[0] in ("seed", "name"):
                raise UserError(f"--vary {key}: every run has its own; give seeds with --seeds")
            other = next((taken[one] for one in taken if _overlap(one, key)), None)
            if other is not None:
                raise UserError(f"--vary {name}: sets '{key}', as {other} does; set it once")
            later = next((one for one in _later_keys(recipe) if _overlap(_LATER.sub("", one), key)), None)
            if later is not None and not _LATER.match(key):
                raise UserError(
                    f"--vary {name}: sets '{key}' for the whole run, which the recipe changes on the way "
                    f"('{later}'); take it out of the recipe"
                )
        taken |= dict.fromkeys(keys, f"--vary {name}")
    return [Cell(combination) for combination in product(*axes)]


def _overlap(one: str, other: str) -> bool:
    """Whether two dotted keys are the same, or one of them is a part of the other."""
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _later_keys(recipe: Recipe) -> list[str]:
    """What the recipe changes on the way: "from_iteration.3.train.learning_rate", ..."""
    return [
        f"from_iteration.{iteration}.{section}.{key}"
        for iteration, sections in sorted(recipe.from_iteration.items())
        for section, values in sections.items()
        for key in values
    ]


def varied(name_or_path: str, cell: Cell, seed: int, **overrides: Any) -> Recipe:
    """The recipe of one run. Raises UserError naming the key where `cell` does not fit the recipe."""
    recipe = load_recipe(name_or_path, **overrides, **cell.overrides, seed=seed)
    return recipe.model_copy(update={"name": f"{recipe.name} {cell.label}"})


def seeds_of(text: str, first: int) -> list[int]:
    """ "3": three seeds from `first` on; "3,7": these two. Raises UserError."""
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        raise UserError(f"--seeds {text}: give a number of seeds or several seeds, as in 3 or 0,1,2") from None
    if len(numbers) == 1:
        numbers = list(range(first, first + numbers[0]))
    if not numbers or len(set(numbers)) < len(numbers):
        raise UserError(f"--seeds {text}: give at least one seed, and each once")
    return numbers


def _axis(text: str, recipe: Recipe) -> list[Setting]:
    axis, equals, values = text.partition("=")
    axis = axis.strip()
    parts = _split(values)
    if not axis or not equals or not all(parts):
        raise UserError(f"--vary {text}: give KEY=VALUE,VALUE, for example draws=1,5,15")
    if len(set(parts)) < len(parts):
        raise UserError(f"--vary {text}: a value stands twice")
    return [Setting(axis, value, _overrides(axis, value, recipe)) for value in parts]


def _overrides(axis: str, value: str, recipe: Recipe) -> Mapping[str, Any]:
    if axis == "strategies":
        return _only(_weights(value), recipe)
    if axis == "reasoning":
        return _reasoning(value, recipe)
    try:
        return {_ALIASES.get(axis, axis): _number(yaml_values(value))}
    except NotYamlError:
        raise UserError(f"--vary {axis}: '{value}' is not a YAML value; put it in quotes") from None


def _number(value: Any) -> Any:
    """YAML takes "1e-4" for a word."""
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d+(?:\.\d*)?[eE][+-]?\d+", value):
        return float(value)
    return value


def _weights(value: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for part in value.split("+"):
        name, colon, weight = part.strip().partition(":")
        try:
            weights[name] = float(weight) if colon else 1.0
        except ValueError:
            raise UserError(
                f"--vary strategies: the weight in '{part}' is no number; write NAME or NAME:WEIGHT"
            ) from None
    return weights


def _only(weights: Mapping[str, float], recipe: Recipe) -> Mapping[str, Any]:
    """These strategies, and without the names of all others what the recipe says about strategies."""
    overrides: dict[str, Any] = {"synthesize.strategies": weights}
    material = recipe.synthesize.material
    if not material.keys() <= weights.keys():
        overrides["synthesize.material"] = {name: one for name, one in material.items() if name in weights}
    curriculum = recipe.train.curriculum
    if any(name not in weights for stage in curriculum for name in stage):
        left = [[name for name in stage if name in weights] for stage in curriculum]
        overrides["train.curriculum"] = [stage for stage in left if stage]
    return overrides


def _reasoning(value: str, recipe: Recipe) -> Mapping[str, Any]:
    # YAML would make true and false of the words, so both are known.
    if value in ("off", "false"):
        return {
            "judge.prompt": "judge_verdict",
            "judge.max_tokens": 0,
            "judge.force_verdict": True,
            "train.loss": "verdict",
        }
    if value not in ("on", "true"):
        raise UserError(f"--vary reasoning={value}: give on, off or both")
    own = JudgePrompt.load(recipe.judge.prompt).reasoning and recipe.judge.max_tokens > 0
    return {
        "judge.prompt": recipe.judge.prompt if own else "judge_short",
        "judge.max_tokens": recipe.judge.max_tokens if own else SHORT_REASONING_TOKENS,
        "judge.force_verdict": recipe.judge.force_verdict,
        "train.loss": "judgment",
    }


def _split(text: str) -> list[str]:
    """At commas outside of brackets and quotation marks."""
    parts, depth, quote = [""], 0, ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        depth += (letter in "[{") - (letter in "]}") if not quote else 0
        if letter == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]
