"""What a content type may import: stable, documented."""

from headgate.plugin.content_type import (
    ContentType,
    Filter,
    FilterRule,
    Located,
    MissingFile,
    Ports,
    PublishedFile,
    PublishOptions,
    Source,
    Synced,
    SyncWork,
    UnitFile,
    UnitType,
    Upload,
)

__all__ = [
    "ContentType",
    "Filter",
    "FilterRule",
    "Located",
    "MissingFile",
    "Ports",
    "PublishOptions",
    "PublishedFile",
    "Source",
    "SyncWork",
    "Synced",
    "UnitFile",
    "UnitType",
    "Upload",
]
