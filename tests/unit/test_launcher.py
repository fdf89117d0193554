"""The command in front of a training, and what its processes have to know of each other."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from ste_plugin.errors import UserError
from ste_plugin.recipe import Recipe, load_recipe
from ste_plugin.training.launcher import configs, launcher_words
from ste_plugin.training.ranks import is_main, world_size


def test_without_a_launcher_it_is_this_python() -> None:
    assert launcher_words(()) == [sys.executable]


def test_launchers_of_this_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = launcher_words(("accelerate", "launch", "--config_file", "fsdp2-8.yaml"))
    assert words[:2] == [sys.executable, "-m"] and words[-1] == str(configs()["fsdp2-8.yaml"])
    assert launcher_words(("torchrun", "--nproc_per_node", "2"))[-2:] == ["--nproc_per_node", "2"]
    # one's own file of that name comes first
    (tmp_path / "fsdp2-8.yaml").touch()
    assert launcher_words(("accelerate", "launch", "--config_file", "fsdp2-8.yaml"))[-1] == "fsdp2-8.yaml"


def test_any_other_command() -> None:
    assert launcher_words(("env", "A=b"))[1:] == ["A=b"]
    with pytest.raises(UserError, match="no command 'no-such-launcher'"):
        launcher_words(("no-such-launcher",))


def test_the_configurations_save_whole_checkpoints() -> None:
    """Sharded ones could not be judged with, and Trainer refuses them."""
    assert set(configs()) == {"fsdp2-8.yaml", "fsdp2-2x8.yaml"}
    for path in configs().values():
        content = yaml.safe_load(path.read_text())
        assert content["distributed_type"] == "FSDP"
        assert content["num_processes"] == 8 * content["num_machines"]
        assert content["fsdp_config"]["fsdp_version"] == 2
        assert content["fsdp_config"]["fsdp_state_dict_type"] == "FULL_STATE_DICT"
        batch = load_recipe("paper-llama3-70b").train.batch_size
        assert batch % content["num_processes"] == 0


def test_who_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    assert is_main() and world_size() == 1
    monkeypatch.setenv("RANK", "3")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert not is_main() and world_size() == 4


def test_a_run_may_go_on_with_other_machines() -> None:
    """How processes are started does not decide what comes of them."""
    one, two = (
        Recipe.model_validate({"name": "x", "train": {"launcher": launcher}})
        for launcher in ([], ["accelerate", "launch"])
    )
    assert one != two and one.what_decides() == two.what_decides()
