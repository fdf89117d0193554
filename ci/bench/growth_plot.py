"""A plot of time and memory over size, both axes logarithmic, as SVG; needs no plotting library."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 380, 280, 56, 44, 34
COLOURS = ("#3b6ea5", "#c05a2c", "#4d8b53", "#8a5aa0", "#a08a2c", "#555555")
LINE = 12
"""Pixels from one name to the next."""


def plot(path: Path, series: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Two panels, CPU seconds and peak MiB, one line a stage."""
    panels = [
        panel(series, "cpu_s", "CPU seconds", 0),
        panel(series, "peak_mib", "peak memory, MiB", WIDTH + 20),
    ]
    body = "\n".join(panels)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH + 40} {HEIGHT}" font-family="sans-serif" '
        f'font-size="11">\n<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n',
        encoding="utf-8",
    )


def panel(series: Mapping[str, Sequence[Mapping[str, Any]]], key: str, title: str, left: int) -> str:
    points = [(run["size"], max(run[key], 1e-3)) for runs in series.values() for run in runs]
    if not points:
        return ""
    x_range = bounds([x for x, _ in points])
    y_range = bounds([y for _, y in points])

    def place(x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - x_range[0]) / (x_range[1] - x_range[0])
        up = (math.log10(y) - y_range[0]) / (y_range[1] - y_range[0])
        return left + LEFT + across * (WIDTH - LEFT - 70), HEIGHT - BOTTOM - up * (HEIGHT - BOTTOM - TOP)

    parts = [f'<text x="{left + LEFT}" y="18" font-weight="bold">{title}</text>']
    for power in range(x_range[0], x_range[1] + 1):
        x, y = place(10**power, 10 ** y_range[0])
        parts.append(f'<text x="{x:.1f}" y="{y + 16:.1f}" text-anchor="middle">10^{power}</text>')
    parts.append(f'<text x="{left + LEFT}" y="{HEIGHT - 8}">recorded judgments</text>')
    for power in range(y_range[0], y_range[1] + 1):
        x, y = place(10 ** x_range[0], 10**power)
        end, _ = place(10 ** x_range[1], 10**power)
        parts.append(f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{end:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{x - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{10**power:g}</text>')
    ends: list[tuple[float, float, str, str]] = []
    for colour, (stage, runs) in zip(COLOURS, series.items(), strict=True):
        if not runs:
            continue
        places = [place(run["size"], max(run[key], 1e-3)) for run in runs]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        ends.append((places[-1][1], places[-1][0], stage, colour))
    for height, (_, x, stage, colour) in zip(apart([end[0] for end in sorted(ends)]), sorted(ends), strict=True):
        parts.append(f'<text x="{x + 7:.1f}" y="{height + 4:.1f}" fill="{colour}">{stage}</text>')
    return "\n".join(parts)


def apart(heights: Sequence[float]) -> list[float]:
    """Rising `heights`, moved down and then up as a block until names at them do not cover each other."""
    moved: list[float] = []
    for height in heights:
        moved.append(max(height, moved[-1] + LINE) if moved else height)
    # the block stays about where its points are, and within the picture
    shift = sum(m - h for m, h in zip(moved, heights, strict=True)) / max(len(moved), 1)
    return [max(height - shift, TOP + LINE * number) for number, height in enumerate(moved)]


def bounds(values: Sequence[float]) -> tuple[int, int]:
    """Powers of ten around `values`, at least one apart."""
    low = math.floor(math.log10(min(values)) + 1e-9)
    high = math.ceil(math.log10(max(values)) - 1e-9)
    return low, max(high, low + 1)
