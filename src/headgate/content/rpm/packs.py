"""Packs: new packages are written as segments first, and get their rows once these are durable.

Rows appear only after the segments that they point into, so a crash leaves nothing that another
repository could trip over. A pack is kept and its rows are inserted in a thread beside the
reading: both wait for the disk, and SQLite inserts without the interpreter's lock.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from types import TracebackType
from typing import Final, NamedTuple, Self

from pyroaring import BitMap
from sqlalchemy import bindparam, delete, select, update

from headgate.content.rpm.metadata.packages import Fragments, PackageHeader
from headgate.content.rpm.metadata.segments import CODECS, KINDS, Codec, Kind, PackWriter
from headgate.content.rpm.tables import rpm_packages, rpm_packs, rpm_segments
from headgate.plugin import Ports
from headgate.services.storage.blobs import keep, unpin
from headgate.services.storage.collection import pin_units, request_collection
from headgate.services.storage.collection_lock import hold_off_collection
from headgate.services.units.unit_rows import insert_plain_units
from headgate.stores.blobs import BlobStore, Digest, Spool
from headgate.stores.db import Transaction
from headgate.stores.db.statements import batched, insert_row
from headgate.stores.db.writes import write

SOURCE_ARCHES: Final = frozenset({"src", "nosrc"})

# Packages of a pack: while one is kept, the headers of the next wait, 1 kB each.
PACK_PACKAGES: Final = 10_000
# Packages inserted in one transaction with their segments: 50 ms of SQLite's write lock.
_INSERTED_AT_ONCE: Final = 2_000

_COLUMNS: Final = ("digest", *PackageHeader._fields, "segment_id", "position")
_ARCH: Final = PackageHeader._fields.index("arch")


class NewPackage(NamedTuple):
    """A package until its row is written."""

    digest: bytes
    header: PackageHeader
    segment: int  # number within the pack
    position: int


class OpenPack:
    """A pack that is being written; `discard` drops what was not kept."""

    def __init__(self, store: BlobStore) -> None:
        self._resources = ExitStack()
        self.spools: dict[tuple[Kind, Codec], Spool] = {
            (kind, codec): self._resources.enter_context(store.spool())
            for kind in KINDS
            for codec in CODECS
        }
        self._writer = self._resources.enter_context(PackWriter(self.spools))
        self.packages: list[NewPackage] = []

    def add(self, digest: bytes, fragments: Fragments, header: PackageHeader) -> None:
        """Add a package; they stay in the order in which they come."""
        segment, position = self._writer.add(fragments)
        self.packages.append(NewPackage(digest, header, segment, position))

    def close(self) -> list[bytes]:
        """Write everything out; return the layouts of the segments."""
        self._writer.close()
        return self._writer.take_layouts()

    def discard(self, error: BaseException | None = None) -> None:
        """Drop the spools unless they were kept."""
        self._resources.__exit__(type(error) if error else None, error, None)


class PackKeeper:
    """Keeps packs, one after another; at most one is at work, and one being filled.

    With `replacing` they hold packages that have rows, which are moved to their new places; it
    names the damaged blobs that they are to replace.
    """

    def __init__(
        self, ports: Ports, *, holder: str, replacing: Collection[Digest] | None = None
    ) -> None:
        self._ports = ports
        self._holder = holder
        self._replacing = replacing
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="keep-packs")
        self._working: Future[None] | None = None
        self.binary = BitMap()
        self.source = BitMap()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown(cancel_futures=True)

    def take(self, pack: OpenPack) -> None:
        """Keep the pack once the one before it is; an error of that one comes out here."""
        try:
            self.wait()
        except BaseException as error:
            pack.discard(error)
            raise
        self._working = self._thread.submit(self._keep, pack)

    def wait(self) -> None:
        """Return when everything is durable; `binary` and `source` are complete then."""
        working, self._working = self._working, None
        if working is not None:
            working.result()

    def _keep(self, pack: OpenPack) -> None:
        try:
            self._insert_all(pack, pack.close())
        except BaseException as error:
            pack.discard(error)
            raise
        pack.discard()

    def _insert_all(self, pack: OpenPack, layouts: Sequence[bytes]) -> None:
        database, blob_ids = self._ports.database, self._keep_files(pack)
        rows = _Rows(blob_ids, layouts)
        for batch in batched(pack.packages, _INSERTED_AT_ONCE):
            rows, units = write(database, partial(self._insert, rows, batch))
            self.binary |= units["rpm"]
            self.source |= units["srpm"]
        blobs = list(blob_ids.values())
        write(database, lambda tx: unpin(tx, self._holder, blobs, clock=self._ports.clock))

    def _keep_files(self, pack: OpenPack) -> dict[str, int]:
        """Make the segments durable; return the pack's row."""
        for spool in pack.spools.values():
            # A whole pack comes out as it was: nothing is written where a file seems to be.
            if self._replacing and spool.digest() in self._replacing:
                self._ports.store.drop(spool.digest())
        kept = keep(
            self._ports.database,
            self._ports.store,
            list(pack.spools.values()),
            holder=self._holder,
            clock=self._ports.clock,
        )
        files = zip(pack.spools, kept, strict=True)
        return {f"{kind}_{codec}": blob.id for (kind, codec), blob in files}

    def _insert(
        self, rows: "_Rows", batch: Sequence[NewPackage], tx: Transaction
    ) -> tuple["_Rows", dict[str, BitMap]]:
        """Insert packages and the segments that they need, pinned in one transaction.

        Another task may have brought the same packages meanwhile: segments that stay empty go
        again at once, so that a kill leaves none.
        """
        hold_off_collection(tx)
        rows = rows.copy()  # as it was, should the transaction have to run again
        numbers = {each.segment for each in batch}
        segments = rows.segments_in(tx, numbers)
        values = [
            (each.digest, *each.header, segments[each.segment], each.position) for each in batch
        ]
        # In one order everywhere: PostgreSQL locks these rows one by one, SQLite's index likes it.
        values.sort()
        if self._replacing is not None:
            _move(tx, [(row[0], *row[-2:]) for row in values])
            request_collection(tx, self._ports.clock)
        ids = insert_plain_units(tx, rpm_packages, _COLUMNS, values)
        source = BitMap(ids[row[0]] for row in values if row[1 + _ARCH] in SOURCE_ARCHES)
        units = {"rpm": BitMap(ids.values()) - source, "srpm": source}
        pin_units(tx, holder=self._holder, units=units)
        rows.drop_empty(tx, numbers)
        return rows, units


@dataclass(slots=True)
class _Rows:
    """The rows of the pack that is being inserted: there are none without packages."""

    blob_ids: Mapping[str, int]
    layouts: Sequence[bytes]
    _segments: dict[int, int] = field(default_factory=dict[int, int])  # number -> id
    _id: int | None = None

    def copy(self) -> "_Rows":
        """Return another that goes its own way."""
        return replace(self, _segments=dict(self._segments))

    def segments_in(self, tx: Transaction, numbers: Iterable[int]) -> Mapping[int, int]:
        """Return the ids of the segments by number, having inserted those of these numbers."""
        for number in sorted(set(numbers) - self._segments.keys()):
            row = {"pack_id": self._row_in(tx), "layout": self.layouts[number]}
            self._segments[number] = insert_row(tx, rpm_segments, row)
        return self._segments

    def drop_empty(self, tx: Transaction, numbers: Iterable[int]) -> None:
        """Delete those of the segments that got no package, and the pack with the last of them."""
        ids = {self._segments[number]: number for number in numbers}
        drop_empty_segments(tx, list(ids))
        left = select(rpm_segments.c.id).where(rpm_segments.c.id.in_(ids))
        for gone in ids.keys() - set(tx.scalars(left)):
            del self._segments[ids[gone]]
        if not self._segments:
            self._id = None

    def _row_in(self, tx: Transaction) -> int:
        """Return the pack's id, inserting it if there is none."""
        if self._id is None:
            self._id = insert_row(tx, rpm_packs, self.blob_ids)
        return self._id


def _move(tx: Transaction, places: Sequence[tuple[bytes, int, int]]) -> None:
    """Let packages, named by their digests, be read at other places from now on."""
    left: set[int] = set()
    for batch in batched(places):
        held = rpm_packages.c.digest.in_([digest for digest, _, _ in batch])
        left.update(tx.scalars(select(rpm_packages.c.segment_id).where(held).distinct()))
    move = update(rpm_packages).where(rpm_packages.c.digest == bindparam("package"))
    tx.execute(
        move.values(segment_id=bindparam("segment"), position=bindparam("place")),
        [
            {"package": digest, "segment": segment, "place": position}
            for digest, segment, position in places
        ],
    )
    drop_empty_segments(tx, sorted(left))


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
