"""Taking in packages: known ones are recognised by their digest, new ones get segments and rows.

Rows appear only after the segments that they point into are durable, so a crash leaves nothing
that another repository could trip over. Until then headers wait in a temporary file: memory does
not grow with the repository.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from itertools import islice
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any, Self

import msgspec
from pyroaring import BitMap
from sqlalchemy import delete, select

from headgate.content.rpm.metadata.packages import PackageHeader
from headgate.content.rpm.metadata.segments import PACKS, PackWriter
from headgate.content.rpm.metadata.stream import Package
from headgate.content.rpm.tables import rpm_packages, rpm_packs, rpm_segments
from headgate.content.rpm.units import insert_units, known_ids
from headgate.plugin import Ports
from headgate.services.blobs import Kept, keep, unpin
from headgate.services.collection import pin_units
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row, rows_of

# Packages looked up at once: some 15 kB of fragments each are held meanwhile.
LOOKUP = 250
# Segments inserted in one transaction with their packages: 50 ms of SQLite's write lock.
SEGMENTS_AT_ONCE = 20

SOURCE_ARCHES = frozenset({"src", "nosrc"})


class Waiting(msgspec.Struct, array_like=True):
    """A new package as it waits for its segment."""

    digest: bytes
    header: PackageHeader


class PackageIntake:
    """Collects the packages of one sync; `finish` returns the ids of all of them."""

    def __init__(self, ports: Ports, *, holder: str, previous: BitMap) -> None:
        self._ports = ports
        self._holder = holder
        self._binary = BitMap()
        self._source = BitMap()
        self._new: set[bytes] = set()
        self._pending: list[Package] = []
        self._known = self._digests_of(previous)
        self._resources = ExitStack()
        self._spools = {name: self._resources.enter_context(ports.store.spool()) for name in PACKS}
        self._writer = self._resources.enter_context(PackWriter(self._spools))
        self._waiting = self._resources.enter_context(TemporaryFile(dir=ports.scratch))
        self._encoder = msgspec.msgpack.Encoder()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._resources.__exit__(kind, error, trace)

    def add(self, package: Package) -> None:
        """Take one package; the order of new ones is the order of their segments."""
        known = self._known.get(package.digest)
        if known is not None:
            self._take(*known)
            return
        self._pending.append(package)
        if len(self._pending) >= LOOKUP:
            self._look_up()

    def finish(self) -> tuple[BitMap, BitMap]:
        """Make everything durable; return binary and source packages, pinned by the holder."""
        self._look_up()
        layouts = self._writer.finish()
        if layouts:
            self._insert(layouts)
        with self._ports.database.begin() as tx:
            units = {"rpm": self._binary, "srpm": self._source}
            pin_units(tx, holder=self._holder, units=units)
        return self._binary, self._source

    def _take(self, unit_id: int, *, source: bool) -> None:
        (self._source if source else self._binary).add(unit_id)
