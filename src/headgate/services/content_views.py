"""Content views: which repositories they take, and when they may go."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import BadRequestError, ValidationError
from headgate.domain.ids import ContentViewId, OrganizationId, RepositoryId
from headgate.services.access import Actor, load
from headgate.services.collection import request_collection
from headgate.services.repositories import require_repositories
from headgate.services.uniqueness import free_name, free_names
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    content_view_filter_repositories,
    content_view_filters,
    content_view_repositories,
    content_views,
    distributions,
    lifecycle_environments,
    organizations,
    repositories,
)


def create_content_view(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    organization_id: OrganizationId,
    name: str,
    label: str | None = None,
    description: str | None = None,
    repository_ids: Sequence[RepositoryId] = (),
) -> ContentViewId:
    """Make a plain content view of these repositories."""
    load(tx, actor, organizations, organization_id)
    actor.require("create_content_views", organization_id=organization_id)
    names = free_names(tx, content_views, name=name, label=label, organization_id=organization_id)
    now = clock()
    view_id = insert_row(
        tx,
        content_views,
        {
            **names,
            "description": description,
            "created_at": now,
            "updated_at": now,
        },
    )
    _take_repositories(tx, actor, organization_id, view_id, repository_ids)
    return ContentViewId(view_id)


def update_content_view(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    content_view_id: ContentViewId,
    changes: Mapping[str, Any],
) -> None:
    """Change `name`, `description` or `repository_ids` (the whole new list)."""
    row = require_plain(load(tx, actor, content_views, content_view_id), "changed")
    actor.require("edit_content_views", organization_id=row.organization_id)
    values = {column: changes[column] for column in ("description",) if column in changes}
    if "name" in changes and changes["name"] != row.name:
        values["name"] = free_name(
            tx,
            content_views,
            changes["name"],
            except_id=row.id,
            organization_id=row.organization_id,
        )
    if "repository_ids" in changes:
        _take_repositories(tx, actor, row.organization_id, row.id, changes["repository_ids"])
    tx.execute(
        update(content_views)
        .where(content_views.c.id == row.id)
        .values(updated_at=clock(), **values)
    )


def require_deletable_view(
    tx: Transaction, *, actor: Actor, content_view_id: ContentViewId
) -> Row[Any]:
    """Return the view, or raise BadRequestError while an environment serves it."""
    row = require_plain(load(tx, actor, content_views, content_view_id), "deleted")
    actor.require("destroy_content_views", organization_id=row.organization_id)
    serving = environments_of(tx, content_view_id)
    if serving:
        names = ", ".join(environment.name for environment in serving)
        raise BadRequestError(
            f"Cannot delete '{row.name}': it is in the lifecycle environments {names}."
            " Remove it from them first."
        )
    return row


def delete_content_view(tx: Transaction, *, clock: Clock, content_view_id: ContentViewId) -> None:
    """Delete the view with its filters and versions; deleting it twice is no error."""
    tx.execute(delete(content_views).where(content_views.c.id == content_view_id))
    request_collection(tx, clock)


def require_plain(view: Row[Any], verb: str) -> Row[Any]:
    """Return the view, or raise BadRequestError for the organization's default view."""
    if view.default:
        raise BadRequestError(f"The default content view cannot be {verb}.")
    return view


def repositories_of(tx: Transaction, content_view_id: int) -> list[Row[Any]]:
    """Return the view's repositories in the order of their names."""
    return list(
        tx.execute(
            select(repositories)
            .join(
                content_view_repositories,
                content_view_repositories.c.repository_id == repositories.c.id,
            )
            .where(content_view_repositories.c.content_view_id == content_view_id)
            .order_by(repositories.c.name, repositories.c.id)
        )
    )


def environments_of(tx: Transaction, content_view_id: int) -> list[Row[Any]]:
    """Return the environments that serve a version of the view."""
    return list(
        tx.execute(
            select(lifecycle_environments)
            .join(distributions, distributions.c.environment_id == lifecycle_environments.c.id)
            .where(
                distributions.c.content_view_id == content_view_id,
                distributions.c.version_id.is_not(None),
            )
            .order_by(lifecycle_environments.c.id)
        )
    )


def _take_repositories(
    tx: Transaction,
    actor: Actor,
    organization_id: int,
    view_id: int,
    repository_ids: Sequence[RepositoryId],
) -> None:
    wanted = list(dict.fromkeys(repository_ids))
    rows = require_repositories(tx, actor, organization_id, wanted)
    _require_distinct_paths(rows)
    tx.execute(
        delete(content_view_repositories).where(
            content_view_repositories.c.content_view_id == view_id
        )
    )
    if wanted:
        tx.execute(
            insert(content_view_repositories),
            [{"content_view_id": view_id, "repository_id": each} for each in wanted],
        )
    # A filter never reaches beyond its view's repositories.
    filters = select(content_view_filters.c.id).where(
        content_view_filters.c.content_view_id == view_id
    )
    tx.execute(
        delete(content_view_filter_repositories).where(
            content_view_filter_repositories.c.filter_id.in_(filters),
            content_view_filter_repositories.c.repository_id.not_in(wanted),
        )
    )


def _require_distinct_paths(rows: Sequence[Row[Any]]) -> None:
    paths = [row.relative_path for row in rows]
    if len(set(paths)) != len(paths):
        raise ValidationError({"repository_ids": ["would be served at the same path"]})
