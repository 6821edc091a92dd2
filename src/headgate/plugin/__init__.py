"""What a content type may import: stable, documented."""

from headgate.plugin.content_type import (
    Change,
    ContentType,
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
    signer_of,
)
from headgate.plugin.explaining import (
    Explained,
    Explanation,
    Ground,
    HeldPart,
    MissingUnit,
    NamedUnit,
)
from headgate.plugin.filters import Filter, FilterRule, filters_within
from headgate.plugin.solving import (
    AddedPackage,
    Reason,
    Solution,
    SolvePart,
    SolvingLimits,
    Unresolved,
)
from headgate.plugin.trust import TrustRules

__all__ = [
    "AddedPackage",
    "Change",
    "ContentType",
    "Explained",
    "Explanation",
    "Filter",
    "FilterRule",
    "Ground",
    "HeldPart",
    "Located",
    "MissingFile",
    "MissingUnit",
    "NamedUnit",
    "Ports",
    "PublishOptions",
    "PublishedFile",
    "Reason",
    "Solution",
    "SolvePart",
    "SolvingLimits",
    "Source",
    "SyncWork",
    "Synced",
    "TrustRules",
    "UnitFile",
    "UnitType",
    "Unresolved",
    "Upload",
    "filters_within",
    "signer_of",
]
