"""Hosts: what they may be called, and what is read from the facts that they send."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast
from uuid import UUID

from headgate.domain.errors import ValidationError

MOST_FACTS: Final = 10_000
_LONGEST_FACT: Final = 255
_LONGEST_VALUE: Final = 64 * 1024

_HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_IMAGES: Final = ("booted", "staged", "available", "rollback")
_PARAMETER_TYPES: Final = ("string", "boolean", "integer", "real", "array", "hash", "yaml", "json")


def check_host_name(name: str) -> str:
    """Return the name in small letters; ValidationError unless hosts can be called so."""
    lowered = name.strip().lower()
    if len(lowered) > 255 or not _HOST_NAME.fullmatch(lowered):
        words = "must be a host name: letters, digits and dashes, in parts with dots between"
        raise ValidationError({"name": [words]})
    return lowered


def check_host_uuid(text: str) -> str:
    """Return the UUID in its usual form; ValidationError for anything else."""
    try:
        return str(UUID(text))
    except ValueError as error:
        raise ValidationError({"uuid": ["must be a UUID"]}) from error


def flat_facts(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return nested facts by names such as `net::interface::eth0`; values as text.

    ValidationError for what is too much or too long to be kept.
    """
    flat: dict[str, str] = {}
    for name, value in _walk(facts, ""):
        if len(flat) >= MOST_FACTS:
            raise ValidationError({"facts": [f"are more than {MOST_FACTS}"]})
        if not name or len(name) > _LONGEST_FACT or "\0" in name:
            raise ValidationError({"facts": [f"have a name that cannot be kept: {name[:64]}"]})
        flat[name] = _fact_text(name, value)
    return flat


def bootc_values(facts: Mapping[str, str]) -> dict[str, str | None]:
    """Return the columns of image mode (`bootc_booted_image` ...) that flat facts give.

    Empty if they say nothing of it; else all eight, null for images that there are not. Digests
    are checked: ValidationError.
    """
    said = {name.replace("::", "."): value for name, value in facts.items()}
    if not any(name.startswith("bootc.") for name in said):
        return {}
    values: dict[str, str | None] = {}
    for image in _IMAGES:
        reference = said.get(f"bootc.{image}.image") or None
        digest = said.get(f"bootc.{image}.digest") or None
        if digest is not None and not _DIGEST.fullmatch(digest):
            words = "must be sha256: and 64 hexadecimal digits"
            raise ValidationError({f"bootc_{image}_digest": [words]})
        if reference is not None and len(reference) > 255:
            raise ValidationError({f"bootc_{image}_image": ["is too long (maximum is 255)"]})
        values[f"bootc_{image}_image"] = reference
        values[f"bootc_{image}_digest"] = digest
    return values


def parameter_text(name: str, value: Any, kind: str) -> str:
    """Return how the value of a host parameter is kept; ValidationError if it is not its type."""
    if kind not in _PARAMETER_TYPES:
        raise ValidationError(
            {"parameter_type": [f"must be one of: {', '.join(_PARAMETER_TYPES)}"]}
        )
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    if len(text) > _LONGEST_VALUE or "\0" in text:
        raise ValidationError({"value": [f"of {name[:64]} is too long or holds null characters"]})
    try:
        matches = _matches(json.loads(text), kind) if kind not in ("string", "yaml") else True
    except (ValueError, RecursionError):
        matches = False
    if not matches:
        raise ValidationError({"value": [f"of {name[:64]} is not of the type {kind}"]})
    return text


def parameter_value(text: str, kind: str) -> Any:
    """Return the value that `parameter_text` kept."""
    return text if kind in ("string", "yaml") else json.loads(text)


def _matches(value: Any, kind: str) -> bool:
    if kind == "json":
        return True
    if kind in ("integer", "real") and isinstance(value, bool):
        return False
    types: Mapping[str, Any] = {
        "boolean": bool,
        "integer": int,
        "real": int | float,
        "array": list,
        "hash": dict,
    }
    return isinstance(value, types[kind])


def _walk(facts: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in facts.items():
        if isinstance(value, dict):
            yield from _walk(cast("dict[str, Any]", value), f"{prefix}{name}::")
        elif value is not None:
            yield f"{prefix}{name}", value


def _fact_text(name: str, value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    if len(text) > _LONGEST_VALUE or "\0" in text:
        raise ValidationError({"facts": [f"have a value that cannot be kept: {name[:64]}"]})
    return text
