"""Times, counts and sizes in few letters."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """ "3.2 min", "12 h", ..."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h"


def count(number: float) -> str:
    """ "1.3M", "20.6k", ...; "" below 1."""
    if number < 1:
        return ""
    for limit, unit in ((1e9, "B"), (1e6, "M"), (1e4, "k")):
        if number >= limit:
            return f"{number / (1e3 if unit == 'k' else limit):.4g}{unit}"
    return f"{number:.0f}"


def size(number: float) -> str:
    """Bytes as "1.2 GB", ..."""
    for limit, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if number >= limit:
            return f"{number / limit:.3g} {unit}"
    return f"{number / 1e3:.3g} kB"
