"""Filters: pairs that no judge should learn from, each dropped for one reason.

Every filter is a fact about one pair. What a strategy does on purpose is no flaw of it: the table `BY_DESIGN`
says which reasons do not apply to which strategy, and a recipe adds filters to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ste_plugin.judge_prompt import JudgePrompt
from ste_plugin.negatives.registry import declared_exemptions
from ste_plugin.pairs import Pair
from ste_plugin.quality.languages import language, names_a_language
from ste_plugin.quality.refusals import declines
from ste_plugin.quality.settings import FilterName, QualitySettings
from ste_plugin.quality.words import MODIFIED, jaccard, reply_text, shingles, strategy_of, words
from ste_plugin.text_prompt import TextPrompt

BY_DESIGN: Mapping[str, frozenset[str]] = {
    "degraded_text": frozenset({"near_identical"}),
    "mutated_code": frozenset({"near_identical"}),
    "wrong_result": frozenset({"near_identical"}),
    "verbosity": frozenset({"near_identical"}),
    # one side is a refusal by design; a second one on the other side leaves nothing to tell them apart
    "unsafe_compliance": frozenset({"chosen_refused"}),
    "over_refusal": frozenset({"rejected_refused"}),
}
"""By strategy, the reasons (see `reason_against`) for which none of its pairs is dropped."""

SHINGLE = 3
QUOTED_WORDS = 6
"""Words in a row of a modified instruction that are no accident in a response."""

# Tokens of chat templates, and verdicts: neither belongs in a response.
_CONTROL = (
    r"<\|[a-z_]{2,24}\|>",
    r"\[/?INST\]",
    r"<</?SYS>>",
    r"</?(?:start|end)_of_turn>",
    r"\[\[[ABC]\]\]",
)


def reason_against(pair: Pair, settings: QualitySettings, leaks: re.Pattern[str]) -> str | None:
    """The first reason to drop `pair`, in the order of `settings.filters`; None for a pair that passes.

    Reasons: "empty", "identical", "near_identical", "chosen_refused", "rejected_refused", "leaked_markers",
    "wrong_language", "quotes_modified". `leaks` is what `leak_pattern` gives.
    """
    strategy = strategy_of(pair)
    # this table, the strategy's own file, the recipe
    exempt = {*BY_DESIGN.get(strategy, ()), *declared_exemptions(strategy), *settings.exempt.get(strategy, ())}
    chosen, rejected = reply_text(pair.chosen), reply_text(pair.rejected)
    for name in settings.filters:
        if name in exempt:
            continue
        for reason in _reasons(name, pair, chosen, rejected, settings.near_identical, leaks):
            if reason not in exempt:
                return reason
    return None


def _reasons(
    name: FilterName, pair: Pair, chosen: str, rejected: str, near: float, leaks: re.Pattern[str]
) -> list[str]:
    if name == "empty":
        found = not all(reply.strip() for reply in (*pair.chosen, *pair.rejected))
    elif name == "identical":
        found = " ".join(chosen.split()).casefold() == " ".join(rejected.split()).casefold()
    elif name == "near_identical":
        found = jaccard(shingles(chosen, SHINGLE), shingles(rejected, SHINGLE)) >= near
    elif name == "refused":
        return [f"{side}_refused" for side, text in (("chosen", chosen), ("rejected", rejected)) if declines(text)]
    elif name == "leaked_markers":
        asked = pair.prompt_text.casefold()
        found = any(match[0].casefold() not in asked for text in (chosen, rejected) for match in leaks.finditer(text))
    elif name == "wrong_language":
        found = not names_a_language(pair.prompt_text) and _another_language(pair.prompt_text, chosen, rejected)
    else:
        found = quotes_modified_instruction(pair)
    return [name] if found else []


def leak_pattern(prompts: Iterable[TextPrompt | JudgePrompt]) -> re.Pattern[str]:
    """What gives away that a response was written inside one of `prompts`: their section markers and marks.

    Verdicts and the control tokens of chat templates count always.
    """
    marks: set[str] = set()
    for prompt in prompts:
        wording = prompt.wording if isinstance(prompt, JudgePrompt) else prompt
        if not isinstance(wording, TextPrompt):
            continue
        marks.update(wording.markers)
        if isinstance(prompt, TextPrompt):
            marks.update(
                value.strip()
                for key, value in prompt.front.items()
                if key.endswith(("_opening", "_closing")) and isinstance(value, str)
            )
    literal = [re.escape(mark) for mark in sorted(marks, key=lambda m: (-len(m), m)) if len(mark) > 2]
    return re.compile("|".join((*literal, *_CONTROL)), re.IGNORECASE)


def quotes_modified_instruction(pair: Pair) -> bool:
    """Whether the rejected response repeats the modified instruction it was written for.

    It does with 6 words of it in a row, or all of a shorter one of at least 3, that are not in the pair's own prompt.
    A neighbour's response may repeat its request: chosen responses repeat theirs as often.
    """
    modified = pair.meta.get(MODIFIED)
    asked = words(modified) if isinstance(modified, str) else []
    size = min(QUOTED_WORDS, len(asked))
    if size < 3:
        return False
    foreign = _runs(asked, size) - _runs(words(pair.prompt_text), size)
    return bool(foreign & _runs(words(reply_text(pair.rejected)), size))


def _runs(found: list[str], size: int) -> set[tuple[str, ...]]:
    return {tuple(found[start : start + size]) for start in range(len(found) - size + 1)}


def _another_language(prompt: str, chosen: str, rejected: str) -> bool:
    asked = language(prompt)
    answered = {language(chosen), language(rejected)} - {None}
    if asked is None:
        return len(answered) > 1
    return bool(answered - {asked})
