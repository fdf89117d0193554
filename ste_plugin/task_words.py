"""Arguments of a task as words for `inspect eval`, which reads each value as YAML and splits it at commas."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import yaml

from ste_plugin.errors import UserError
from ste_plugin.yaml_values import NotYamlError, yaml_values


def task_words(arguments: Mapping[str, object]) -> list[str]:
    """``-T NAME=VALUE`` for each argument that is not None, so that the task gets its text as it is.

    Raises UserError for a text with a comma, which no quotation marks keep together.
    """
    words: list[str] = []
    for name, value in arguments.items():
        if value is not None:
            words += ["-T", f"{name}={_quoted(name, str(value)) if not isinstance(value, int) else value}"]
    return words


def _quoted(name: str, text: str) -> str:
    if "," in text:
        raise UserError(f"{name} '{text}': inspect eval takes a comma for the end of a value; name another path")
    try:
        same = yaml_values(text) == text
    except NotYamlError:
        same = False
    return text if same else yaml.safe_dump(text, default_style='"', width=sys.maxsize).strip()
