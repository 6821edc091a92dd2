"""How many hosts a key or a collection takes: a number, or as many as there are."""

from collections.abc import Mapping
from typing import Any

from headgate.domain.errors import ValidationError


def limit_of(changes: Mapping[str, Any], *, present: int | None, used: int) -> int | None:
    """Return the limit after a request with `max_hosts` and/or `unlimited_hosts`; None: no limit.

    `used` hosts are there. ValidationError for a limit below that, and for one beside
    `unlimited_hosts`.
    """
    limit, unlimited = changes.get("max_hosts"), changes.get("unlimited_hosts")
    if limit is not None and unlimited:
        raise ValidationError({"max_hosts": ["cannot be set because unlimited_hosts is set"]})
    if unlimited:
        return None
    if limit is None:
        if unlimited is None:
            return None if "max_hosts" in changes else present
        if present is None or "max_hosts" in changes:
            raise ValidationError({"max_hosts": ["can't be blank"]})
        limit = present
    if limit < used:
        raise ValidationError({"max_hosts": [f"may not be less than the number of hosts ({used})"]})
    return limit


def require_room(noun: str, name: str, limit: int | None, *, after: int) -> None:
    """Raise ValidationError if the thing would have more hosts than it takes."""
    if limit is not None and after > limit:
        raise ValidationError(
            {"base": [f"{noun} '{name}' takes {limit} host(s) at most and would have {after}"]}
        )
