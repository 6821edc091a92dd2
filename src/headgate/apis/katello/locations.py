"""`/api/locations`: where things stand, a tree beside the organizations."""

from typing import Any

from headgate.apis.actions import (
    Call,
    Listing,
    ListParams,
    Params,
    Resource,
    doc,
    list_page,
    wrapped,
)
from headgate.apis.katello.host_objects import parameters_shown
from headgate.apis.katello.ignored_types import IgnoredTypes, refuse_ignored_types
from headgate.domain.ids import LocationId, OrganizationId, SmartProxyId, UserId
from headgate.services.access import AnyRow
from headgate.services.organizations.location_records import (
    LOCATIONS,
    load_location,
    query,
    smart_proxies_of,
    users_of,
)
from headgate.services.organizations.locations import (
    create_location,
    delete_location,
    update_location,
)
from headgate.services.organizations.parameters import LOCATION, Owner
from headgate.services.organizations.taxonomies import organizations_of
from headgate.stores.db.tables import location_organizations

locations = Resource("locations", "Locations", dialect="foreman")

_PATH = "/api/locations"
_ONE = f"{_PATH}/{{id}}"


class Index(ListParams):
    """List all locations."""

    organization_id: OrganizationId | None = doc("Scope by organizations", default=None)
    name: str | None = doc("Name of the location", default=None)


@locations.action(
    "index",
    "GET",
    _PATH,
    also=["/api/organizations/{organization_id}/locations"],
    permission="view_locations",
)
def index(call: Call, params: Index) -> Listing:
    """List those that the caller may use."""
    found = query(call.actor, name=params.name, organization_id=params.organization_id)
    return list_page(call, params, found, catalog=LOCATIONS, show=_summary)


class Show(Params):
    """Show a location."""

    id: LocationId = doc("Location ID")
    show_hidden_parameters: bool = doc(
        "Only here for old clients: locations have no parameters", default=False
    )


@locations.action("show", "GET", _ONE, permission="view_locations")
def show(call: Call, params: Show) -> dict[str, Any]:
    """Show one."""
    return _full(call, params.id)


class CreateFields(IgnoredTypes):
    """What a location is made of."""

    name: str = doc("Name")
    description: str | None = doc("Description", default=None)
    parent_id: LocationId | None = doc("Parent ID", default=None)
    organization_ids: list[OrganizationId] | None = doc(
        "Organizations that may use it; those of the parent unless given", default=None
    )
    user_ids: list[UserId] = doc("User IDs", default=[])
    smart_proxy_ids: list[SmartProxyId] = doc("Smart proxy IDs", default=[])


class Create(Params):
    """Create a location."""

    location: CreateFields = wrapped("Location")


@locations.action("create", "POST", _PATH, permission="create_locations")
def create(call: Call, params: Create) -> dict[str, Any]:
    """Make one."""
    fields = params.location
    refuse_ignored_types(fields)
    location_id = create_location(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        values=fields.changes("description", "parent_id") | {"name": fields.name},
        organization_ids=fields.organization_ids,
        user_ids=fields.user_ids,
        smart_proxy_ids=fields.smart_proxy_ids,
    )
    return _full(call, location_id)


class UpdateFields(IgnoredTypes):
    """What can be changed of a location."""

    name: str | None = doc("Name", default=None)
    description: str | None = doc("Description", default=None)
    parent_id: LocationId | None = doc("Parent ID", default=None)
    organization_ids: list[OrganizationId] | None = doc(
        "Organizations that may use it", default=None
    )
    user_ids: list[UserId] | None = doc("User IDs", default=None)
    smart_proxy_ids: list[SmartProxyId] | None = doc("Smart proxy IDs", default=None)


class Update(Params):
    """Update a location."""

    id: LocationId = doc("Location ID")
    location: UpdateFields = wrapped("Location")


@locations.action("update", "PUT", _ONE, permission="edit_locations")
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change what is given."""
    fields = params.location
    refuse_ignored_types(fields)
    changes = fields.changes("description", "parent_id")
    if fields.name is not None:
        changes["name"] = fields.name
    update_location(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        location_id=params.id,
        changes=changes,
        organization_ids=fields.organization_ids,
        user_ids=fields.user_ids,
        smart_proxy_ids=fields.smart_proxy_ids,
    )
    return _full(call, params.id)


class Destroy(Params):
    """Delete a location."""

    id: LocationId = doc("Location ID")


@locations.action("destroy", "DELETE", _ONE, permission="destroy_locations")
def destroy(call: Call, params: Destroy) -> dict[str, Any]:
    """Delete it; return it as it was."""
    shown = _full(call, params.id)
    delete_location(call.tx, actor=call.actor, location_id=params.id)
    return shown


def _summary(row: AnyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "title": row.title,
        "description": row.description,
        "parent_id": row.parent_id,
        "parent_name": row.parent_title,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def _full(call: Call, location_id: LocationId) -> dict[str, Any]:
    row = load_location(call.tx, call.actor, location_id)
    own = organizations_of(call.tx, call.actor, location_organizations.c.location_id, [row.id])
    return {
        **_summary(row),
        "organizations": [
            {"id": each.id, "name": each.name, "title": each.name} for each in own.get(row.id, [])
        ],
        "users": [
            {"id": each.id, "login": each.login}
            for each in users_of(call.tx, call.actor, location_id)
        ],
        "smart_proxies": [
            {"id": each.id, "name": each.name, "url": each.url}
            for each in smart_proxies_of(call.tx, call.actor, location_id)
        ],
        "parameters": parameters_shown(call, Owner(LOCATION, location_id)),
    }
