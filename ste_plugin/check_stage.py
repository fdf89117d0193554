"""The stage "check", free of a harness: which synthetic pairs are fit to train on, and the report of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ste_plugin.errors import UserError
from ste_plugin.pairs import Pair, load_pairs, pair_to_row
from ste_plugin.quality.check import Checked, Screened, probe_mixture, quality_report, screen
from ste_plugin.quality.inputs import benchmark_pairs, recipe_leaks
from ste_plugin.quality.label_check import LabelVerdict, estimate_labels
from ste_plugin.recipe import Recipe
from ste_plugin.work_directory import write_json


class PairCheck:
    """The check of one file of pairs.

    Attributes:
        pairs: all pairs of the file.
        screened: what the rules that look at one pair, or at pairs side by side, make of them; asks no model.
        seen: ids of the pairs that the stage came to; those that it did not are neither kept nor in the report.
        verdicts: what the judge thinks of the labels, where `quality.check_labels` asks it.
    """

    def __init__(self, file: Path, recipe: Recipe, seed: int | None = None) -> None:
        """Raises UserError: the file, or a benchmark that it is compared with, cannot be read."""
        self.recipe = recipe if seed is None else recipe.model_copy(update={"seed": seed})
        self.pairs = load_pairs(file)
        quality = recipe.quality
        self.screened: Screened = screen(self.pairs, quality, recipe_leaks(recipe), benchmark_pairs(recipe))
        self.seen: set[str] = set()
        self.verdicts: list[LabelVerdict] = []
        self._checked: tuple[int, Checked, dict[str, Any]] | None = None

    @property
    def votes(self) -> int:
        """Judgments of each order of a pair whose label the judge is asked about; 0: it is not."""
        return self.recipe.quality.check_labels.votes

    def asked(self) -> list[Pair]:
        """The pairs that the judge is asked about."""
        return list(self.screened.pairs) if self.votes else []

    def checked(self) -> tuple[Checked, dict[str, Any]]:
        """(what is kept, the report) of the pairs that were seen so far; worked out anew only when there are more."""
        if self._checked is None or self._checked[0] != len(self.seen):
            quality, recipe = self.recipe.quality, self.recipe
            pairs = [pair for pair in self.pairs if pair.id in self.seen]
            dropped = {id_: reason for id_, reason in self.screened.dropped.items() if id_ in self.seen}
            labels = None
            if self.votes:
                # they come in any order; sums and draws should not hang on it
                verdicts = sorted(self.verdicts, key=lambda verdict: verdict.pair_id)
                labels = estimate_labels(verdicts, {pair.id: pair.cluster for pair in pairs}, recipe.seed)
                if quality.check_labels.drop and labels.judge_tells:
                    against = [one.pair_id for one in verdicts if one.outcome == "contradicted"]
                    dropped |= dict.fromkeys(against, "judge_prefers_rejected")
            left = [pair for pair in pairs if pair.id not in dropped]
            result = probe_mixture(left, dropped, quality.probes, policy=recipe.annotate.orders, seed=recipe.seed)
            self._checked = len(self.seen), result, quality_report(pairs, self.screened, result, labels)
        return self._checked[1:]

    def rows(self, out: Path, report: Path) -> list[dict[str, Any]]:
        """The rows of the pairs that pass. Writes `report`, also where a UserError follows.

        Raises UserError: no pair passes, or a probe is above the recipe's limit. `out` is named in it.
        """
        checked, found = self.checked()
        write_json(report, found)
        if not checked.pairs:
            raise UserError(f"{out}: not one pair passes the check; {report} counts the reasons")
        if checked.stop is not None:
            raise UserError(f"{out}: {checked.stop} (report: {report})")
        return [pair_to_row(pair) for pair in checked.pairs]

    def tokens(self) -> dict[str, int]:
        """ "tokens" that the judge generated and "prompt_tokens" that it read."""
        return {
            "tokens": sum(verdict.tokens for verdict in self.verdicts),
            "prompt_tokens": sum(verdict.prompt_tokens for verdict in self.verdicts),
        }
