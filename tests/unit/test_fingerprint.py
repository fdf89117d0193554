"""Contents have names: equal ones the same, and whatever changes an answer another."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ste_plugin.errors import UserError
from ste_plugin.fingerprint import file_fingerprint, model_fingerprint

END = 1 << 16
FILES = {
    "config.json": b'{"layers": 2}',
    "tokenizer.json": b"{}",
    "chat_template.jinja": b"{{ messages }}",
    "adapter_config.json": b'{"r": 8}',
    "model.safetensors": b"head" + bytes(3 * END) + b"tail",
}


def model(folder: Path, **changes: bytes | None) -> Path:
    """A model folder; `changes` by file name, None for a file that is not there."""
    folder.mkdir()
    for name, data in {**FILES, **changes}.items():
        if data is not None:
            (folder / name).write_bytes(data)
    return folder


def test_the_place_of_a_model_is_of_no_matter(tmp_path: Path) -> None:
    first = model_fingerprint(model(tmp_path / "one"))
    assert model_fingerprint(model(tmp_path / "two")) == first
    assert len(first) == 32 and int(first, 16)


@pytest.mark.parametrize("name", FILES)
def test_every_part_of_a_model_counts(tmp_path: Path, name: str) -> None:
    whole = model_fingerprint(model(tmp_path / "one"))
    seen = {whole}
    for number, data in enumerate([FILES[name] + b" ", b"x" + FILES[name][1:], None]):
        seen.add(model_fingerprint(model(tmp_path / f"other-{number}", **{name: data})))
    assert len(seen) == 4


@pytest.mark.parametrize("place", range(END, 47 * END, 5 * END))
def test_weights_of_which_a_part_was_trained_differ(tmp_path: Path, place: int) -> None:
    """A merged adapter may leave all but one kind of layer as it was."""
    weights = bytes(48 * END)
    trained = weights[:place] + b"!" * (END // 2) + weights[place + END // 2 :]
    one, two = (model(tmp_path / name, **{"model.safetensors": w}) for name, w in (("one", weights), ("two", trained)))
    assert model_fingerprint(one) != model_fingerprint(two)


def test_weights_count_by_both_ends_size_and_name(tmp_path: Path) -> None:
    weights = FILES["model.safetensors"]
    same = {model_fingerprint(model(tmp_path / "one"))}
    others = [
        {"model.safetensors": weights[:END] + weights[END + 1 :]},
        {"model.safetensors": weights[: END - 1] + b"!" + weights[END:]},
        {"model.safetensors": weights[:-END] + b"!" + weights[-END + 1 :]},
        {"model.safetensors": None, "model.bin": weights},
        {"model-2.safetensors": b""},
        {"model.gguf": b""},
    ]
    found = {model_fingerprint(model(tmp_path / f"other-{n}", **other)) for n, other in enumerate(others)}
    assert len(found | same) == len(others) + 1


def test_what_answers_do_not_depend_on_is_left_out(tmp_path: Path) -> None:
    folder = model(tmp_path / "one")
    before = model_fingerprint(folder)
    (folder / "README.md").write_text("Read me.")
    (folder / "source.json").write_text("{}")
    (folder / "checkpoint-1").mkdir()
    (folder / "checkpoint-1" / "model.safetensors").write_bytes(b"x")
    assert model_fingerprint(folder) == before


@pytest.mark.parametrize("size", [0, 1, END - 1, END, END + 1, 2 * END, 2 * END + 1])
def test_small_weights_count_to_the_last_byte(tmp_path: Path, size: int) -> None:
    seen = {model_fingerprint(model(tmp_path / "one", **{"model.safetensors": bytes(size)}))}
    if size:
        last = bytes(size - 1) + b"!"
        seen.add(model_fingerprint(model(tmp_path / "two", **{"model.safetensors": last})))
    assert len(seen) == (2 if size else 1)


def test_a_folder_that_is_not_there_or_no_folder(tmp_path: Path) -> None:
    for place in (tmp_path / "none", tmp_path / "file"):
        (tmp_path / "file").write_text("")
        with pytest.raises(UserError, match="name a folder that holds a model") as caught:
            model_fingerprint(place)
        assert str(caught.value).startswith(f"{place}: ")


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_files_are_named_by_their_contents(tmp_path_factory: pytest.TempPathFactory, one: bytes, other: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "one").write_bytes(one)
    (folder / "other").write_bytes(other)
    assert (file_fingerprint(folder / "one") == file_fingerprint(folder / "other")) == (one == other)


def test_a_large_file_counts_whole(tmp_path: Path) -> None:
    path = tmp_path / "data"
    seen = set()
    for place in (0, 1 << 20, (1 << 20) + 1, (2 << 20) + 5):
        data = bytearray((2 << 20) + 6)
        data[place] = 1
        path.write_bytes(data)
        seen.add(file_fingerprint(path))
    assert len(seen) == 4


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="none: No such file"):
        file_fingerprint(tmp_path / "none")
    with pytest.raises(UserError, match="Is a directory"):
        file_fingerprint(tmp_path)
