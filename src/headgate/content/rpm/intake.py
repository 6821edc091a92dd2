"""Taking in packages: known ones are recognised by their digest, new ones go into packs."""

import re
from collections.abc import Sequence
from contextlib import ExitStack
from hashlib import blake2b
from types import TracebackType
from typing import Final, Self

from pyroaring import BitMap

from headgate.content.rpm.metadata.stream import Package
from headgate.content.rpm.packs import PACK_PACKAGES, SOURCE_ARCHES, OpenPack, PackKeeper
from headgate.content.rpm.tables import rpm_packages
from headgate.plugin import Ports
from headgate.services.storage.collection import pin_units
from headgate.services.storage.collection_lock import hold_off_collection
from headgate.services.units.unit_rows import known_ids
from headgate.stores.db import Transaction
from headgate.stores.db.statements import rows_of
from headgate.stores.db.writes import write

# Packages looked up at once: some 15 kB of fragments each are held meanwhile, 15 MB in all.
_LOOKUP: Final = 1_000

_BASE: Final = re.compile(rb'(<location\b[^>]*?)\s+xml:base="[^"]*"')


class PackageIntake:
    """Collects the packages of one sync or upload; `finish` says which units they are."""

    def __init__(self, ports: Ports, *, holder: str, previous: BitMap) -> None:
        self._ports = ports
        self._holder = holder
        self.binary = BitMap()
        self.source = BitMap()
        self.rebased = 0  # packages whose fragments sent clients elsewhere
        self._pending: dict[bytes, Package] = {}
        self._written: set[bytes] = set()
        self._bases: dict[bytes, str] = {}
        self._known = self._read_known(previous)
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

    def add(self, package: Package) -> None:
        """Take one package; new ones are kept in the order in which they come."""
        if b"xml:base=" in package.fragments.primary:
            package = self._without_base(package)
        known = self._known.get(package.digest)
        if known is not None:
            self._take(*known)
        elif package.digest not in self._written:
            self._pending[package.digest] = package
            if len(self._pending) >= _LOOKUP:
                self._look_up()

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

    def _read_known(self, units: BitMap) -> dict[bytes, tuple[int, bool]]:
        """Most packages of a re-sync are those of the sync before: these are looked up at once."""
        columns = [rpm_packages.c.digest, rpm_packages.c.id, rpm_packages.c.arch]
        with self._ports.database.read() as tx:
            return {
                row[0]: (row[1], row[2] in SOURCE_ARCHES)
                for row in rows_of(tx, columns, rpm_packages.c.id, units)
            }

    def _take(self, unit_id: int, source: bool) -> None:
        (self.source if source else self.binary).add(unit_id)

    def _without_base(self, package: Package) -> Package:
        """Clients fetch from here, so the fragment must not send them elsewhere.

        Where its bytes come from stays part of what the package is.
        """
        self.rebased += 1
        base = package.header.location_base or ""
        primary = _BASE.sub(rb"\1", package.fragments.primary)
        stripped = Package(package.fragments._replace(primary=primary))
        stripped.digest = blake2b(stripped.digest + base.encode(), digest_size=32).digest()
        self._bases[stripped.digest] = base
        return stripped

    def _look_up(self) -> None:
        """Take what another repository brought; the rest goes into the pack."""
        self._take_known()
        for digest, package in self._pending.items():
            header = package.header
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
