"""Content view versions: published, promoted, removed. Tasks call the second half of each.

The request decides and records (`plan_publish`, `plan_promotion`); the task does the work and
ends with one transaction that changes what is served (`finish_publish`, `finish_promotion`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from headgate.domain.clock import Clock
from headgate.domain.content_views import inputs_digest
from headgate.domain.errors import BadRequestError, ValidationError
from headgate.domain.ids import ContentViewId, ContentViewVersionId, EnvironmentId, TaskId
from headgate.services.access import Actor, load
from headgate.services.collection import request_collection
from headgate.services.collection_lock import hold_off_collection
from headgate.services.content_views import repositories_of, require_plain
from headgate.services.distributions import (
    as_value,
    environment_value,
    environments_serving,
    serve_version,
    stop_serving,
)
from headgate.services.filters import filters_of
from headgate.services.organizations import library_of
from headgate.services.repositories import latest_version_of
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    content_sets,
    content_view_histories,
    content_view_version_repositories,
    content_view_versions,
    content_views,
    distributions,
    lifecycle_environments,
    tasks,
)

# Returns the id of the content set without units, for repositories that were never synced.
EmptySet = Callable[[Transaction], int]


@dataclass(frozen=True, slots=True)
class PublishPlan:
    """What a publish will do; `unchanged` when the latest version already is the result."""

    version_id: ContentViewVersionId
    number: str
    unchanged: bool


def plan_publish(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    empty_set: EmptySet,
    content_view_id: ContentViewId,
    description: str | None = None,
    major: int | None = None,
    minor: int | None = None,
    only_if_needed: bool = False,
) -> PublishPlan:
    """Freeze the view's repositories as they are now in a new version, not yet published.

    A sync that is running is not waited for: its result is for the next version.
    """
    hold_off_collection(tx)
    abandon_dead_publishes(tx, clock=clock, content_view_id=content_view_id)
    view = require_plain(load(tx, actor, content_views, content_view_id), "published")
    actor.require("publish_content_views", organization_id=view.organization_id)
    filters = filters_of(tx, view.id)
    frozen = _freeze(tx, view.id, filters, empty_set)
    digest = inputs_digest({row["repository_id"]: row.pop("key") for row in frozen}, filters)
    if only_if_needed:
        latest = latest_published(tx, view.id)
        if latest is not None and latest.inputs_digest == digest:
            number = f"{latest.major}.{latest.minor}"
            return PublishPlan(ContentViewVersionId(latest.id), number, unchanged=True)
    number = _next_number(tx, view, major, minor)
    version_id = insert_row(
        tx,
        content_view_versions,
        {
            "content_view_id": view.id,
            "major": number[0],
            "minor": number[1],
            "description": description,
            "filters": filters,
            "inputs_digest": digest,
            "created_at": clock(),
        },
    )
    if frozen:
        tx.execute(
            insert(content_view_version_repositories),
            [{"version_id": version_id, **row} for row in frozen],
        )
    name = f"{number[0]}.{number[1]}"
    return PublishPlan(ContentViewVersionId(version_id), name, unchanged=False)


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
    record(tx, clock=clock, version=version, action="publish", user=user, task_id=task_id)
    view = tx.execute(
        select(content_views).where(content_views.c.id == version.content_view_id)
    ).one()
    library = library_of(tx, view.organization_id)
    for environment_id in dict.fromkeys([library.id, *environment_ids]):
        _serve(tx, clock=clock, version=version, environment_id=environment_id, user=user)


def abandon_publish(tx: Transaction, *, clock: Clock, version_id: ContentViewVersionId) -> None:
    """Remove a version whose publishing failed or was cancelled; its number is free again."""
    version = tx.execute(
        delete(content_view_versions)
        .where(content_view_versions.c.id == version_id, ~content_view_versions.c.published)
        .returning(content_view_versions.c.content_view_id, content_view_versions.c.major)
    ).one_or_none()
    if version is not None:
        tx.execute(
            update(content_views)
            .where(
                content_views.c.id == version.content_view_id,
                content_views.c.next_major == version.major + 1,
            )
            .values(next_major=version.major)
        )
        request_collection(tx, clock)


def begin_publish(tx: Transaction, *, version_id: ContentViewVersionId, task_id: TaskId) -> None:
    """Name the task that a planned version lives or dies with."""
    tx.execute(
        update(content_view_versions)
        .where(content_view_versions.c.id == version_id)
        .values(task_id=task_id)
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


def check_promotion(
    tx: Transaction,
    *,
    actor: Actor,
    version_id: ContentViewVersionId,
    environment_ids: Sequence[EnvironmentId],
    force: bool = False,
) -> Row[Any]:
    """Return the version if it may be promoted to these environments, in this order."""
    version = load(tx, actor, content_view_versions, version_id)
    view = require_plain(load(tx, actor, content_views, version.content_view_id), "promoted")
    actor.require("promote_or_remove_content_views", organization_id=view.organization_id)
    if not version.published:
        raise BadRequestError("This version is still being published.")
    if not environment_ids:
        raise ValidationError({"environment_ids": ["can't be blank"]})
    value = as_value(tx, version)
    for environment_id in environment_ids:
        target = load(tx, actor, lifecycle_environments, environment_id)
        if target.organization_id != view.organization_id:
            raise BadRequestError(
                f"Environment '{target.name}' is of another organization than the content view."
            )
        value = value.promoted_to(environment_value(target), force=force)
    return version


def finish_promotion(
    tx: Transaction,
    *,
    clock: Clock,
    version_id: ContentViewVersionId,
    environment_ids: Sequence[EnvironmentId],
    task_id: TaskId,
    user: str,
    description: str | None = None,
) -> None:
    """Let the environments serve the version: one row each, whatever the version holds."""
    version = tx.execute(
        select(content_view_versions).where(content_view_versions.c.id == version_id)
    ).one()
    for environment_id in environment_ids:
        _serve(
            tx,
            clock=clock,
            version=version,
            environment_id=environment_id,
            user=user,
            task_id=task_id,
            description=description,
        )


def remove_from_environment(
    tx: Transaction,
    *,
    clock: Clock,
    content_view_id: ContentViewId,
    environment_id: EnvironmentId,
    user: str,
) -> None:
    """Take the view out of the environment and remember it; repeating it changes nothing."""
    row = tx.execute(
        select(content_view_versions)
        .join(distributions, distributions.c.version_id == content_view_versions.c.id)
        .where(
            distributions.c.content_view_id == content_view_id,
            distributions.c.environment_id == environment_id,
        )
    ).one_or_none()
    stop_serving(tx, content_view_id=content_view_id, environment_id=environment_id)
    if row is not None:
        record(
            tx, clock=clock, version=row, action="removal", user=user, environment_id=environment_id
        )


def require_deletable_version(
    tx: Transaction,
    *,
    actor: Actor,
    version_id: ContentViewVersionId,
    leaving: Sequence[EnvironmentId] = (),
) -> Row[Any]:
    """Return the version, or raise BadRequestError while an environment serves it.

    `leaving` are environments that the same request takes it out of.
    """
    version = load(tx, actor, content_view_versions, version_id)
    view = require_plain(load(tx, actor, content_views, version.content_view_id), "deleted")
    actor.require("destroy_content_views", organization_id=view.organization_id)
    serving = [row for row in environments_serving(tx, version_id) if row.id not in leaving]
    if serving:
        names = ", ".join(row.name for row in serving)
        raise BadRequestError(
            f"Cannot delete version {version.major}.{version.minor}: it is in the environments"
            f" {names}. Remove it from them first."
        )
    return version


def delete_version(
    tx: Transaction, *, clock: Clock, version_id: ContentViewVersionId, user: str
) -> None:
    """Delete the version's rows and remember it; deleting it twice is no error."""
    version = tx.execute(
        delete(content_view_versions)
        .where(content_view_versions.c.id == version_id)
        .returning(content_view_versions)
    ).one_or_none()
    if version is not None:
        record(tx, clock=clock, version=version, action="deletion", user=user)
        request_collection(tx, clock)


def describe_version(
    tx: Transaction, *, actor: Actor, version_id: ContentViewVersionId, description: str
) -> None:
    """Change the version's description; nothing else of it ever changes."""
    version = load(tx, actor, content_view_versions, version_id)
    view = require_plain(load(tx, actor, content_views, version.content_view_id), "changed")
    actor.require("edit_content_views", organization_id=view.organization_id)
    tx.execute(
        update(content_view_versions)
        .where(content_view_versions.c.id == version_id)
        .values(description=description)
    )


def latest_published(tx: Transaction, content_view_id: int) -> Row[Any] | None:
    """Return the view's newest published version."""
    return tx.execute(
        select(content_view_versions)
        .where(
            content_view_versions.c.content_view_id == content_view_id,
            content_view_versions.c.published,
        )
        .order_by(content_view_versions.c.major.desc(), content_view_versions.c.minor.desc())
        .limit(1)
    ).one_or_none()


def record(
    tx: Transaction,
    *,
    clock: Clock,
    version: Row[Any],
    action: str,
    user: str,
    environment_id: int | None = None,
    task_id: TaskId | None = None,
    description: str | None = None,
) -> None:
    """Write a line of the view's history."""
    environment = None
    if environment_id is not None:
        environment = tx.scalar(
            select(lifecycle_environments.c.name).where(
                lifecycle_environments.c.id == environment_id
            )
        )
    tx.execute(
        insert(content_view_histories).values(
            content_view_id=version.content_view_id,
            version=f"{version.major}.{version.minor}",
            version_id=version.id,
            environment=environment,
            environment_id=environment_id,
            action=action,
            user=user,
            status="successful",
            description=description,
            task_id=task_id,
            created_at=clock(),
        )
    )


def input_key(repository: Row[Any], digest: bytes) -> tuple[bytes, str]:
    """Return what decides a repository's part of a version: its content and how it is written."""
    return digest, f"{repository.checksum_type}:{repository.metadata_compression}"


def _serve(
    tx: Transaction,
    *,
    clock: Clock,
    version: Row[Any],
    environment_id: int,
    user: str,
    task_id: TaskId | None = None,
    description: str | None = None,
) -> None:
    serve_version(tx, clock=clock, version_id=version.id, environment_id=environment_id)
    record(
        tx,
        clock=clock,
        version=version,
        action="promotion",
        user=user,
        environment_id=environment_id,
        task_id=task_id,
        description=description,
    )


def _freeze(
    tx: Transaction, view_id: int, filters: Sequence[dict[str, Any]], empty_set: EmptySet
) -> list[dict[str, Any]]:
    """Return a row per repository; a filtered one gets its publication from the task."""
    frozen: list[dict[str, Any]] = []
    for repository in repositories_of(tx, view_id):
        latest = latest_version_of(tx, repository.id)
        filtered = any(
            not each["repository_ids"] or repository.id in each["repository_ids"]
            for each in filters
        )
        content_set_id = empty_set(tx) if latest is None else latest.content_set_id
        digest = tx.scalar(select(content_sets.c.digest).where(content_sets.c.id == content_set_id))
        frozen.append(
            {
                "repository_id": repository.id,
                "relative_path": repository.relative_path,
                "content_set_id": content_set_id,
                "publication_id": None if latest is None or filtered else latest.publication_id,
                "key": input_key(repository, digest or b""),
            }
        )
    return frozen


def _next_number(
    tx: Transaction, view: Row[Any], major: int | None, minor: int | None
) -> tuple[int, int]:
    number = (view.next_major, 0) if major is None else (major, minor or 0)
    taken = tx.scalar(
        select(content_view_versions.c.id).where(
            content_view_versions.c.content_view_id == view.id,
            content_view_versions.c.major == number[0],
            content_view_versions.c.minor == number[1],
        )
    )
    if taken is not None:
        raise ValidationError({"major": [f"version {number[0]}.{number[1]} exists already"]})
    tx.execute(
        update(content_views)
        .where(content_views.c.id == view.id)
        .values(next_major=max(view.next_major, number[0] + 1))
    )
    return number
