"""What all stage tasks set up alike: the model to ask, its journal, and how many requests may be in flight."""

from __future__ import annotations

import json
from pathlib import Path

from inspect_ai.model import GenerateConfig, Model, get_model, model_roles
from inspect_ai.model._generate_config import active_generate_config
from inspect_ai.model._model import active_model

from ste.asking import Asker
from ste.local_provider import CONNECTIONS, LocalProvider
from ste.vllm_servers import requests_at_once, served_by_vllm, set_up_server, weights_of
from ste_plugin.fingerprint import local_identity
from ste_plugin.journal import Journal
from ste_plugin.negatives.strategy import WEAK_GENERATOR

_journals: dict[Path, Journal] = {}


_DECIDE_NOTHING = {
    *("adaptive_connections", "attempt_timeout", "batch", "cache", "cache_prompt", "max_connections", "max_retries"),
    *("stream_idle_timeout", "timeout"),
}
"""Generation settings that say how fast and how patiently a model is asked."""
_OF_THE_REQUEST = {"max_tokens", "num_choices", "seed", "temperature", "top_p"}
"""Those that every request sets itself; they are a part of its key."""


def model_identity(model: Model) -> str:
    """Names a model's weights as well as can be: local ones by their contents, others by name and address; and the
    settings that Inspect adds to every request (--reasoning-effort, --system-message, ...), if there are any."""
    settings = model.config.merge(active_generate_config()) if model == active_model() else model.config
    given = settings.model_dump(mode="json", exclude_none=True, exclude=_DECIDE_NOTHING | _OF_THE_REQUEST)
    return f"{_weights_identity(model)}{'|' + json.dumps(given, sort_keys=True) if given else ''}"


def _weights_identity(model: Model) -> str:
    api = model.api
    if isinstance(api, LocalProvider):
        return local_identity(api.path, api.adapter, api.dtype)
    arguments = {name: str(value) for name, value in sorted(model.model_args.items())}
    if served_by_vllm(model):  # the address is another one with every start of the server
        return f"{_served_weights(model)}||{arguments or ''}"
    return f"{model}|{api.base_url or ''}|{arguments or ''}"


def _served_weights(model: Model) -> str:
    parts = [part for part in weights_of(model) if part is not None]
    folders = [Path(part) for part in parts]
    if not all(folder.is_dir() for folder in folders):
        return f"vllm/{':'.join(parts)}"
    return f"vllm {local_identity(folders[0], folders[1] if len(folders) > 1 else None, None)}"


def stage_config(model: Model) -> GenerateConfig:
    """Generation settings of a task for `model`: local models get enough requests at once to fill batches.

    Settles how the model's server is started, if it gets one.
    """
    set_up_server(model)
    if served_by_vllm(model):
        return GenerateConfig(max_connections=requests_at_once(model))
    local = isinstance(model.api, LocalProvider)
    return GenerateConfig(max_connections=CONNECTIONS) if local else GenerateConfig()


def generator_model() -> Model:
    """The model that writes answers: role ``generator`` where it is given, else the model of the task."""
    return get_model(role="generator")


def weak_generator_model() -> Model | None:
    """The model that has the role ``weak_generator``; None where it is not given."""
    return get_model(role=WEAK_GENERATOR) if WEAK_GENERATOR in model_roles() else None


def open_journal(path: str | Path | None) -> Journal | None:
    """The journal at `path`; one file is opened once a process. Raises UserError."""
    if path is None:
        return None
    resolved = Path(path).resolve()
    if resolved not in _journals:
        _journals[resolved] = Journal(resolved)
    return _journals[resolved]


class LazyAsker:
    """An `Asker` for a model that is known only when the first sample runs."""

    def __init__(self, journal: str | Path | None, *, generator: bool = False) -> None:
        self._journal = open_journal(journal)
        self._generator = generator
        self._asker: Asker | None = None

    def __call__(self) -> Asker:
        if self._asker is None:
            model = generator_model() if self._generator else get_model()
            weak = weak_generator_model() if self._generator else None
            roles = {} if weak is None else {WEAK_GENERATOR: Asker(weak, model_identity(weak), self._journal)}
            self._asker = Asker(model, model_identity(model), self._journal, roles)
        return self._asker
