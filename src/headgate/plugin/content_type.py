"""The contract of a content type: what it fetches, how it is laid out, how it is found.

When and where that happens is the server's business. A content type adds one folder below
`content/` and is named once, in `server/`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pyroaring import BitMap
from sqlalchemy import Table

from headgate.domain.content import Content
from headgate.domain.ids import ContentSetId, UnitId
from headgate.stores.blobs.port import Digest
from headgate.stores.db import Transaction


@dataclass(frozen=True, slots=True)
class UnitType:
    """One kind of unit of a content type, as it is counted and listed by the API."""

    name: str  # rpm, srpm, erratum, package_group, module_stream, file ...
    table: Table  # has `id` and `digest`
    counted: bool = True  # shown in content_counts


@dataclass(frozen=True, slots=True)
class Source:
    """Where bytes that are not here yet come from: a path below the repository's upstream URL."""

    path: str
    checksum_type: str  # as hashlib names it
    checksum: bytes


@dataclass(frozen=True, slots=True)
class Located:
    """What a path of a published repository names."""

    size: int  # bytes
    media_type: str
    digest: Digest | None  # None: not here yet
    source: Source | None  # None: never fetched, only uploaded
    unit_type: str
    unit_id: UnitId


@dataclass(frozen=True, slots=True)
class PublishOptions:
    """What besides the content decides the bytes of a publication."""

    checksum_type: str = "sha256"
    compression: str = "gz"  # gz | zstd

    def key(self, content_type: str) -> str:
        """Text that is equal for options that give equal bytes."""
        return f"{content_type}:{self.checksum_type}:{self.compression}"


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A metadata file of a publication; its blob is pinned by the task that made it."""

    path: str
    blob_id: int
    media_type: str


@dataclass(frozen=True, slots=True)
class FilterRule:
    """One rule of a content view filter; which fields count depends on the filter's type."""

    name: str | None = None
    version: str | None = None
    min_version: str | None = None
    max_version: str | None = None
    architecture: str | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """A content view filter as it applies to one repository."""

    type: str
    inclusion: bool
    original_packages: bool
    rules: Sequence[FilterRule]


class ContentType(Protocol):
    """What the server asks of a content type."""

    name: str  # yum, file
    unit_types: Mapping[str, UnitType]

    def located(self, tx: Transaction, content_set_id: ContentSetId, path: str) -> Located | None:
        """Return what `path` (relative to the repository, decoded, safe) names in the set."""
        ...

    def listed(self, tx: Transaction, content_set_id: ContentSetId, folder: str) -> Sequence[str]:
        """Return the names in a folder of the repository; those of folders end with `/`."""
        ...

    def arrived(self, tx: Transaction, located: Located, blob_id: int) -> None:
        """Remember that the bytes of an on-demand unit are here now."""
        ...

    def filtered(self, tx: Transaction, content: Content, filters: Sequence[Filter]) -> Content:
        """Return what of the content the filters keep, dependents trimmed."""
        ...

    def garbage(self, tx: Transaction, used: Mapping[str, BitMap]) -> int:
        """Delete rows of units that no content set holds; return how many."""
        ...

    def blobs_of(self, tx: Transaction, content: Content) -> set[int]:
        """Return the ids of all blobs that exist only because of these units."""
        ...
