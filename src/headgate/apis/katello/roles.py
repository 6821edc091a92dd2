"""`/api/roles`: what is given to users and user groups."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc, wrapped
from headgate.apis.katello.filters import filters_shown
from headgate.domain.ids import LocationId, OrganizationId, RoleId
from headgate.services.accounts.role_records import (
    ROLES,
    load_role,
    locations_of_roles,
    organizations_of_roles,
    query_filters,
    query_roles,
)
from headgate.services.accounts.roles import create_role, delete_role, update_role
from headgate.services.listing import page
from headgate.services.related import Grouped
from headgate.stores.db.tables import role_filters

roles = Resource("roles", "Roles", dialect="foreman")

_PATH = "/api/roles"
_ONE = f"{_PATH}/{{id}}"
# What clients take for the mark of the role that everybody has.
_EVERYONES = 2


class Index(ListParams):
    """List all roles."""

    name: str | None = doc("Name of the role", default=None)


@roles.action("index", "GET", _PATH, permission="view_roles")
def index(call: Call, params: Index) -> Listing:
    """List roles with their organizations and locations, in two statements more."""
    listed = page(
        call.tx,
        query_roles(call.actor, name=params.name),
        catalog=ROLES,
        window=params.window,
        clock=call.services.clock,
        strict=True,
    )
    places = _Places(call, [row.id for row in listed.rows])
    return Listing.of(listed, lambda row: _summary(row, places))


class Show(Params):
    """Show a role."""

    id: RoleId = doc("Role ID")
    description: str | None = doc("Not looked at", default=None, hidden=True)


@roles.action("show", "GET", _ONE, permission="view_roles")
def show(call: Call, params: Show) -> dict[str, Any]:
    """Show one with its filters."""
    return _full(call, params.id)


class CreateFields(Params):
    """What a role is made of."""

    name: str = doc("Name")
    description: str | None = doc("Description", default=None)
    organization_ids: list[OrganizationId] = doc(
        "Its organizations; all if there are none", default=[]
    )
    location_ids: list[LocationId] = doc("Locations", default=[])


class Create(Params):
    """Create a role."""

    role: CreateFields = wrapped("Role")


@roles.action("create", "POST", _PATH, permission="create_roles")
def create(call: Call, params: Create) -> dict[str, Any]:
    """Make one without filters."""
    fields = params.role
    role_id = create_role(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        name=fields.name,
        description=fields.description,
        organization_ids=fields.organization_ids,
        location_ids=fields.location_ids,
    )
    return _full(call, role_id)


class UpdateFields(Params):
    """What can be changed of a role."""

    name: str | None = doc("Name", default=None)
    description: str | None = doc("Description", default=None)
    organization_ids: list[OrganizationId] | None = doc(
        "Its organizations; all if there are none", default=None
    )
    location_ids: list[LocationId] | None = doc("Locations", default=None)


class Update(Params):
    """Update a role."""

    id: RoleId = doc("Role ID")
    role: UpdateFields = wrapped("Role")


@roles.action("update", "PUT", _ONE, permission="edit_roles")
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change what is given."""
    fields = params.role
    changes = fields.changes("description")
    if fields.name is not None:
        changes["name"] = fields.name
    update_role(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        role_id=params.id,
        changes=changes,
        organization_ids=fields.organization_ids,
        location_ids=fields.location_ids,
    )
    return _full(call, params.id)


class Clone(Params):
    """Clone a role."""

    id: RoleId = doc("Role ID")
    role: CreateFields = wrapped("Role")


@roles.action("clone", "POST", f"{_ONE}/clone", permission="create_roles", status=201)
def clone(call: Call, params: Clone) -> dict[str, Any]:
    """Make one with the filters of another."""
    fields = params.role
    source = load_role(call.tx, call.actor, params.id)
    role_id = create_role(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        name=fields.name,
        description=fields.changes("description").get("description", source.description),
        organization_ids=fields.organization_ids,
        location_ids=fields.location_ids,
        cloned_from_id=params.id,
    )
    return _full(call, role_id)


class Destroy(Params):
    """Delete a role."""

    id: RoleId = doc("Role ID")


@roles.action("destroy", "DELETE", _ONE, permission="destroy_roles")
def destroy(call: Call, params: Destroy) -> dict[str, Any]:
    """Delete it; return it as it was."""
    shown = _full(call, params.id)
    delete_role(call.tx, actor=call.actor, role_id=params.id)
    return shown


class _Places:
    """The organizations and locations of some roles."""

    def __init__(self, call: Call, role_ids: Sequence[int]) -> None:
        self.organizations: Grouped = organizations_of_roles(call.tx, call.actor, role_ids)
        self.locations: Grouped = locations_of_roles(call.tx, call.actor, role_ids)


def _full(call: Call, role_id: RoleId) -> dict[str, Any]:
    row = load_role(call.tx, call.actor, role_id)
    found = query_filters(call.actor, role_id=role_id).order_by(role_filters.c.id)
    held = call.tx.execute(found).all()
    return {**_summary(row, _Places(call, [row.id])), "filters": filters_shown(call, held)}


def _summary(row: Row[Any], places: _Places) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "builtin": _EVERYONES if row.for_everyone else 0,
        "origin": "headgate" if row.locked else None,
        "cloned_from_id": row.cloned_from_id,
        "organizations": [
            {"id": each.id, "name": each.name, "title": each.name}
            for each in places.organizations.get(row.id, [])
        ],
        "locations": [
            {"id": each.id, "name": each.name, "title": each.title}
            for each in places.locations.get(row.id, [])
        ],
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
