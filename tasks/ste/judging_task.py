"""What the benchmark tasks share: their options, and the task that judges a benchmark's pairs with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from functools import wraps
from inspect import Parameter, signature
from typing import Any, Literal, get_type_hints

from inspect_ai import Task
from inspect_ai.log import HeadlineMetric
from inspect_ai.model import get_model

from ste.judge_pairs import check_judging, judge_pairs, pair_dataset
from ste.pair_scorer import pair_scorer
from ste.stage_setup import stage_config
from ste_plugin.benchmarks.choosing import degenerate_count
from ste_plugin.benchmarks.registry import BENCHMARKS
from ste_plugin.errors import UserError
from ste_plugin.judge_prompt import JudgePrompt
from ste_plugin.judging import JudgeSettings, Overlong, judge_sampling
from ste_plugin.pair_settings import PairSettings

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgingOptions:
    """The options (-T) that every benchmark task has, beside `dataset`.

    Attributes:
        order: "both" shows each pair in both orders; "single" in one that (seed, pair id) decides, as the
            leaderboard does.
        votes: judgments a verdict is the majority of; stops when the vote is decided.
        flip_bound: stop a vote earlier, when all draws would end otherwise with at most this chance (say 0.01).
        prompt: a built-in prompt, a .jinja file, or FILE.jsonl#NAME in FastChat's format.
        subsets: names of subsets or sections, comma-separated; all by default.
        limit_per_subset: a seeded sample of at most so many pairs of each subset.
        max_tokens: budget of one judgment.
        temperature: 0 for one vote, 0.7 for more, unless given.
        top_p: 1 for one vote, 0.9 for more, unless given.
        force_verdict: for weak models of ste/ and vllm/: write the verdict's opening where they do not.
        max_response_chars: cut longer responses in their middle (counted in the log).
        overlong: what becomes of a pair beyond the judge's context: "unparsed", "skip" or "shorten".
        seed: of placement, samples and draws.
        journal: file of recorded answers; a run that was stopped goes on from it.
        label: a name for this run's place in a larger one; only logged.
    """

    order: Literal["both", "single"] = "both"
    votes: int = 1
    flip_bound: float = 0.0
    prompt: str = "judge"
    subsets: str | list[str] | None = None
    limit_per_subset: int | None = None
    max_tokens: int = 1024
    temperature: float | None = None
    top_p: float | None = None
    force_verdict: bool = False
    max_response_chars: int | None = None
    overlong: Overlong = "unparsed"
    seed: int = 0
    journal: str | None = None
    label: str | None = None

    def settings(self) -> JudgeSettings:
        """How the judge is asked. Raises UserError for values out of range."""
        temperature, top_p = judge_sampling(self.votes, self.temperature, self.top_p)
        return JudgeSettings(
            prompt=JudgePrompt.load(self.prompt),
            max_tokens=self.max_tokens,
            temperature=temperature,
            top_p=top_p,
            votes=self.votes,
            flip_bound=self.flip_bound,
            force_verdict=self.force_verdict,
            seed=self.seed,
            max_response_chars=self.max_response_chars,
            overlong=self.overlong,
        )


def takes_judging_options(function: Callable[..., Task]) -> Callable[..., Task]:
    """A decorator: in place of its parameter `options`, the function takes each of JudgingOptions by its name.

    The harness and the checks of arguments see them in the signature, after the function's own.
    """
    types, shared_types = get_type_hints(function), get_type_hints(JudgingOptions)
    own = [parameter for name, parameter in signature(function).parameters.items() if name != "options"]
    shared = [
        Parameter(field.name, Parameter.POSITIONAL_OR_KEYWORD, default=field.default, annotation=field.type)
        for field in fields(JudgingOptions)
        if field.default is not MISSING
    ]
    whole = signature(function).replace(parameters=[*own, *shared])

    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Task:
        given = whole.bind(*args, **kwargs).arguments
        options = JudgingOptions(**{field.name: given.pop(field.name) for field in shared if field.name in given})
        return function(**given, options=options)

    wrapped.__signature__ = whole  # type: ignore[attr-defined]
    wrapped.__annotations__ = {**{name: kind for name, kind in types.items() if name != "options"}, **shared_types}
    return wrapped


def judging_task(name: str, dataset: str, options: JudgingOptions, **own: Any) -> Task:
    """The task that judges the pairs of benchmark `name`.

    `own`: the benchmark's own options of loading, and "multiturn_prompt", "reference_prompt",
    "multiturn_reference_prompt" (see `PairSettings`) where the task has them.
    """
    benchmark = BENCHMARKS[name]
    if dataset == "hub" and not benchmark.has_hub:
        raise UserError(f"ste/{name}: has no data set on the hub; pass a file of pairs with -T dataset=FILE")
    if dataset == "builtin" and name != "rewardbench":
        raise UserError(f"ste/{name}: nothing of it is built in; pass a .jsonl file, or use ste/rewardbench")

    def prompt(kind: str) -> JudgePrompt | None:
        given = own.pop(kind, None)
        return None if given is None else JudgePrompt.load(given)

    settings = PairSettings(
        options.settings(),
        multiturn=prompt("multiturn_prompt"),
        reference=prompt("reference_prompt"),
        multiturn_reference=prompt("multiturn_reference_prompt"),
    )
    choice = {"subsets": options.subsets, "limit_per_subset": options.limit_per_subset, "seed": options.seed}
    pairs = benchmark.load(dataset, **choice, **own)
    model = get_model()
    check_judging(pairs, settings, model)
    source = dataset if dataset in ("hub", "builtin") else "file"
    return Task(
        dataset=pair_dataset(pairs, f"{name}-{source}", benchmark.content(pairs, dataset)),
        solver=judge_pairs(settings, options.order, options.journal),
        scorer=pair_scorer(skip_overlong=options.overlong == "skip"),
        config=stage_config(model),
        version=VERSION,
        headline_metric=HeadlineMetric(metric=benchmark.headline),
        metadata={
            "prompt_hash": settings.settings.prompt.hash,
            "prompt_name": settings.settings.prompt.name,
            "degenerate_pairs": degenerate_count(pairs),
            **(
                {"prompt_hashes": {one.name: one.hash for one in settings.prompts}} if len(settings.prompts) > 1 else {}
            ),
        },
    )
