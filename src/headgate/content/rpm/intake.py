"""Taking in packages: known ones are recognised by their digest, new ones get segments and rows.

Rows appear only after the segments that they point into are durable, so a crash leaves nothing
that another repository could trip over. Until then headers wait in a temporary file: memory does
not grow with the repository.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, fields
from hashlib import blake2b
from tempfile import TemporaryFile
from types import TracebackType
from typing import Self

import msgspec
from pyroaring import BitMap
from sqlalchemy import delete, select

from headgate.content.rpm.metadata.packages import PackageHeader
from headgate.content.rpm.metadata.segments import CODECS, KINDS, Codec, Kind, PackWriter
from headgate.content.rpm.metadata.stream import Package
from headgate.content.rpm.tables import rpm_packages, rpm_packs, rpm_segments
from headgate.plugin import Ports
from headgate.services.blobs import keep, unpin
from headgate.services.collection import pin_units
from headgate.services.collection_lock import hold_off_collection
from headgate.services.unit_rows import insert_units
from headgate.stores.blobs import Spool
from headgate.stores.db import Transaction
from headgate.stores.db.statements import batched, insert_row, rows_of

SOURCE_ARCHES = frozenset({"src", "nosrc"})

# Packages looked up at once: some 15 kB of fragments each are held meanwhile, 15 MB in all.
_LOOKUP = 1_000
# Packages inserted in one transaction with their segments: 50 ms of SQLite's write lock.
_INSERTED_AT_ONCE = 2_000

# `asdict` would copy every value.
_HEADER = tuple(each.name for each in fields(PackageHeader))

_BASE = re.compile(rb'(<location\b[^>]*?)\s+xml:base="[^"]*"')


class _Waiting(msgspec.Struct, array_like=True):
    """A new package until its row is written."""

    digest: bytes
    segment: int  # number within the pack
    position: int
    header: PackageHeader


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
        self._spools: dict[tuple[Kind, Codec], Spool] = {
            (kind, codec): self._resources.enter_context(ports.store.spool())
            for kind in KINDS
            for codec in CODECS
        }
        self._writer = self._resources.enter_context(PackWriter(self._spools))
        waiting = TemporaryFile(dir=ports.scratch)  # noqa: SIM115 - the stack closes it
        self._waiting = self._resources.enter_context(waiting)
        self._layouts: list[bytes] = []

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
        self._writer.close()
        self._layouts += self._writer.take_layouts()
        if self._layouts:
            self._insert_all()
        with self._ports.database.begin() as tx:
            units = {"rpm": self.binary, "srpm": self.source}
            pin_units(tx, holder=self._holder, units=units)

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
            segment, position = self._writer.add(package.fragments)
            waiting = _Waiting(digest, segment, position, package.header)
            data = msgspec.msgpack.encode(waiting)
            self._waiting.write(len(data).to_bytes(4, "little") + data)
        self._written.update(self._pending)
        self._pending.clear()
        self._layouts += self._writer.take_layouts()

    def _take_known(self) -> None:
        """Take what has a row, pinned from the look on that counts: it may be nobody's by now.

        Most looks of a first sync find nothing, so they take no write lock.
        """
        columns = (rpm_packages.c.digest, rpm_packages.c.id, rpm_packages.c.arch)
        known = select(*columns).where(rpm_packages.c.digest.in_(list(self._pending)))
        with self._ports.database.read() as tx:
            if tx.execute(known.limit(1)).first() is None:
                return
        with self._ports.database.begin() as tx:
            hold_off_collection(tx)
            rows = tx.execute(known).all()
            source = BitMap(row.id for row in rows if row.arch in SOURCE_ARCHES)
            units = {"rpm": BitMap(row.id for row in rows) - source, "srpm": source}
            pin_units(tx, holder=self._holder, units=units)
        for row in rows:
            self._take(row.id, row.id in source)
            del self._pending[row.digest]

    def _read_waiting(self) -> Iterator[_Waiting]:
        decoder = msgspec.msgpack.Decoder(_Waiting)
        while length := self._waiting.read(4):
            yield decoder.decode(self._waiting.read(int.from_bytes(length, "little")))

    def _insert_all(self) -> None:
        blob_ids = self._keep_pack()
        self._waiting.seek(0)
        pack = _Pack(blob_ids)
        for batch in batched(self._read_waiting(), _INSERTED_AT_ONCE):
            with self._ports.database.begin() as tx:
                hold_off_collection(tx)
                self._insert(tx, pack, batch)
        with self._ports.database.begin() as tx:
            unpin(tx, self._holder, list(blob_ids.values()), clock=self._ports.clock)

    def _keep_pack(self) -> dict[str, int]:
        """Make the segments durable; return the pack's row."""
        kept = keep(
            self._ports.database,
            self._ports.store,
            list(self._spools.values()),
            holder=self._holder,
            clock=self._ports.clock,
        )
        files = zip(self._spools, kept, strict=True)
        return {f"{kind}_{codec}": blob.id for (kind, codec), blob in files}

    def _insert(self, tx: Transaction, pack: "_Pack", batch: Sequence[_Waiting]) -> None:
        """Insert packages and the segments that they need, pinned in one transaction.

        Another task may have brought the same packages meanwhile: segments that stay empty go
        again at once, so that a kill leaves none.
        """
        numbers = {each.segment for each in batch}
        segments = pack.segments
        for number in sorted(numbers - segments.keys()):
            row = {"pack_id": pack.row_in(tx), "layout": self._layouts[number]}
            segments[number] = insert_row(tx, rpm_segments, row)
        rows = [
            {
                "digest": each.digest,
                **{name: getattr(each.header, name) for name in _HEADER},
                "location_base": self._bases.get(each.digest),
                "segment_id": segments[each.segment],
                "position": each.position,
            }
            for each in batch
        ]
        ids = insert_units(tx, rpm_packages, rows)
        for each in batch:
            self._take(ids[each.digest], each.header.arch in SOURCE_ARCHES)
        fresh = BitMap(ids.values())
        units = {"rpm": fresh & self.binary, "srpm": fresh & self.source}
        pin_units(tx, holder=self._holder, units=units)
        pack.drop_empty(tx, numbers)


@dataclass(slots=True)
class _Pack:
    """The rows of the pack that is being inserted: there are none without packages."""

    blob_ids: Mapping[str, int]
    segments: dict[int, int] = field(default_factory=dict[int, int])  # number -> id
    _id: int | None = None

    def row_in(self, tx: Transaction) -> int:
        """Return the pack's id, inserting it if there is none."""
        if self._id is None:
            self._id = insert_row(tx, rpm_packs, self.blob_ids)
        return self._id

    def drop_empty(self, tx: Transaction, numbers: Iterable[int]) -> None:
        """Delete those of the segments that got no package, and the pack with the last of them."""
        ids = {self.segments[number]: number for number in numbers}
        drop_empty_segments(tx, list(ids))
        left = select(rpm_segments.c.id).where(rpm_segments.c.id.in_(ids))
        for gone in ids.keys() - set(tx.scalars(left)):
            del self.segments[ids[gone]]
        if not self.segments:
            self._id = None


def drop_empty_segments(tx: Transaction, segment_ids: Sequence[int]) -> None:
    """Delete those of the segments that no package is in, and packs that this leaves empty."""
    for batch in batched(segment_ids):
        packs = list(
            tx.scalars(
                select(rpm_segments.c.pack_id).where(rpm_segments.c.id.in_(batch)).distinct()
            )
        )
        used = select(rpm_packages.c.id).where(rpm_packages.c.segment_id == rpm_segments.c.id)
        tx.execute(delete(rpm_segments).where(rpm_segments.c.id.in_(batch), ~used.exists()))
        held = select(rpm_segments.c.id).where(rpm_segments.c.pack_id == rpm_packs.c.id)
        tx.execute(delete(rpm_packs).where(rpm_packs.c.id.in_(packs), ~held.exists()))
