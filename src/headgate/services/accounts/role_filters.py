"""The filters of roles: permissions of one resource type, where and for what they hold."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import delete, insert, update

from headgate.domain.clock import Clock
from headgate.domain.errors import ValidationError
from headgate.domain.ids import OrganizationId, PermissionId, RoleFilterId, RoleId
from headgate.services.access import Actor, load
from headgate.services.accounts.permissions import load_permissions
from headgate.services.accounts.roles import load_to_change, require_may_give
from headgate.services.organizations.taxonomies import set_links
from headgate.services.searches import check_search
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    organizations,
    role_filter_organizations,
    role_filter_permissions,
    role_filters,
)

_ORGANIZATION_LINKS: Final = role_filter_organizations.c.filter_id


def create_filter(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    role_id: RoleId,
    permission_ids: Sequence[PermissionId],
    search: str | None = None,
    override: bool = False,
    organization_ids: Sequence[OrganizationId] = (),
) -> RoleFilterId:
    """Add a filter to a role; without `override` it holds in the role's organizations."""
    load_to_change(tx, actor, role_id, "create_filters")
    now = clock()
    resource_type = _resource_type(tx, permission_ids)
    row = {
        "role_id": role_id,
        "resource_type": resource_type,
        "search": _checked_search(resource_type, search),
        "override": _checked_override(override, organization_ids),
        "for_all": not organization_ids,
        "created_at": now,
        "updated_at": now,
    }
    filter_id = RoleFilterId(insert_row(tx, role_filters, row))
    set_links(tx, actor, _ORGANIZATION_LINKS, filter_id, organizations, organization_ids)
    _set_permissions(tx, filter_id, permission_ids)
    require_may_give(tx, actor, [role_id])
    return filter_id


def update_filter(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    filter_id: RoleFilterId,
    changes: Mapping[str, Any],
    permission_ids: Sequence[PermissionId] | None = None,
    organization_ids: Sequence[OrganizationId] | None = None,
) -> None:
    """Change what is given of search and override, permissions and organizations.

    Without `override` a filter has no organizations of its own: those it had go.
    """
    row = load(tx, actor, role_filters, filter_id)
    load_to_change(tx, actor, row.role_id, "edit_filters")
    values: dict[str, Any] = {"updated_at": clock()}
    if permission_ids is not None:
        values["resource_type"] = _resource_type(tx, permission_ids)
        _set_permissions(tx, filter_id, permission_ids)
    values["search"] = _checked_search(
        values.get("resource_type", row.resource_type), changes.get("search", row.search)
    )
    override = changes.get("override", row.override)
    if organization_ids is None and not override:
        organization_ids = ()
    if organization_ids is not None:
        _checked_override(override, organization_ids)
        set_links(tx, actor, _ORGANIZATION_LINKS, row.id, organizations, organization_ids)
        values["for_all"] = not organization_ids
    values["override"] = override
    tx.execute(update(role_filters).where(role_filters.c.id == row.id).values(values))
    require_may_give(tx, actor, [row.role_id])


def delete_filter(tx: Transaction, *, actor: Actor, filter_id: RoleFilterId) -> None:
    """Take a filter from its role."""
    row = load(tx, actor, role_filters, filter_id)
    load_to_change(tx, actor, row.role_id, "destroy_filters")
    tx.execute(delete(role_filters).where(role_filters.c.id == row.id))


def _resource_type(tx: Transaction, permission_ids: Sequence[PermissionId]) -> str:
    if not permission_ids:
        raise ValidationError({"permission_ids": ["can't be blank"]})
    return str(load_permissions(tx, permission_ids)[0].resource_type)


def _set_permissions(
    tx: Transaction, filter_id: RoleFilterId, permission_ids: Sequence[PermissionId]
) -> None:
    own = role_filter_permissions.c
    tx.execute(delete(role_filter_permissions).where(own.filter_id == filter_id))
    rows = [
        {"filter_id": filter_id, "permission_id": permission_id}
        for permission_id in dict.fromkeys(permission_ids)
    ]
    tx.execute(insert(role_filter_permissions), rows)


def _checked_search(resource_type: str, search: str | None) -> str | None:
    if search is None or not search.strip():
        return None
    return check_search(resource_type, search)


def _checked_override(override: bool, organization_ids: Sequence[int]) -> bool:
    if organization_ids and not override:
        raise ValidationError(
            {"organization_ids": ["need override: without it a filter has those of its role"]}
        )
    return override
