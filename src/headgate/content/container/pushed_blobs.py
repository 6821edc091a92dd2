"""Forgetting which blobs were pushed: after a day a repository has what its manifests name.

A client pushes blobs first and the manifest that names them after that; for as long the repository
keeps them by themselves. What no manifest came to name is collected.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Row, delete, select

from headgate.content.container.push import holding_of
from headgate.content.container.tables import container_manifest_blobs, container_pushed_blobs
from headgate.content.container.unit_files import BLOBS, arrived
from headgate.domain.clock import Clock
from headgate.services.storage.collection import request_collection
from headgate.services.storage.collection_lock import begin_collection
from headgate.stores.db import Database, Transaction

_KEPT: Final = timedelta(days=1)
_AT_ONCE: Final = 500  # 20 ms of SQLite's write lock

_own, _named = container_pushed_blobs.c, container_manifest_blobs.c


def forget_pushed_blobs(database: Database, *, clock: Clock) -> int:
    """Forget what was pushed more than a day ago; return how many blobs of repositories."""
    oldest = clock() - _KEPT
    query = (
        select(_own.repository_id, _own.digest, _own.blob_id)
        .where(_own.pushed_at < oldest)
        .order_by(_own.repository_id, _own.digest)
        .limit(_AT_ONCE)
    )
    total = 0
    while True:
        with database.begin() as tx:
            # Nobody may count on what is forgotten here until this is committed.
            begin_collection(tx)
            rows = tx.execute(query).all()
            for repository_id, group in groupby(rows, key=lambda row: row.repository_id):
                _forget(tx, repository_id, list(group), oldest)
            if rows:
                request_collection(tx, clock)
        total += len(rows)
        if len(rows) < _AT_ONCE:
            return total


def _forget(
    tx: Transaction, repository_id: int, rows: Sequence[Row[Any, Any, Any]], oldest: datetime
) -> None:
    digests = [row.digest for row in rows]
    lacking = select(_named.manifest_id, _named.digest).where(
        _named.digest.in_(digests), _named.blob_id.is_(None)
    )
    held = holding_of(tx, repository_id).manifests
    by_digest = {row.digest: row.blob_id for row in rows if row.blob_id is not None}
    for manifest_id, digest in tx.execute(lacking).all():
        if manifest_id in held and digest in by_digest:
            arrived(tx, BLOBS + digest, by_digest[digest], [manifest_id])
    tx.execute(
        delete(container_pushed_blobs).where(
            _own.repository_id == repository_id,
            _own.digest.in_(digests),
            _own.pushed_at < oldest,  # somebody may push it again at this moment
        )
    )
