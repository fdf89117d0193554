"""A plan on a terminal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ste_plugin.errors import UserError
from ste_plugin.planning.comparison import WITHIN, compared, comparison_table, holds, whole_ratio
from ste_plugin.planning.cost import Models, checkpoint_bytes, disk_bytes, seconds
from ste_plugin.planning.measured import measured_stages, settings_of
from ste_plugin.planning.quantities import count, duration, size
from ste_plugin.planning.throughput import Device
from ste_plugin.planning.workload import workload
from ste_plugin.recipe import Recipe
from ste_plugin.work_directory import first_difference

_WIDEST = 10_000


def print_plan(recipe: Recipe, judge: float, generator: float, device: Device, devices: int) -> None:
    """Print what each stage of `recipe` asks for and takes. Model sizes in parameters."""
    work = workload(recipe)
    models = Models(judge, generator)
    who = f"judge {count(judge)}, generator {count(generator)}, {devices} x {device.name}"
    table = Table(title=Text(f"{recipe.name}: {who}"))
    table.add_column("stage", no_wrap=True)
    for heading in ("prompts", "tokens in", "tokens out", "tokens trained", "time"):
        table.add_column(heading, justify="right", no_wrap=True)
    total = 0.0
    for load in work.loads:
        took = seconds(load, models, device, devices)
        total += took
        figures = (load.prompts, load.tokens_in, load.tokens_out, load.tokens_trained)
        table.add_row(Text(load.stage), *(count(figure) for figure in figures), duration(took))
    table.add_section()
    sums = (
        sum(getattr(load, name) for load in work.loads)
        for name in ("prompts", "tokens_in", "tokens_out", "tokens_trained")
    )
    table.add_row("all", *(count(figure) for figure in sums), duration(total))
    console = _console(table)
    console.print(table)
    disk, checkpoint = disk_bytes(recipe, work, judge), checkpoint_bytes(recipe, judge)
    lines = [
        f"{total * devices / 3600:,.1f} device hours; about {work.examples:.0f} training examples an iteration",
        f"disk: {size(disk)}, a checkpoint {size(checkpoint)} of it",
        "speeds of this device are measured (two cores, SmolLM2-135M): expect to be off by 30 %"
        if device.measured
        else "speeds of this device are assumed, not measured: expect to be off by a factor of two",
        *(f"assumed: {line}" for line in work.assumptions),
    ]
    for line in lines:
        console.print(line, soft_wrap=True)


def print_comparison(recipe: Recipe, work: Path, judge: float, generator: float, device: Device, devices: int) -> bool:
    """Print the plan of `recipe` beside what the run in `work` took; whether the plan holds.

    Raises UserError: no run there, or not one stage with a time.
    """
    stages = compared(workload(recipe).loads, measured_stages(work), Models(judge, generator), device, devices)
    whole = whole_ratio(stages)
    if whole is None:
        raise UserError(f"{work}: not one planned stage of it has a time; finish the run, or name another")
    table = comparison_table(stages, f"{recipe.name}: planned and measured ({work}), {devices} x {device.name}")
    console = _console(table)
    console.print(table)
    difference = first_difference(settings_of(work), recipe.what_decides())
    if difference is not None:
        key, old, new = difference
        console.print(f"the run had other settings, first {key}: {old}; planned: {new}", soft_wrap=True)
    within = f"{100 * (WITHIN - 1):.0f} %"
    verdict = f"holds within {within}" if holds(whole) else f"is off by more than {within}"
    console.print(f"planned over measured time: {whole:.2f}; the plan {verdict}", soft_wrap=True)
    return holds(whole)


def _console(table: Table) -> Console:
    """As wide as `table`, however narrow the terminal."""
    width = max(Console().width, Console(width=_WIDEST).measure(table).maximum)
    return Console(width=width, markup=False, highlight=False)
