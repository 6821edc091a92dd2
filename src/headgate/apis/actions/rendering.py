"""Answers: plain values to JSON, with times as the clients parse them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, cast

import msgspec


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer that is not JSON, such as a certificate."""

    content: bytes
    media_type: str = "text/plain; charset=utf-8"
    filename: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Reply:
    """A JSON answer whose status or headers differ from what the action declares."""

    body: Any
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def timestamp(moment: datetime | None) -> str | None:
    """Return `2026-01-31 23:59:59 UTC`: the collection parses exactly this form."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def encode(value: Any) -> bytes:
    """Return the JSON of plain values; times anywhere inside are written by `timestamp`."""
    return msgspec.json.encode(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, Mapping):
        members = cast("Mapping[Any, Any]", value)
        return {str(name): _plain(member) for name, member in members.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in cast("Iterable[Any]", value)]
    if value is None or isinstance(value, str | int | float | bool | date):
        return value
    raise TypeError(f"an answer holds a {type(value).__name__}")
