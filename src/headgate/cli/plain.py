"""Telling apart what JSON may hold, in words that the type checker follows."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

Json = Mapping[str, Any]


def fields_of(value: Any) -> Json | None:
    """Return an object; None for anything else."""
    return cast("Json", value) if isinstance(value, dict) else None


def members_of(value: Any) -> Sequence[Any] | None:
    """Return a list; None for anything else."""
    return cast("Sequence[Any]", value) if isinstance(value, list) else None
