"""When versions may go, and how they do: never what an environment or a composite view uses."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, select

from headgate.domain.clock import Clock
from headgate.domain.errors import BadRequestError, NotFoundError
from headgate.domain.ids import ContentViewId, ContentViewVersionId, EnvironmentId
from headgate.services.access import Actor, load, load_many, require_for
from headgate.services.hosts.leaving import NONE, Replacements, places_of, require_no_orphans
from headgate.services.related import AnyRow
from headgate.services.storage.collection import request_collection
from headgate.services.views.content_views import environments_of, require_plain
from headgate.services.views.version_history import record_deletions
from headgate.services.views.version_users import composites_among, environments_among, users_of
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.tables import (
    content_view_versions,
    content_views,
    lifecycle_environments,
)


def check_removal(
    tx: Transaction,
    *,
    actor: Actor,
    content_view_id: ContentViewId,
    environment_ids: Sequence[EnvironmentId] = (),
    version_ids: Sequence[ContentViewVersionId] = (),
    destroy_content_view: bool = False,
    replacements: Replacements = NONE,
) -> Row[Any]:
    """Return the view if it may leave these environments and then lose these versions.

    Hosts and keys that would be left without content need `replacements`.
    """
    view = require_plain(load(tx, actor, content_views, content_view_id), "removed")
    require_for(tx, actor, content_views, [view], "promote_or_remove_content_views")
    if not (environment_ids or version_ids or destroy_content_view):
        raise BadRequestError(
            "There either were no environments nor versions specified. Please check"
            " environment_ids and content_view_version_ids."
        )
    serving = {row.id for row in environments_of(tx, view.id)}
    for target in load_many(tx, actor, lifecycle_environments, environment_ids):
        if target.id not in serving:
            raise BadRequestError(f"Content view '{view.name}' is not in '{target.name}'.")
    require_no_orphans(tx, places_of(tx, view.id, environment_ids), replacements)
    if version_ids:
        versions = load_many(tx, actor, content_view_versions, version_ids)
        for version in versions:
            if version.content_view_id != view.id:
                raise NotFoundError(f"Could not find content view version with id {version.id}")
        require_for(tx, actor, content_views, [view], "destroy_content_views")
        require_unused(tx, versions, leaving=environment_ids)
    return view


def replacement(
    tx: Transaction,
    *,
    actor: Actor,
    kind: str,
    content_view_id: ContentViewId | None,
    environment_id: EnvironmentId | None,
    organization_id: int,
    leaving: Sequence[int] = (),
) -> int | None:
    """Return the id of what takes the place of a content view environment; None if none is named.

    BadRequestError unless both are given and the environment serves the view, in this
    organization. `kind` is whose place it is: system or key. `leaving` are environments that the
    same request takes this view out of.
    """
    if content_view_id is None and environment_id is None:
        return None
    if content_view_id is None or environment_id is None:
        raise BadRequestError(
            f"Both {kind}_content_view_id and {kind}_environment_id must be given, or none of them."
        )
    view = load(tx, actor, content_views, content_view_id)
    environment = load(tx, actor, lifecycle_environments, environment_id)
    found = [] if environment.id in leaving else places_of(tx, view.id, [environment.id])
    if not found or view.organization_id != organization_id:
        raise BadRequestError(
            f"Content view '{view.name}' is not in '{environment.name}': nothing can be reassigned"
            " to it."
        )
    return found[0]


def require_deletable_version(
    tx: Transaction, *, actor: Actor, version_id: ContentViewVersionId
) -> Row[Any]:
    """Return the version, or raise BadRequestError while something uses it."""
    version = load(tx, actor, content_view_versions, version_id)
    view = require_plain(load(tx, actor, content_views, version.content_view_id), "deleted")
    require_for(tx, actor, content_views, [view], "destroy_content_views")
    require_unused(tx, [version])
    return version


def require_unused(
    tx: Transaction,
    versions: Sequence[Row[Any] | AnyRow],
    *,
    leaving: Sequence[int] = (),
) -> None:
    """Raise BadRequestError if an environment or a composite view uses one of the versions.

    `leaving` are environments that the same request takes them out of. One statement, however
    many versions there are.
    """
    users = users_of(tx, [version.id for version in versions])
    for version in versions:
        number = f"{version.major}.{version.minor}"
        rows = users.get(version.id, [])
        names = ", ".join(row.name for row in environments_among(rows) if row.id not in leaving)
        if names:
            raise BadRequestError(
                f"Cannot delete version {number}: it is in the environments {names}."
                " Remove it from them first."
            )
        names = ", ".join(_composite_name(row) for row in composites_among(rows))
        if names:
            raise BadRequestError(
                f"Cannot delete version {number} while it is in use by composite content views:"
                f" {names}"
            )


def lock_versions(tx: Transaction, version_ids: Sequence[int]) -> Sequence[Row[Any]]:
    """Return the versions that are still there; nothing begins to use them before the commit."""
    return tx.execute(
        select(content_view_versions)
        .where(among(tx, content_view_versions.c.id, version_ids))
        .order_by(content_view_versions.c.id)
        .with_for_update()
    ).all()


def delete_versions(
    tx: Transaction, *, clock: Clock, version_ids: Sequence[int], user: str
) -> list[int]:
    """Delete the versions' rows and remember it; return the ids of those that were there."""
    gone = tx.execute(
        delete(content_view_versions)
        .where(among(tx, content_view_versions.c.id, version_ids))
        .returning(
            content_view_versions.c.id,
            content_view_versions.c.content_view_id,
            content_view_versions.c.major,
            content_view_versions.c.minor,
        )
    ).all()
    if gone:
        record_deletions(tx, clock=clock, versions=gone, user=user)
        request_collection(tx, clock)
    return [row.id for row in gone]


def version_ids_of(tx: Transaction, content_view_id: int) -> list[ContentViewVersionId]:
    """Return the ids of the view's versions, those that are being published included."""
    return [
        ContentViewVersionId(each)
        for each in tx.scalars(
            select(content_view_versions.c.id)
            .where(content_view_versions.c.content_view_id == content_view_id)
            .order_by(content_view_versions.c.id)
        )
    ]


def _composite_name(row: AnyRow) -> str:
    number = "" if row.major is None else f" Version {row.major}.{row.minor}"
    return f"{row.name}{number}"
