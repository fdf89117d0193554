"""`ste ablate` as a user types it: two cells with two seeds, real runs of a tiny model."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ste_plugin.gate.sources import read_results
from ste_plugin.work_directory import read_run
from tests.harness.stock_inspect import MOCK_PROVIDER, TIME_LIMIT, StockInspect

pytestmark = pytest.mark.slow

RECIPE: dict[str, Any] = {
    "name": "tiny",
    "iterations": 1,
    "select": {"limit": 12, "max_chars": 120},
    "synthesize": {
        "strategies": {"neighbor": 1, "wrong_result": 1},
        "material": {"wrong_result": "built_in"},
        "pairs": 12,
        "max_tokens": 8,
    },
    # the mock generator repeats every request, which the other filters would drop
    "quality": {"filters": ["empty", "identical"]},
    "judge": {"prompt": "judge_verdict", "max_tokens": 0, "force_verdict": True, "max_response_chars": 200},
    "annotate": {"draws": 4, "first_round": 2},
    "train": {
        "learning_rate": 1e-3,
        "batch_size": 4,
        "micro_batch_size": 4,
        "max_steps": 3,
        "curriculum": [["neighbor"], ["wrong_result"]],
    },
    "score": [{"name": "mini", "dataset": "builtin", "limit_per_subset": 2}],
}
VARIED = ("--vary", "strategies=neighbor+wrong_result,neighbor")


def ablate(folder: Path, model: Path, *more: str, generator: str = "generator") -> subprocess.CompletedProcess[str]:
    words = ("--model-role", f"generator=mock/{generator}", "--display", "plain", "--ctl-server", "false")
    given = [part for word in words for part in ("--inspect", word)]
    command = [str(Path(sys.executable).with_name("ste")), "ablate", "--recipe", "recipe.yaml", "--out", "runs"]
    return subprocess.run(
        [*command, *VARIED, "--model", f"ste/{model}", *given, *more],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(MOCK_PROVIDER), "OMP_NUM_THREADS": "1", "COLUMNS": "250"},
        capture_output=True,
        text=True,
        timeout=4 * TIME_LIMIT,  # four runs
        check=False,
    )


def test_two_cells_with_two_seeds(tmp_path: Path, tiny_model: Path) -> None:
    model = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(RECIPE))
    done = ablate(tmp_path, model)
    assert done.returncode == 0, done.stdout + done.stderr
    # errors over seeds and pairs together, and the differences
    assert "no error over seeds and pairs together" not in done.stdout
    assert "points better than the first cell" in done.stdout
    found = json.loads((tmp_path / "runs" / "ablation.json").read_text())
    assert len(found["cells"]) == 4 and {tuple(one["seeds"]) for one in found["cells"]} == {(0, 1)}
    assert all(score["joint"] is not None for one in found["cells"] for score in one["scores"].values())
    (difference,) = found["differences"]
    assert (difference["cell"], difference["than"]) == ("strategies=neighbor", "strategies=neighbor+wrong_result")
    assert (difference["seeds"], difference["iterations"]) == ([0, 1], [1, 1])
    # every judge, of whatever seed, has judged what the command typed by hand judges
    stock = StockInspect(tmp_path / "by-hand")
    options = ("dataset=builtin", "limit_per_subset=2", "prompt=judge_verdict", "max_tokens=0", "force_verdict=true")
    words = [part for option in (*options, "max_response_chars=200") for part in ("-T", option)]
    stock.eval("ste/rewardbench", "--model", f"ste/{model}", *words).succeeded()
    (log,) = (stock.folder / "logs").glob("*.eval")
    by_hand = results(log)
    for work in (tmp_path / "runs").glob("*-seed*"):
        if work.is_dir():
            stages = read_run(work)[1]
            assert results(Path(stages["score-0-mini"]["log"])) == by_hand
            assert results(Path(stages["score-1-mini"]["log"])).keys() == by_hand.keys()

    # the same command shows it again; another generator, or other weights of the same name, are told apart
    again = ablate(tmp_path, model)
    assert again.returncode == 0 and "points better than" in again.stdout
    assert done.stdout.endswith(again.stdout)  # behind what the runs themselves have printed
    other = ablate(tmp_path, model, generator="repeats")
    assert other.returncode == 2 and "was begun with" in other.stderr and other.stdout == ""
    weights = model / "model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    more = ablate(tmp_path, model, "--seeds", "0,1,2")
    assert more.returncode == 2 and "was made with judge.weights" in more.stderr, more.stderr
    assert "2 of 6 runs did not finish" in more.stderr


def results(log: Path) -> dict[str, Any]:
    """What came out of each pair."""
    return {entry.row.pair_id: entry.row.results for entry in read_results([log]).entries}
