"""Content views: which repositories they take, and when they may go."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, delete, insert, select, update

from headgate.domain.clock import Clock
from headgate.domain.content_views import Kind
from headgate.domain.errors import BadRequestError, ValidationError
from headgate.domain.ids import ContentViewId, OrganizationId, RepositoryId
from headgate.services.access import Actor, load, require_for
from headgate.services.containers.naming import name_after, name_view
from headgate.services.repositories.repositories import require_repositories
from headgate.services.storage.collection import request_collection
from headgate.services.uniqueness import free_name, free_names
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    content_view_components,
    content_view_filter_repositories,
    content_view_filters,
    content_view_repositories,
    content_views,
    distributions,
    lifecycle_environments,
    organizations,
)

_PLAIN: Final = Kind()
_PUBLISHING: Final = ("auto_publish", "solve_dependencies")
_CHANGEABLE: Final = ("description", *_PUBLISHING)


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
    kind: Kind = _PLAIN,
) -> ContentViewId:
    """Make a content view of these repositories; composite ones take components instead."""
    kind.check()
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
            "composite": kind.composite,
            "rolling": kind.rolling,
            "import_only": kind.import_only,
            "auto_publish": kind.auto_publish,
            "solve_dependencies": kind.solve_dependencies,
            "created_at": now,
            "updated_at": now,
        },
    )
    _refuse_repositories(kind.composite, repository_ids)
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
    """Change `name`, `description`, `repository_ids` (the whole new list), or how it publishes.

    What it is - composite, rolling, import only - is for ever.
    """
    row = require_plain(load(tx, actor, content_views, content_view_id), "changed")
    require_for(tx, actor, content_views, [row], "edit_content_views")
    values = {column: changes[column] for column in _CHANGEABLE if column in changes}
    _check_kind(row, changes)
    if "name" in changes and changes["name"] != row.name:
        values["name"] = free_name(
            tx,
            content_views,
            changes["name"],
            except_id=row.id,
            organization_id=row.organization_id,
        )
    if "repository_ids" in changes:
        _refuse_repositories(row.composite, changes["repository_ids"])
        _take_repositories(tx, actor, row.organization_id, row.id, changes["repository_ids"])
    tx.execute(
        update(content_views)
        .where(content_views.c.id == row.id)
        .values(updated_at=clock(), **values)
    )
    if "name" in values:
        name_after(tx, row.organization_id, "content_view.name")
    if row.rolling and "repository_ids" in changes:
        name_view(tx, row.id)


def require_deletable_view(
    tx: Transaction,
    *,
    actor: Actor,
    content_view_id: ContentViewId,
    leaving_environments: bool = False,
) -> Row[Any]:
    """Return the view, or raise BadRequestError while an environment or a composite uses it."""
    row = require_plain(load(tx, actor, content_views, content_view_id), "deleted")
    require_for(tx, actor, content_views, [row], "destroy_content_views")
    serving = environments_of(tx, content_view_id)
    if serving and not leaving_environments:
        names = ", ".join(environment.name for environment in serving)
        raise BadRequestError(
            f"Cannot delete '{row.name}': it is in the lifecycle environments {names}."
            " Remove it from them first."
        )
    composites = ", ".join(composites_of(tx, content_view_id))
    if composites:
        raise BadRequestError(
            f"Cannot delete '{row.name}' while it is in use by composite content views:"
            f" {composites}"
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


def environments_of(tx: Transaction, content_view_id: int) -> list[Row[Any]]:
    """Return the environments that serve the view."""
    return list(
        tx.execute(
            select(lifecycle_environments)
            .join(distributions, distributions.c.environment_id == lifecycle_environments.c.id)
            .where(distributions.c.content_view_id == content_view_id)
            .order_by(lifecycle_environments.c.id)
        )
    )


def composites_of(tx: Transaction, content_view_id: int) -> list[str]:
    """Return the names of the composite views that a view is a component of."""
    component = content_view_components.c
    return list(
        tx.scalars(
            select(content_views.c.name)
            .join(content_view_components, component.composite_id == content_views.c.id)
            .where(component.content_view_id == content_view_id)
            .order_by(content_views.c.name)
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


def _check_kind(view: Row[Any], changes: Mapping[str, Any]) -> None:
    for flag in ("composite", "rolling", "import_only"):
        if changes.get(flag) not in (None, getattr(view, flag)):
            raise ValidationError({flag: ["can not be changed after creation"]})
    flags = {name: changes.get(name, getattr(view, name)) for name in _PUBLISHING}
    Kind(
        composite=view.composite,
        rolling=view.rolling,
        import_only=view.import_only,
        generated=view.generated_for != "none",
        **flags,
    ).check()


def _refuse_repositories(composite: bool, repository_ids: Sequence[RepositoryId]) -> None:
    if composite and repository_ids:
        raise ValidationError({"base": ["Cannot add repositories to a composite content view"]})


def _require_distinct_paths(rows: Sequence[Row[Any]]) -> None:
    paths = [row.relative_path for row in rows]
    if len(set(paths)) != len(paths):
        raise ValidationError({"repository_ids": ["would be served at the same path"]})
