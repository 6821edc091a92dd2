"""Which units a caller may see: those that a repository or a version within reach holds.

A unit has no tenant of its own; every list of units and every unit id of a request goes through
here, as other ids go through `services/access.py`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pyroaring import BitMap
from sqlalchemy import ColumnElement, Select, Subquery, Table, false, or_, select

from headgate.domain.errors import NotFoundError
from headgate.services.access import Actor, AnyRow, AnySelect, scoped
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import within
from headgate.stores.db.tables import (
    content_set_members,
    content_view_filter_repositories,
    content_view_filters,
    content_view_repositories,
    content_view_version_repositories,
    content_view_versions,
    content_views,
    distributions,
    lifecycle_environments,
    repositories,
    repository_versions,
)

_HIGHEST_ID: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class UnitScope:
    """Where to look; what is not given does not narrow."""

    organization_id: int | None = None
    repository_id: int | None = None
    content_view_version_id: int | None = None
    environment_id: int | None = None
    content_view_id: int | None = None
    filter_id: int | None = None  # what its repositories hold now
    addable_to_id: int | None = None  # what the repositories of a version hold now


@dataclass(frozen=True, slots=True)
class UnitRows:
    """Where the units of a type are kept; `only` leaves out rows that are other things.

    `key` is a column by which an id that is no number is looked up (`errata_id`).
    """

    unit_type: str
    table: Table
    key: ColumnElement[str] | None = None
    only: ColumnElement[bool] | None = None

    @property
    def name(self) -> ColumnElement[str] | None:
        """What the plain `name` parameter is compared with."""
        columns = self.table.c
        return next((columns[column] for column in ("name", "path") if column in columns), None)

    def narrowed(self, query: AnySelect) -> AnySelect:
        """Leave out rows that are other things."""
        return query if self.only is None else query.where(self.only)


def units_within(tx: Transaction, actor: Actor, unit_type: str, scope: UnitScope) -> BitMap:
    """Return the units of a type that the actor may see within the scope, in one statement.

    Without any narrowing: what repositories hold now and versions hold, over all organizations
    of the actor. The ids of the scope have been through `access.load` or `require_visible`.
    """
    return units_by_type(tx, actor, [unit_type], scope)[unit_type]


def units_by_type(
    tx: Transaction, actor: Actor, unit_types: Sequence[str], scope: UnitScope
) -> dict[str, BitMap]:
    """As `units_within`, of several types in one statement."""
    sets = _frozen(actor, scope)
    if scope.content_view_version_id is None:
        sets = sets.union_all(_current(actor, scope))
    held = content_set_members.c
    found = {unit_type: BitMap() for unit_type in unit_types}
    for row in tx.execute(
        select(held.content_type, held.units).where(
            held.content_type.in_(unit_types), held.content_set_id.in_(sets)
        )
    ):
        found[row.content_type] |= BitMap.deserialize(row.units)
    return found


def units_by_repository(
    tx: Transaction, actor: Actor, unit_type: str, scope: UnitScope, *, frozen: bool = True
) -> dict[int, BitMap]:
    """As `units_within`, by the repositories that hold the units, as `held_sets` has them."""
    held, sets = content_set_members.c, held_sets(actor, scope, frozen=frozen)
    found: dict[int, BitMap] = {}
    for row in tx.execute(
        select(sets.c.repository_id, held.units)
        .join(content_set_members, held.content_set_id == sets.c.content_set_id)
        .where(held.content_type == unit_type)
    ):
        units = BitMap.deserialize(row.units)
        found[row.repository_id] = found.get(row.repository_id, BitMap()) | units
    return found


def held_sets(actor: Actor, scope: UnitScope, *, frozen: bool = True) -> Subquery:
    """Select the content sets within a scope, each with the `repository_id` that holds it.

    Not `frozen`: only what repositories hold now, not what versions hold of them.
    """
    now = _current(actor, scope).add_columns(repositories.c.id.label("repository_id"))
    then = _frozen(actor, scope).add_columns(
        content_view_version_repositories.c.repository_id.label("repository_id")
    )
    if scope.content_view_version_id is not None:
        return then.subquery()
    return (now.union(then) if frozen else now).subquery()


def require_unit(tx: Transaction, actor: Actor, unit_type: str, unit_id: int) -> None:
    """Raise NotFoundError unless something within the actor's reach holds the unit."""
    possible = 0 < unit_id <= _HIGHEST_ID
    if not possible or unit_id not in units_within(tx, actor, unit_type, UnitScope()):
        raise NotFoundError(f"Could not find {unit_type.replace('_', ' ')} with id {unit_id}")


def of_ids(units: BitMap, ids: Iterable[int] | None) -> BitMap:
    """Return those of the units that have these ids, if any are given."""
    if ids is None:
        return units
    return units & BitMap(each for each in ids if 0 < each <= _HIGHEST_ID)


def select_named(kind: UnitRows, name: str | None) -> AnySelect:
    """Select the rows of a kind, of this name if given, whoever may see them."""
    query = kind.narrowed(select(kind.table))
    if name is None:
        return query
    return query.where(kind.name == name if kind.name is not None else false())


def select_held(tx: Transaction, kind: UnitRows, units: BitMap) -> AnySelect:
    """Select the rows of a kind among units that have been found within the caller's reach."""
    return select_named(kind, None).where(within(tx, kind.table.c.id, units))


def find_unit(tx: Transaction, actor: Actor, kind: UnitRows, scope: UnitScope, name: str) -> AnyRow:
    """Return the unit that an id of a request means: a number, or what `kind.key` holds.

    NotFoundError unless something within the scope holds it; of several the newest.
    """
    units = units_within(tx, actor, kind.unit_type, scope)
    condition: ColumnElement[bool] = false()
    if name.isascii() and name.isdigit() and len(name) <= 10:
        condition = kind.table.c.id == min(int(name), _HIGHEST_ID)
    elif kind.key is not None:
        condition = kind.key == name
    query = kind.narrowed(select(kind.table).where(condition)).order_by(kind.table.c.id.desc())
    found = next((row for row in tx.execute(query) if row.id in units), None)
    if found is None:
        raise NotFoundError(
            f"Could not find {kind.unit_type.replace('_', ' ')} with id {name[:64]}"
        )
    return found


def _current(actor: Actor, scope: UnitScope) -> Select[int]:
    """Select what repositories hold now; of environments and views what these serve of it.

    That is a Library's own content, and what rolling views take.
    """
    query = select(repository_versions.c.content_set_id).join(
        repositories, repositories.c.latest_version_id == repository_versions.c.id
    )
    if scope.repository_id is not None:
        query = query.where(repositories.c.id == scope.repository_id)
    if scope.filter_id is not None:
        query = query.where(repositories.c.id.in_(_filtered(scope.filter_id)))
    if scope.addable_to_id is not None:
        held = content_view_version_repositories.c
        of_version = select(held.repository_id).where(held.version_id == scope.addable_to_id)
        query = query.where(repositories.c.id.in_(of_version))
    if scope.content_view_id is not None:
        query = query.where(repositories.c.id.in_(_rolling(scope)))
    elif scope.environment_id is not None:
        library = select(lifecycle_environments.c.organization_id).where(
            lifecycle_environments.c.id == scope.environment_id, lifecycle_environments.c.library
        )
        query = query.where(
            or_(
                repositories.c.organization_id.in_(library),
                repositories.c.id.in_(_rolling(scope)),
            )
        )
    return scoped(query, actor, repositories, organization_id=scope.organization_id)


def _rolling(scope: UnitScope) -> Select[int]:
    """Select the repositories of rolling views: of this one, or of those in this environment."""
    taken = content_view_repositories.c
    query = (
        select(taken.repository_id)
        .join(content_views, content_views.c.id == taken.content_view_id)
        .where(content_views.c.rolling)
    )
    if scope.content_view_id is not None:
        query = query.where(content_views.c.id == scope.content_view_id)
    if scope.environment_id is not None:
        served = select(distributions.c.content_view_id).where(
            distributions.c.environment_id == scope.environment_id
        )
        query = query.where(content_views.c.id.in_(served))
    return query


def _filtered(filter_id: int) -> Select[int]:
    """Select the repositories that a content view filter applies to."""
    taken, limits = content_view_repositories.c, content_view_filter_repositories.c
    limited = select(limits.repository_id).where(limits.filter_id == filter_id)
    return (
        select(taken.repository_id)
        .join(content_view_filters, content_view_filters.c.content_view_id == taken.content_view_id)
        .where(
            content_view_filters.c.id == filter_id,
            or_(~content_view_filters.c.limited, taken.repository_id.in_(limited)),
        )
    )


def _frozen(actor: Actor, scope: UnitScope) -> Select[int]:
    """Select what published versions hold; none for a repository alone, which means its present."""
    held = content_view_version_repositories.c
    versions = content_view_versions.c
    query = select(held.content_set_id).join(content_view_versions, versions.id == held.version_id)
    query = query.join(content_views, content_views.c.id == versions.content_view_id)
    query = query.where(versions.published)
    if scope.filter_id is not None or scope.addable_to_id is not None:
        query = query.where(false())
    if scope.content_view_version_id is not None:
        query = query.where(held.version_id == scope.content_view_version_id)
    if scope.content_view_id is not None:
        query = query.where(content_views.c.id == scope.content_view_id)
    if scope.repository_id is not None:
        query = query.where(held.repository_id == scope.repository_id)
        if (scope.content_view_version_id, scope.environment_id, scope.content_view_id) == (
            None,
            None,
            None,
        ):
            query = query.where(false())
    if scope.environment_id is not None:
        served = select(distributions.c.version_id).where(
            distributions.c.environment_id == scope.environment_id,
            distributions.c.version_id.is_not(None),
        )
        query = query.where(held.version_id.in_(served))
    return scoped(query, actor, content_views, organization_id=scope.organization_id)
