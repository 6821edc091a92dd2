"""Versions of repositories: the latest is what counts, earlier ones are kept for dated paths."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, select, update

from headgate.domain.clock import Clock
from headgate.domain.ids import ContentSetId, PublicationId, RepositoryId, TaskId
from headgate.services.storage.collection import request_collection
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import repositories, repository_versions
from headgate.stores.db.types import UtcDateTime


def add_version(
    tx: Transaction,
    *,
    clock: Clock,
    repository_id: RepositoryId,
    content_set_id: ContentSetId,
    publication_id: PublicationId,
    cause: str,
    task_id: TaskId | None,
) -> bool:
    """Make the content set the repository's latest version; False if it already is.

    Earlier versions go once nobody may ask for their days any more (`snapshot_days`): what a
    content view froze refers to content sets itself.
    """
    latest = latest_version_of(tx, repository_id)
    unchanged = latest is not None and (
        (latest.content_set_id, latest.publication_id) == (content_set_id, publication_id)
    )
    if unchanged:
        return False
    version_id = insert_row(
        tx,
        repository_versions,
        {
            "repository_id": repository_id,
            "number": 1 if latest is None else latest.number + 1,
            "content_set_id": content_set_id,
            "publication_id": publication_id,
            "cause": cause,
            "task_id": task_id,
            "created_at": clock(),
        },
    )
    tx.execute(
        update(repositories)
        .where(repositories.c.id == repository_id)
        .values(latest_version_id=version_id)
    )
    drop_outdated(tx, clock=clock, repository_id=repository_id)
    return True


def latest_version_of(tx: Transaction, repository_id: RepositoryId) -> Row[Any] | None:
    """Return the repository's latest version, None before its first content."""
    return tx.execute(
        select(repository_versions)
        .join(repositories, repositories.c.latest_version_id == repository_versions.c.id)
        .where(repositories.c.id == repository_id)
    ).one_or_none()


def serve_latest_from(
    tx: Transaction, *, clock: Clock, repository_id: RepositoryId, old: int, new: int
) -> None:
    """Let the latest version be served from `new`, of the same content, if it still is from `old`.

    Earlier versions, and those of content views, stay what they are.
    """
    latest = select(repositories.c.latest_version_id).where(repositories.c.id == repository_id)
    tx.execute(
        update(repository_versions)
        .where(
            repository_versions.c.id == latest.scalar_subquery(),
            repository_versions.c.publication_id == old,
        )
        .values(publication_id=new)
    )
    request_collection(tx, clock)


def drop_outdated(
    tx: Transaction, *, clock: Clock, repository_id: RepositoryId | None = None
) -> int:
    """Delete versions that were followed by others longer ago than their repository keeps them.

    Return how many went. Without a repository it looks at all.
    """
    version = repository_versions.c
    followed_at = func.lead(version.created_at, type_=UtcDateTime).over(
        partition_by=version.repository_id, order_by=version.number
    )
    query = (
        select(version.id, repositories.c.snapshot_days, followed_at.label("followed_at"))
        .join(repositories, repositories.c.id == version.repository_id)
        .where(_has_several() if repository_id is None else version.repository_id == repository_id)
    )
    now = clock()
    gone = [
        row.id
        for row in tx.execute(query)
        if row.followed_at is not None  # else it is the latest
        and row.followed_at + timedelta(days=row.snapshot_days) <= now
    ]
    if gone:
        tx.execute(delete(repository_versions).where(version.id.in_(gone)))
        request_collection(tx, clock)
    return len(gone)


def _has_several() -> ColumnElement[bool]:
    version = repository_versions.c
    several = select(version.repository_id).group_by(version.repository_id)
    return version.repository_id.in_(several.having(func.count() > 1))
