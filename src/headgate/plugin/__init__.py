"""What a content type may import: stable, documented."""

from headgate.plugin.content_type import (
    ContentType,
    Filter,
    FilterRule,
    Located,
    PublishedFile,
    PublishOptions,
    Source,
    UnitType,
)

__all__ = [
    "ContentType",
    "Filter",
    "FilterRule",
    "Located",
    "PublishOptions",
    "PublishedFile",
    "Source",
    "UnitType",
]
