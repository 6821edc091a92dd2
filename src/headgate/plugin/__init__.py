"""What a content type may import: stable, documented."""

from headgate.plugin.content_type import (
    ContentType,
    Filter,
    FilterRule,
    Located,
    Ports,
    PublishedFile,
    PublishOptions,
    Source,
    Synced,
    SyncWork,
    UnitType,
    Upload,
)

__all__ = [
    "ContentType",
    "Filter",
    "FilterRule",
    "Located",
    "Ports",
    "PublishOptions",
    "PublishedFile",
    "Source",
    "SyncWork",
    "Synced",
    "UnitType",
    "Upload",
]
