"""Taking in packages: known ones are recognised by their digest, new ones go into packs."""

from collections.abc import Sequence
from contextlib import ExitStack
from hashlib import blake2b
from types import TracebackType
from typing import Final, Self

from pyroaring import BitMap
from sqlalchemy import select

from headgate.content.rpm.metadata.naming import without_base
from headgate.content.rpm.metadata.packages import WEAK_CHECKSUMS
from headgate.content.rpm.metadata.stream import Package
from headgate.content.rpm.packs import PACK_PACKAGES, SOURCE_ARCHES, OpenPack, PackKeeper
from headgate.content.rpm.tables import rpm_packages, rpm_vouched_packages
from headgate.domain.errors import InvalidContentError
from headgate.plugin import Ports
from headgate.services.storage.collection import pin_units
from headgate.services.storage.collection_lock import hold_off_collection
from headgate.services.units.unit_rows import known_ids
from headgate.stores.db import Transaction
from headgate.stores.db.statements import rows_of
from headgate.stores.db.writes import write

# Packages looked up at once: some 15 kB of fragments each are held meanwhile, 15 MB in all.
_LOOKUP: Final = 1_000


class PackageIntake:
    """Collects the packages of one sync or upload; `finish` says which units they are.

    A package that its repository names by a weak checksum is a unit of that repository alone, in
    `weak` until something better vouches for it (`vouching`); if that was so in the sync before,
    it is the package that was vouched for then.
    """

    def __init__(
        self, ports: Ports, *, holder: str, previous: BitMap, repository_id: int | None = None
    ) -> None:
        self._ports = ports
        self._holder = holder
        self._repository_id = repository_id
        self.binary = BitMap()
        self.source = BitMap()
        self.weak = BitMap()
        self.weak_kinds: set[str] = set()
        self.altered = 0  # packages that clients are told of in other words than upstream's
        self._weak: set[bytes] = set()
        self._pending: dict[bytes, Package] = {}
        self._written: set[bytes] = set()
        self._bases: dict[bytes, str] = {}
        self._vouched = self._read_vouched(previous)
        self._known = self._read_known(previous) | self._vouched
        self._resources = ExitStack()
        self._keeper = self._resources.enter_context(PackKeeper(ports, holder=holder))
        self._pack: OpenPack | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pack is not None:
            self._pack.discard(error)
        self._resources.__exit__(kind, error, trace)

    def add(self, package: Package, *, base: str | None = None) -> bytes:
        """Take one package; return its digest. New ones are kept in the order in which they come.

        `base` is where its bytes come from, if the fragments do not say it any more.
        """
        if b"xml:base" in package.fragments.primary and package.header.location_base is not None:
            base = package.header.location_base
            package = self._without_base(package)
        if base is not None:
            # Where its bytes come from stays part of what the package is.
            package.digest = based_digest(package.digest, base)
            self._bases[package.digest] = base
        if package.weak:
            self._make_private(package)
        known = self._known.get(package.digest)
        if known is not None:
            self._take(*known)
        elif package.digest not in self._written:
            self._pending[package.digest] = package
            if len(self._pending) >= _LOOKUP:
                self._look_up()
        return package.digest

    def finish(self) -> None:
        """Make everything durable; all units are pinned by the holder."""
        self._look_up()
        if self._pack is not None:
            self._keep_pack(self._pack)
        self._keeper.wait()
        self.binary |= self._keeper.binary
        self.source |= self._keeper.source
        units = {"rpm": self.binary, "srpm": self.source}
        write(self._ports.database, lambda tx: pin_units(tx, holder=self._holder, units=units))
        if self._weak:
            with self._ports.database.read() as tx:
                self.weak.update(known_ids(tx, rpm_packages, list(self._weak)).values())

    def _read_known(self, units: BitMap) -> dict[bytes, tuple[int, bool]]:
        """Most packages of a re-sync are those of the sync before: these are looked up at once."""
        columns = [rpm_packages.c.digest, rpm_packages.c.id, rpm_packages.c.arch]
        with self._ports.database.read() as tx:
            return {
                row[0]: (row[1], row[2] in SOURCE_ARCHES)
                for row in rows_of(tx, columns, rpm_packages.c.id, units)
            }

    def _read_vouched(self, units: BitMap) -> dict[bytes, tuple[int, bool]]:
        """Return by upstream's descriptions those of the units that it names by weak checksums."""
        vouched = rpm_vouched_packages.c
        query = (
            select(vouched.digest, rpm_packages.c.id, rpm_packages.c.arch)
            .join(rpm_packages, rpm_packages.c.id == vouched.package_id)
            .where(vouched.repository_id == self._repository_id)
        )
        with self._ports.database.read() as tx:
            return {
                row[0]: (row[1], row[2] in SOURCE_ARCHES)
                for row in tx.execute(query)
                if row[1] in units
            }

    def _take(self, unit_id: int, source: bool) -> None:
        (self.source if source else self.binary).add(unit_id)

    def _without_base(self, package: Package) -> Package:
        """Clients fetch from here, so the fragment must not send them elsewhere."""
        self.altered += 1
        primary = without_base(package.fragments.primary)
        return Package(package.fragments._replace(primary=primary), weak=package.weak)

    def _make_private(self, package: Package) -> None:
        """Let it be the repository's own: what comes for it under such a name may be anything."""
        self.altered += 1
        base = self._bases.get(package.digest)
        package.digest = private_digest(package.digest, self._repository_id)
        if base is not None:
            self._bases[package.digest] = base
        self.weak_kinds.add(package.header.checksum_type)
        if package.digest not in self._vouched:
            self._weak.add(package.digest)

    def _look_up(self) -> None:
        """Take what another repository brought; the rest goes into the pack."""
        self._take_known()
        for digest, package in self._pending.items():
            header = package.header
            if (header.checksum_type in WEAK_CHECKSUMS) != package.weak:
                raise InvalidContentError(f"The package {header.name} is named by two checksums")
            if digest in self._bases:
                header = header._replace(location_base=self._bases[digest])
            self._pack = pack = self._pack or OpenPack(self._ports.store)
            pack.add(digest, package.fragments, header)
            if len(pack.packages) >= PACK_PACKAGES:
                self._keep_pack(pack)
        self._written.update(self._pending)
        self._pending.clear()

    def _keep_pack(self, pack: OpenPack) -> None:
        self._pack = None
        self._keeper.take(pack)

    def _take_known(self) -> None:
        """Take what has a row, pinned from the look on that counts: it may be nobody's by now.

        Most looks of a first sync find nothing, so they take no write lock.
        """
        digests = list(self._pending)
        with self._ports.database.read() as tx:
            if not known_ids(tx, rpm_packages, digests):
                return
        known, source = write(self._ports.database, lambda tx: self._pin_known(tx, digests))
        for digest, unit_id in known.items():
            self._take(unit_id, unit_id in source)
            del self._pending[digest]

    def _pin_known(
        self, tx: Transaction, digests: Sequence[bytes]
    ) -> tuple[dict[bytes, int], BitMap]:
        """Return what has a row, and which of it are source packages."""
        hold_off_collection(tx)
        known = known_ids(tx, rpm_packages, digests)
        rows = rows_of(tx, [rpm_packages.c.arch], rpm_packages.c.id, BitMap(known.values()))
        source = BitMap(unit_id for arch, unit_id in rows if arch in SOURCE_ARCHES)
        units = {"rpm": BitMap(known.values()) - source, "srpm": source}
        pin_units(tx, holder=self._holder, units=units)
        return known, source


def based_digest(digest: bytes, base: str) -> bytes:
    """Return the digest of a package whose bytes come from below `base`."""
    return _digest(digest, base)


def private_digest(digest: bytes, repository_id: int | None) -> bytes:
    """Return the digest of a package that a weak checksum names, in its repository."""
    return _digest(digest, f"repository {repository_id}")


def _digest(digest: bytes, more: str) -> bytes:
    return blake2b(digest + more.encode(), digest_size=32).digest()
