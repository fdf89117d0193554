"""The folder of a run: one process at a time, one manifest for good, files that are whole or not there."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ste_plugin.errors import UserError
from ste_plugin.work_directory import WorkDirectory, read_json, read_run, write_json

MANIFEST = {
    "recipe": {
        "name": "x",
        "seed": 0,
        "score": [{"name": "mini", "seed": 0}],
        "select": {"source": "builtin", "limit": None},
    },
    "judge": {"name": "ste/seed", "weights": "abc"},
    "data": {},
}


@pytest.fixture
def work(tmp_path: Path) -> Iterator[WorkDirectory]:
    directory = WorkDirectory(tmp_path / "deep" / "run")
    yield directory
    directory.close()


def changed(keys: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """The manifest with another value at `keys`."""
    manifest = json.loads(json.dumps(MANIFEST))
    place: Any = manifest
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    return manifest  # type: ignore[no-any-return]


def test_a_second_opener_is_refused_until_the_first_is_done(tmp_path: Path) -> None:
    first = WorkDirectory(tmp_path / "run")
    with pytest.raises(UserError, match=r"run: another run is using this work directory; wait"):
        WorkDirectory(tmp_path / "run")
    first.close()
    WorkDirectory(tmp_path / "run").close()


def test_a_place_that_cannot_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(UserError, match="name a work directory that can be written"):
            WorkDirectory(place)


def test_the_same_manifest_again_is_fine(work: WorkDirectory) -> None:
    assert work.manifest is None
    work.claim(MANIFEST)
    work.claim(MANIFEST)
    assert work.manifest == MANIFEST
    assert read_run(work.path) == (MANIFEST, {})


def test_a_manifest_of_tuples_and_paths_of_json_compares_as_json(work: WorkDirectory) -> None:
    work.claim({"complexity": (1, 5)})
    work.claim({"complexity": [1, 5]})
    with pytest.raises(UserError, match=r"was made with complexity\.1 = 5, now it is 4"):
        work.claim({"complexity": (1, 4)})


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("manifest.json", {"run": {}}, "manifest.json: field 'recipe': Field required"),
        ("manifest.json", {"run": {"recipe": {"name": "x", "seed": 0, "score": [1]}, "judge": None}}, "field 'judge'"),
        ("manifest.json", {"run": {"recipe": 3, "judge": {"name": "m"}}}, "field 'recipe'"),
        ("stages.json", {"score-0-mini": None}, "stages.json: field 'score-0-mini'"),
        ("stages.json", {"score-0-mini": {}}, "field 'score-0-mini.figures': Field required"),
        ("stages.json", {"score-0-mini": {"figures": {}, "log": 1}}, "field 'score-0-mini.log'"),
    ],
)
def test_a_damaged_run_is_named_with_file_and_field(work: WorkDirectory, file: str, content: Any, message: str) -> None:
    work.claim(MANIFEST)
    (work.path / file).write_text(json.dumps(content))
    with pytest.raises(UserError) as caught:
        read_run(work.path)
    assert message in str(caught.value) and "not a work directory of ste" in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        (("recipe", "seed"), 1, "was made with recipe.seed = 0, now it is 1;"),
        (("recipe", "select", "limit"), 9, "was made with recipe.select.limit = null, now it is 9;"),
        (("recipe", "score", 0, "seed"), 32, "was made with recipe.score.0.seed = 0, now it is 32;"),
        (("recipe", "score"), [], 'recipe.score = [{"name": "mini", "seed": 0}], now it is [];'),
        (("judge", "weights"), "abd", 'was made with judge.weights = "abc", now it is "abd";'),
        (("data", "new.jsonl"), "h", 'was made with data.new.jsonl = null, now it is "h";'),
        (("judge",), "ste/seed", 'was made with judge = {"name": "ste/seed", "weights": "abc"}, now it is "ste/seed";'),
    ],
)
def test_another_manifest_is_refused_with_key_and_both_values(
    work: WorkDirectory, keys: tuple[str | int, ...], value: Any, message: str
) -> None:
    work.claim(MANIFEST)
    with pytest.raises(UserError) as caught:
        work.claim(changed(keys, value))
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{work.path}: ")
    assert work.manifest == MANIFEST


@pytest.mark.parametrize(("seed", "fits"), [(0, True), (1, False)])
def test_a_run_that_was_scored_with_the_seed_of_its_recipe(work: WorkDirectory, seed: int, fits: bool) -> None:
    """Its manifest is from before benchmarks had one of their own."""
    old = changed(("recipe", "seed"), seed)
    del old["recipe"]["score"][0]["seed"]
    write_json(work.path / "manifest.json", {"run": old})
    now = changed(("recipe", "seed"), seed)
    if fits:
        work.claim(now)
    else:
        with pytest.raises(UserError, match=r"was made with recipe\.score\.0\.seed = 1, now it is 0; change it back"):
            work.claim(now)
    now["recipe"]["score"][0]["seed"] = seed  # what the message says to do
    work.claim(now)


def test_long_values_that_differ_at_their_end_are_told_apart(work: WorkDirectory) -> None:
    work.claim({"model": "x" * 200 + "one"})
    with pytest.raises(UserError, match=r'model = "x+\.\.\.x+one", now it is "x+\.\.\.x+two"; change') as caught:
        work.claim({"model": "x" * 200 + "two"})
    assert len(str(caught.value)) < 300 + len(str(work.path))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def without_nulls(value: Any) -> Any:
    """A setting that is null is as good as one that is not there."""
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [without_nulls(inner) for inner in value] if isinstance(value, list) else value


@given(old=st.dictionaries(st.text(max_size=3), values, max_size=3), new=values)
def test_a_manifest_is_accepted_exactly_when_it_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, old: dict[str, Any], new: Any
) -> None:
    work = WorkDirectory(tmp_path_factory.mktemp("run"))
    try:
        work.claim(old)
        work.claim(old)
        other = {**old, "new": new}
        if without_nulls(other) == without_nulls(old):
            work.claim(other)
        else:
            with pytest.raises(UserError, match="was made with new"):
                work.claim(other)
    finally:
        work.close()


def test_a_folder_of_something_else_is_left_alone(work: WorkDirectory) -> None:
    (work.path / "thesis.tex").write_text("")
    with pytest.raises(UserError, match="not empty and not a work directory of ste; name a new folder"):
        work.claim(MANIFEST)
    assert not (work.path / "manifest.json").exists()


def test_logs_and_a_manifest_cut_off_by_a_kill_do_not_count(work: WorkDirectory) -> None:
    (work.path / "logs").mkdir()
    (work.path / "manifest.json.part").write_text('{"ste')
    work.claim(MANIFEST)
    assert work.manifest == MANIFEST
    assert not (work.path / "manifest.json.part").exists()


@pytest.mark.parametrize("content", [b"{", b"\xff", b"", b"[]", b'"x"', b"null", b'{"ste": "1"}', b'{"run": []}'])
def test_a_manifest_that_cannot_be_read(work: WorkDirectory, content: bytes) -> None:
    (work.path / "manifest.json").write_bytes(content)
    for use in (lambda: work.claim(MANIFEST), lambda: work.manifest, lambda: read_run(work.path)):
        with pytest.raises(UserError) as caught:
            use()
        assert str(caught.value).startswith(f"{work.path / 'manifest.json'}: ")
    assert (work.path / "manifest.json").read_bytes() == content


@pytest.mark.parametrize("content", [b"{", b"[1]"])
def test_stages_that_cannot_be_read(work: WorkDirectory, content: bytes) -> None:
    work.claim(MANIFEST)
    (work.path / "stages.json").write_bytes(content)
    for use in (work.summaries, lambda: work.finish("x", {}), lambda: read_run(work.path)):
        with pytest.raises(UserError, match=r"stages\.json: "):
            use()
    assert (work.path / "stages.json").read_bytes() == content


def test_a_folder_in_the_place_of_a_file(work: WorkDirectory) -> None:
    (work.path / "manifest.json").mkdir()
    with pytest.raises(UserError, match=r"manifest\.json: cannot be read"):
        work.claim(MANIFEST)


def test_there_is_no_run_to_read(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none"):
        with pytest.raises(UserError, match=r"no run of ste/self_train there \(manifest\.json is missing\)"):
            read_run(place)


def test_finished_stages_are_kept_in_their_order(tmp_path: Path) -> None:
    for number, stage in enumerate(["score-0-mini", "select", "annotate-1"]):
        work = WorkDirectory(tmp_path / "run")  # each in a process of its own
        assert work.summary(stage) is None
        work.finish(stage, {"number": number})
        assert work.summary(stage) == {"number": number}
        work.close()
    work = WorkDirectory(tmp_path / "run")
    assert list(work.summaries()) == ["score-0-mini", "select", "annotate-1"]
    work.close()


def test_where_files_lie(work: WorkDirectory) -> None:
    assert work.pairs(None) == work.path / "pairs.jsonl"
    assert work.pairs(2) == work.path / "iteration-2" / "pairs.jsonl"
    assert work.checkpoint(3) == work.path / "iteration-3" / "judge"
    assert work.iteration(3).is_dir()
    assert not work.checkpoint(3).exists()  # it appears when the training has succeeded
    assert {work.answers.parent, work.instructions.parent} == {work.path}
    assert work.path.is_absolute()


def test_an_iteration_folder_that_cannot_be_made(work: WorkDirectory) -> None:
    (work.path / "iteration-1").write_text("")
    with pytest.raises(UserError, match="iteration-1: File exists; make room"):
        work.checkpoint(1)


@given(values)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "x.json"
    write_json(path, {"value": value})
    assert read_json(path) == {"value": value}
    assert read_json(path.with_name("none.json")) is None


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"a": 1})

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(UserError, match=r"x\.json: No space left on device; make room and run the same command again"):
        write_json(path, {"a": 2})
    assert read_json(path) == {"a": 1}
    assert os.listdir(tmp_path) == ["x.json"]


def test_data_that_is_no_json_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": 2, "b": object()})
    assert read_json(path) == {"a": 1}
    assert os.listdir(tmp_path) == ["x.json"]


def test_the_new_content_is_on_the_disk_before_it_takes_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.json"
    events: list[str] = []
    replace, fsync = os.replace, os.fsync

    def note_fsync(descriptor: int) -> None:
        events.append("fsync")
        assert json.loads((tmp_path / "x.json.part").read_text()) == {"a": 1}
        fsync(descriptor)

    def note_replace(source: Path, target: Path) -> None:
        events.append("replace")
        assert not path.exists()
        replace(source, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "replace", note_replace)
    write_json(path, {"a": 1})
    assert events == ["fsync", "replace"]
    assert read_json(path) == {"a": 1}
