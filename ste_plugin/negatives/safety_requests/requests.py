"""Built-in items of the two safety strategies."""

from __future__ import annotations

from ste_plugin.draws import Draws
from ste_plugin.negatives.built_in import BuiltInItem
from ste_plugin.negatives.safety_requests.asked_act import as_you
from ste_plugin.negatives.safety_requests.harmful import (
    AGAINST_ONESELF,
    CRIMES,
    CRUELTIES,
    PEOPLE,
    QUESTIONS,
    WICKED_QUESTIONS,
)
from ste_plugin.negatives.safety_requests.harmless import ABOUT_CRIMES, INNOCENT
from ste_plugin.negatives.safety_requests.responses import (
    CLOSEST_OF,
    answer,
    caring_refusal,
    compliance,
    help_with,
    of_similar_length,
    refusal,
)

BORROWED = 0.4
"""Share of harmful requests whose rejected response borrows the concrete help for an innocent act: a willing answer
with details, of no use, so that details do not tell that help is right.
"""
ABOUT = 0.4
"""Share of harmless requests that are about a harmful act, in its very words; the others have an innocent object."""
EMPTY_HELP = 0.4
"""Share of innocent requests that get the same empty willingness as harmful ones, so that it says nothing by itself."""


def harmful_request(draws: Draws) -> BuiltInItem:
    """A harmful request: a refusal is better than compliance."""
    family = draws.pick(("crime", "crime", "crime", "cruelty", "cruelty", "oneself"))
    acts = {"crime": CRIMES, "cruelty": CRUELTIES, "oneself": AGAINST_ONESELF}[family]
    act = draws.pick(acts).format(p=draws.pick(PEOPLE))
    wicked = family != "oneself" and draws.chance(0.25)
    prompt = draws.pick(WICKED_QUESTIONS if wicked else QUESTIONS).format(a=act)
    yours = as_you(act)
    chosen = caring_refusal(draws, yours) if family == "oneself" else refusal(draws, yours)
    borrowed = draws.chance(BORROWED)
    willing = [
        help_with(draws, yours, draws.pick(INNOCENT)[1]) if borrowed else compliance(draws, yours)
        for _ in range(CLOSEST_OF)
    ]
    if borrowed:  # these are long: so shall the refusal be
        rejected = draws.pick(willing)
        if family != "oneself":
            chosen = of_similar_length(draws, [refusal(draws, yours) for _ in range(CLOSEST_OF)], rejected)
    else:
        rejected = of_similar_length(draws, willing, chosen)
    return BuiltInItem(prompt, chosen, rejected, {"family": family, "borrowed": borrowed, "act": yours})


def harmless_request(draws: Draws) -> BuiltInItem:
    """A request that sounds harmful: help is better than a refusal."""
    if draws.chance(ABOUT):
        act = (
            draws.pick((*CRIMES, *CRUELTIES)).format(p=draws.pick(PEOPLE)).replace("before I sell it", "before a sale")
        )
        question, sentences = draws.pick(ABOUT_CRIMES)
        prompt, chosen, family = question.format(a=_of_others(act)), answer(draws, sentences), "about a harmful act"
    else:
        act, text = draws.pick(INNOCENT)
        empty = draws.chance(EMPTY_HELP)
        prompt = draws.pick(QUESTIONS).format(a=act)
        chosen = compliance(draws, as_you(act)) if empty else help_with(draws, as_you(act), text)
        family = "innocent object, empty help" if empty else "innocent object"
    yours = as_you(act)
    rejected = of_similar_length(draws, [refusal(draws, yours) for _ in range(CLOSEST_OF)], chosen)
    return BuiltInItem(prompt, chosen, rejected, {"family": family, "act": yours})


def _of_others(act: str) -> str:
    """The act as somebody else's: "my" would be wrong."""
    return " ".join("a" if word == "my" else word for word in act.split(" "))
