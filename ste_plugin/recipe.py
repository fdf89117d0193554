"""A recipe: one YAML file with all settings of a self-training run."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from ste_plugin.errors import UserError
from ste_plugin.judge_prompt import JudgePrompt
from ste_plugin.judging import JudgeSettings
from ste_plugin.negatives.built_in import SelfSupplied
from ste_plugin.negatives.registry import strategy_named
from ste_plugin.quality.settings import QualitySettings
from ste_plugin.recipe_sections import (
    AnnotateRecipe,
    BenchmarkRecipe,
    CurateRecipe,
    JudgeRecipe,
    Section,
    SelectRecipe,
    SynthesizeRecipe,
)
from ste_plugin.text_prompt import TextPrompt
from ste_plugin.training.settings import TrainSettings
from ste_plugin.yaml_values import NotYamlError, yaml_values

Later = Literal["synthesize", "quality", "annotate", "curate", "train"]
"""Sections that may change from one iteration to the next."""


class Recipe(Section):
    """All settings of a run. `start_from` is what training starts from: always the seed model (the paper), or
    the previous iteration's judge.

    `from_iteration` holds settings that change on the way: ``{3: {train: {learning_rate: 5.0e-5}}}`` puts this one in
    place of the recipe's from iteration 3 on, ``{3: {quality: {probes: {limit: 70}}}}`` leaves the other settings of
    `probes` as they are. New settings for the pairs need `synthesize.each_iteration`.
    """

    name: str
    seed: int = 0
    iterations: Annotated[int, Field(ge=0, le=50)] = 1
    start_from: Literal["seed", "previous"] = "seed"
    select: SelectRecipe = SelectRecipe()
    synthesize: SynthesizeRecipe = Field(default_factory=SynthesizeRecipe)
    quality: QualitySettings = QualitySettings()
    judge: JudgeRecipe = JudgeRecipe()
    annotate: AnnotateRecipe = AnnotateRecipe()
    curate: CurateRecipe = CurateRecipe()
    train: TrainSettings = Field(default_factory=TrainSettings)
    score: tuple[BenchmarkRecipe, ...] = Field(default=(BenchmarkRecipe(),), min_length=1)
    from_iteration: dict[Annotated[int, Field(ge=1)], dict[Later, dict[str, Any]]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _parts_fit(self) -> Recipe:
        names = [benchmark.name for benchmark in self.score]
        if len(set(names)) < len(names):
            raise ValueError(f"score: two benchmarks have the same name ({', '.join(names)})")
        if self.annotate.temperature == 0 and self.annotate.draws > 1:
            raise ValueError(
                f"annotate: {self.annotate.draws} draws at temperature 0 are all the same; set draws to 1 or a "
                "temperature, e.g. 0.7"
            )
        if self.annotate.temperature == 0 and self.quality.check_labels.votes > 1:
            raise ValueError(
                "quality.check_labels: several votes at annotate.temperature 0 are all the same; set 1 vote"
            )
        if self.start_from == "previous" and self.train.method == "lora":
            raise ValueError("start_from 'previous' needs train.method 'full': an adapter is trained on the seed model")
        for iteration, sections in self.from_iteration.items():
            fixed: dict[Later, str] = {"synthesize": "each_iteration", "train": "method"}
            for section, key in fixed.items():
                if key in sections.get(section, {}):
                    raise ValueError(f"from_iteration.{iteration}: '{section}.{key}' is one for all iterations")
            if not self.synthesize.each_iteration and {"synthesize", "quality"} & set(sections):
                raise ValueError(
                    f"from_iteration.{iteration}: all iterations share their pairs; set synthesize.each_iteration"
                )
        return self

    def at(self, iteration: int) -> Recipe:
        """The settings of `iteration`, with nothing that changes later. Raises pydantic's ValidationError."""
        data = self.model_dump(mode="json")
        del data["from_iteration"]
        for first, sections in sorted(self.from_iteration.items()):
            if first <= iteration:
                for section, values in sections.items():
                    data[section] = _changed(data[section], values, getattr(self, section))
        return Recipe.model_validate(data)

    def judge_settings(self, *, annotating: bool, benchmark: BenchmarkRecipe | None = None) -> JudgeSettings:
        """How the judge is asked: sampled when annotating, else as `benchmark` says. Raises UserError."""
        votes = benchmark.votes if benchmark is not None else 1
        sampled = annotating or votes > 1
        temperature = self.annotate.temperature if sampled else 0.0
        if benchmark is not None and benchmark.temperature is not None:
            temperature = benchmark.temperature
        return JudgeSettings(
            prompt=JudgePrompt.load(self.judge.prompt),
            max_tokens=self.judge.max_tokens,
            temperature=temperature,
            top_p=self.annotate.top_p if sampled else 1.0,
            votes=votes,
            flip_bound=(benchmark.flip_bound or 0.0) if benchmark is not None else 0.0,
            force_verdict=self.judge.force_verdict,
            seed=benchmark.seed if benchmark is not None else self.seed,
            max_response_chars=self.judge.max_response_chars,
            overlong=self.judge.overlong,
        )

    def what_decides(self) -> dict[str, Any]:
        """The settings that decide what a run produces, as plain JSON values: all but how its processes are started."""
        settings = self.model_dump(mode="json")
        for sections in (settings, *settings["from_iteration"].values()):
            sections.get("train", {}).pop("launcher", None)
        if not self.from_iteration:  # as it was before there was such a setting
            del settings["from_iteration"]
        return settings

    def prompt_hashes(self) -> dict[str, str]:
        """Hash of every prompt the recipe names, by name. Raises UserError for one that does not exist."""
        later = [self.at(iteration).prompt_hashes() for iteration in self.from_iteration]
        texts = {
            self.select.prompt,
            self.synthesize.respond_prompt,
            self.synthesize.modify_prompt,
            self.synthesize.modify_and_answer_prompt,
        }
        hashes = {name: TextPrompt.load(name).hash for name in sorted(texts)}
        judging = {self.judge.prompt, *(prompt for benchmark in self.score for prompt in benchmark.prompts)}
        return dict(ChainMap(hashes, {name: JudgePrompt.load(name).hash for name in sorted(judging)}, *later))

    def data_files(self) -> list[str]:
        """The files of instructions and benchmarks, those that pairs are only compared with, too; sorted."""
        instructions = {self.select.source} - {"builtin", "hub"}
        recipes = [self, *(self.at(iteration) for iteration in self.from_iteration)]
        against = {file for one in recipes for file in one.quality.decontaminate.against} - {"builtin", "hub"}
        return sorted(instructions.union(against, *(benchmark.files for benchmark in self.score)))

    def with_dataset(self, dataset: str) -> Recipe:
        """The recipe with another source of RewardBench. Raises UserError where it does not score on it."""
        if all(benchmark.task != "ste/rewardbench" for benchmark in self.score):
            raise UserError(f"recipe '{self.name}' does not score on ste/rewardbench; change the datasets in its file")
        score = tuple(
            benchmark.model_copy(update={"dataset": dataset}) if benchmark.task == "ste/rewardbench" else benchmark
            for benchmark in self.score
        )
        return self.model_copy(update={"score": score})

    def check_names(self) -> None:
        """Raises UserError, opening with the key, for a prompt or strategy that does not exist, a category that the
        prompt does not have, and for settings that no judge can be asked with.
        """
        with _error_at("select.prompt"):
            labels = TextPrompt.load(self.select.prompt)
        if self.select.method == "llm" and self.select.categories is not None:
            with _error_at("select.categories"):
                known = labels.words("categories")
                unknown = [name for name in self.select.categories if name not in known]
                if unknown:
                    raise UserError(f"'{labels.name}' has no '{unknown[0]}'; choose of {', '.join(known)}")
        if self.select.lengths is not None:
            with _error_at("select.lengths"):
                known = labels.words("lengths")
                unknown = [name for name in self.select.lengths if name not in known]
                if unknown:
                    raise UserError(f"'{labels.name}' has no '{unknown[0]}'; choose of {', '.join(known)}")
        for key in ("respond_prompt", "modify_prompt", "modify_and_answer_prompt"):
            with _error_at(f"synthesize.{key}"):
                TextPrompt.load(getattr(self.synthesize, key))
        with _error_at("synthesize.strategies"):
            for name in self.synthesize.strategies:
                strategy_named(name)
        with _error_at("synthesize.material"):
            for name, material in self.synthesize.material.items():
                if material.startswith("built_in") and not isinstance(strategy_named(name), SelfSupplied):
                    raise UserError(f"strategy '{name}' has no built-in instructions; write 'instructions'")
                if name not in self.synthesize.strategies:
                    raise UserError(f"'{name}' is none of the recipe's strategies; add it there or remove it here")
        with _error_at("train.curriculum"):
            for name in (name for stage in self.train.curriculum for name in stage):
                if name not in self.synthesize.strategies:
                    raise UserError(f"'{name}' is none of the recipe's strategies; add it there or remove it here")
        with _error_at("quality.exempt"):
            for name in self.quality.exempt:
                strategy_named(name)
        with _error_at("judge"):
            self.judge_settings(annotating=True)
        for number, benchmark in enumerate(self.score):
            with _error_at(f"score.{number}"):
                self.judge_settings(annotating=False, benchmark=benchmark)
                for prompt in benchmark.prompts:
                    JudgePrompt.load(prompt)


def _changed(old: Mapping[str, Any], new: Mapping[str, Any], section: BaseModel) -> dict[str, Any]:
    """`old` with the settings of `new`: of a section within `section`, as `quality.probes`, those that are named."""
    parts = {
        key: {**old[key], **value}
        for key, value in new.items()
        if isinstance(getattr(section, key, None), BaseModel) and isinstance(value, dict)
    }
    return {**old, **new, **parts}


@contextmanager
def _error_at(key: str) -> Iterator[None]:
    """Say which key a UserError is about."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{key}: {error}") from error


def built_in_recipes() -> tuple[str, ...]:
    """Names of the recipes that come with the package."""
    folder = files("ste_plugin") / "recipes"
    return tuple(sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml")))


def load_recipe(name_or_path: str, /, **overrides: Any) -> Recipe:
    """Load a built-in recipe by name or a YAML file by path; `overrides` replace values by dotted key.

    Relative paths in a recipe file count from the working folder. Raises UserError naming file and key: no such file,
    not YAML, an unknown key, a value out of range, a prompt or strategy that does not exist.
    """
    if name_or_path in built_in_recipes():
        source = f"recipe '{name_or_path}'"
        text = (files("ste_plugin") / "recipes" / f"{name_or_path}.yaml").read_text(encoding="utf-8")
    else:
        source = name_or_path
        try:
            text = Path(name_or_path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            names = ", ".join(built_in_recipes())
            raise UserError(f"{name_or_path}: no such recipe; name a YAML file or one of {names}") from error
    try:
        data = yaml_values(text)
    except NotYamlError as error:
        raise UserError(f"{error.at(source)}: not YAML: {error}") from error
    if not isinstance(data, dict):
        raise UserError(f"{source}: a recipe is a mapping of settings, this is {type(data).__name__}")
    with _error_at(source):
        unset = [key for key, value in overrides.items() if not _replace(data, key.split("."), value)]
        with _validation():
            recipe = Recipe.model_validate(data)
        if unset:
            raise UserError(f"'{unset[0]}' cannot be set on its own: it stands in a list; give the whole list")
        recipe.check_names()
        for iteration in recipe.from_iteration:
            key = f"from_iteration.{iteration}"
            with _validation(f"{key}."):
                later = recipe.at(iteration)
            with _error_at(key):
                later.check_names()
    return recipe


@contextmanager
def _validation(above: str = "") -> Iterator[None]:
    """A setting that does not fit as a UserError that opens with its key, which stands under `above`."""
    try:
        yield
    except ValidationError as error:
        first = error.errors()[0]
        key = above + ".".join(str(part) for part in first["loc"]) or "recipe"
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        if first["type"] == "extra_forbidden":
            raise UserError(f"unknown key '{key}'{more}; remove it or mend its name") from None
        raise UserError(f"{key}: {first['msg']}{more}") from None


def _replace(data: dict[Any, Any], key: list[str], value: Any) -> bool:
    """Whether `key` could be set: what it stands in may be a list, or no section, as validation says then."""
    *parents, last = key
    for parent in parents:
        data = data.setdefault(_own_key(data, parent), {})
        if not isinstance(data, dict):
            return False
    data[_own_key(data, last)] = value
    return True


def _own_key(data: dict[Any, Any], word: str) -> Any:
    """The key that is written `word`: an iteration is a number in YAML."""
    return next((key for key in data if str(key) == word), word)
