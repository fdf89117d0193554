"""Settings of the quality check. Free of heavy imports, so that a recipe can be read anywhere."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

FilterName = Literal[
    "empty", "identical", "near_identical", "refused", "leaked_markers", "wrong_language", "quotes_modified"
]
FILTERS: tuple[FilterName, ...] = get_args(FilterName)

Similarity = Annotated[float, Field(gt=0, le=1)]


class Section(BaseModel):
    """Unknown keys are refused, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DecontaminateSettings(Section):
    """Pairs whose request is in a benchmark are left out.

    Attributes:
        enabled: against every benchmark that the recipe scores (all of it, not only the scored sample).
        against: further benchmarks: "builtin", "hub" or files of pairs; refused where it is not enabled.
        ngram: words in a row that a request may not share with a benchmark.
        similarity: TF-IDF cosine of request and benchmark prompt from which they count as the same.
    """

    enabled: bool = True
    against: tuple[str, ...] = ()
    ngram: Annotated[int, Field(ge=5)] = 13
    similarity: Similarity = 0.8

    @model_validator(mode="after")
    def _against_is_in_force(self) -> DecontaminateSettings:
        if self.against and not self.enabled:
            raise ValueError(
                f"against ({', '.join(self.against)}) is compared with nothing where enabled is false; set enabled: "
                "true or against: []"
            )
        return self


class ProbeSettings(Section):
    """How well can a rule that does not judge predict the label?

    Attributes:
        enabled: fit and report the probes, by strategy and for the whole mixture.
        limit: accuracy (50 to 100) that no probe may exceed on the whole mixture; null: reported only.
        above_limit: "stop" the run with the figure, or "rebalance" the mixture by sampling.
        keep_at_least: share of the pairs that re-balancing has to leave, else it stops.
        folds: of the cross-validation, which never splits an instruction.
    """

    enabled: bool = True
    limit: Annotated[float, Field(ge=50, le=100)] | None = None
    above_limit: Literal["stop", "rebalance"] = "stop"
    keep_at_least: Annotated[float, Field(gt=0, le=1)] = 0.5
    folds: Annotated[int, Field(ge=2, le=20)] = 5


class CheckLabelsSettings(Section):
    """Have the judge compare both orders, to see whether `rejected` is truly worse.

    Attributes:
        votes: judgments for each order; 0: the judge is not asked.
        drop: leave out a pair for which the majority of both orders names the rejected response. None is where the
            judge cannot be told from one that guesses.
    """

    votes: Annotated[int, Field(ge=0, le=99)] = 0
    drop: bool = True


class QualitySettings(Section):
    """What is checked between synthesis and annotation.

    Attributes:
        filters: which filters are in force; an empty list: none.
        near_identical: Jaccard similarity (three words in a row) of the two responses from which a pair is dropped.
        exempt: filters that a strategy is exempt from, besides those of `ste_plugin.quality.filters.BY_DESIGN`
            and its own attribute `exempt`.
        dedupe: Jaccard similarity (three words in a row) of two pairs, of their prompts as of all their texts, from
            which the later one is dropped; null: duplicates stay.
    """

    filters: tuple[FilterName, ...] = FILTERS
    near_identical: Similarity = 0.9
    exempt: dict[str, tuple[FilterName, ...]] = Field(default_factory=dict)
    dedupe: Similarity | None = 0.8
    decontaminate: DecontaminateSettings = DecontaminateSettings()
    probes: ProbeSettings = ProbeSettings()
    check_labels: CheckLabelsSettings = CheckLabelsSettings()
