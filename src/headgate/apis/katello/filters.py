"""`/api/filters`: what the roles are made of."""

from collections.abc import Sequence
from typing import Any

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc, wrapped
from headgate.domain.errors import ValidationError
from headgate.domain.ids import LocationId, OrganizationId, PermissionId, RoleFilterId, RoleId
from headgate.services.access import AnyRow
from headgate.services.accounts.role_filters import create_filter, delete_filter, update_filter
from headgate.services.accounts.role_records import (
    FILTERS,
    load_filter,
    organizations_of_filters,
    permissions_in,
    query_filters,
)
from headgate.services.listing import page

filters = Resource("filters", "Role filters", dialect="foreman")

_PATH = "/api/filters"
_ONE = f"{_PATH}/{{id}}"


class Index(ListParams):
    """List all filters."""

    role_id: RoleId | None = doc("Role ID", default=None)


@filters.action(
    "index", "GET", _PATH, also=["/api/roles/{role_id}/filters"], permission="view_filters"
)
def index(call: Call, params: Index) -> Listing:
    """List filters with their permissions and organizations, in two statements more."""
    listed = page(
        call.tx,
        query_filters(call.actor, role_id=params.role_id),
        catalog=FILTERS,
        window=params.window,
        clock=call.services.clock,
        strict=True,
    )
    return Listing(listed, filters_shown(call, listed.rows))


class Show(Params):
    """Show a filter."""

    id: RoleFilterId = doc("Filter ID")


@filters.action("show", "GET", _ONE, permission="view_filters")
def show(call: Call, params: Show) -> dict[str, Any]:
    """Show one."""
    return _full(call, params.id)


class CreateFields(Params):
    """What a filter is made of."""

    role_id: RoleId = doc("Role ID")
    permission_ids: list[PermissionId] = doc("Permissions, all about one resource type", default=[])
    search: str | None = doc(
        "What the permissions hold for; everything unless given", default=None, max_length=20_000
    )
    override: bool = doc("Whether it has organizations of its own", default=False)
    organization_ids: list[OrganizationId] = doc("Its own organizations; all if none", default=[])
    location_ids: list[LocationId] = doc(
        "None: no permission is limited to them", default=[], hidden=True
    )


class Create(Params):
    """Create a filter."""

    filter: CreateFields = wrapped("Filter")


@filters.action("create", "POST", _PATH, permission="create_filters")
def create(call: Call, params: Create) -> dict[str, Any]:
    """Add one to a role."""
    fields = params.filter
    _refuse_locations(fields.location_ids)
    filter_id = create_filter(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        role_id=fields.role_id,
        permission_ids=fields.permission_ids,
        search=fields.search,
        override=fields.override,
        organization_ids=fields.organization_ids,
    )
    return _full(call, filter_id)


class UpdateFields(Params):
    """What can be changed of a filter."""

    role_id: RoleId | None = doc("Role ID, only as it is already", default=None)
    permission_ids: list[PermissionId] | None = doc(
        "Permissions, all about one resource type", default=None
    )
    search: str | None = doc(
        "What the permissions hold for; everything if it is empty", default=None, max_length=20_000
    )
    override: bool | None = doc("Whether it has organizations of its own", default=None)
    organization_ids: list[OrganizationId] | None = doc(
        "Its own organizations; all if none", default=None
    )
    location_ids: list[LocationId] | None = doc(
        "None: no permission is limited to them", default=None, hidden=True
    )


class Update(Params):
    """Update a filter."""

    id: RoleFilterId = doc("Filter ID")
    filter: UpdateFields = wrapped("Filter")


@filters.action("update", "PUT", _ONE, permission="edit_filters")
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change what is given."""
    fields = params.filter
    _refuse_locations(fields.location_ids or [])
    row = load_filter(call.tx, call.actor, params.id)
    if fields.role_id not in (None, row.role_id):
        raise ValidationError({"role_id": ["cannot be changed"]})
    changes = fields.changes("search")
    if fields.override is not None:
        changes["override"] = fields.override
    update_filter(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        filter_id=params.id,
        changes=changes,
        permission_ids=fields.permission_ids,
        organization_ids=fields.organization_ids,
    )
    return _full(call, params.id)


class Destroy(Params):
    """Delete a filter."""

    id: RoleFilterId = doc("Filter ID")


@filters.action("destroy", "DELETE", _ONE, permission="destroy_filters")
def destroy(call: Call, params: Destroy) -> dict[str, Any]:
    """Take it from its role; return it as it was."""
    shown = _full(call, params.id)
    delete_filter(call.tx, actor=call.actor, filter_id=params.id)
    return shown


def filters_shown(call: Call, rows: Sequence[AnyRow]) -> list[dict[str, Any]]:
    """Return filters as they are shown, for two statements however many."""
    ids = [row.id for row in rows]
    held = permissions_in(call.tx, ids)
    places = organizations_of_filters(call.tx, call.actor, ids)
    return [_shown(row, held.get(row.id, []), places.get(row.id, [])) for row in rows]


def _refuse_locations(location_ids: Sequence[LocationId]) -> None:
    """A limit that nothing would obey is worse than none."""
    if location_ids:
        raise ValidationError(
            {"location_ids": ["cannot be given: permissions are not limited to locations"]}
        )


def _full(call: Call, filter_id: RoleFilterId) -> dict[str, Any]:
    (shown,) = filters_shown(call, [load_filter(call.tx, call.actor, filter_id)])
    return shown


def _shown(row: AnyRow, held: Sequence[AnyRow], places: Sequence[AnyRow]) -> dict[str, Any]:
    return {
        "id": row.id,
        "search": row.search,
        "resource_type": row.resource_type,
        "resource_type_label": row.resource_type.rpartition("::")[2],
        "unlimited?": row.search is None and not places,
        "override?": row.override,
        "override": row.override,
        "role": {
            "id": row.role_id,
            "name": row.role_name,
            "description": row.role_description,
            "origin": "headgate" if row.role_locked else None,
        },
        "permissions": [
            {"id": each.id, "name": each.name, "resource_type": each.resource_type} for each in held
        ],
        "organizations": [
            {"id": each.id, "name": each.name, "title": each.name} for each in places
        ],
        "locations": [],
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
