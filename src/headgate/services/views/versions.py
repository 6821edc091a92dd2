"""Content view versions: how a publish ends, and what may change of a version afterwards."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, delete, select, update

from headgate.domain.clock import Clock
from headgate.domain.ids import ContentViewId, ContentViewVersionId, EnvironmentId, TaskId
from headgate.services.access import Actor, load, require_for
from headgate.services.organizations.organizations import library_of
from headgate.services.storage.collection import request_collection
from headgate.services.views.content_views import require_plain
from headgate.services.views.promotions import serve_in
from headgate.services.views.version_history import record
from headgate.stores.db import Transaction
from headgate.stores.db.tables import content_view_versions, content_views, tasks


def finish_publish(
    tx: Transaction,
    *,
    clock: Clock,
    version_id: ContentViewVersionId,
    environment_ids: Sequence[EnvironmentId],
    task_id: TaskId,
    user: str,
) -> None:
    """Make the version visible and let Library (and the environments asked for) serve it."""
    version = tx.execute(
        update(content_view_versions)
        .where(content_view_versions.c.id == version_id)
        .values(published=True, task_id=task_id)
        .returning(content_view_versions)
    ).one()
    record(
        tx,
        clock=clock,
        version=version,
        action="publish",
        user=user,
        task_id=task_id,
        description=version.description,
    )
    view = tx.execute(
        select(content_views).where(content_views.c.id == version.content_view_id)
    ).one()
    library = library_of(tx, view.organization_id)
    for environment_id in dict.fromkeys([library.id, *environment_ids]):
        serve_in(tx, clock=clock, version=version, environment_id=environment_id, user=user)


def abandon_publish(
    tx: Transaction,
    *,
    clock: Clock,
    version_id: ContentViewVersionId,
    user: str | None = None,
    reason: str | None = None,
) -> None:
    """Remove a version whose publishing failed or was cancelled; its number is free again.

    With a `user`, who asked for it, the history says so and gives the `reason`.
    """
    version = tx.execute(
        delete(content_view_versions)
        .where(content_view_versions.c.id == version_id, ~content_view_versions.c.published)
        .returning(content_view_versions)
    ).one_or_none()
    if version is None:
        return
    tx.execute(
        update(content_views)
        .where(
            content_views.c.id == version.content_view_id,
            content_views.c.next_major == version.major + 1,
            ~_of_major(version.content_view_id, version.major).exists(),
        )
        .values(next_major=version.major)
    )
    request_collection(tx, clock)
    if user is not None:
        record(
            tx,
            clock=clock,
            version=version,
            action="publish",
            user=user,
            task_id=version.task_id,
            description=reason,
            status="failed",
        )


def _of_major(content_view_id: int, major: int) -> Select[int]:
    """Select versions of the number: those that others are the updates of keep it taken."""
    versions = content_view_versions.c
    return select(versions.id).where(
        versions.content_view_id == content_view_id, versions.major == major
    )


def dead_publishes(
    tx: Transaction, content_view_id: ContentViewId | None = None
) -> list[ContentViewVersionId]:
    """Return the versions that nobody will finish: their task ended without an answer.

    It was cancelled before it began, its process died over it too often, or the disk was too full
    for its last transaction.
    """
    versions = content_view_versions.c
    alive = select(tasks.c.id).where(tasks.c.id == versions.task_id, tasks.c.ended_at.is_(None))
    dead = (
        select(versions.id)
        .where(~versions.published, ~alive.exists())
        .order_by(versions.major.desc(), versions.minor.desc())
    )
    if content_view_id is not None:
        dead = dead.where(versions.content_view_id == content_view_id)
    return [ContentViewVersionId(version_id) for version_id in tx.scalars(dead)]


def abandon_dead_publishes(
    tx: Transaction, *, clock: Clock, content_view_id: ContentViewId | None = None
) -> None:
    """Remove the versions that nobody will finish, the newest first: their numbers are free."""
    for version_id in dead_publishes(tx, content_view_id):
        abandon_publish(tx, clock=clock, version_id=version_id)


def update_version(
    tx: Transaction,
    *,
    actor: Actor,
    version_id: ContentViewVersionId,
    changes: Mapping[str, Any],
) -> None:
    """Change `description` or `pinned`; nothing else of a version ever changes."""
    version = load(tx, actor, content_view_versions, version_id)
    view = require_plain(load(tx, actor, content_views, version.content_view_id), "changed")
    require_for(tx, actor, content_views, [view], "edit_content_views")
    values = {column: changes[column] for column in ("description", "pinned") if column in changes}
    if values:
        tx.execute(
            update(content_view_versions)
            .where(content_view_versions.c.id == version_id)
            .values(values)
        )
