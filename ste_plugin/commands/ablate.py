"""`ste ablate`: train and score a matrix of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def ablate(
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE,VALUE",
            help="An axis; again for more. KEY: strategies (A+B), start, draws, reasoning, or any key of a recipe "
            "by its dotted path.",
        ),
    ] = None,
    recipe: Annotated[str, typer.Option(help="A built-in recipe or a YAML file.")] = "smollm2-demo",
    model: Annotated[
        str, typer.Option(help="The seed judge, as `inspect eval --model` takes it.")
    ] = "ste/smollm2-135m",
    seeds: Annotated[str, typer.Option(help="How many seeds, or the seeds themselves (0,1,2).")] = "2",
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Work directories, journal, results and plot.")] = Path(
        "ste-ablation"
    ),
    instructions: Annotated[str | None, typer.Option(help="Instead of the recipe's `select.source`.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Source of RewardBench instead of the recipe's.")] = None,
    inspect: Annotated[
        list[str] | None, typer.Option(metavar="WORD", help="A further word for `inspect eval`; again for more.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the runs and stop.")] = False,
) -> None:
    """Train and score every combination of the axes with every seed; print scores by section and plot them.

    Each run is one `inspect eval ste/self_train` with a work directory of its own in FOLDER; all share one journal of
    answers, so that nothing is generated twice. The same command goes on after an interruption.
    """
    from ste_plugin.ablation.matrix import Ablation

    ablation = Ablation(
        recipe=recipe,
        vary=tuple(vary or ()),
        seeds=seeds,
        model=model,
        folder=out,
        instructions=instructions,
        dataset=dataset,
        words=tuple(inspect or ()),
    )
    if dry_run:
        for run in ablation.runs:
            typer.echo(f"{run.cell.label}\tseed {run.seed}\t{run.work}\t{'finished' if run.finished else 'to do'}")
        return
    ablation.run()
