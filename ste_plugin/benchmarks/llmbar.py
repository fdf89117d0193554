"""LLMBar (Zeng et al. 2023, arXiv 2310.07641): pairs of which one response follows the instruction and one does not.

Published are the accuracy averaged over both orders (`official` with a prompt without ties), by subset, the mean of the
four adversarial subsets ("Adversarial") and the mean of all five ("overall"), and the share of pairs on which both
orders agree (`consistency`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ste_plugin import scoring
from ste_plugin.benchmarks import rewardbench
from ste_plugin.benchmarks.choosing import choose
from ste_plugin.benchmarks.source import HubDataset, Located, file_rows, unique_pairs
from ste_plugin.errors import UserError
from ste_plugin.pairs import Pair, pair_from_row
from ste_plugin.scoring import PairResult
from ste_plugin.table import Row, Table

ROW_COUNTS: Mapping[str, int] = {"Natural": 100, "Neighbor": 134, "GPTInst": 92, "GPTOut": 47, "Manual": 46}
SECTIONS: Mapping[str, tuple[str, ...]] = {name: (name,) for name in ROW_COUNTS}
ADVERSARIAL = tuple(name for name in ROW_COUNTS if name != "Natural")
GROUPS: Mapping[str, tuple[str, ...]] = {**SECTIONS, "Adversarial": ADVERSARIAL}
"""What `subsets` may name."""
REVISION = rewardbench.REVISION

_IN_REWARDBENCH = {
    f"llmbar-{'natural' if name == 'Natural' else f'adver-{name}'}".casefold(): name for name in ROW_COUNTS
}


def load(
    source: str,
    *,
    subsets: str | Sequence[str] | None = None,
    limit_per_subset: int | None = None,
    seed: int = 0,
    revision: str = REVISION,
) -> list[Pair]:
    """The pairs of LLMBar.

    Args:
        source: "hub" or a .jsonl or .jsonl.gz file of pairs. LLMBar's own place on the hub is a script, which the
            package `datasets` no longer runs; RewardBench holds all of its pairs, which are read from there. In a file
            of RewardBench's rows its other subsets are left out.
        subsets, limit_per_subset, seed: see `choose`; "Adversarial" is all but "Natural".
        revision: of RewardBench's data set.

    Raises:
        UserError: the source cannot be read, a row is malformed, or no pair is left.
    """
    if source == "hub":
        hub = HubDataset(rewardbench.DATASET, rewardbench.SPLIT, revision)
        instead = "pass the path of a .jsonl file"
        rows: list[Located] = [
            (where, row) for where, row in hub.rows(instead) if str(row.get("subset")).casefold() in _IN_REWARDBENCH
        ]
        pairs = unique_pairs(rows, _to_pairs)
        hub.check_counts("subset", (pair.subset for pair in pairs), ROW_COUNTS, instead)
    else:
        pairs = unique_pairs(file_rows(source, "'hub' or the path of a .jsonl file"), _to_pairs)
        if not pairs:
            raise UserError(f"{source}: holds no pair of LLMBar; its subsets are {', '.join(ROW_COUNTS)}")
    return choose(pairs, source, GROUPS, subsets=subsets, limit_per_subset=limit_per_subset, seed=seed)


def aggregate(results: Sequence[PairResult]) -> tuple[Table, dict[str, Row]]:
    """The table by subset, and the row of "Adversarial" where it has results. Raises ValueError: no results."""
    table = scoring.aggregate(results, SECTIONS)
    adversarial = [result for result in results if result.subset in ADVERSARIAL]
    return table, {"Adversarial": scoring.aggregate(adversarial, SECTIONS).overall} if adversarial else {}


def _to_pairs(row: Mapping[str, Any], where: str) -> Iterator[Pair]:
    subset = str(row.get("subset", ""))
    name = _IN_REWARDBENCH.get(subset.casefold(), subset)
    if name not in ROW_COUNTS:
        return
    pair = pair_from_row(rewardbench.own_columns_to_row(row), where)
    yield replace(pair, subset=name, id=pair.id.replace(subset, name))
