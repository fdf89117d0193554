"""`ste check-pairs`: is a synthetic set fit to train on?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def check_pairs(
    pairs: Annotated[Path, typer.Argument(metavar="PAIRS", help="JSONL file of pairs.")],
    recipe: Annotated[
        str | None, typer.Option(help="Recipe whose `quality` settings are used (else the defaults).")
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(metavar="SOURCE", help='Benchmark to compare with: "builtin", "hub" or a file. Again for more.'),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the pairs that pass.")] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the whole report as JSON.")] = None,
) -> None:
    """Filter, deduplicate, compare with benchmarks and probe for shortcuts, with the same rules as the loop's.

    Asks no model. Exit code 2 where no pair passes, or a probe is above the recipe's limit; the tables are printed all
    the same.
    """
    from ste_plugin import jsonl
    from ste_plugin.errors import UserError
    from ste_plugin.pairs import load_pairs, pair_to_row
    from ste_plugin.quality.check import probe_mixture, quality_report, screen
    from ste_plugin.quality.inputs import benchmark_pairs, recipe_leaks
    from ste_plugin.quality.tables import print_quality
    from ste_plugin.recipe import Recipe, load_recipe
    from ste_plugin.work_directory import write_json

    settings = load_recipe(recipe) if recipe is not None else Recipe(name="defaults")
    loaded = load_pairs(pairs)
    quality = settings.quality
    benchmarks = benchmark_pairs(settings if recipe is not None else None, against or ())
    screened = screen(loaded, quality, recipe_leaks(settings), benchmarks)
    checked = probe_mixture(
        screened.pairs, screened.dropped, quality.probes, policy=settings.annotate.orders, seed=settings.seed
    )
    found = quality_report(loaded, screened, checked)
    print_quality(found, str(pairs))
    if report is not None:
        write_json(report, found)
    if not checked.pairs:
        raise UserError(f"{pairs}: not one pair passes the check; the table above counts the reasons")
    if checked.stop is not None:
        raise UserError(f"{pairs}: {checked.stop}")
    if out is not None:
        jsonl.write_rows(out, (pair_to_row(pair) for pair in checked.pairs))
