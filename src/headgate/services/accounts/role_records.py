"""Reading roles, their filters and the permissions in those."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Row, Select, select

from headgate.domain.errors import NotFoundError
from headgate.domain.ids import PermissionId, RoleFilterId, RoleId
from headgate.search import Field, Fields, Related
from headgate.services.access import Actor, load, scoped
from headgate.services.accounts.permissions import PERMISSIONS
from headgate.services.listing import Catalog
from headgate.services.organizations.taxonomies import locations_of, organizations_of
from headgate.services.related import Grouped, grouped
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.tables import (
    permissions,
    role_filter_organizations,
    role_filter_permissions,
    role_filters,
    role_locations,
    role_organizations,
    roles,
)

_OF_FILTER: Final = role_filter_permissions.c.filter_id == role_filters.c.id
_PERMITTED: Final = permissions.c.id == role_filter_permissions.c.permission_id

ROLES: Final = Catalog(
    key=roles.c.id,
    fields=Fields(
        {
            "id": Field(roles.c.id, "integer"),
            "name": Field(roles.c.name, default=True),
            "description": Field(roles.c.description),
            "locked": Field(roles.c.locked, "boolean"),
            "builtin": Field(roles.c.for_everyone, "boolean"),
            "permission": Field(
                permissions.c.name,
                within=Related(
                    roles.c.id,
                    role_filters.c.role_id,
                    [(role_filter_permissions, _OF_FILTER), (permissions, _PERMITTED)],
                ),
            ),
        }
    ),
)

FILTERS: Final = Catalog(
    key=role_filters.c.id,
    fields=Fields(
        {
            "id": Field(role_filters.c.id, "integer"),
            "role_id": Field(role_filters.c.role_id, "integer"),
            "role": Field(roles.c.name, default=True),
            "resource": Field(role_filters.c.resource_type, default=True),
            "search": Field(role_filters.c.search),
            "override": Field(role_filters.c.override, "boolean"),
            "permission": Field(
                permissions.c.name,
                within=Related(
                    role_filters.c.id,
                    role_filter_permissions.c.filter_id,
                    [(permissions, _PERMITTED)],
                ),
            ),
        }
    ),
    default_sort=("id", "asc"),
)

PERMISSION_NAMES: Final = Catalog(
    key=permissions.c.id,
    fields=Fields(
        {
            "id": Field(permissions.c.id, "integer"),
            "name": Field(permissions.c.name, default=True),
            "resource_type": Field(permissions.c.resource_type),
        }
    ),
)


def query_roles(actor: Actor, *, name: str | None = None) -> Select[Any]:
    """Select the roles that the actor may see: of the own organizations, and of all."""
    found = scoped(select(roles), actor, roles)
    return found if name is None else found.where(roles.c.name == name)


def load_role(tx: Transaction, actor: Actor, role_id: RoleId) -> Row[Any]:
    """Return one role; NotFoundError as for every id."""
    return load(tx, actor, roles, role_id)


def query_filters(actor: Actor, *, role_id: RoleId | None = None) -> Select[Any]:
    """Select the filters of roles that the actor may see (of one), with the role."""
    joined = select(
        role_filters,
        roles.c.name.label("role_name"),
        roles.c.description.label("role_description"),
        roles.c.locked.label("role_locked"),
    ).join(roles, roles.c.id == role_filters.c.role_id)
    found = scoped(joined, actor, role_filters)
    return found if role_id is None else found.where(role_filters.c.role_id == role_id)


def load_filter(tx: Transaction, actor: Actor, filter_id: RoleFilterId) -> Row[Any]:
    """Return one filter as `query_filters` gives it; NotFoundError as for every id."""
    load(tx, actor, role_filters, filter_id)
    return tx.execute(query_filters(actor).where(role_filters.c.id == filter_id)).one()


def permissions_in(tx: Transaction, filter_ids: Iterable[int]) -> Grouped:
    """Return by filter its permissions (id, name, resource_type) in the order of names."""
    rows = tx.execute(
        select(role_filter_permissions.c.filter_id, permissions)
        .join(permissions, permissions.c.id == role_filter_permissions.c.permission_id)
        .where(among(tx, role_filter_permissions.c.filter_id, filter_ids))
        .order_by(permissions.c.name)
    )
    return grouped(rows, "filter_id")


def organizations_of_filters(tx: Transaction, actor: Actor, filter_ids: Iterable[int]) -> Grouped:
    """Return by filter the organizations of its own, as far as the actor sees them."""
    return organizations_of(tx, actor, role_filter_organizations.c.filter_id, filter_ids)


def organizations_of_roles(tx: Transaction, actor: Actor, role_ids: Iterable[int]) -> Grouped:
    """Return by role its organizations, as far as the actor sees them."""
    return organizations_of(tx, actor, role_organizations.c.role_id, role_ids)


def locations_of_roles(tx: Transaction, actor: Actor, role_ids: Iterable[int]) -> Grouped:
    """Return by role its locations, as far as the actor sees them."""
    return locations_of(tx, actor, role_locations.c.role_id, role_ids)


def query_permissions(*, name: str | None = None, resource_type: str | None = None) -> Select[Any]:
    """Select the permissions that there are; they are the same for everybody."""
    found = select(permissions).where(permissions.c.name.in_(sorted(PERMISSIONS)))
    if name is not None:
        found = found.where(permissions.c.name == name)
    if resource_type is not None:
        found = found.where(permissions.c.resource_type == resource_type)
    return found


def load_permission(tx: Transaction, permission_id: PermissionId) -> Row[Any]:
    """Return one permission; NotFoundError if there is none with this id."""
    # There are but a hundred, and the id may be any number.
    for row in tx.execute(query_permissions()):
        if row.id == permission_id:
            return row
    raise NotFoundError(f"Could not find permission with id {str(permission_id)[:64]}")


def permissions_of(tx: Transaction, actor: Actor) -> list[Row[Any]]:
    """Return the permissions that the actor holds for anything, in the order of names."""
    rows = tx.execute(query_permissions().order_by(permissions.c.name))
    return [row for row in rows if actor.may(row.name)]
