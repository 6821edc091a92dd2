"""Giving space back: removing blobs that nothing refers to, and mending what a crash left.

Collection of a blob is: lock and delete its row, set its file aside, commit, remove the file.
Killed before the commit, the row is back and the file is in the trash: whoever claims the blob
restores it, and so does `reconcile`. Killed after the commit, the file in the trash has no row:
`reconcile` removes it. `services/storage/blobs.py` says why writers cannot lose.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_hex

from sqlalchemy import Select, delete, not_, select, union

from headgate.domain.clock import Clock
from headgate.domain.errors import HeadgateError
from headgate.services.storage.blob_references import unpinned, unreferenced
from headgate.services.storage.blobs import adopt, is_here, lease_end
from headgate.stores.blobs import BlobStore, Digest
from headgate.stores.db import Database, Transaction
from headgate.stores.db.statements import batched
from headgate.stores.db.tables import blob_pins, blobs, content_uploads, tasks

# Bounds how long one batch keeps SQLite's write lock: about 20 ms.
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Space:
    """A number of blobs and their bytes."""

    blobs: int = 0
    bytes: int = 0

    def __add__(self, other: "Space") -> "Space":
        return Space(self.blobs + other.blobs, self.bytes + other.bytes)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What `reconcile` found after a crash or a restored backup."""

    swept: int  # spool files of dead processes removed
    restored: int  # blobs that a killed collection had set aside and that are wanted
    discarded: int  # blobs whose collection is now completed
    adopted: int  # files without a row: they have one now, and the next collection takes them
    missing: tuple[Digest, ...]  # blobs that content refers to and whose bytes are not here


def collect(database: Database, store: BlobStore, *, clock: Clock) -> Space:
    """Remove every blob that nothing refers to and nobody pins; return what that freed.

    Safe beside writers and other collections, on any process; a kill loses nothing.
    """
    with database.begin() as tx:
        drop_void_pins(tx, clock=clock)
    freed = Space()
    for batch in _candidates(database):
        freed += _collect(database, store, batch)
    return freed


def collectable(tx: Transaction) -> dict[int, int]:
    """Return the blobs that a collection would take now: their ids and sizes in bytes."""
    rows = tx.execute(select(blobs.c.id, blobs.c.size).where(unreferenced(), unpinned()))
    return {row.id: row.size for row in rows}


def void_holders(tx: Transaction, *, clock: Clock) -> set[str]:
    """Return the holders of pins that are ended tasks, vanished uploads or leases that ran out.

    Costs as much as there are pins, and those of an idle server are none.
    """
    holders = {holder for (holder,) in tx.execute(select(blob_pins.c.holder).distinct())}
    now = clock().timestamp()
    live = {holder for holder in holders if (lease_end(holder) or 0) > now}
    for batch in batched(holders - live):
        unended = select(tasks.c.id).where(tasks.c.id.in_(batch), tasks.c.ended_at.is_(None))
        uploads = select(content_uploads.c.id).where(
            content_uploads.c.id.in_(batch), content_uploads.c.imported_at.is_(None)
        )
        live |= {holder for (holder,) in tx.execute(union(unended, uploads))}
    return holders - live


def drop_void_pins(tx: Transaction, *, clock: Clock) -> int:
    """Drop the pins of holders that are no more; return how many there were."""
    dropped = 0
    for batch in batched(void_holders(tx, clock=clock)):
        dropped += tx.execute(delete(blob_pins).where(blob_pins.c.holder.in_(batch))).rowcount
    return dropped


def reconcile(database: Database, store: BlobStore, *, clock: Clock) -> Reconciled:
    """Bring files and rows in line after a crash; may run at any time, beside everything else.

    Walks all blobs, so run it in the background at start-up. Follow it with `collect`.
    """
    swept = store.sweep(older_than_seconds=0)
    settled = [_settle(database, store, digest, ticket) for digest, ticket in store.set_asides()]
    adopted = sum(_adopt(database, batch, clock) for batch in batched(store.digests(), _BATCH))
    return Reconciled(
        swept=swept,
        restored=sum(settled),
        discarded=len(settled) - sum(settled),
        adopted=adopted,
        missing=tuple(_missing(database, store)),
    )


def _candidates(database: Database) -> Iterator[Sequence[int]]:
    """Find unreferenced blobs without holding a lock; each batch is checked again under one."""
    last = 0
    while True:
        with database.read() as tx:
            statement = select(blobs.c.id).where(blobs.c.id > last, unreferenced(), unpinned())
            batch = tx.scalars(statement.order_by(blobs.c.id).limit(_BATCH)).all()
        if not batch:
            return
        last = batch[-1]
        yield batch


def _collect(database: Database, store: BlobStore, blob_ids: Sequence[int]) -> Space:
    ticket = token_hex(8)
    gone: list[tuple[Digest, int]] = []
    try:
        with database.begin() as tx:
            gone = _delete_rows(tx, blob_ids)
            for digest, _ in gone:
                store.set_aside(digest, ticket)
    except BaseException:
        # The commit itself may have failed to answer: the rows tell what became of it.
        with suppress(HeadgateError, OSError):
            for digest, _ in gone:
                _settle(database, store, digest, ticket)
        raise
    for digest, _ in gone:
        store.discard(digest, ticket)
    return Space(len(gone), sum(size for _, size in gone))


def _delete_rows(tx: Transaction, blob_ids: Sequence[int]) -> list[tuple[Digest, int]]:
    """Delete those of the rows that are still unreferenced, leaving out locked ones.

    On PostgreSQL the lock comes first, in a statement of its own: referring to a blob takes a
    share lock on its row, so what the second statement then sees cannot change.
    """
    lock = select(blobs.c.id).where(blobs.c.id.in_(blob_ids)).with_for_update(skip_locked=True)
    locked = tx.scalars(lock).all()
    rows = tx.execute(
        delete(blobs)
        .where(blobs.c.id.in_(locked), unreferenced(), unpinned())
        .returning(blobs.c.digest, blobs.c.size)
    )
    return [(Digest(raw), size) for raw, size in rows]


def _settle(database: Database, store: BlobStore, digest: Digest, ticket: str) -> bool:
    """Restore what was set aside if its row is there, else remove it; say which."""
    with database.begin() as tx:
        # Waits for the collection that set it aside, if that is alive.
        row = select(blobs.c.id).where(blobs.c.digest == digest.raw).with_for_update()
        if tx.scalar(row) is not None:
            return store.restore(digest)
        store.discard(digest, ticket)
        return False


def _adopt(database: Database, found: Sequence[tuple[Digest, int]], clock: Clock) -> int:
    """Give files without a row one, so that collection takes them under its usual lock."""
    with database.read() as tx:
        stray = _without_row(tx, found)
    if not stray:
        return 0
    with database.begin() as tx:
        return adopt(tx, stray, clock=clock)


def _without_row(tx: Transaction, found: Sequence[tuple[Digest, int]]) -> list[tuple[Digest, int]]:
    digests = [digest.raw for digest, _ in found]
    known = set(tx.scalars(select(blobs.c.digest).where(blobs.c.digest.in_(digests))))
    return [(digest, size) for digest, size in found if digest.raw not in known]


def _missing(database: Database, store: BlobStore) -> Iterator[Digest]:
    last = 0
    while True:
        with database.read() as tx:
            rows = tx.execute(_rows_after(last)).all()
        if not rows:
            return
        last = rows[-1][0]
        absent = [row for row in rows if store.size(Digest(row[1])) != row[2]]
        yield from _still_missing(database, store, [row[0] for row in absent])


def _rows_after(last: int) -> Select[int, bytes, int]:
    return (
        select(blobs.c.id, blobs.c.digest, blobs.c.size)
        .where(blobs.c.id > last)
        .order_by(blobs.c.id)
        .limit(_BATCH)
    )


def _still_missing(
    database: Database, store: BlobStore, blob_ids: Sequence[int]
) -> Iterator[Digest]:
    """Look again with the rows locked; a pinned blob without references is on its way in."""
    if not blob_ids:
        return
    with database.begin() as tx:
        rows = tx.execute(
            select(blobs.c.digest, blobs.c.size)
            .where(blobs.c.id.in_(blob_ids), not_(unreferenced()))
            .with_for_update()
        ).all()
        for raw, size in rows:
            if not is_here(store, Digest(raw), size):
                yield Digest(raw)
