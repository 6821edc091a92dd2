"""Which units a caller may see: those that a repository or a version within reach holds.

A unit has no tenant of its own; every list of units and every unit id of a request goes through
here, as other ids go through `services/access.py`.
"""

from dataclasses import dataclass

from pyroaring import BitMap
from sqlalchemy import Select, Table, select

from headgate.domain.errors import NotFoundError
from headgate.services.access import Actor, load, scoped
from headgate.services.content_sets import union_of
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    content_set_members,
    content_view_version_repositories,
    content_view_versions,
    content_views,
    distributions,
    lifecycle_environments,
    organizations,
    repositories,
    repository_versions,
)


@dataclass(frozen=True, slots=True)
class UnitScope:
    """Where to look; what is not given does not narrow."""

    organization_id: int | None = None
    repository_id: int | None = None
    content_view_version_id: int | None = None
    environment_id: int | None = None
    content_view_id: int | None = None


def units_within(tx: Transaction, actor: Actor, unit_type: str, scope: UnitScope) -> BitMap:
    """Return the units of a type that the actor may see within the scope.

    Without any narrowing: what repositories hold now and versions hold, over all organizations
    of the actor. NotFoundError for an id outside of the actor's reach.
    """
    return union_of(tx, content_sets_within(tx, actor, scope), unit_type)


def require_unit(tx: Transaction, actor: Actor, unit_type: str, unit_id: int) -> None:
    """Raise NotFoundError unless something within the actor's reach holds the unit."""
    if unit_id not in units_within(tx, actor, unit_type, UnitScope()):
        raise NotFoundError(f"Could not find {unit_type.replace('_', ' ')} with id {unit_id}")


def content_sets_within(tx: Transaction, actor: Actor, scope: UnitScope) -> set[int]:
    """Return the ids of the content sets within the scope."""
    for table, key in (
        (organizations, scope.organization_id),
        (repositories, scope.repository_id),
        (content_view_versions, scope.content_view_version_id),
        (lifecycle_environments, scope.environment_id),
        (content_views, scope.content_view_id),
    ):
        if key is not None:
            load(tx, actor, table, key)
    by_version = (
        scope.content_view_version_id is not None
        or scope.environment_id is not None
        or scope.content_view_id is not None
    )
    found = set(tx.scalars(_frozen(actor, scope)))
    library = _library_of(tx, scope)
    if not by_version or library is not None:
        found.update(tx.scalars(_current(actor, scope, library)))
    return found


def _current(actor: Actor, scope: UnitScope, library: int | None) -> Select[int]:
    """Select what repositories (of the organization whose Library it is) hold now."""
    query = select(repository_versions.c.content_set_id).join(
        repositories, repositories.c.latest_version_id == repository_versions.c.id
    )
    if scope.repository_id is not None:
        query = query.where(repositories.c.id == scope.repository_id)
    if library is not None:
        query = query.where(repositories.c.organization_id == library)
    return _scoped(query, actor, repositories, scope)


def _frozen(actor: Actor, scope: UnitScope) -> Select[int]:
    """Select what published versions hold."""
    held = content_view_version_repositories.c
    query = select(held.content_set_id).join(
        content_view_versions, content_view_versions.c.id == held.version_id
    )
    query = query.join(content_views, content_views.c.id == content_view_versions.c.content_view_id)
    query = query.where(content_view_versions.c.published)
    if scope.content_view_version_id is not None:
        query = query.where(held.version_id == scope.content_view_version_id)
    if scope.content_view_id is not None:
        query = query.where(content_views.c.id == scope.content_view_id)
    if scope.repository_id is not None:
        query = query.where(held.repository_id == scope.repository_id)
        if scope.content_view_version_id is None and scope.environment_id is None:
            # A repository alone means what it holds now.
            query = query.where(content_view_versions.c.id.is_(None))
    if scope.environment_id is not None:
        query = query.where(
            held.version_id.in_(
                select(distributions.c.version_id).where(
                    distributions.c.environment_id == scope.environment_id,
                    distributions.c.version_id.is_not(None),
                )
            )
        )
    return _scoped(query, actor, content_views, scope)


def _scoped(query: Select[int], actor: Actor, table: Table, scope: UnitScope) -> Select[int]:
    return scoped(query, actor, table, organization_id=scope.organization_id)


def _library_of(tx: Transaction, scope: UnitScope) -> int | None:
    """Return the organization if the scope is its Library: that serves what repositories hold."""
    if scope.environment_id is None or scope.content_view_version_id is not None:
        return None
    return tx.scalar(
        select(lifecycle_environments.c.organization_id).where(
            lifecycle_environments.c.id == scope.environment_id, lifecycle_environments.c.library
        )
    )


def repositories_holding(tx: Transaction, actor: Actor, unit_type: str, unit_id: int) -> list[int]:
    """Return the ids of the repositories within reach whose latest version holds the unit."""
    query = (
        select(repositories.c.id, content_set_members.c.units)
        .join(repository_versions, repository_versions.c.id == repositories.c.latest_version_id)
        .join(
            content_set_members,
            content_set_members.c.content_set_id == repository_versions.c.content_set_id,
        )
        .where(content_set_members.c.content_type == unit_type)
    )
    rows = tx.execute(scoped(query, actor, repositories))
    return [row.id for row in rows if unit_id in BitMap.deserialize(row.units)]
