"""Asking foreign JSON what it is, before anything is taken from it."""

from collections.abc import Mapping
from typing import Any, Final, TypeGuard

# Values in one document: each takes some hundred bytes of memory once it is read.
_MOST_VALUES: Final = 400_000
_SHOWN: Final = 100


def is_modest(content: bytes) -> bool:
    """Say whether JSON has no more values than a manifest or configuration ever needs."""
    return sum(content.count(sign) for sign in (b",", b"[", b"{")) <= _MOST_VALUES


def shown(value: Any) -> str:
    """Return a value for a message; only the kind of what may be nested."""
    if isinstance(value, str):
        return repr(value[:_SHOWN])
    return str(value)[:20] if isinstance(value, int | float) else f"a {type(value).__name__}"


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
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
