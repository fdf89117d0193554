"""What pydantic says of a file that somebody else may have written, in a few words for a UserError."""

from __future__ import annotations

from pydantic import ValidationError


def first_fault(error: ValidationError) -> str:
    """The first field that does not fit, by its dotted path, and why: "field 'recipe.name': Field required"."""
    first = error.errors()[0]
    return f"field '{'.'.join(map(str, first['loc']))}': {first['msg']}"
