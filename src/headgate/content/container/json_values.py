"""Asking foreign JSON what it is, before anything is taken from it."""

from collections.abc import Mapping
from typing import Any, TypeGuard


def is_object(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Say whether it is an object; its keys are texts then."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Say whether it is a list."""
    return isinstance(value, list)


def is_text_map(value: Any) -> TypeGuard[Mapping[str, str]]:
    """Say whether it is an object of texts alone."""
    return is_object(value) and all(isinstance(each, str) for each in value.values())


def is_plain(text: str) -> bool:
    """Say whether every database takes the text: no NUL, no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
