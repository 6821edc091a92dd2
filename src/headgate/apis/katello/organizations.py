"""`/katello/api/organizations`."""

from typing import Any

from sqlalchemy import Row

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
from headgate.domain.ids import OrganizationId
from headgate.services.organization_records import ORGANIZATIONS, load_organization, query
from headgate.services.organizations import create_organization, update_organization

organizations = Resource("organizations", "Organizations")

# Clients of Foreman find organizations at its own path.
_KATELLO = "/katello/api/organizations"
_FOREMAN = "/api/organizations"


class Index(ListParams):
    """List organizations."""

    name: str | None = doc("Name of the organization", default=None)
    label: str | None = doc("Label of the organization", default=None)


@organizations.action("index", "GET", _KATELLO, also=[_FOREMAN])
def index(call: Call, params: Index) -> Listing:
    """List what the caller belongs to."""
    found = query(call.actor, name=params.name, label=params.label)
    return list_page(call, params, found, catalog=ORGANIZATIONS, show=_summary)


class Show(Params):
    """Show an organization."""

    id: OrganizationId = doc("Organization ID")


@organizations.action("show", "GET", f"{_KATELLO}/{{id}}", also=[f"{_FOREMAN}/{{id}}"])
def show(call: Call, params: Show) -> dict[str, Any]:
    """Show one."""
    return _full(load_organization(call.tx, call.actor, params.id))


class CreateFields(Params):
    """What an organization is made of."""

    name: str = doc("Name")
    label: str | None = doc("Unique label, made from the name unless given", default=None)
    description: str | None = doc("Description", default=None)


class Create(Params):
    """Create an organization."""

    organization: CreateFields = wrapped("Organization")


@organizations.action("create", "POST", _KATELLO, also=[_FOREMAN])
def create(call: Call, params: Create) -> dict[str, Any]:
    """Make one, with its Library and default content view."""
    organization_id = create_organization(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        name=params.organization.name,
        label=params.organization.label,
        description=params.organization.description,
    )
    return _full(load_organization(call.tx, call.actor, organization_id))


class UpdateFields(Params):
    """What can be changed of an organization."""

    name: str | None = doc("Name", default=None)
    description: str | None = doc("Description", default=None)


class Update(Params):
    """Update an organization."""

    id: OrganizationId = doc("Organization ID")
    organization: UpdateFields = wrapped("Organization")


@organizations.action("update", "PUT", f"{_KATELLO}/{{id}}", also=[f"{_FOREMAN}/{{id}}"])
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change what is given."""
    update_organization(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        organization_id=params.id,
        name=params.organization.name,
        description=params.organization.description,
    )
    return _full(load_organization(call.tx, call.actor, params.id))


def _summary(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "title": row.name,
        "label": row.label,
        "description": row.description,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def _full(row: Row[Any]) -> dict[str, Any]:
    return {
        **_summary(row),
        "library_id": row.library_id,
        "default_content_view_id": row.default_content_view_id,
        "manifest_expired": False,
        "manifest_expiration_date": None,
        "service_levels": [],
        "service_level": None,
        "system_purposes": {"roles": [], "usage": [], "addons": []},
        "owner_details": {"key": row.label, "displayName": row.name},
    }
