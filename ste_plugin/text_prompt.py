"""A prompt file: YAML front matter, then a Jinja template with the blocks `system` (optional) and `user`.

    ---
    categories: [coding, mathematics]
    ---
    {% block user %}
    [Request]
    {{ instruction }}
    {% endblock %}

The template sees the fields it is rendered with and the front matter as `front`. What stands outside the
blocks is not rendered. Fixed lines that look like section markers ("[Request]") are kept from being faked by
the fields.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from ste_plugin import jsonl
from ste_plugin.errors import UserError
from ste_plugin.pairs import Message, Role
from ste_plugin.prompt_files import find_prompt
from ste_plugin.section_markers import find_markers, neutralise
from ste_plugin.yaml_values import NotYamlError, yaml_values

T = TypeVar("T")

_BLOCKS: tuple[Role, ...] = ("system", "user")
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_ENVIRONMENT = SandboxedEnvironment(
    undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
)


@dataclass(frozen=True, slots=True)
class TextPrompt:
    """A loaded prompt file.

    Attributes:
        name: the file's name without its suffix.
        path: the file, for error messages.
        front: the front matter.
        template: the file with its front matter blanked, so that line numbers stay.
        markers: the section markers among the template's fixed lines.
        hash: 16 hex digits over front matter and template; goes into every log.
    """

    name: str
    path: str
    front: Mapping[str, Any] = field(hash=False)
    template: str
    markers: tuple[str, ...]
    hash: str

    @classmethod
    def load(cls, name_or_path: str) -> TextPrompt:
        """Load a built-in prompt by its name, or a ``.jinja`` file by its path.

        Raises:
            UserError: no such prompt, or the file is not a prompt file (UTF-8, front matter, Jinja, blocks).
        """
        path = find_prompt(name_or_path)
        try:
            source = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path}: cannot read it: {error}") from None
        front, template = _split(source, path)
        _compile(template, path)
        return cls(
            name=path.stem,
            path=str(path),
            front=front,
            template=template,
            markers=find_markers(_COMMENT.sub("", template)),
            hash=prompt_hash(source),
        )

    def render(self, **fields: object) -> tuple[Message, ...]:
        """Fill in the template; a block that comes out blank gives no message.

        Fields are data: strings (alone, or within lists, tuples and dicts) go in as they are, except that
        section markers of this prompt in them are neutralised.

        Raises:
            UserError: the template asks for a field that is not given, fails, or gives no user message.
        """
        template = _compile(self.template, Path(self.path))
        safe = {name: _neutralised(value, self.markers) for name, value in fields.items()}
        messages = []
        for block in _BLOCKS:
            text = self._render_block(template, block, safe)
            if text.strip():
                messages.append(Message(block, text))
            elif block == "user":
                raise UserError(f"{self.path}: block 'user' renders to nothing; write it, or fill its fields")
        return tuple(messages)

    def setting(self, name: str, type_: type[T]) -> T:
        """A value of the front matter, of the given type.

        Raises:
            UserError: it is missing or of another type.
        """
        return jsonl.field(self.front, name, type_, self.path)

    def words(self, name: str) -> tuple[str, ...]:
        """A list of strings of the front matter; UserError as `setting`, and if something else is in it."""
        values = self.setting(name, list)
        if not all(isinstance(value, str) for value in values):
            raise UserError(f"{self.path}: field '{name}' should hold strings only; quote what YAML takes for more")
        return tuple(values)

    def _render_block(self, template: jinja2.Template, block: Role, fields: Mapping[str, object]) -> str:
        if block not in template.blocks:
            return ""
        context = template.new_context({"front": self.front, **fields})
        try:
            return "".join(template.blocks[block](context)).strip("\n")
        except jinja2.UndefinedError as error:
            raise UserError(f"{self.path}: block '{block}': {error.message}; give it, or mend the prompt") from None
        except Exception as error:  # a template can fail in any way an expression can
            raise UserError(f"{self.path}: block '{block}' fails: {type(error).__name__}: {error}") from None


def prompt_hash(*parts: str) -> str:
    """16 hex digits over texts."""
    return blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()


def _split(source: str, path: Path) -> tuple[dict[str, Any], str]:
    """(front matter, template behind as many blank lines as the front matter has)."""
    lines = source.splitlines(keepends=True)
    if not lines or lines[0].rstrip() != "---":
        return {}, source
    end = next((number for number, line in enumerate(lines[1:], start=1) if line.rstrip() == "---"), None)
    if end is None:
        raise UserError(f"{path}:1: the front matter has no closing '---' line")
    try:
        front = yaml_values("\n" + "".join(lines[1:end])) or {}  # the line break stands for the first line
    except NotYamlError as error:
        raise UserError(f"{error.at(str(path))}: the front matter is not YAML: {error}") from None
    if not isinstance(front, dict) or not all(isinstance(key, str) for key in front):
        raise UserError(f"{path}: the front matter should be 'name: value' lines")
    return front, "\n" * (end + 1) + "".join(lines[end + 1 :])


@lru_cache(maxsize=64)
def _compile(template: str, path: Path) -> jinja2.Template:
    try:
        compiled = _ENVIRONMENT.from_string(template)
    except jinja2.TemplateSyntaxError as error:
        raise UserError(f"{path}:{error.lineno}: {error.message}; mend the template") from None
    unknown = sorted(set(compiled.blocks) - set(_BLOCKS))
    if unknown:
        raise UserError(f"{path}: unknown block '{unknown[0]}'; a prompt has the blocks 'system' and 'user'")
    if "user" not in compiled.blocks:
        raise UserError(f"{path}: no block 'user'; write {{% block user %}} ... {{% endblock %}}")
    return compiled


def _neutralised(value: object, markers: tuple[str, ...]) -> object:
    if isinstance(value, str):
        return neutralise(value, markers)
    if isinstance(value, (list, tuple)):
        return [_neutralised(item, markers) for item in value]
    if isinstance(value, Mapping):
        return {key: _neutralised(item, markers) for key, item in value.items()}
    return value
