"""Changing what a repository holds in one transaction, whose commit makes the next version."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Row, select

from headgate.content.container.content import UNIT_TYPES, ContainerType
from headgate.domain.clock import Clock
from headgate.domain.content import Content
from headgate.domain.ids import ContentSetId, RepositoryId
from headgate.domain.registry_errors import NameUnknownError
from headgate.plugin import Change
from headgate.services.repositories.repositories import publish_options
from headgate.services.repositories.repository_versions import add_version, latest_version_of
from headgate.services.storage.collection_lock import hold_off_collection
from headgate.services.units.content_sets import load_content, save_content
from headgate.services.units.publications import save_publication
from headgate.stores.db import Transaction
from headgate.stores.db.tables import repositories

_TYPE = ContainerType()


def change_content(
    tx: Transaction,
    *,
    clock: Clock,
    repository_id: int,
    change: Callable[[Content], Content],
    cause: str,
    user: str | None,
) -> bool:
    """Let the repository hold what `change` makes of what it holds; False if that is the same.

    Whoever changes the same repository meanwhile waits until this transaction ends.
    NameUnknownError if it has just been deleted.
    """
    hold_off_collection(tx)
    repository = require_repository(tx, repository_id, alone=True)
    before = _content(tx, repository)
    after = change(before)
    content_set_id = save_content(tx, clock=clock, content=after, unit_types=UNIT_TYPES)
    publication_id = save_publication(
        tx,
        clock=clock,
        content_set_id=content_set_id,
        options=publish_options(repository).key(_TYPE.name),
        files=(),
    )
    changed = add_version(
        tx,
        clock=clock,
        repository_id=RepositoryId(repository_id),
        content_set_id=content_set_id,
        publication_id=publication_id,
        cause=cause,
        task_id=None,
    )
    if changed:
        note = Change(repository_id, before, after, cause, user, clock())
        _TYPE.changed(tx, note)
    return changed


def require_repository(tx: Transaction, repository_id: int, *, alone: bool = False) -> Row[Any]:
    """Return a repository that stays until the commit; NameUnknownError if it has just gone.

    `alone`: whoever else wants it so waits.
    """
    query = select(repositories).where(repositories.c.id == repository_id)
    row = tx.execute(query.with_for_update(key_share=not alone, read=not alone)).one_or_none()
    if row is None:
        raise NameUnknownError("The repository has just been deleted")
    return row


def _content(tx: Transaction, repository: Row[Any]) -> Content:
    latest = latest_version_of(tx, RepositoryId(repository.id))
    if latest is None:
        return Content()
    return load_content(tx, ContentSetId(latest.content_set_id))
