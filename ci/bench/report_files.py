"""Files and tables of the measurements: runs one JSON object a line, a report as JSON and as Markdown."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import statistics
import subprocess
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("torch", "transformers", "inspect-ai", "lm-eval", "numpy")
SOURCES = (".py", ".yaml", ".jinja", ".txt")


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects in `path`, none if it is not there. A last line that was cut off is dropped."""
    if not path.exists():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    return rows


def append_line(path: Path, row: dict[str, Any]) -> None:
    """Add `row` to `path` in one write."""
    torn = path.exists() and not path.read_bytes().endswith(b"\n")
    with path.open("a", encoding="utf-8") as file:
        file.write(("\n" if torn else "") + json.dumps(row) + "\n")


def median_range(values: Sequence[float], digits: int = 2) -> str:
    """ "median (lowest-highest)", or "-" without values."""
    if not values:
        return "-"
    middle, low, high = (f"{v:.{digits}f}" for v in (statistics.median(values), min(values), max(values)))
    return f"{middle} ({low} to {high})" if len(values) > 1 else middle


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table as Markdown writes it."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def machine() -> dict[str, Any]:
    """What is measured on. torch is not imported for it: a stage whose memory is measured may be started from here."""
    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        processor = names[0] if names else processor
    facts: dict[str, Any] = {
        "processor": processor,
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
    if shutil.which("nvidia-smi"):
        asked = subprocess.run(
            ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True
        )
        if asked.returncode == 0 and asked.stdout.strip():
            facts["gpu"] = asked.stdout.splitlines()[0].strip()
    return facts


def load_average() -> list[float]:
    """Processes at work in the last 1, 5 and 15 minutes."""
    return [round(load, 1) for load in os.getloadavg()]


def state_digest(about: dict[str, Any]) -> str:
    """Names what a run depends on beside its own work, so that a resumed measurement never mixes two of them.

    That is `about` (the machine), the releases of the packages, and every file of this project that may take part.
    """
    digest = hashlib.blake2b(json.dumps(about, sort_keys=True).encode(), digest_size=8)
    for name in PACKAGES:
        try:
            digest.update(f"{name} {version(name)}\n".encode())
        except PackageNotFoundError:
            continue
    root = Path(__file__).resolve().parents[2]
    for folder in ("ste_plugin", "tasks", "prompts", "ci/bench"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in SOURCES and path.is_file():
                digest.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def without_superseded(runs: Sequence[dict[str, Any]], *key: str) -> list[dict[str, Any]]:
    """The last run of each `key` (names of fields), but never an error where a run of it has succeeded."""
    kept: dict[tuple[Any, ...], dict[str, Any]] = {}
    for run in runs:
        place = tuple(run.get(name) for name in key)
        if "error" not in run or "error" in kept.get(place, run):
            kept[place] = run
    return list(kept.values())


def write_report(folder: Path, name: str, title: str, parts: Sequence[str], facts: dict[str, Any]) -> None:
    """FOLDER/NAME.json and FOLDER/NAME.md; the latter also on the terminal."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    lines = {**facts.get("machine", {}), **facts.get("versions", {})}
    about = "; ".join(f"{key} {value}" for key, value in lines.items())
    text = "\n\n".join([f"# {title}", *parts, f"Measured on: {about}."]) + "\n"
    (folder / f"{name}.md").write_text(text, encoding="utf-8")
    print(text)
