"""The measurements in ci/bench: what does not need a model."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "ci" / "bench"


def run(script: str, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, BENCH / script, *words], cwd=cwd, capture_output=True, text=True, timeout=300
    )


def test_growth_measures_each_stage_once(tmp_path: Path) -> None:
    done = run("growth.py", "--sizes", "200,400", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    facts = json.loads((tmp_path / "out/growth.json").read_text())
    measured = {(r["stage"], r["size"]) for r in facts["runs"]}
    assert {(stage, size) for stage in ("annotate (core)", "curate", "export") for size in (200, 400)} <= measured
    assert all(r["peak_mib"] > 0 and r["cpu_s"] > 0 for r in facts["runs"])
    assert "| annotate (core) |" in (tmp_path / "out/growth.md").read_text()
    assert ElementTree.parse(tmp_path / "out/growth.svg").getroot().tag.endswith("svg")
    runs = (tmp_path / "out/growth-runs.jsonl").read_bytes()
    # a run that was cut off while it wrote: what is there is not measured again
    (tmp_path / "out/growth-runs.jsonl").write_bytes(runs + b'{"stage": "ann')
    again = run("growth.py", "--sizes", "200,400", "--out", "out", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert not again.stderr
    assert json.loads((tmp_path / "out/growth.json").read_text())["runs"] == facts["runs"]
    # what another version of the sources measured is not taken for this one's
    old = [json.loads(line) | {"state": "other"} for line in runs.decode().splitlines()]
    (tmp_path / "out/growth-runs.jsonl").write_text("".join(json.dumps(run) + "\n" for run in old))
    afresh = run("growth.py", "--sizes", "200", "--out", "out", cwd=tmp_path)
    assert "200 curate" in afresh.stderr


@pytest.mark.parametrize(
    ("script", "words"), [("growth.py", ["--sizes", "many"]), ("compare.py", ["--rows", "fastest"])]
)
def test_wrong_words_are_refused(script: str, words: list[str], tmp_path: Path) -> None:
    done = run(script, *words, cwd=tmp_path)
    assert done.returncode == 2
    assert words[1] in done.stderr.splitlines()[-1]
    assert not list(tmp_path.iterdir())
