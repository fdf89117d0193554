"""The plot of an ablation as SVG, written by hand: no plotting library, and it opens in every browser."""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.sax.saxutils import escape

from ste_plugin.ablation.results import OVERALL, CellResult, MeanScore
from ste_plugin.report import SECTIONS

ROW, PANEL, GAP, TOP, BOTTOM = 22, 190, 24, 64, 34
_LETTER = 6.6  # width of a letter of the labels, in pixels


def plot(results: Sequence[CellResult], title: str) -> str:
    """An SVG document: a panel for the overall score and each section, a row for each of `results`.

    The dot is the mean over seeds; the thick bar is one standard error over seeds, the thin one over seeds and pairs
    together (of one seed over pairs), both to either side. The dashed line is 50, chance.
    """
    names = [OVERALL, *(s for s in SECTIONS if any(s in result.scores for result in results))]
    labels = [f"{r.cell}, {r.benchmark}, {f'iteration {r.iteration}' if r.iteration else 'seed'}" for r in results]
    left = 16 + math.ceil(_LETTER * max(map(len, labels), default=0))
    low, high = _range([score for r in results for score in r.scores.values()])
    width = left + len(names) * (PANEL + GAP)
    height = TOP + ROW * len(results) + BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="8" y="20" font-size="14" font-weight="bold">{escape(title)}</text>',
    ]
    for row, label in enumerate(labels):
        parts.append(f'<text x="{left - 8}" y="{_y(row) + 4:.1f}" text-anchor="end">{escape(label)}</text>')
    for number, name in enumerate(names):
        start = left + number * (PANEL + GAP)
        parts += _axis(name, start, low, high, len(results))
        for row, result in enumerate(results):
            if name in result.scores and not math.isnan(result.scores[name].value):
                parts += _mark(result.scores[name], start, _y(row), low, high)
    return "\n".join([*parts, "</svg>", ""])


def _range(scores: Sequence[MeanScore]) -> tuple[float, float]:
    """Whole tens around all values with their errors, and around 50."""
    known = [score for score in scores if not math.isnan(score.value)]
    lowest = min([50.0, *(score.value - _whole_error(score) for score in known)])
    highest = max([50.0, *(score.value + _whole_error(score) for score in known)])
    return max(0.0, math.floor(lowest / 10) * 10.0), min(100.0, max(60.0, math.ceil(highest / 10) * 10.0))


def _whole_error(score: MeanScore) -> float:
    return score.joint if score.joint is not None else math.hypot(score.over_seeds or 0.0, score.over_pairs or 0.0)


def _y(row: int) -> float:
    return TOP + ROW * (row + 0.5)


def _x(value: float, start: float, low: float, high: float) -> float:
    return start + PANEL * (min(max(value, low), high) - low) / (high - low)


def _axis(name: str, start: float, low: float, high: float, rows: int) -> list[str]:
    bottom = TOP + ROW * rows
    chance, middle = _x(50, start, low, high), start + PANEL / 2
    parts = [
        f'<text x="{middle:.1f}" y="{TOP - 14}" text-anchor="middle" font-weight="bold">{escape(name)}</text>',
        f'<rect x="{start}" y="{TOP}" width="{PANEL}" height="{bottom - TOP}" fill="none" stroke="#999"/>',
        f'<line x1="{chance:.1f}" y1="{TOP}" x2="{chance:.1f}" y2="{bottom}" stroke="#999" stroke-dasharray="4 3"/>',
    ]
    for value in sorted({low, 50.0, high}):
        x = _x(value, start, low, high)
        parts.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{value:g}</text>')
    return parts


def _mark(score: MeanScore, start: float, y: float, low: float, high: float) -> list[str]:
    bars = [(1, _whole_error(score)), (4, score.over_seeds or 0.0)]
    parts = [
        f'<line x1="{_x(score.value - error, start, low, high):.1f}" y1="{y:.1f}" '
        f'x2="{_x(score.value + error, start, low, high):.1f}" y2="{y:.1f}" stroke="#27c" stroke-width="{width}"/>'
        for width, error in bars
        if error
    ]
    parts.append(f'<circle cx="{_x(score.value, start, low, high):.1f}" cy="{y:.1f}" r="4" fill="#135"/>')
    return parts
