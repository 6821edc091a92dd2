"""Which content view environments serve a unit."""

from collections import defaultdict
from collections.abc import Collection

from pyroaring import BitMap
from sqlalchemy import Select, and_, or_, select

from headgate.services.access import Actor, AnyRow, AnySelect, scoped
from headgate.services.units.units import UnitScope
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    content_set_members,
    content_view_repositories,
    content_view_version_repositories,
    content_view_versions,
    content_views,
    distributions,
    lifecycle_environments,
    repositories,
    repository_versions,
)

_place, _held = distributions.c, content_view_version_repositories.c


def places_serving(
    tx: Transaction, actor: Actor, unit_type: str, unit_ids: Collection[int], scope: UnitScope
) -> dict[int, list[AnyRow]]:
    """Return where each of these units is served now, in one statement.

    Organization and repository of the scope narrow it, the others do not: what is in one
    environment may be in others, too. A place is a view in an environment and the repository that
    holds the unit there; `major` and `minor` are of the version that is served, None where it is
    the present of the repository.
    """
    wanted = BitMap(unit_ids)
    if not wanted:
        return {}
    sets: dict[int, BitMap] = {}
    found: dict[int, list[AnyRow]] = defaultdict(list)
    for row in tx.execute(_statement(actor, unit_type, scope)):
        hits = sets.get(row.content_set_id)
        if hits is None:
            hits = sets[row.content_set_id] = BitMap.deserialize(row.units) & wanted
        for unit_id in hits:
            found[unit_id].append(row)
    return found


def _statement(actor: Actor, unit_type: str, scope: UnitScope) -> AnySelect:
    sets = _frozen().union_all(_current()).subquery("served")
    members, version = content_set_members.c, content_view_versions.c
    query = (
        select(
            distributions.c.id,
            lifecycle_environments.c.id.label("environment_id"),
            lifecycle_environments.c.name.label("environment_name"),
            lifecycle_environments.c.label.label("environment_label"),
            content_views.c.id.label("content_view_id"),
            content_views.c.name.label("content_view_name"),
            content_views.c.label.label("content_view_label"),
            content_views.c.default,
            version.id.label("version_id"),
            version.major,
            version.minor,
            repositories.c.id.label("repository_id"),
            repositories.c.name.label("repository_name"),
            members.content_set_id,
            members.units,
        )
        .select_from(sets)
        .join(distributions, _place.id == sets.c.distribution_id)
        .join(
            content_set_members,
            and_(
                members.content_set_id == sets.c.content_set_id, members.content_type == unit_type
            ),
        )
        .join(lifecycle_environments, lifecycle_environments.c.id == _place.environment_id)
        .join(content_views, content_views.c.id == _place.content_view_id)
        .join(repositories, repositories.c.id == sets.c.repository_id)
        .outerjoin(content_view_versions, version.id == _place.version_id)
        .order_by(_place.id, repositories.c.id)
    )
    if scope.repository_id is not None:
        query = query.where(repositories.c.id == scope.repository_id)
    return scoped(query, actor, distributions, organization_id=scope.organization_id)


def _frozen() -> Select[int, int, int]:
    """Select what the versions hold that environments serve."""
    return select(
        _place.id.label("distribution_id"), _held.content_set_id, _held.repository_id
    ).join(content_view_version_repositories, _held.version_id == _place.version_id)


def _current() -> Select[int, int, int]:
    """Select what repositories hold now, of default and rolling views."""
    view, taken = content_views.c, content_view_repositories.c
    rolling = select(taken.repository_id).where(
        taken.content_view_id == view.id, taken.repository_id == repositories.c.id
    )
    return (
        select(_place.id, repository_versions.c.content_set_id, repositories.c.id)
        .select_from(distributions)
        .join(content_views, view.id == _place.content_view_id)
        .join(repositories, repositories.c.organization_id == _place.organization_id)
        .join(repository_versions, repository_versions.c.id == repositories.c.latest_version_id)
        .where(_place.version_id.is_(None), or_(view.default, rolling.exists()))
    )
