"""The register of blobs: which bytes are here, and who holds those that nothing refers to yet.

The rule that makes collection safe: a blob's row, pinned, is committed *before* its file is put
in place (`keep`), or at least locked until it is referred to (`keep_now`). Collection takes row and
file while it holds the row's lock, so

- whoever registers waits for a collection of the same blob to end, and puts the file there
  afterwards: no file that is wanted is ever taken;
- whoever refers to a blob that is here (`claim`) finds the row and the file, or neither.

A process killed in between leaves a pinned row without a file, which collection removes when the
holder has ended. `services/storage/blob_collection.py` is the other half.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from secrets import token_hex

from sqlalchemy import Select, bindparam, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from headgate.domain.clock import Clock
from headgate.domain.errors import HeadgateError
from headgate.services.storage.blob_references import unpinned, unreferenced
from headgate.stores.blobs import BlobStore, Digest, Spool
from headgate.stores.db import Database, Transaction
from headgate.stores.db.statements import batched, upsert
from headgate.stores.db.tables import blob_pins, blobs, collection_requests
from headgate.stores.db.writes import write

_LEASE = "lease"


@dataclass(frozen=True, slots=True)
class Kept:
    """A blob that is here, durably."""

    id: int
    digest: Digest
    size: int  # bytes


def keep(
    database: Database, store: BlobStore, spools: Sequence[Spool], *, holder: str, clock: Clock
) -> list[Kept]:
    """Make the spools' bytes blobs, registered and pinned by `holder`; the spools are used up.

    Refer to the returned ids in a later transaction and `unpin` there, or let the holder's end do
    it. Keep many at once: each call costs one commit and one round of flushing. Besides
    `keep_now` the one way to put bytes into the store.
    """
    found = [(spool.digest(), spool.size) for spool in spools]
    ids = write(database, lambda tx: register(tx, dict(found), holder=holder, clock=clock))
    store.keep_many(spools)
    return [Kept(ids[digest], digest, size) for digest, size in found]


def keep_now(
    database: Database,
    store: BlobStore,
    spools: Sequence[Spool],
    *,
    refer: Callable[[Transaction, Sequence[int]], None],
    clock: Clock,
) -> list[Kept]:
    """Make the spools' bytes blobs that `refer` refers to, all in one transaction.

    For a few files that are wanted now: half the work of `keep`. `refer` gets the blobs' ids in
    the order of the spools. Their rows are locked from before their files are put in place until
    what refers to them is committed, so no collection takes either. Killed or failed in between,
    it leaves files without rows, as a restored backup would: they are adopted, here or by
    `reconcile`, and collected.
    """
    found = [(spool.digest(), spool.size) for spool in spools]
    for spool in spools:
        spool.flush()  # outside: on SQLite all other writers wait for the transaction
    try:
        with database.begin() as tx:
            ids = _enter(tx, dict(found), clock)
            store.keep_many(spools)
            refer(tx, [ids[digest] for digest, _ in found])
            _ask_for_collection(tx, list(ids.values()), clock)
    except BaseException:
        with suppress(HeadgateError, SQLAlchemyError), database.begin() as tx:
            placed = [(digest, size) for digest, size in found if store.size(digest) is not None]
            adopt(tx, placed, clock=clock)
        raise
    return [Kept(ids[digest], digest, size) for digest, size in found]


def register(
    tx: Transaction, sizes: Mapping[Digest, int], *, holder: str, clock: Clock
) -> dict[Digest, int]:
    """Write and pin the rows of blobs that are about to be put in place; return their ids.

    Commit before `BlobStore.keep`; `keep` above does both in this order.
    """
    ids = _enter(tx, sizes, clock)
    _pin(tx, list(ids.values()), holder)
    return ids


def _enter(tx: Transaction, sizes: Mapping[Digest, int], clock: Clock) -> dict[Digest, int]:
    now = clock()
    # In one order everywhere: PostgreSQL locks these rows one by one.
    ordered = sorted(sizes)
    for batch in batched(ordered, 1_000):
        statement = upsert(tx, blobs)
        statement = statement.on_conflict_do_update(
            index_elements=["digest"], set_={"size": statement.excluded["size"]}
        )
        tx.execute(
            statement,
            [{"digest": digest.raw, "size": sizes[digest], "created_at": now} for digest in batch],
        )
    return _ids(tx, ordered)


def adopt(tx: Transaction, files: Sequence[tuple[Digest, int]], *, clock: Clock) -> int:
    """Give files that have no row one, unpinned, so that collection takes them under its lock.

    Return how many there were: also one that somebody registers at this moment is left alone.
    """
    now = clock()
    statement = upsert(tx, blobs).on_conflict_do_nothing().returning(blobs.c.id)
    values = [{"digest": digest.raw, "size": size, "created_at": now} for digest, size in files]
    return len(tx.execute(statement, values).all()) if values else 0


def claim(
    tx: Transaction, store: BlobStore, digests: Sequence[Digest], *, holder: str
) -> dict[Digest, int]:
    """Pin those of the blobs that are here, and return their ids; the others are left out.

    What is returned may be referred to in this or a later transaction of the holder.
    """
    here: dict[Digest, int] = {}
    for batch in batched(sorted(set(digests))):
        rows = tx.execute(
            select(blobs.c.id, blobs.c.digest, blobs.c.size)
            .where(blobs.c.digest.in_([digest.raw for digest in batch]))
            .order_by(blobs.c.digest)
            # Waits for a collection that has this row in hand; ignored by SQLite, where this
            # transaction is the only one that writes.
            .with_for_update(read=True, key_share=True)
        )
        for blob_id, raw, size in rows.all():
            if is_here(store, Digest(raw), size):
                here[Digest(raw)] = blob_id
    _pin(tx, list(here.values()), holder)
    return here


def is_here(store: BlobStore, digest: Digest, size: int) -> bool:
    """Say whether the store has the blob, bringing back what a killed collection set aside.

    The caller has locked the blob's row, so no living collection is at work on it.
    """
    if store.size(digest) == size:
        return True
    return store.restore(digest) and store.size(digest) == size


def unpin(
    tx: Transaction, holder: str, blob_ids: Sequence[int] | None = None, *, clock: Clock
) -> None:
    """Let go of all that `holder` pins, or of these blobs only.

    If nothing refers to one of them, it asks for a collection.
    """
    held = delete(blob_pins).where(blob_pins.c.holder == holder)
    parts = (
        [held]
        if blob_ids is None
        else [held.where(blob_pins.c.blob_id.in_(batch)) for batch in batched(blob_ids)]
    )
    for part in parts:
        _ask_for_collection(tx, tx.scalars(part.returning(blob_pins.c.blob_id)).all(), clock)


def lease(clock: Clock, duration: timedelta) -> str:
    """Return a new holder for who is no task and no upload: its pins are void after `duration`."""
    return f"{_LEASE}:{int((clock() + duration).timestamp())}:{token_hex(8)}"


def lease_end(holder: str) -> float | None:
    """When the pins of a lease become void (seconds since the epoch); None for other holders."""
    kind, _, rest = holder.partition(":")
    return float(rest.partition(":")[0]) if kind == _LEASE else None


def _ask_for_collection(tx: Transaction, blob_ids: Sequence[int], clock: Clock) -> None:
    for batch in batched(blob_ids):
        if tx.execute(_useless(), {"blob_ids": batch}).first():
            tx.execute(insert(collection_requests).values(created_at=clock()))
            return


@cache
def _useless() -> Select[tuple[int]]:
    """Return the query for one of the blobs that nothing refers to; to say it takes long."""
    among = blobs.c.id.in_(bindparam("blob_ids", expanding=True))
    return select(blobs.c.id).where(among, unreferenced(), unpinned()).limit(1)


def _ids(tx: Transaction, digests: Sequence[Digest]) -> dict[Digest, int]:
    ids: dict[Digest, int] = {}
    for batch in batched(digests):
        rows = tx.execute(
            select(blobs.c.digest, blobs.c.id).where(
                blobs.c.digest.in_([digest.raw for digest in batch])
            )
        )
        ids.update({Digest(raw): blob_id for raw, blob_id in rows})
    return ids


def _pin(tx: Transaction, blob_ids: Sequence[int], holder: str) -> None:
    if blob_ids:
        tx.execute(
            upsert(tx, blob_pins).on_conflict_do_nothing(),
            [{"blob_id": blob_id, "holder": holder} for blob_id in sorted(blob_ids)],
        )
