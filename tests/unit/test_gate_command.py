"""`ste gate`, `ste baseline` and the fixture `ste_gate` as users run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ste_plugin.result_rows import read_result_rows, result_row_to_json, write_result_rows
from tests.result_builder import row, rows

CODE = "from ste_plugin.cli import main; main()"
SOUND, DAMAGED, CLOSE = ["cc"] * 300, ["rr"] * 90 + ["cc"] * 210, ["rr"] * 6 + ["cc"] * 294


class User:
    """Somebody with a terminal in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, named in (("sound", SOUND), ("damaged", DAMAGED), ("close", CLOSE)):
            write_result_rows(folder / f"{name}.jsonl", rows(named))

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
        variables = {**inherited, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **environment}
        return subprocess.run(
            command, cwd=self.folder, env=variables, capture_output=True, text=True, check=False, timeout=120
        )

    def ste(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-c", CODE, *words, **environment)

    def gate(self, baseline: str, candidate: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return self.ste("gate", "--baseline", baseline, "--candidate", candidate, *words, **more)

    def refused(self, *words: str) -> str:
        done = self.ste(*words)
        assert (done.returncode, done.stdout) == (2, ""), done.stdout + done.stderr
        assert done.stderr.startswith("ste: ") and done.stderr.count("\n") == 1, done.stderr
        return done.stderr


@pytest.fixture
def user(tmp_path: Path) -> User:
    return User(tmp_path)


@pytest.mark.parametrize(("candidate", "code"), [("sound", 0), ("damaged", 1), ("close", 3)])
def test_exit_codes(user: User, candidate: str, code: int) -> None:
    done = user.gate("sound.jsonl", f"{candidate}.jsonl")
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stderr == ""
    assert "::" not in done.stdout


def test_all_outputs_and_github(user: User) -> None:
    words = ("--markdown", "o/g.md", "--json", "o/g.json", "--junit", "o/g.xml", "--svg", "o/g.svg")
    summary = user.folder / "summary.md"
    done = user.gate("sound.jsonl", "damaged.jsonl", *words, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    assert done.returncode == 1
    assert json.loads((user.folder / "o/g.json").read_text())["answer"] == "regression"
    assert (user.folder / "o/g.md").read_text() == summary.read_text()
    assert (user.folder / "o/g.xml").read_text().startswith("<?xml")
    assert (user.folder / "o/g.svg").read_text().startswith("<svg")
    assert "::error title=REGRESSION" in done.stdout
    quiet = user.gate("sound.jsonl", "damaged.jsonl", "--no-github", GITHUB_ACTIONS="true")
    assert "::error" not in quiet.stdout


def test_same_input_same_output(user: User) -> None:
    first, second = (user.gate("sound.jsonl", "close.jsonl", "--json", f"{n}.json") for n in (1, 2))
    assert first.stdout == second.stdout
    assert (user.folder / "1.json").read_bytes() == (user.folder / "2.json").read_bytes()


def test_invalid_is_told_in_lines(user: User) -> None:
    write_result_rows(user.folder / "other.jsonl", rows(SOUND[:290], prompt_hash="p2"))
    done = user.gate("sound.jsonl", "other.jsonl")
    assert done.returncode == 2
    assert "INVALID" in done.stdout
    assert "10 pairs of the baseline missing in the candidate" in done.stdout
    assert "290 pairs with another prompt hash: baseline p1, candidate p2" in done.stdout


def test_folders_are_searched(user: User) -> None:
    deep = user.folder / "run" / "deep"
    deep.mkdir(parents=True)
    (user.folder / "damaged.jsonl").rename(deep / "samples_x_2026.jsonl")
    lines = [{"doc_id": n, "ste_result": result_row_to_json(one)} for n, one in enumerate(rows(DAMAGED))]
    (deep / "samples_x_2026.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (deep / "results_2026.json").write_text(json.dumps({"model_name": "my/model"}))
    (user.folder / "run" / "notes.jsonl").write_text('{"a": 1}\n')
    done = user.gate("sound.jsonl", "run", "--json", "g.json")
    assert done.returncode == 1
    assert "my/model" in done.stdout
    assert "candidate: no judged pairs in run/notes.jsonl\n" in done.stdout


def test_results_as_plain_rows(user: User) -> None:
    lines = [{"doc_id": n, "ste_result": result_row_to_json(one)} for n, one in enumerate(rows(CLOSE))]
    (user.folder / "samples.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = user.ste("results", "samples.jsonl", "--out", "plain.jsonl.gz")
    assert done.stdout.startswith("plain.jsonl.gz: 300 pairs of "), done.stderr
    assert [one for _, one in read_result_rows(user.folder / "plain.jsonl.gz")] == rows(CLOSE)
    assert "--out should be named" in user.refused("results", "samples.jsonl", "--out", "plain.txt")


def test_mistakes(user: User) -> None:
    (user.folder / "empty").mkdir()
    (user.folder / "a.txt").write_text("x")
    (user.folder / "bad.eval").write_text("x")
    (user.folder / "plain.jsonl").write_text('{"a": 1}\n')
    (user.folder / "bad.jsonl").write_text(json.dumps({**result_row_to_json(row(0)), "cluster": 3}) + "\n")
    expected = {
        "absent": "absent: no such file or folder",
        "empty": "empty: no file in this folder holds judged pairs",
        "a.txt": "a.txt: neither an Inspect log",
        "bad.eval": "bad.eval: not a complete Inspect log",
        "plain.jsonl": "plain.jsonl: holds no judged pairs",
        "bad.jsonl": "bad.jsonl:1: field 'cluster' should be a string, is int",
    }
    for name, complaint in expected.items():
        assert complaint in user.refused("gate", "--baseline", "sound.jsonl", "--candidate", name)
    words = ("gate", "--baseline", "sound.jsonl", "--candidate", "sound.jsonl")
    assert "no such file" in user.refused(*words, "--policy", "absent.yaml")
    (user.folder / "file").write_text("x")
    done = user.ste(*words, "--json", "file/x.json")
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "cannot write it" in done.stderr
    assert user.ste("gate", "--baseline", "sound.jsonl").returncode == 2


@pytest.mark.parametrize("template", ["github_actions.yml", "gitlab.yml"])
def test_templates_gate_as_they_stand(user: User, repository: Path, template: str) -> None:
    """The commands of the templates, with the variables they set: what is saved and gated there works."""
    content = yaml.safe_load((repository / "ci" / "gate_templates" / template).read_text(encoding="utf-8"))
    if template == "gitlab.yml":
        variables, commands = content["judge gate"]["variables"], content["judge gate"]["script"]
        assert content["judge gate"]["artifacts"]["reports"]["junit"] == "gate/gate.xml"
    else:
        variables, steps = content["env"], content["jobs"]["gate"]["steps"]
        commands = [step["run"] for step in steps if "run" in step]
    (gate,) = [command for command in commands if command.startswith("ste gate")]
    (user.folder / "logs").mkdir()
    (user.folder / "close.jsonl").rename(user.folder / "logs" / "close.jsonl")
    assert user.ste("baseline", "save", "sound.jsonl", "--name", "main").returncode == 0
    policy = (repository / "ci" / "gate_templates" / "gate.yaml").read_text(encoding="utf-8")
    (user.folder / variables["POLICY"]).write_text(policy)
    names = {name: variables[name] for name in ("BASELINE", "POLICY")}
    shell = f"ste() {{ '{sys.executable}' -c '{CODE}' \"$@\"; }}; {gate}"
    done = user.run("bash", "-c", shell, **names)
    assert done.returncode == 3, done.stdout + done.stderr
    written = {path.name for path in (user.folder / "gate").iterdir()}
    assert written == {"gate.xml", "gate.json", "gate.svg", "gate.md"}


class TestBaselines:
    def test_save_list_show_and_gate(self, user: User) -> None:
        saved = user.ste("baseline", "save", "sound.jsonl", "--judge", "my judge")
        assert saved.returncode == 0, saved.stderr
        path = user.folder / "ci" / "baselines" / "main.json"
        text = path.read_text()
        assert "pair 1" not in text and "prompt 1" not in text  # ids are hashed
        assert len(text) < 100 * len(SOUND)
        assert user.ste("baseline", "list").stdout.startswith("main\tmy judge\tbench 300 pairs, official 100.0")
        shown = user.ste("baseline", "show", "main").stdout
        assert "revision r1" in shown and "bench/official/overall" in shown
        for candidate, code in (("sound", 0), ("damaged", 1), ("close", 3)):
            words = (f"{candidate}.jsonl", "--json", "g.json")
            assert user.gate("ci/baselines/main.json", *words).returncode == code
            from_file = json.loads((user.folder / "g.json").read_text())
            assert user.gate("sound.jsonl", *words).returncode == code
            from_log = json.loads((user.folder / "g.json").read_text())
            assert from_file["places"] == from_log["places"]
            pairs = [[flip["pair_id"] for flip in one["flips"]] for one in (from_file, from_log)]
            assert pairs[0] == pairs[1]

    def test_damaged(self, user: User) -> None:
        for content, field in (({"pairs": {}}, "benchmarks"), ({"pairs": {}, "benchmarks": {"b": 1}}, "benchmarks.b")):
            (user.folder / "z.json").write_text(json.dumps({"ste_baseline": 1, **content}))
            assert f"z.json: field '{field}': " in user.refused("baseline", "show", "z.json")
        assert user.ste("baseline", "save", "sound.jsonl").returncode == 0
        whole = json.loads((user.folder / "ci/baselines/main.json").read_text())
        for damage in ({"origins": {"file": "x"}}, {"pairs": {"bench": {"a": 1}}}, {"benchmarks": []}):
            (field,) = damage
            (user.folder / "z.json").write_text(json.dumps({**whole, **damage}))
            assert f"z.json: field '{field}" in user.refused("gate", "-b", "z.json", "-c", "sound.jsonl")

    def test_formatted_by_another_program(self, user: User) -> None:
        assert user.ste("baseline", "save", "sound.jsonl").returncode == 0
        path = user.folder / "ci/baselines/main.json"
        content = json.loads(path.read_text())
        for layout in ({"indent": 2}, {"indent": "\t"}, {"separators": (",", ":")}):
            path.write_text(json.dumps(content, **layout))  # type: ignore[arg-type]
            done = user.gate(str(path), "sound.jsonl")
            assert done.returncode == 0, done.stderr
        assert "main\t" in user.ste("baseline", "list").stdout

    def test_saving_again(self, user: User) -> None:
        assert user.ste("baseline", "save", "sound.jsonl").returncode == 0
        first = (user.folder / "ci/baselines/main.json").read_bytes()
        assert "is there already" in user.refused("baseline", "save", "damaged.jsonl")
        assert (user.folder / "ci/baselines/main.json").read_bytes() == first
        assert user.ste("baseline", "save", "sound.jsonl", "--replace").returncode == 0
        assert (user.folder / "ci/baselines/main.json").read_bytes() == first
        # a baseline of a baseline holds the same outcomes
        assert user.ste("baseline", "save", "ci/baselines/main.json", "--name", "again").returncode == 0
        again = json.loads((user.folder / "ci/baselines/again.json").read_text())
        assert again["pairs"] == json.loads(first)["pairs"]

    def test_every_outcome_comes_back(self, user: User) -> None:
        letters = [a + b for a in "crtu" for b in "crtu"]
        single = [row(n, results=r.results[n % 2 :][:1], order_policy="single") for n, r in enumerate(rows(letters))]
        for name, judged in (("both", rows(letters)), ("single", single)):
            write_result_rows(user.folder / f"{name}.jsonl", judged)
            assert user.ste("baseline", "save", f"{name}.jsonl", "--name", name).returncode == 0
            words = (f"ci/baselines/{name}.json", f"{name}.jsonl", "--json", "g.json", "--policy", "p.yaml")
            (user.folder / "p.yaml").write_text("floors: {parse_rate: 0}\n")
            assert user.gate(*words).returncode == 3
            read = json.loads((user.folder / "g.json").read_text())
            assert read["flips"] == [] and "every verdict is the same" in read["notes"][0]

    def test_mistakes(self, user: User) -> None:
        assert "no slashes" in user.refused("baseline", "save", "sound.jsonl", "--name", "a/b").replace("without", "no")
        write_result_rows(user.folder / "twice.jsonl", [*rows(["cc"]), *rows(["cc"])])
        assert "more than once" in user.refused("baseline", "save", "twice.jsonl")
        assert not (user.folder / "ci").exists()
        assert "no such file" in user.refused("baseline", "show", "absent")
        assert user.ste("baseline", "save", "sound.jsonl").returncode == 0
        path = user.folder / "ci" / "baselines" / "main.json"
        text = path.read_text()
        path.write_text(text.replace('"ste_baseline": 1', '"ste_baseline": 99'))
        assert "is 99, this version of ste reads 1" in user.refused("baseline", "show", "main")
        path.write_text(text.replace('"AB"', '"AX"', 1))
        assert "malformed" in user.refused("gate", "--baseline", str(path), "--candidate", "sound.jsonl")
        path.write_text(text[: len(text) // 2])
        assert "save it again" in user.refused("gate", "--baseline", str(path), "--candidate", "sound.jsonl")


class TestPytestPlugin:
    SUITE = """
import pytest

def test_in_one_line(ste_gate):
    ste_gate(baseline="sound.jsonl", candidate="CANDIDATE.jsonl")

@pytest.mark.ste_gate(baseline="sound.jsonl", candidate="CANDIDATE.jsonl", policy="policy.yaml")
def test_marked(ste_gate):
    assert ste_gate().answer == "pass"
"""

    @pytest.mark.parametrize(("candidate", "outcome"), [("sound", "2 passed"), ("damaged", "2 failed")])
    def test_suite(self, user: User, candidate: str, outcome: str) -> None:
        (user.folder / "policy.yaml").write_text("margins: {overall: 3}\n")
        (user.folder / "test_judge.py").write_text(self.SUITE.replace("CANDIDATE", candidate))
        words = (
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "ste_plugin.pytest_plugin",
            "--strict-markers",
            "-p",
            "no:cacheprovider",
        )
        done = user.run(*words, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
        assert outcome in done.stdout, done.stdout + done.stderr
        if candidate == "damaged":
            assert "ste gate: REGRESSION" in done.stdout
            assert "overall: worse by more than 2 points" in done.stdout
            assert "worse by more than 3 points" in done.stdout

    def test_mistakes(self, user: User) -> None:
        (user.folder / "test_judge.py").write_text(
            "def test_a(ste_gate):\n    ste_gate(baseline='absent', candidate='sound.jsonl')\n"
            "def test_b(ste_gate):\n    ste_gate(candidate='sound.jsonl')\n"
        )
        words = (sys.executable, "-m", "pytest", "-p", "ste_plugin.pytest_plugin", "-p", "no:cacheprovider")
        out = user.run(*words, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1").stdout
        assert "2 failed" in out
        assert "absent: no such file or folder" in out
        assert "ste_gate takes baseline=, candidate= and policy=" in out
