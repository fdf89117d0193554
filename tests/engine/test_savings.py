"""The measurement of what early stops save, on real draws of the tiny model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SAVINGS = Path(__file__).parents[2] / "ci" / "bench" / "savings.py"


def test_savings(tiny_model: Path, tmp_path: Path) -> None:
    words = ["--pairs", "2", "--votes", "9", "--draws", "5", "--max-tokens", "4", "--orders", "20"]
    command = [sys.executable, str(SAVINGS), "--model", str(tiny_model), *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    facts = json.loads((tmp_path / "ste-bench/savings.json").read_text())
    assert [len(item) for item in facts["draws"]] == [9] * 4
    report = (tmp_path / "ste-bench/savings.md").read_text()
    cells = {
        line.split("|")[1].strip(): [c.strip() for c in line.split("|")[2:-1]]
        for line in report.splitlines()
        if "|" in line
    }
    assert float(cells["flip_bound 0.05"][0]) <= float(cells["until decided"][0]) < float(cells["all draws"][0]) == 9
    # over all orders no question's vote ends otherwise more often than its bound says; the script checks that, too
    for name, bound in (("until decided", 0.0), ("flip_bound 0.01", 1.0), ("flip_bound 0.05", 5.0)):
        mean, worst = map(float, cells[name][4].split(", "))
        assert 0 <= mean <= worst <= bound == float(cells[name][5])
