"""Uploads of blobs: a row for each, beside the spool of the same name in the blob store.

An upload belongs to the repository and the user that began it: its id alone opens nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from sqlalchemy import delete, func, insert, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import ConflictError
from headgate.domain.ids import UserId
from headgate.domain.registry_errors import BlobUploadInvalidError
from headgate.services.access import Actor
from headgate.stores.blobs import BlobStore
from headgate.stores.db import Database, Transaction
from headgate.stores.db.tables import container_uploads

MOST_AT_ONCE: Final = 1_000  # of one user: rows and files that nobody finished
_ABANDONED: Final = timedelta(days=1)
_SAID_EVERY: Final = timedelta(hours=1)
_own = container_uploads.c


@dataclass(frozen=True, slots=True)
class Upload:
    """A blob on its way in."""

    id: str  # 32 hex digits
    repository_id: int
    user_id: UserId
    algorithm: str  # that its digest was announced with; sha256 unless told
    began_at: datetime
    touched_at: datetime

    def is_quiet(self, now: datetime) -> bool:
        """Whether it is time to say again that somebody is at it."""
        return now - self.touched_at > _SAID_EVERY


def begin_upload(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    repository_id: int,
    algorithm: str,
) -> Upload:
    """Make the row of a new upload; BlobUploadInvalidError if the user has too many."""
    if actor.user_id is None:
        raise BlobUploadInvalidError("Only users can push")
    under_way = select(func.count()).where(_own.user_id == actor.user_id)
    if (tx.scalar(under_way) or 0) >= MOST_AT_ONCE:
        raise BlobUploadInvalidError(
            f"{MOST_AT_ONCE} of your uploads are under way; finish or cancel some first"
        )
    now = clock()
    upload = Upload(uuid4().hex, repository_id, actor.user_id, algorithm, now, now)
    tx.execute(
        insert(container_uploads).values(
            id=upload.id,
            repository_id=repository_id,
            user_id=actor.user_id,
            algorithm=algorithm,
            created_at=now,
            updated_at=now,
        )
    )
    return upload


def find_upload(tx: Transaction, upload_id: str) -> Upload | None:
    """Return an upload, whoever's it is: callers must be its user, and name its repository."""
    row = tx.execute(select(container_uploads).where(_own.id == upload_id)).one_or_none()
    if row is None:
        return None
    return Upload(
        row.id,
        row.repository_id,
        UserId(row.user_id),
        row.algorithm,
        began_at=row.created_at,
        touched_at=row.updated_at,
    )


def touch_upload(tx: Transaction, upload_id: str, *, clock: Clock) -> None:
    """Say that somebody is still at it."""
    tx.execute(update(container_uploads).where(_own.id == upload_id).values(updated_at=clock()))


def end_upload(tx: Transaction, upload_id: str) -> None:
    """Forget an upload; one that is forgotten already is no error."""
    tx.execute(delete(container_uploads).where(_own.id == upload_id))


def sweep_uploads(database: Database, store: BlobStore, *, clock: Clock) -> int:
    """End uploads that nobody has written to for a day, and drop the bytes of those that ended.

    What is being written to stays. Return how many went.
    """
    here = set(store.uploads())  # first: whatever has bytes has had its row by now
    with database.read() as tx:
        rows = {row.id: row.updated_at for row in tx.execute(select(_own.id, _own.updated_at))}
    oldest = clock() - _ABANDONED
    stale = {upload_id for upload_id, touched in rows.items() if touched < oldest}
    gone = stale | (here - rows.keys())
    return sum(_dropped(database, store, upload_id, oldest) for upload_id in sorted(gone))


def _dropped(database: Database, store: BlobStore, upload_id: str, oldest: datetime) -> bool:
    try:
        with store.upload(upload_id) as spool:
            with database.begin() as tx:
                tx.execute(
                    delete(container_uploads).where(_own.id == upload_id, _own.updated_at < oldest)
                )
                left = find_upload(tx, upload_id)
            if left is None:
                spool.discard()
            return left is None
    except ConflictError:
        return False
