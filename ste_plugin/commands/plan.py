"""`ste plan`: what a recipe costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def plan(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A built-in recipe or a YAML file.")],
    judge_size: Annotated[str, typer.Option(help="Parameters of the judge: 135M, 8B, 70B.")] = "135M",
    generator_size: Annotated[
        str | None, typer.Option(help="Parameters of the generator (active ones of a mixture); else the judge's.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu-2core (measured), a100 or h100 (assumed).")] = "cpu-2core",
    devices: Annotated[int, typer.Option(min=1, help="How many of them.")] = 1,
    instructions: Annotated[str | None, typer.Option(help="Instead of the recipe's `select.source`.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Source of RewardBench instead of the recipe's.")] = None,
    measured: Annotated[
        Path | None,
        typer.Option(metavar="WORKDIR", help="A run of the recipe: print what was planned beside what it took."),
    ] = None,
) -> None:
    """Print prompts, tokens, hours and disk of a recipe by stage. Asks no model; an estimate, not a promise.

    With --measured the exit code is 1 where the planned time is off by more than 30 %.
    """
    from ste_plugin.planning.tables import print_comparison, print_plan
    from ste_plugin.planning.throughput import device_named, parameters
    from ste_plugin.recipe import load_recipe

    settings = load_recipe(recipe, **({"select.source": instructions} if instructions is not None else {}))
    if dataset is not None:
        settings = settings.with_dataset(dataset)
    judge = parameters(judge_size)
    generator = parameters(generator_size) if generator_size is not None else judge
    if measured is None:
        print_plan(settings, judge, generator, device_named(device), devices)
    elif not print_comparison(settings, measured, judge, generator, device_named(device), devices):
        raise typer.Exit(1)
