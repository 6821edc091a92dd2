"""The `docker` content type: what the server asks of it, each answered by a module beside this."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pyroaring import BitMap

from headgate.content.container import unit_files
from headgate.content.container.combining import names_of, with_units
from headgate.content.container.explaining import explained, named
from headgate.content.container.filters import filtered
from headgate.content.container.revising import make_tags, revised
from headgate.content.container.sync.sync import sync
from headgate.content.container.tables import (
    container_manifests,
    container_signatures,
    container_tags,
)
from headgate.content.container.tag_history import note_moves
from headgate.content.container.units import LISTING, MANIFEST, SIGNATURE, TAG, drop_units
from headgate.domain.content import Content
from headgate.domain.ids import ContentSetId
from headgate.engine.port import Run
from headgate.plugin import (
    Change,
    Explained,
    Filter,
    HeldPart,
    Located,
    NamedUnit,
    Ports,
    PublishedFile,
    PublishOptions,
    Restored,
    Solution,
    SolvePart,
    Synced,
    SyncWork,
    TrustRules,
    UnitFile,
    UnitType,
    Upload,
)
from headgate.stores.blobs import Digest
from headgate.stores.db import Transaction

UNIT_TYPES = {
    unit_type.name: unit_type
    for unit_type in (
        UnitType(TAG, container_tags, title=container_tags.c.name, family=container_tags.c.name),
        UnitType(
            MANIFEST,
            container_manifests,
            title=container_manifests.c.name,
            family=container_manifests.c.name,
            composed=True,
        ),
        UnitType(
            LISTING,
            container_manifests,
            title=container_manifests.c.name,
            family=container_manifests.c.name,
        ),
        UnitType(SIGNATURE, container_signatures, counted=False),
    )
}


@dataclass(frozen=True, slots=True)
class ContainerType:
    """Container repositories."""

    name: str = "docker"
    pushable: bool = True
    unit_types: Mapping[str, UnitType] = field(default_factory=lambda: UNIT_TYPES)

    def sync(self, work: SyncWork) -> Synced | None:
        """See `content/container/sync/`."""
        return sync(work)

    def publish(
        self, ports: Ports, run: Run, content: Content, options: PublishOptions
    ) -> Sequence[PublishedFile]:
        """Write nothing: the registry answers from the units themselves."""
        del ports, run, content, options
        return []

    def dispensable(self, key: str, paths: Sequence[str], *, exact: bool) -> Sequence[str]:
        """There is nothing to let go of."""
        del key, exact
        return paths

    def located(self, tx: Transaction, content_set_id: ContentSetId, path: str) -> Located | None:
        """See `content/container/unit_files.py`."""
        return unit_files.located(tx, content_set_id, path)

    def listed(self, tx: Transaction, content_set_id: ContentSetId, folder: str) -> Sequence[str]:
        """Nothing: what is here is asked for by the registry's catalog and lists of tags."""
        del tx, content_set_id, folder
        return []

    def arrived(self, tx: Transaction, found: Located, path: str, blob_id: int) -> None:
        """See `content/container/unit_files.py`."""
        unit_files.arrived(tx, path, blob_id, [found.unit_id])

    def files_of(self, tx: Transaction, content: Content) -> Iterator[UnitFile]:
        """See `content/container/unit_files.py`."""
        return unit_files.files_of(tx, content)

    def forget_bytes(self, tx: Transaction, content: Content) -> None:
        """See `content/container/unit_files.py`."""
        unit_files.forget_bytes(tx, content)

    def metadata_blobs(self, tx: Transaction, content: Content) -> Collection[int]:
        """Return none: manifests are files of their units."""
        del tx, content
        return ()

    def restore_metadata(self, work: SyncWork, damaged: Sequence[int]) -> Restored:
        """Do nothing: there is nothing to restore."""
        del work, damaged
        return Restored()

    def filtered(self, tx: Transaction, content: Content, filters: Sequence[Filter]) -> Content:
        """See `content/container/filters.py`."""
        return filtered(tx, content, filters)

    def named(self, tx: Transaction, text: str) -> Sequence[NamedUnit]:
        """See `content/container/explaining.py`."""
        return named(tx, text)

    def explained(self, tx: Transaction, text: str, part: HeldPart) -> Explained:
        """See `content/container/explaining.py`."""
        return explained(tx, text, part)

    def upload(self, ports: Ports, run: Run, uploads: Sequence[Upload]) -> Content:
        """See `content/container/revising.py`."""
        return make_tags(ports, run, uploads)

    def revised(
        self,
        tx: Transaction,
        repository_id: int,
        content: Content,
        *,
        added: Content,
        removed: Content,
    ) -> Content:
        """See `content/container/revising.py`."""
        return revised(tx, repository_id, content, added=added, removed=removed)

    def with_units(self, tx: Transaction, content: Content, units: Content) -> Content:
        """See `content/container/combining.py`."""
        return with_units(tx, content, units)

    def brought_by(
        self,
        tx: Transaction,
        source: Content,
        errata_ids: Sequence[str],
        package_ids: Sequence[int],
    ) -> Content:
        """No advisory speaks of images."""
        del tx, source, errata_ids, package_ids
        return Content()

    def names_of(self, tx: Transaction, content: Content) -> Mapping[str, Sequence[str]]:
        """See `content/container/combining.py`."""
        return names_of(tx, content)

    def solve(
        self, ports: Ports, run: Run, parts: Sequence[SolvePart], roots: Content | None = None
    ) -> Solution:
        """Images require nothing."""
        del ports, run, parts, roots
        return Solution()

    def distrust(
        self, ports: Ports, rules: TrustRules, found: Located, data: Digest | bytes
    ) -> str | None:
        """Believe all: a digest says what the bytes are, and signatures are for clients."""
        del ports, rules, found, data

    def changed(self, tx: Transaction, change: Change) -> None:
        """See `content/container/tag_history.py`."""
        note_moves(tx, change)

    def drop(self, tx: Transaction, units: Mapping[str, BitMap]) -> None:
        """See `content/container/units.py`."""
        drop_units(tx, units)
