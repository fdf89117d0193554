"""The command line: what it prints, its exit codes, and that it starts without loading a model library."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ste_plugin import __version__
from ste_plugin.embedded_model import MODEL_FILES

RUN = "from ste_plugin.cli import main; main()"
HEAVY = {"torch", "transformers", "datasets", "lm_eval", "inspect_ai", "sklearn", "scipy", "numpy"}


def ste(*words: str, cache: Path, code: str = RUN) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "STE_CACHE": str(cache),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    return subprocess.run(
        [sys.executable, "-c", code, *words], env=environment, capture_output=True, text=True, check=False
    )


def test_version(tmp_path: Path) -> None:
    done = ste("--version", cache=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"ste {__version__}\n")


@pytest.mark.parametrize("words", [["--version"], ["models", "list"], ["--help"]])
def test_light_start(words: list[str], tmp_path: Path) -> None:
    look = (
        "import atexit, sys; from ste_plugin.cli import main\n"
        f"atexit.register(lambda: print('LOADED', *sorted({HEAVY!r} & set(sys.modules))))\nmain()"
    )
    done = ste(*words, cache=tmp_path, code=look)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "LOADED"


def test_user_error_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    for words in (["models", "path", "smollm2-135m"], ["models", "path", "x"], ["models", "pull", "x"]):
        done = ste(*words, cache=tmp_path)
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.startswith("ste: ")
        assert done.stderr.count("\n") == 1


def test_a_file_that_the_system_refuses_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    done = ste("plan", "smollm2-demo", "--instructions", f"{'x' * 300}.jsonl", cache=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "xxx.jsonl: File name too long" in done.stderr


@pytest.mark.parametrize("words", [["models", "fetch"], ["models", "pull", "x", "--source", "ftp"], ["repot"]])
def test_wrong_usage_is_exit_code_2(words: list[str], tmp_path: Path) -> None:
    done = ste(*words, cache=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_list_before_and_after(tmp_path: Path) -> None:
    line = ste("models", "list", cache=tmp_path).stdout
    assert line.startswith("smollm2-135m\tnot pulled\tApache-2.0\t")
    folder = tmp_path / "models" / "smollm2-135m-instruct"
    folder.mkdir(parents=True)
    for name in MODEL_FILES:
        (folder / name).write_text("{}")
    assert "not pulled" in ste("models", "list", cache=tmp_path).stdout
    (folder / "source.json").write_text('{"source": "gguf"}')
    assert ste("models", "list", cache=tmp_path).stdout.startswith("smollm2-135m\there (gguf)\t")
    assert ste("models", "path", "smollm2-135m", cache=tmp_path).stdout == f"{folder}\n"
    done = ste("models", "pull", "smollm2-135m", cache=tmp_path)
    assert (done.returncode, done.stderr) == (0, f"smollm2-135m is already there: {folder}\n")


def test_report_without_a_run_is_a_user_error(tmp_path: Path) -> None:
    pytest.importorskip("ste_plugin.report")
    done = ste("report", str(tmp_path / "absent"), cache=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
