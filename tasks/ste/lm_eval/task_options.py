"""Options of our tasks, as ``--metadata`` gives them: the names and defaults of the Inspect tasks."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ste_plugin.benchmarks.registry import MULTITURN_PROMPT
from ste_plugin.errors import UserError
from ste_plugin.judge_prompt import JudgePrompt
from ste_plugin.judging import JudgeSettings, Overlong, judge_sampling
from ste_plugin.pair_settings import PairSettings

BENCHMARKS = ("rewardbench", "mtbench")
SYNONYMS = {"limit": "limit_per_subset"}


class TaskOptions(BaseModel):
    """How the pairs of a benchmark are chosen and put before a judge.

    Attributes:
        dataset: "hub", "builtin" (RewardBench only: the mini benchmark), or a JSONL file.
        answers, questions, voters: files and votes of MT-Bench, see `ste_plugin.benchmarks.mtbench.load`.
        order: "both", or "single" in the order that (seed, pair id) decides.
        votes: judgments a verdict is the majority of.
        flip_bound: stop a vote earlier, when all draws would end otherwise with at most this chance (say 0.01).
        prompt: a built-in prompt, a .jinja file, or FILE.jsonl#NAME in FastChat's format.
        multiturn_prompt: the same for pairs of two turns (MT-Bench).
        reference_prompt, multiturn_reference_prompt: the same for pairs with reference answers, where they are given.
        subsets: names of subsets or sections, all by default.
        limit_per_subset: a seeded sample of each subset; `limit` says the same.
        max_tokens: budget of one judgment.
        temperature, top_p: 0 and 1 for one vote, 0.7 and 0.9 for more, unless given.
        force_verdict: write the verdict's opening where the judge does not, and take the likelier label.
        max_response_chars: cut longer responses in their middle.
        overlong: what becomes of a pair beyond the judge's context; None: the run is refused if there is one.
        seed: of placement, samples and draws.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    dataset: str = "hub"
    answers: str | None = None
    questions: str | None = None
    voters: Literal["all", "experts", "authors"] = "all"
    order: Literal["both", "single"] = "both"
    votes: int = 1
    flip_bound: float = 0.0
    prompt: str = "judge"
    multiturn_prompt: str = MULTITURN_PROMPT
    reference_prompt: str | None = None
    multiturn_reference_prompt: str | None = None
    subsets: tuple[str, ...] | str | None = None
    limit_per_subset: int | None = None
    max_tokens: int = 1024
    temperature: float | None = None
    top_p: float | None = None
    force_verdict: bool = False
    max_response_chars: int | None = None
    overlong: Overlong | None = None
    seed: int = 0

    def pair_settings(self) -> PairSettings:
        """How the judge is asked about each pair. Raises UserError for values out of range."""
        temperature, top_p = judge_sampling(self.votes, self.temperature, self.top_p)
        settings = JudgeSettings(
            prompt=JudgePrompt.load(self.prompt),
            max_tokens=self.max_tokens,
            temperature=temperature,
            top_p=top_p,
            votes=self.votes,
            flip_bound=self.flip_bound,
            force_verdict=self.force_verdict,
            seed=self.seed,
            max_response_chars=self.max_response_chars,
            overlong=self.overlong or "unparsed",
        )
        reference, multiturn_reference = self.reference_prompt, self.multiturn_reference_prompt
        return PairSettings(
            settings,
            multiturn=JudgePrompt.load(self.multiturn_prompt),
            reference=JudgePrompt.load(reference) if reference else None,
            multiturn_reference=JudgePrompt.load(multiturn_reference) if multiturn_reference else None,
        )


def task_options(metadata: Mapping[str, Any], benchmark: str) -> TaskOptions:
    """The options in a task's metadata; ``BENCHMARK_NAME`` goes before ``NAME``.

    lm-eval merges the model's arguments into the metadata, so names that mean nothing here are let pass, unless they
    look like a slip of the pen.

    Raises:
        UserError: a value of another type, a name that is nearly an option's, or one that only the Inspect tasks have.
    """
    names = set(TaskOptions.model_fields)
    spellings = {f"{prefix}{name}" for prefix in ("", *(f"{b}_" for b in BENCHMARKS)) for name in (*names, *SYNONYMS)}
    given: dict[str, tuple[str, Any]] = {}
    for key, value in sorted(metadata.items(), key=lambda item: item[0].startswith(f"{benchmark}_")):
        if key in ("journal", *(f"{b}_journal" for b in BENCHMARKS)):
            raise UserError(f"--metadata {key}: lm_eval's tasks keep no journal; use inspect eval, or ste self-train")
        if key not in spellings:
            near = get_close_matches(key, sorted(names), n=1, cutoff=0.84)
            if near:
                raise UserError(f"--metadata {key}: there is no such option; did you mean {near[0]}?")
            continue
        own = key.removeprefix(f"{benchmark}_")
        if own not in names and own not in SYNONYMS:
            continue  # another benchmark's
        given[SYNONYMS.get(own, own)] = (key, value)
    for name, (key, value) in given.items():
        if value == "None":  # lm-eval leaves it a string on the command line
            given[name] = (key, None)
    try:
        return TaskOptions.model_validate({name: value for name, (_, value) in given.items()})
    except ValidationError as error:
        first = error.errors()[0]
        key, value = given[str(first["loc"][0])]
        raise UserError(f"--metadata {key}={value}: {first['msg'][:1].lower()}{first['msg'][1:]}") from None
