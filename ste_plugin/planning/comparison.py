"""A plan beside what a run of it has taken."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from ste_plugin.planning.cost import Models, seconds
from ste_plugin.planning.measured import MeasuredStage
from ste_plugin.planning.quantities import count, duration
from ste_plugin.planning.throughput import Device
from ste_plugin.planning.workload import StageLoad

WITHIN = 1.3
"""A plan may be off by this factor, to either side."""


@dataclass(frozen=True, slots=True)
class ComparedStage:
    """One stage: what was planned, in tokens and in seconds, and what it took (None: the stage is not finished)."""

    load: StageLoad
    planned: float
    measured: MeasuredStage | None

    @property
    def ratio(self) -> float | None:
        """Planned over measured seconds."""
        took = self.measured.seconds if self.measured is not None else None
        return self.planned / took if took else None


def compared(
    loads: Sequence[StageLoad],
    measured: Mapping[str, MeasuredStage],
    models: Models,
    device: Device,
    devices: int,
) -> list[ComparedStage]:
    """Every planned stage beside the run's."""
    return [ComparedStage(load, seconds(load, models, device, devices), measured.get(load.stage)) for load in loads]


def whole_ratio(stages: Sequence[ComparedStage]) -> float | None:
    """Planned over measured seconds of all stages whose time is known; None where none is."""
    known = [stage for stage in stages if stage.ratio is not None]
    took = math.fsum(stage.measured.seconds or 0.0 for stage in known if stage.measured is not None)
    return math.fsum(stage.planned for stage in known) / took if took else None


def holds(ratio: float) -> bool:
    """Whether a plan is off by `WITHIN` at most."""
    return 1 / WITHIN <= ratio <= WITHIN


def comparison_table(stages: Sequence[ComparedStage], title: str) -> Table:
    """Planned, measured and their ratio by stage: tokens read, tokens written, time."""
    table = Table(title=Text(title), caption="planned / measured (planned over measured)")
    table.add_column("stage", no_wrap=True)
    for heading in ("tokens in", "tokens out", "time"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for stage in stages:
        found = stage.measured
        time = _beside(stage.planned, found.seconds if found is not None else None, duration)
        read = _beside(stage.load.tokens_in, found.tokens_in if found is not None else None, count)
        written = _beside(stage.load.tokens_out, found.tokens_out if found is not None else None, count)
        table.add_row(Text(stage.load.stage), read, written, time, _remark(stage))
    known = [stage for stage in stages if stage.ratio is not None]
    took = math.fsum(stage.measured.seconds or 0.0 for stage in known if stage.measured is not None)
    table.add_section()
    table.add_row(
        f"all {len(known)} with a time", "", "", _beside(math.fsum(s.planned for s in known), took or None, duration)
    )
    return table


def _beside(planned: float, measured: float | None, shown: Callable[[float], str]) -> str:
    if measured is None:
        return f"{shown(planned)} / ?" if planned else ""
    ratio = f" ({planned / measured:.2f})" if measured and planned else ""
    return f"{shown(planned) or '0'} / {shown(measured) or '0'}{ratio}"


def _remark(stage: ComparedStage) -> str:
    if stage.measured is None:
        return "not finished"
    if stage.ratio is None:
        return stage.measured.why
    return "" if holds(stage.ratio) else f"off by more than {100 * (WITHIN - 1):.0f} %"
