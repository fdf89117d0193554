"""RM-Bench (Liu et al. 2024, arXiv 2410.16184): can a judge tell a subtle error from a change of style?

Each prompt has a right and a wrong response, both in three styles: 0 concise, 1 detailed, 2 detailed with Markdown.
Their nine pairs are **easy** where the right response has the fancier style, **normal** where both have the same,
**hard** where the wrong one has the fancier. Published are the accuracies by domain, by difficulty (means of the four
domains) and their mean ("overall").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ste_plugin import jsonl, scoring
from ste_plugin.benchmarks.grouped_pairs import load_grouped
from ste_plugin.benchmarks.source import HubDataset, one_of, texts
from ste_plugin.errors import UserError
from ste_plugin.pairs import Message, Pair, pair_from_row
from ste_plugin.scoring import PairResult
from ste_plugin.table import Row, Table

DATASET = "THU-KEG/RM-Bench"
# The commit after the upload of the data, which no later one of its branch touches.
REVISION = "a0f737936b99411e96d891699349a9570b39c82e"
PROMPTS = 1327
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "Chat": ("chat",),
    "Math": ("math",),
    "Code": ("code",),
    "Safety": ("safety-refuse", "safety-response"),
}
# Safety is the mean of its two parts, whatever their sizes.
WEIGHTS: Mapping[str, int] = {"safety-refuse": 1, "safety-response": 1}
DOMAINS = tuple(subset for members in SECTIONS.values() for subset in members)
STYLES = (0, 1, 2)
DIFFICULTIES = ("easy", "normal", "hard")

Styles = tuple[int, int]
"""Styles of the chosen and of the rejected response, 0 to 2."""


def load(
    source: str,
    *,
    subsets: str | Sequence[str] | None = None,
    limit_per_subset: int | None = None,
    seed: int = 0,
    revision: str = REVISION,
) -> list[Pair]:
    """The pairs of RM-Bench, nine a prompt, with "chosen_style" and "rejected_style" (0 to 2) in their meta.

    Args:
        source: "hub" or a .jsonl or .jsonl.gz file with RM-Bench's own rows (prompt, three chosen and three rejected
            responses, domain) or pairs of `ste_plugin.pairs` with the styles in their meta.
        subsets, seed: see `choose`; the subsets are the domains, safety in two parts.
        limit_per_subset: of prompts, each with its nine pairs.
        revision: of the hub's data set.

    Raises:
        UserError: the source cannot be read, a row is malformed, or no pair is left.
    """
    hub = HubDataset(DATASET, "train", revision)
    choice: dict[str, Any] = {"subsets": subsets, "limit_per_subset": limit_per_subset, "seed": seed}
    return load_grouped(source, hub, PROMPTS, _to_pairs, SECTIONS, **choice)


def styles_of(meta: Mapping[str, Any]) -> Styles:
    """The styles in a pair's meta, as `load` leaves them."""
    return meta["chosen_style"], meta["rejected_style"]


def difficulty(styles: Styles) -> str:
    """One of DIFFICULTIES."""
    chosen, rejected = styles
    return "easy" if chosen > rejected else "hard" if chosen < rejected else "normal"


def aggregate(
    results: Sequence[PairResult], styles: Mapping[str, Styles]
) -> tuple[Table, dict[str, Row], dict[str, Row]]:
    """The table by domain, the rows of the difficulties, and rows of single domains and styles.

    Args:
        results: at least one.
        styles: by pair id, of all `results`.

    The first rows are "easy", "normal", "hard" (means of the domains); the others "easy Chat" and so on for each
    domain, and the nine cells "style 0 vs 2" (chosen against rejected, means of the domains). A row without results is
    left out.

    Raises:
        ValueError: no results.
    """
    table = scoring.aggregate(results, SECTIONS, WEIGHTS)
    rows: dict[str, Row] = {}
    details: dict[str, Row] = {}
    for level in DIFFICULTIES:
        part = [result for result in results if difficulty(styles[result.pair_id]) == level]
        if part:
            by_domain = scoring.aggregate(part, SECTIONS, WEIGHTS)
            rows[level] = by_domain.overall
            details |= {f"{level} {section}": row for section, row in by_domain.sections.items()}
    for cell in ((chosen, rejected) for chosen in STYLES for rejected in STYLES):
        part = [result for result in results if styles[result.pair_id] == cell]
        if part:
            details[f"style {cell[0]} vs {cell[1]}"] = scoring.aggregate(part, SECTIONS, WEIGHTS).overall
    return table, rows, details


def _to_pairs(row: Mapping[str, Any], where: str) -> Iterator[Pair]:
    if "domain" not in row:
        pair = pair_from_row(row, where)
        for name in ("chosen_style", "rejected_style"):
            style = jsonl.field(pair.meta, name, int, f"{where}: field 'meta'")
            if style not in STYLES:
                raise UserError(f"{where}: field 'meta': field '{name}' should be 0, 1 or 2, is {style}")
        yield pair
        return
    domain = one_of(row, "domain", DOMAINS, where)
    number = row.get("id")
    if not isinstance(number, (int, str)):
        raise UserError(f"{where}: field 'id' should be a number or a string")
    prompt = Message("user", jsonl.field(row, "prompt", str, where))
    responses = {side: texts(row, side, where) for side in ("chosen", "rejected")}
    for side, given in responses.items():
        if len(given) != len(STYLES):
            raise UserError(f"{where}: field '{side}' should hold three responses, holds {len(given)}")
    for chosen in STYLES:
        for rejected in STYLES:
            yield Pair(
                id=f"rmbench/{domain}/{number}/{chosen}{rejected}",
                prompt=(prompt,),
                chosen=(responses["chosen"][chosen],),
                rejected=(responses["rejected"][rejected],),
                subset=domain,
                meta={"chosen_style": chosen, "rejected_style": rejected},
            )
