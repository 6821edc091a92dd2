"""What a repository wants of its upstream: the columns of `container_repositories`, read once."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from headgate.content.container.sync.tag_rules import TagRules
from headgate.domain.platforms import Platform

# What changes which of upstream's content is taken.
_DECIDING: Final = (
    "docker_upstream_name",
    "include_tags",
    "exclude_tags",
    "platforms",
    "tag_limit_count",
    "tag_limit_days",
    "sigstore_url",
)


@dataclass(frozen=True, slots=True)
class MirrorSettings:
    """Which tags, which platforms, and how old images may be (days; None: of any age)."""

    tags: TagRules
    platforms: Sequence[Platform]
    most_days: int | None
    stamp: str  # equal: the same of upstream's content is wanted, from the same upstream

    @classmethod
    def of(cls, settings: Mapping[str, Any], url: str) -> "MirrorSettings":
        """Read the columns; `url` is that of the upstream."""
        deciding = [url, *(settings.get(name) for name in _DECIDING)]
        return cls(
            tags=TagRules.of(
                settings.get("include_tags"),
                settings.get("exclude_tags"),
                settings.get("tag_limit_count"),
            ),
            platforms=[Platform.parse(text) for text in settings.get("platforms") or ()],
            most_days=settings.get("tag_limit_days"),
            stamp=sha256(json.dumps(deciding).encode()).hexdigest(),
        )

    @property
    def takes_all(self) -> bool:
        """Whether everything is wanted that has a tag and is not excluded."""
        unlimited = self.most_days is None and self.tags.limit is None
        return unlimited and not (self.tags.include or self.tags.digests or self.platforms)
