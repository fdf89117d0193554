"""YAML that a user wrote, as plain values; whatever is wrong with it is one error that says where."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml


class NotYamlError(ValueError):
    """A text that is not YAML, in one line; `line` is where (from 1), None where the parser does not tell."""

    def __init__(self, said: str, line: int | None) -> None:
        super().__init__(said)
        self.line = line

    def at(self, place: str) -> str:
        """`place` with the line, if it is known: "recipe.yaml:3"."""
        return place if self.line is None else f"{place}:{self.line}"


class _Loader(yaml.SafeLoader):
    """Makes plain values only. Refuses a key that stands twice in one mapping, of which YAML would keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen and key.value != "<<":
                    raise yaml.constructor.ConstructorError(
                        None, None, f"key '{key.value}' stands twice in one mapping", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def yaml_values(text: str) -> Any:
    """What `text` says. Raises NotYamlError."""
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or " ".join(str(error).split())
        raise NotYamlError(said, None if mark is None else mark.line + 1) from None
    except KeyError as error:  # "!!bool maybe"
        raise NotYamlError(f"{error} is not a value of its type", None) from None
    except RecursionError:
        raise NotYamlError("nested too deeply", None) from None
    except (ValueError, TypeError, AttributeError) as error:  # "2020-13-45" is no date, "!!timestamp x" neither
        raise NotYamlError(str(error), None) from None
