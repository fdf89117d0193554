"""The sections of a recipe, each a validated part of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ste_plugin.benchmarks.registry import BENCHMARKS, Benchmark
from ste_plugin.judging import Overlong
from ste_plugin.pairs import Pair
from ste_plugin.synthesis_plan import Material

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(ge=1)]
Temperature = Annotated[float, Field(ge=0, le=2)]
TopP = Annotated[float, Field(gt=0, le=1)]
BenchmarkTask = Literal[
    "ste/rewardbench",
    "ste/mtbench",
    "ste/judgebench",
    "ste/rmbench",
    "ste/llmbar",
    "ste/helpsteer2",
    "ste/rewardbench2",
    "ste/preferences",
]


class Section(BaseModel):
    """A part of a recipe: unknown keys are refused, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SelectRecipe(Section):
    """Which instructions are used.

    `method` "sample" draws them by a seeded hash; "llm" has a model label each of `candidates` sampled ones with
    category, complexity (1-5) and expected length, and keeps those within `categories`, `complexity` and `lengths`
    (the paper's "reasoning only" is ``categories: [reasoning]``). Instructions the model fails to label are dropped,
    or kept with `keep_unlabelled`.

    `balance_over` names what is filled up evenly: "source", and with "llm" also "category", "complexity" and "length"
    (null: the category), with "sample" also "category" where the instructions' rows have that field (null: nothing).
    `source_cap` is the most instructions that any source may give, `source_caps` the most for single ones by name.
    """

    source: str = "builtin"
    limit: Positive = 300
    method: Literal["sample", "llm"] = "sample"
    max_chars: Positive = 2000
    candidates: Positive | None = None
    categories: tuple[str, ...] | None = None
    complexity: tuple[int, int] = (1, 5)
    lengths: tuple[str, ...] | None = None
    keep_unlabelled: bool = False
    balance_over: tuple[Literal["category", "complexity", "length", "source"], ...] | None = None
    source_cap: Positive | None = None
    source_caps: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    prompt: str = "classify_instruction"
    max_tokens: Positive = 128

    @model_validator(mode="after")
    def _labels_are_there(self) -> SelectRecipe:
        """What only a model's labels decide would be ignored by method "sample"."""
        low, high = self.complexity
        if not 1 <= low <= high <= 5:
            raise ValueError(f"complexity should be [lowest, highest] within 1 to 5, is [{low}, {high}]")
        if self.method == "llm":
            return self
        needs = {
            "categories": self.categories is not None,
            "complexity": self.complexity != (1, 5),
            "lengths": self.lengths is not None,
            "keep_unlabelled": self.keep_unlabelled,
            "balance_over 'complexity'": "complexity" in (self.balance_over or ()),
            "balance_over 'length'": "length" in (self.balance_over or ()),
        }
        for name, wanted in needs.items():
            if wanted:
                raise ValueError(f"{name} needs a model's labels: set method to 'llm'")
        if self.candidates is not None:
            raise ValueError("candidates are labelled by a model: set method to 'llm' or leave them out")
        return self

    @property
    def balanced_keys(self) -> tuple[str, ...]:
        """What is filled up evenly."""
        if self.balance_over is not None:
            return self.balance_over
        return ("category",) if self.method == "llm" else ()


class SynthesizeRecipe(Section):
    """How pairs are made: which negative strategies, with what weights, and how many pairs to aim at.

    `material` says by strategy what it works on: "instructions" (the run's, those that suit it), "built_in" (its own,
    written by code, for strategies that bring some along), "built_in_requests" (the same without their responses, so
    that the generator responds), "built_in_half" (the generator responds to every second one), or "auto": the run's,
    filled up with built-in ones.
    `run_code` allows `mutated_code` to run Python that the generator wrote, in a limited process, which is no sandbox:
    hence off by default. Without it a mutant is told apart by its syntax tree, and may do the same as the original.
    """

    strategies: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = Field(
        default_factory=lambda: {"modified_instruction": 1.0}, min_length=1
    )
    material: dict[str, Material] = Field(default_factory=dict)
    run_code: bool = False
    pairs: Positive = 300
    max_tokens: Positive = 1024
    temperature: Temperature = 0.7
    top_p: TopP = 0.9
    modify_max_tokens: Positive = 256
    respond_prompt: str = "respond"
    modify_prompt: str = "modify_instruction"
    modify_and_answer_prompt: str = "modify_and_answer"
    each_iteration: bool = False


class JudgeRecipe(Section):
    """How the judge is asked, when it annotates and when it is scored."""

    prompt: str = "judge"
    max_tokens: Annotated[int, Field(ge=0)] = 1024
    force_verdict: bool = False
    max_response_chars: Annotated[int, Field(ge=80)] | None = None
    overlong: Overlong = "unparsed"


class AnnotateRecipe(Section):
    """How many judgments are drawn at most for an example, and how hot (paper: 15, 0.7, 0.9).

    `first_round` draws are asked for at once before looking, then twice as many, and so on.
    """

    draws: Positive = 15
    first_round: Positive = 1
    temperature: Temperature = 0.7
    top_p: TopP = 0.9
    orders: Literal["both", "single"] = "both"


class CurateRecipe(Section):
    """What becomes of accepted judgments: as many "A" as "B" verdicts, and a share of pairs for validation.

    `both_orders` keeps a pair only if a correct judgment was found in each order it was annotated in: a weak judge
    learns where to look rather than what to read from pairs that it got right in one order alone.
    """

    balance: bool = True
    both_orders: bool = False
    validation_share: Annotated[float, Field(ge=0, le=0.5)] = 0.1


class BenchmarkRecipe(Section):
    """A benchmark that every iteration is scored on: the Inspect task `task`, with its options under their names.

    `name` tells two uses of one task apart. Each of the two stands for the other where it is left out: ``{name:
    mtbench}`` is scored by ste/mtbench, ``{task: ste/mtbench}`` is called mtbench; any other name is scored by
    ste/rewardbench. Unless it is given, `dataset` is "builtin" for ste/rewardbench and "hub" for the others. What
    follows `temperature` belongs to single tasks.

    A verdict is the majority of `votes` judgments, which are drawn until it is decided. With `flip_bound` (say 0.01)
    the drawing stops sooner: when all `votes` of them would end otherwise with at most that chance.

    `seed` decides the sample, the placement and the draws of the scoring, as the task's option does. It is not the
    run's: judges of all iterations and of runs with other seeds are scored on the same pairs, asked in the same way.
    """

    task: BenchmarkTask = "ste/rewardbench"
    name: Annotated[str, Field(min_length=1)] = "rewardbench"
    dataset: str = "builtin"
    subsets: str | None = None
    limit_per_subset: Positive | None = None
    seed: int = 0
    order: Literal["both", "single"] = "both"
    votes: Positive = 1
    flip_bound: Annotated[float, Field(ge=0, lt=1)] | None = None
    temperature: Temperature | None = None
    answers: str | None = None
    questions: str | None = None
    voters: Literal["all", "experts", "authors"] | None = None
    multiturn_prompt: str | None = None
    reference_prompt: str | None = None
    multiturn_reference_prompt: str | None = None
    split: Literal["gpt", "claude", "both"] | None = None
    rating: Literal["weighted", "helpfulness"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _task_and_name(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        data = dict(data)
        name = data.get("name")
        if "task" not in data and isinstance(name, str) and name in BENCHMARKS:
            data["task"] = f"ste/{name}"
        short = str(data.get("task", "ste/rewardbench")).removeprefix("ste/")
        data.setdefault("name", short)
        if short in BENCHMARKS and short != "rewardbench" and BENCHMARKS[short].has_hub:
            data.setdefault("dataset", "hub")
        return data

    @model_validator(mode="after")
    def _options_fit(self) -> BenchmarkRecipe:
        allowed = {*self.benchmark.options, *self.benchmark.prompts}
        for key in OWN_OPTIONS:
            if getattr(self, key) is not None and key not in allowed:
                raise ValueError(f"'{key}' is no option of {self.task}")
        if self.flip_bound and self.votes == 1:
            raise ValueError(f"flip_bound {self.flip_bound:g} stops a vote; one judgment is none, set votes, e.g. 32")
        if self.dataset == "builtin" and self.benchmark.name != "rewardbench":
            raise ValueError(f"{self.task} has no built-in pairs; give its dataset")
        return self

    @property
    def benchmark(self) -> Benchmark:
        """What `task` judges."""
        return BENCHMARKS[self.task.removeprefix("ste/")]

    def load(self, **choice: Any) -> list[Pair]:
        """Its pairs, all of them unless `choice` (subsets, limit_per_subset, seed) says otherwise. Raises UserError."""
        own = {key: value for key, value in self.own_options.items() if key in self.benchmark.options}
        return self.benchmark.load(self.dataset, **choice, **own)

    @property
    def own_options(self) -> dict[str, str]:
        """The options of this task alone that are given."""
        return {key: value for key in OWN_OPTIONS if (value := getattr(self, key)) is not None}

    @property
    def files(self) -> tuple[str, ...]:
        """The files that its pairs are read from."""
        named = [self.dataset, *(self.own_options.get(key) for key in self.benchmark.files)]
        files = (file for file in named if file is not None and file not in ("builtin", "hub"))
        return tuple(str(Path(file).expanduser()) for file in files)

    @property
    def prompts(self) -> tuple[str, ...]:
        """Judge prompts it asks with beside the recipe's own."""
        given = self.own_options
        named = (given.get(key, default) for key, default in self.benchmark.prompts.items())
        return tuple(prompt for prompt in named if prompt is not None)


# Options of BenchmarkRecipe that belong to single tasks.
OWN_OPTIONS = (
    "answers",
    "questions",
    "voters",
    "multiturn_prompt",
    "reference_prompt",
    "multiturn_reference_prompt",
    "split",
    "rating",
)
