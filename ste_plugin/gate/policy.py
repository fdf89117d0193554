"""The policy of a gate: one YAML file, every key optional."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ste_plugin.errors import UserError
from ste_plugin.yaml_values import NotYamlError, yaml_values

Points = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
ScoreName = Literal["official", "strict"]
Level = Literal["overall", "sections", "subsets"]

DEFAULT = "default"
"""Key in `Margins.sections` and `Margins.subsets` that stands for every part without a margin of its own."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Margins(_Part):
    """How many points a candidate may be worse, at most, by level; None or an absent name: not tested.

    `overall` is the mean of the sections. A number for `sections` or `subsets` holds for each of them; a mapping
    names some, and "default" in it the others.
    """

    overall: Points | None = 2.0
    sections: Points | dict[str, Points] | None = 5.0
    subsets: Points | dict[str, Points] | None = None


class Floors(_Part):
    """What a candidate's figures have to reach, 0-100, over all sections; None: nothing."""

    parse_rate: Points | None = 90.0
    accuracy: Points | None = None
    consistency: Points | None = None


class Ceilings(_Part):
    """What a candidate's figures may not exceed; None: no limit.

    Attributes:
        order_gap: points between the scores of the two orders, without its sign.
        verdict_a: share of "A" among the verdicts A and B, and likewise of "B": 60 means 40 to 60.
        length_bias: points by which the longer response is named more often than it is the better one,
            without its sign; see `ste_plugin.gate.limits`.
    """

    order_gap: Points | None = None
    verdict_a: Annotated[float, Field(ge=50, le=100, allow_inf_nan=False)] | None = None
    length_bias: Points | None = None


class Policy(_Part):
    """All settings of a gate.

    Attributes:
        alpha: largest probability of each wrong answer: a regression where there is none, and a pass of a
            candidate that is worse by the margin. Intervals have the level 1 - 2 alpha.
        score: "official" counts ties and unparsed verdicts half, "strict" counts them as wrong.
        margins, floors, ceilings: see there.
        prove: levels at which a pass needs proof that the margin is kept. At the other levels that have
            margins only a proven regression counts.
        significant_drop: a candidate that is proven to be worse, if by less than the margin: "allow" (that is
            what the margin is for) or "regression".
        inconclusive: what an inconclusive comparison is answered with.
        resamples: of the bootstrap and of the randomisation test.
        seed: of both.
    """

    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    score: ScoreName = "official"
    margins: Margins = Margins()
    prove: tuple[Level, ...] = ("overall",)
    significant_drop: Literal["allow", "regression"] = "allow"
    floors: Floors = Floors()
    ceilings: Ceilings = Ceilings()
    inconclusive: Literal["inconclusive", "pass", "regression"] = "inconclusive"
    resamples: Annotated[int, Field(ge=100, le=1_000_000)] = 2_000
    seed: Annotated[int, Field(ge=0)] = 0


def load_policy(path: Path | None) -> Policy:
    """The policy in a YAML file; the defaults for None.

    Raises:
        UserError: the file cannot be read, is no YAML, or has an unknown key or a value out of range.
    """
    if path is None:
        return Policy()
    try:
        content: Any = yaml_values(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; check the path of the policy") from None
    except OSError as error:
        raise UserError(f"{path}: cannot read it: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8; convert the file") from None
    except NotYamlError as error:
        raise UserError(f"{error.at(str(path))}: not valid YAML: {error}") from None
    if content is None:
        content = {}
    if not isinstance(content, dict):
        raise UserError(f"{path}: should hold keys and values, holds {type(content).__name__}")
    try:
        policy = Policy.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        # pydantic names the member of a union ("float", "dict[...]") in the place; users know only the keys.
        place = [str(part) for part in first["loc"]]
        while len(place) > 1 and ("[" in place[-1] or place[-1] in ("float", "constrained-float")):
            place.pop()
        raise UserError(f"{path}: key '{'.'.join(place)}': {first['msg']}") from None
    return policy


def margin_of(margins: float | dict[str, float] | None, name: str) -> float | None:
    """The margin of the section or subset `name` in points; None: not tested."""
    if margins is None or isinstance(margins, float):
        return margins
    return margins.get(name, margins.get(DEFAULT))
