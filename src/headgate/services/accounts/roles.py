"""Roles: what is given to users and groups, made of filters that each hold permissions.

A role is for all organizations or for some; its filters hold there. Nobody gives away, by whatever
way, what they do not hold themselves.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, delete, insert, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import PermissionDeniedError, ValidationError
from headgate.domain.ids import LocationId, OrganizationId, RoleId
from headgate.services.access import Actor, load
from headgate.services.accounts.actors import grants_of_roles
from headgate.services.accounts.permissions import by_type
from headgate.services.organizations.taxonomies import (
    check_organizations,
    linked,
    require_in_all,
    set_links,
)
from headgate.services.uniqueness import free_name
from headgate.stores.db import Transaction
from headgate.stores.db.statements import batched, insert_row
from headgate.stores.db.tables import (
    locations,
    organizations,
    role_filter_organizations,
    role_filter_permissions,
    role_filters,
    role_locations,
    role_organizations,
    roles,
)

_ORGANIZATION_LINKS: Final = role_organizations.c.role_id
_LOCATION_LINKS: Final = role_locations.c.role_id


def create_role(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    name: str,
    description: str | None = None,
    organization_ids: Sequence[OrganizationId] = (),
    location_ids: Sequence[LocationId] = (),
    cloned_from_id: RoleId | None = None,
) -> RoleId:
    """Make a role; one without organizations is for all, and for administrators to make.

    As a clone it starts with the filters of the other role.
    """
    check_organizations(tx, actor, "create_roles", organization_ids)
    now = clock()
    row = {
        "name": free_name(tx, roles, name),
        "description": description or None,
        "for_all": not organization_ids,
        "cloned_from_id": cloned_from_id,
        "created_at": now,
        "updated_at": now,
    }
    role_id = RoleId(insert_row(tx, roles, row))
    set_links(tx, actor, _ORGANIZATION_LINKS, role_id, organizations, organization_ids)
    set_links(tx, actor, _LOCATION_LINKS, role_id, locations, location_ids)
    if cloned_from_id is not None:
        load(tx, actor, roles, cloned_from_id)
        _copy_filters(tx, cloned_from_id, role_id, now=now)
        require_may_give(tx, actor, [role_id])
    return role_id


def update_role(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    role_id: RoleId,
    changes: Mapping[str, Any],
    organization_ids: Sequence[OrganizationId] | None = None,
    location_ids: Sequence[LocationId] | None = None,
) -> None:
    """Change what is given of name and description, organizations and locations."""
    row = load_to_change(tx, actor, role_id, "edit_roles")
    values = {key: changes[key] for key in ("name", "description") if key in changes}
    _refuse_renaming_everyones(row, values, organization_ids)
    if values.get("name", row.name) != row.name:
        free_name(tx, roles, values["name"], except_id=row.id)
    if organization_ids is not None:
        check_organizations(tx, actor, "edit_roles", organization_ids)
        set_links(tx, actor, _ORGANIZATION_LINKS, row.id, organizations, organization_ids)
        values["for_all"] = not organization_ids
    tx.execute(update(roles).where(roles.c.id == row.id).values(**values, updated_at=clock()))
    if location_ids is not None:
        set_links(tx, actor, _LOCATION_LINKS, row.id, locations, location_ids)
    require_may_give(tx, actor, [row.id])


def delete_role(tx: Transaction, *, actor: Actor, role_id: RoleId) -> None:
    """Delete a role; whoever held it loses what it gave."""
    row = load_to_change(tx, actor, role_id, "destroy_roles")
    if row.for_everyone:
        raise ValidationError({"base": [f"{row.name} is every user's and cannot be deleted"]})
    tx.execute(delete(roles).where(roles.c.id == row.id))


def load_to_change(tx: Transaction, actor: Actor, role_id: RoleId, permission: str) -> Row[Any]:
    """Return a role that the actor may change; ValidationError if nobody may.

    Who changes a role changes it for all of its organizations, so must belong to them.
    """
    row = load(tx, actor, roles, role_id)
    require_in_all(tx, actor, permission, _ORGANIZATION_LINKS, row.id)
    if row.locked:
        words = f"The role {row.name} is locked: clone it, and change the clone"
        raise ValidationError({"base": [words]})
    return row


def require_may_give(tx: Transaction, actor: Actor, role_ids: Iterable[int]) -> None:
    """Raise PermissionDeniedError unless the actor holds all that the roles give."""
    if actor.admin:
        return
    if not all(map(actor.has_all_of, grants_of_roles(tx, role_ids))):
        raise PermissionDeniedError("Access denied: nobody gives more than they may do themselves")


def add_filters(
    tx: Transaction,
    names: Mapping[int, Iterable[str]],
    *,
    permission_ids: Mapping[str, int],
    now: datetime,
) -> None:
    """Add to roles filters that hold these permissions without limits, one for each type.

    A role must have no filter yet. Few statements, however many roles.
    """
    typed = {role_id: by_type(held) for role_id, held in names.items()}
    rows = [
        {"role_id": role_id, "resource_type": each, "created_at": now, "updated_at": now}
        for role_id, types in typed.items()
        for each in types
    ]
    for batch in batched(rows):
        tx.execute(insert(role_filters), batch)
    made = tx.execute(
        select(role_filters.c.id, role_filters.c.role_id, role_filters.c.resource_type).where(
            role_filters.c.role_id.in_(sorted(typed))
        )
    ).all()
    links = [
        {"filter_id": row.id, "permission_id": permission_ids[name]}
        for row in made
        for name in typed[row.role_id][row.resource_type]
    ]
    for batch in batched(links):
        tx.execute(insert(role_filter_permissions), batch)


def _refuse_renaming_everyones(
    row: Row[Any], values: Mapping[str, Any], organization_ids: Sequence[int] | None
) -> None:
    if not row.for_everyone:
        return
    if values.get("name", row.name) != row.name:
        raise ValidationError({"name": ["is that of every user's role and cannot be changed"]})
    if organization_ids:
        raise ValidationError({"organization_ids": ["cannot be given to every user's role"]})


def _copy_filters(tx: Transaction, source_id: int, role_id: int, *, now: datetime) -> None:
    filters = tx.execute(
        select(role_filters).where(role_filters.c.role_id == source_id).order_by(role_filters.c.id)
    ).all()
    for row in filters:
        values = {
            "role_id": role_id,
            "resource_type": row.resource_type,
            "search": row.search,
            "override": row.override,
            "for_all": row.for_all,
            "created_at": now,
            "updated_at": now,
        }
        copy_id = insert_row(tx, role_filters, values)
        for own in (role_filter_permissions.c.filter_id, role_filter_organizations.c.filter_id):
            (other,) = (each for each in own.table.columns if each is not own)
            rows = [{own.name: copy_id, other.name: value} for value in linked(tx, own, row.id)]
            if rows:
                tx.execute(insert(own.table), rows)
