"""The contract of a content type: what it fetches, how it is laid out, how it is found.

When and where that happens is the server's business. A content type adds one folder below
`content/` and is named once, in `server/`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from pyroaring import BitMap
from sqlalchemy import ColumnElement, Table

from headgate.domain.clock import Clock
from headgate.domain.content import Content
from headgate.domain.errors import ConfigurationError
from headgate.domain.ids import ContentSetId, RepositoryId, UnitId
from headgate.engine.port import Run
from headgate.plugin.explaining import Explained, HeldPart, NamedUnit
from headgate.plugin.filters import Filter
from headgate.plugin.solving import DEFAULT_LIMITS, Solution, SolvePart, SolvingLimits
from headgate.plugin.trust import NOTHING_ASKED, TrustRules
from headgate.stores.blobs import BlobStore, Digest
from headgate.stores.db import Database, Transaction
from headgate.upstream import DownloadRules, Remote


@dataclass(frozen=True, slots=True)
class UnitType:
    """One kind of unit of a content type, as it is counted and listed by the API."""

    name: str  # rpm, srpm, erratum, package_group, module_stream, file ...
    table: Table  # has `id` and `digest`
    counted: bool = True  # shown in content_counts
    # What people call a unit, and what its other versions share with it: nvra and name.arch.
    title: ColumnElement[str] | None = None
    family: ColumnElement[str] | None = None
    # Made of several files: it stays in published metadata although some of them are missing.
    composed: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """Where bytes that are not here yet come from."""

    path: str  # below the repository's upstream URL, or a URL of its own
    checksum_type: str  # as hashlib names it
    checksum: bytes


@dataclass(frozen=True, slots=True)
class Located:
    """What a path of a published repository names."""

    size: int | None  # bytes; None: not known before the first fetch
    media_type: str
    digest: Digest | None  # None: not here yet
    source: Source | None  # None: never fetched, only uploaded
    unit_type: str
    unit_id: UnitId


@dataclass(frozen=True, slots=True)
class UnitFile:
    """A file that a unit is made of."""

    unit_type: str
    unit_id: int
    path: str  # relative to the repository
    size: int | None  # bytes
    checksum_type: str | None  # None: nothing tells what is right
    checksum: bytes | None
    blob_id: int | None  # None: its bytes are not here
    source: str  # what to fetch: below the upstream URL, or a URL of its own


@dataclass(frozen=True, slots=True)
class MissingFile:
    """A file whose bytes could not be had, and why."""

    unit_type: str
    unit_id: int
    path: str  # relative to the repository
    size: int | None  # bytes
    checksum: str | None  # sha256:...
    url: str | None  # the address asked last
    code: str  # of the error
    reason: str


_SIGNED: Final = ":signed:"


@dataclass(frozen=True, slots=True)
class PublishOptions:
    """What besides the content decides the bytes of a publication."""

    checksum_type: str | None = None  # sha256 | sha384 | sha512; None: as upstream, else sha256
    compression: str | None = None  # gz | zstd; None: as upstream, else gz
    signing: str | None = None  # fingerprint of the key that signs the metadata

    def key(self, content_type: str) -> str:
        """Text that is equal for options that give equal bytes."""
        plain = f"{content_type}:{self.checksum_type or 'sha256'}:{self.compression or 'gz'}"
        return self.signed_key(plain)

    @classmethod
    def of_key(cls, key: str, content_type: str) -> "PublishOptions | None":
        """Return options with this key; None for a publication that was not made of options."""
        parts = key.split(":")
        if len(parts) not in (3, 5):
            return None
        made = cls(parts[1], parts[2], parts[4] if len(parts) == 5 else None)
        return made if made.key(content_type) == key else None

    def signed_key(self, key: str) -> str:
        """Return the key of a publication with the signature that is asked for."""
        return f"{key}{_SIGNED}{self.signing}" if self.signing else key


def signer_of(key: str) -> str | None:
    """Return the fingerprint of the key that signed the publication with this key, if any did."""
    return key.partition(_SIGNED)[2].partition(":")[0] or None


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A metadata file of a publication; its blob is pinned by the task that made it."""

    path: str
    blob_id: int
    media_type: str


def _sealed(_: bytes) -> bytes:
    raise ConfigurationError("Nothing was given that opens what is sealed")


def _any_room(_organization_id: int | None, _more: int) -> None:
    """Refuse nothing."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The world as a content type sees it."""

    database: Database
    store: BlobStore
    downloads: DownloadRules
    clock: Clock
    scratch: Path  # a folder for temporary files, on the disk of the blobs
    # Raises QuotaExceededError if so many more bytes are too many for the organization.
    require_room: Callable[[int | None, int], None] = _any_room
    solving: SolvingLimits = DEFAULT_LIMITS
    unseal: Callable[[bytes], bytes] = _sealed  # opens what is kept sealed in the database


@dataclass(frozen=True, slots=True)
class SyncWork:
    """One sync of one repository."""

    ports: Ports
    run: Run
    organization_id: int
    remote: Remote
    download_policy: str  # immediate | on_demand
    mirroring_policy: str  # additive | mirror_complete | mirror_content_only
    options: PublishOptions
    previous: Content
    # What the last sync returned as `state`; None when everything must be looked at again.
    state: Mapping[str, Any] | None
    repository_id: RepositoryId
    # What is not taken from upstream, by Katello's names: srpm, treeinfo.
    ignorable_content: Sequence[str] = ()
    # How many versions of each package stay, with the policy additive; 0: all.
    retain_versions: int = 0
    # Whether a file that upstream does not give as announced leaves the rest of the sync standing.
    keep_good: bool = False
    trust: TrustRules = NOTHING_ASKED
    # What repositories of this content type alone have, by the names of its settings' columns.
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync found."""

    content: Content
    state: Mapping[str, Any]
    # The publication when upstream's metadata is served untouched, with the key of its options.
    files: Sequence[PublishedFile] | None = None
    files_key: str | None = None
    # What could not be brought; None when nothing was tried.
    missing: Sequence[MissingFile] | None = None
    # What upstream offers of the content; None when upstream was not asked.
    offered: Content | None = None
    # What upstream's metadata says of its own age, and whether it was signed (`TrustRules.seen`).
    seen: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of restoring metadata: which units' is lost, and why upstream did not help."""

    lost: Content = field(default_factory=Content)
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a client has sent, whole, waiting to become a unit."""

    path: Path
    name: str  # as the client calls it
    unit_type: str  # rpm, srpm, file
    digest: str | None = None  # what a tag is to point to; then there is no file


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a repository's content, and why."""

    repository_id: int
    before: Content
    after: Content
    cause: str  # sync | upload | remove | push
    user: str | None  # the login of who asked
    at: datetime


class ContentType(Protocol):
    """What the server asks of a content type."""

    @property
    def name(self) -> str:
        """As in the API: yum, file."""
        ...

    @property
    def pushable(self) -> bool:
        """Whether clients change repositories at any time, without tasks; no metadata then."""
        ...

    @property
    def unit_types(self) -> Mapping[str, UnitType]:
        """The kinds of units, by name."""
        ...

    def located(self, tx: Transaction, content_set_id: ContentSetId, path: str) -> Located | None:
        """Return what `path` (relative to the repository, decoded, safe) names in the set."""
        ...

    def listed(self, tx: Transaction, content_set_id: ContentSetId, folder: str) -> Sequence[str]:
        """Return the names in a folder of the repository; those of folders end with `/`."""
        ...

    def arrived(self, tx: Transaction, found: Located, path: str, blob_id: int) -> None:
        """Remember that the bytes of an on-demand unit are here now."""
        ...

    def files_of(self, tx: Transaction, content: Content) -> Iterator[UnitFile]:
        """Yield the files that the units are made of, in no order, whether they are here or not."""
        ...

    def forget_bytes(self, tx: Transaction, content: Content) -> None:
        """Forget that bytes of these units are here: they can be fetched again."""
        ...

    def metadata_blobs(self, tx: Transaction, content: Content) -> Collection[int]:
        """Return the blobs, beside units' files, in which lies what was said of the units."""
        ...

    def restore_metadata(self, work: SyncWork, damaged: Sequence[int]) -> Restored:
        """Make up for those of the blobs whose bytes are wrong or gone; others are passed over.

        Called in a step, before they are taken away. The remote's URL is empty if there is none.
        """
        ...

    def filtered(self, tx: Transaction, content: Content, filters: Sequence[Filter]) -> Content:
        """Return what of the content the filters keep, dependents trimmed."""
        ...

    def named(self, tx: Transaction, text: str) -> Sequence[NamedUnit]:
        """Return the units of every repository that the text means, as people call them."""
        ...

    def explained(self, tx: Transaction, text: str, part: HeldPart) -> Explained:
        """Return why the units that the text means are in a repository of a version, or are not."""
        ...

    def sync(self, work: SyncWork) -> Synced | None:
        """Bring what upstream has, in steps of the run; the units returned are pinned by it.

        None when upstream has not changed since the state of the last sync.
        """
        ...

    def publish(
        self, ports: Ports, run: Run, content: Content, options: PublishOptions
    ) -> Sequence[PublishedFile]:
        """Make the metadata files of the content; their blobs are pinned by the run's task."""
        ...

    def dispensable(self, key: str, paths: Sequence[str], *, exact: bool) -> Sequence[str]:
        """Return the files of a publication that need not be kept while nothing serves it.

        `publish` must write their bytes again, or, unless upstream's own are promised (`exact`),
        a whole publication that does as well; then all files are named, and none stays behind.
        """
        ...

    def upload(self, ports: Ports, run: Run, uploads: Sequence[Upload]) -> Content:
        """Make units of the files; they and their blobs are kept by the run's task.

        InvalidContentError names the first file that is not what it should be.
        """
        ...

    def with_units(self, tx: Transaction, content: Content, units: Content) -> Content:
        """Return the content with these units, in the place of others at the same paths."""
        ...

    def revised(
        self,
        tx: Transaction,
        repository_id: int,
        content: Content,
        *,
        added: Content,
        removed: Content,
    ) -> Content:
        """Return what a repository holds after units were added and removed by hand.

        An error says what cannot be added, or has to stay.
        """
        ...

    def brought_by(
        self,
        tx: Transaction,
        source: Content,
        errata_ids: Sequence[str],
        package_ids: Sequence[int],
    ) -> Content:
        """Return what of the source these advisories and packages bring with them."""
        ...

    def names_of(self, tx: Transaction, content: Content) -> Mapping[str, Sequence[str]]:
        """Return by what people know the units, under Katello's words for their types."""
        ...

    def solve(
        self, ports: Ports, run: Run, parts: Sequence[SolvePart], roots: Content | None = None
    ) -> Solution:
        """Return what the kept packages require of the parts' sources, and what stays open.

        With `roots` only these packages are looked at. UnavailableError when nothing can tell.
        """
        ...

    def distrust(
        self, ports: Ports, rules: TrustRules, found: Located, data: Digest | bytes
    ) -> str | None:
        """Return why a file is not to be believed under these rules; None if it is.

        `data` is its blob, or its bytes while they are not in the store.
        """
        ...

    def changed(self, tx: Transaction, change: Change) -> None:
        """Take note that the repository holds something else now; in the same transaction."""
        ...

    def drop(self, tx: Transaction, units: Mapping[str, BitMap]) -> None:
        """Delete units that nothing holds, with whatever existed only for them."""
        ...
