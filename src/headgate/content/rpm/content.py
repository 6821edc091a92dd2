"""The `yum` content type: what the server asks of it, each answered by a module beside this one."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pyroaring import BitMap
from sqlalchemy import delete, select

from headgate.content.rpm import explaining, located
from headgate.content.rpm.bringing import brought_by, names_of
from headgate.content.rpm.filters import filtered
from headgate.content.rpm.merging import with_units
from headgate.content.rpm.packs import drop_empty_segments
from headgate.content.rpm.publish import dispensable, publish
from headgate.content.rpm.records import NAME_ARCH, NAME_STREAM, NEVRA, NSVCA
from headgate.content.rpm.restoring import pack_blobs_of, restore_metadata
from headgate.content.rpm.solving.solve import solve
from headgate.content.rpm.sync import sync
from headgate.content.rpm.tables import (
    distribution_trees,
    errata,
    module_documents,
    package_groups,
    repository_files,
    rpm_packages,
)
from headgate.content.rpm.trust import distrust
from headgate.content.rpm.unit_files import files_of, forget_bytes
from headgate.content.rpm.uploads import upload
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
from headgate.stores.db.statements import batched

PACKAGES = ("rpm", "srpm")

UNIT_TYPES = {
    unit_type.name: unit_type
    for unit_type in (
        UnitType("rpm", rpm_packages, title=NEVRA, family=NAME_ARCH),
        UnitType("srpm", rpm_packages, title=NEVRA, family=NAME_ARCH),
        UnitType("erratum", errata, title=errata.c.errata_id, family=errata.c.errata_id),
        UnitType(
            "package_group",
            package_groups,
            title=package_groups.c.name,
            family=package_groups.c.kind + ":" + package_groups.c.group_id,
        ),
        UnitType("module_stream", module_documents, title=NSVCA, family=NAME_STREAM),
        UnitType("module_defaults", module_documents, counted=False),
        UnitType("repository_file", repository_files, counted=False),
        UnitType("distribution_tree", distribution_trees, counted=False, composed=True),
    )
}


@dataclass(frozen=True, slots=True)
class YumType:
    """Yum repositories."""

    name: str = "yum"
    pushable: bool = False
    unit_types: Mapping[str, UnitType] = field(default_factory=lambda: UNIT_TYPES)

    def sync(self, work: SyncWork) -> Synced | None:
        """See `content/rpm/sync.py`."""
        return sync(work)

    def publish(
        self, ports: Ports, run: Run, content: Content, options: PublishOptions
    ) -> Sequence[PublishedFile]:
        """See `content/rpm/publish.py`."""
        return publish(ports, run, content, options)

    def dispensable(self, key: str, paths: Sequence[str], *, exact: bool) -> Sequence[str]:
        """See `content/rpm/publish.py`."""
        return dispensable(key, paths, exact=exact)

    def located(self, tx: Transaction, content_set_id: ContentSetId, path: str) -> Located | None:
        """See `content/rpm/located.py`."""
        return located.located(tx, content_set_id, path)

    def listed(self, tx: Transaction, content_set_id: ContentSetId, folder: str) -> Sequence[str]:
        """See `content/rpm/located.py`."""
        return located.listed(tx, content_set_id, folder)

    def arrived(self, tx: Transaction, found: Located, path: str, blob_id: int) -> None:
        """See `content/rpm/located.py`."""
        located.arrived(tx, found, path, blob_id)

    def files_of(self, tx: Transaction, content: Content) -> Iterator[UnitFile]:
        """See `content/rpm/unit_files.py`."""
        return files_of(tx, content)

    def forget_bytes(self, tx: Transaction, content: Content) -> None:
        """See `content/rpm/unit_files.py`."""
        forget_bytes(tx, content)

    def metadata_blobs(self, tx: Transaction, content: Content) -> Collection[int]:
        """See `content/rpm/restoring.py`."""
        return pack_blobs_of(tx, content["rpm"] | content["srpm"])

    def restore_metadata(self, work: SyncWork, damaged: Sequence[int]) -> Restored:
        """See `content/rpm/restoring.py`."""
        return restore_metadata(work, damaged)

    def filtered(self, tx: Transaction, content: Content, filters: Sequence[Filter]) -> Content:
        """See `content/rpm/filters/`."""
        return filtered(tx, content, filters)

    def named(self, tx: Transaction, text: str) -> Sequence[NamedUnit]:
        """See `content/rpm/explaining/asking.py`."""
        return explaining.named(tx, text)

    def explained(self, tx: Transaction, text: str, part: HeldPart) -> Explained:
        """See `content/rpm/explaining/`."""
        return explaining.explained(tx, text, part)

    def upload(self, ports: Ports, run: Run, uploads: Sequence[Upload]) -> Content:
        """See `content/rpm/uploads.py`."""
        return upload(ports, run, uploads)

    def with_units(self, tx: Transaction, content: Content, units: Content) -> Content:
        """See `content/rpm/merging.py`."""
        return with_units(tx, content, units)

    def revised(
        self,
        tx: Transaction,
        repository_id: int,
        content: Content,
        *,
        added: Content,
        removed: Content,
    ) -> Content:
        """Nothing goes along with what is removed."""
        del repository_id
        left = content - removed
        return with_units(tx, left, added) if added.units else left

    def brought_by(
        self,
        tx: Transaction,
        source: Content,
        errata_ids: Sequence[str],
        package_ids: Sequence[int],
    ) -> Content:
        """See `content/rpm/bringing.py`."""
        return brought_by(tx, source, errata_ids, package_ids)

    def names_of(self, tx: Transaction, content: Content) -> Mapping[str, Sequence[str]]:
        """See `content/rpm/bringing.py`."""
        return names_of(tx, content)

    def solve(
        self, ports: Ports, run: Run, parts: Sequence[SolvePart], roots: Content | None = None
    ) -> Solution:
        """See `content/rpm/solving`."""
        return solve(ports, run, parts, roots)

    def distrust(
        self, ports: Ports, rules: TrustRules, found: Located, data: Digest | bytes
    ) -> str | None:
        """See `content/rpm/trust.py`; files of a tree are not signed, their checksums are."""
        if found.unit_type not in PACKAGES:
            return None
        return distrust(ports, rules, found.unit_id, data)

    def changed(self, tx: Transaction, change: Change) -> None:
        """Nothing is remembered of it but the versions themselves."""
        del tx, change

    def drop(self, tx: Transaction, units: Mapping[str, BitMap]) -> None:
        """Delete units that nothing holds, and the segments that only they were in."""
        for name, ids in units.items():
            segments: set[int] = set()
            table = UNIT_TYPES[name].table
            for batch in batched(ids):
                if name in PACKAGES:
                    column = rpm_packages.c.segment_id
                    query = select(column).where(rpm_packages.c.id.in_(batch)).distinct()
                    segments.update(tx.scalars(query))
                tx.execute(delete(table).where(table.c.id.in_(batch)))
            drop_empty_segments(tx, sorted(segments))
