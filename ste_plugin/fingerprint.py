"""Names for contents: a model's weights and a data file, so that a run notices when they are others."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

from ste_plugin.errors import UserError

_ENDS = 1 << 16
_BLOCKS, _BLOCK = 256, 4096
_WEIGHTS = (".safetensors", ".bin", ".gguf", ".pt")
_SETTINGS = (
    "adapter_config.json",
    "added_tokens.json",
    "chat_template.jinja",
    "config.json",
    "merges.txt",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
    "vocab.txt",
)


def file_fingerprint(path: Path) -> str:
    """32 hex digits of a file's contents. Raises UserError where it cannot be read."""
    digest = blake2b(digest_size=16)
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    return digest.hexdigest()


def model_fingerprint(folder: Path) -> str:
    """32 hex digits of a model folder.

    Configuration, tokenizer and template count whole, weights by name, size, both ends and blocks spread over what
    lies between. That keeps this fast for models of any size, and weights of which a part was trained differ, too (a
    merged adapter may leave whole kinds of layers as they were). Raises UserError where the folder or a
    file in it cannot be read.
    """
    try:
        return _model_digest(folder)
    except OSError as error:
        raise UserError(f"{error.filename or folder}: {error.strerror}; name a folder that holds a model") from error


def local_identity(folder: Path, adapter: Path | None, dtype: str | None) -> str:
    """What names a model of the local engine in journals and manifests, whichever harness asks it. Raises UserError."""
    return f"ste:{model_fingerprint(folder)}:{model_fingerprint(adapter) if adapter is not None else ''}:{dtype or ''}"


def _model_digest(folder: Path) -> str:
    digest = blake2b(digest_size=16)
    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        if path.suffix in _WEIGHTS:
            size = path.stat().st_size
            digest.update(f"{path.name}\0{size}\0".encode())
            with path.open("rb") as file:
                digest.update(file.read(_ENDS))
                for number in range(_BLOCKS):
                    file.seek(size * number // _BLOCKS)
                    digest.update(file.read(_BLOCK))
                file.seek(max(0, size - _ENDS))
                digest.update(file.read(_ENDS))
        elif path.name in _SETTINGS:
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
