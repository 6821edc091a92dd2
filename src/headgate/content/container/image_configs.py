"""Image configurations: what the blob beside the layers says of an image (OCI image-spec, config).

They are foreign text: whatever in them is not as it should be is left out, never refused, for a
registry takes configurations of any kind.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from headgate.content.container.json_values import is_modest, is_object, is_plain

MOST_BYTES: Final = 4 << 20
_LONGEST: Final = 64


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What is known of an image besides its layers."""

    os: str | None = None
    architecture: str | None = None
    variant: str | None = None
    created: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


def parse_config(content: bytes) -> ImageConfig:
    """Return what the configuration says; nothing of what is no image's configuration."""
    if not is_modest(content):
        return ImageConfig()
    try:
        body: Any = json.loads(content.decode())
    except (ValueError, RecursionError):
        return ImageConfig()
    if not is_object(body):
        return ImageConfig()
    inner = body.get("config")
    found: Any = inner.get("Labels") if is_object(inner) else None
    labels: Mapping[str, Any] = found if is_object(found) else {}
    return ImageConfig(
        os=_text(body.get("os")),
        architecture=_text(body.get("architecture")),
        variant=_text(body.get("variant")),
        created=_time(body.get("created")),
        labels={
            name: value
            for name, value in labels.items()
            if isinstance(value, str) and is_plain(name) and is_plain(value)
        },
    )


def _text(value: Any) -> str | None:
    plain = isinstance(value, str) and 0 < len(value) <= _LONGEST and is_plain(value)
    return value if plain else None


def _time(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo is not None and 1 < found.year < 9999 else None
