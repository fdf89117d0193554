"""Annotate: draw judgments of the current judge until one names the chosen response (paper section 3.3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from ste_plugin.drawing import FirstAccepted, rounds
from ste_plugin.judging import (
    TOO_LONG,
    JudgeSettings,
    Judgment,
    candidates,
    fitted_messages,
    read_judgment,
    shorter_limit,
)
from ste_plugin.model_request import Steps, derive_seed
from ste_plugin.pairs import Message, Order, Pair, winner


@dataclass(frozen=True, slots=True)
class Annotation:
    """The search for a correct judgment of one pair in one order.

    `accepted` is None when none of the draws named the chosen response: the example is dropped. `drawn` counts
    the judgments looked at, `generated` those paid for (rounds overshoot). `outcomes` counts verdicts of the
    drawn ones as "chosen", "rejected", "tie" or "unparsed:REASON".
    """

    pair_id: str
    order: Order
    accepted: Judgment | None
    drawn: int
    generated: int
    tokens: int
    prompt_tokens: int
    outcomes: Mapping[str, int]
    messages: tuple[Message, ...]
    shortened: bool = False


def annotate(
    pair: Pair, order: Order, settings: JudgeSettings, *, draws: int, first_round: int = 1
) -> Steps[Annotation]:
    """Draw at most `draws` judgments in growing rounds; keep the first that names the chosen response.

    That is the same as keeping a random correct one of `draws` (see `ste_plugin.drawing`).
    """
    messages, shortened, limit = fitted_messages(pair, order, settings)
    search = FirstAccepted[Judgment](draws)
    outcomes: Counter[str] = Counter()
    generated = tokens = prompt_tokens = 0
    for size in rounds(draws, first_round):
        while True:
            seed = derive_seed(settings.seed, pair.id, order, generated)
            answers = yield settings.request(messages, size, seed, candidates(pair))
            shorter = shorter_limit(pair, limit, answers) if answers.too_long else None
            if shorter is None or settings.overlong != "shorten":
                break
            messages, shortened, limit = fitted_messages(pair, order, settings, shorter)
        if answers.too_long:
            outcomes[f"unparsed:{TOO_LONG}"] += 1
            break
        judgments = [read_judgment(answer, pair, settings.prompt) for answer in answers.answers]
        generated += size
        tokens += answers.tokens
        prompt_tokens += answers.prompt_tokens
        before = search.drawn
        search.add(judgments, lambda judgment: winner(judgment.verdict, order) == "chosen")
        for judgment in judgments[: search.drawn - before]:
            outcome = winner(judgment.verdict, order)
            outcomes[outcome or f"unparsed:{judgment.verdict.reason}"] += 1
        if search.done:
            break
    return Annotation(
        pair_id=pair.id,
        order=order,
        accepted=search.accepted,
        drawn=search.drawn,
        generated=generated,
        tokens=tokens,
        prompt_tokens=prompt_tokens,
        outcomes=dict(outcomes),
        messages=messages,
        shortened=shortened,
    )
