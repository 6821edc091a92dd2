"""`/katello/api/organizations`."""

from typing import Any

from sqlalchemy import Row

from headgate.apis.actions import (
    Call,
    Listing,
    ListParams,
    Params,
    Raw,
    Resource,
    doc,
    list_page,
    wrapped,
)
from headgate.apis.katello.ignored_types import IgnoredTypes, refuse_ignored_types
from headgate.domain.errors import ConflictError
from headgate.domain.ids import LocationId, OrganizationId, SmartProxyId, TaskId, UserId
from headgate.engine import enqueue
from headgate.services.access import find
from headgate.services.organizations.certificates import debug_certificate, revoke_debug_certificate
from headgate.services.organizations.organization_records import (
    ORGANIZATIONS,
    content_views_of,
    load_organization,
    locations_of,
    query,
    repositories_of,
    smart_proxies_of,
    users_of,
)
from headgate.services.organizations.organizations import (
    OrganizationLinks,
    create_organization,
    update_organization,
)
from headgate.stores.db.tables import organizations as organizations_table
from headgate.workflows.organization_requests import remove_organization_task

organizations = Resource("organizations", "Organizations")

# Clients of Foreman find organizations at its own path.
_KATELLO = "/katello/api/organizations"
_FOREMAN = "/api/organizations"
_PUSHES = "Whether pushing a container image into a product that is not there makes the product"


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
    return _one(call, params.id)


class Linked(IgnoredTypes):
    """What an organization is linked with."""

    user_ids: list[UserId] | None = doc("User IDs", default=None)
    location_ids: list[LocationId] | None = doc("Location IDs", default=None)
    smart_proxy_ids: list[SmartProxyId] | None = doc("Smart proxy IDs", default=None)

    @property
    def links(self) -> OrganizationLinks:
        """What was given of them."""
        return OrganizationLinks(
            users=self.user_ids, locations=self.location_ids, smart_proxies=self.smart_proxy_ids
        )


class CreateFields(Linked):
    """What an organization is made of."""

    name: str = doc("Name")
    label: str | None = doc("Unique label, made from the name unless given", default=None)
    description: str | None = doc("Description", default=None)
    container_push_creates_products: bool = doc(_PUSHES, default=False)


class Create(Params):
    """Create an organization."""

    organization: CreateFields = wrapped("Organization")


@organizations.action("create", "POST", _KATELLO, also=[_FOREMAN])
def create(call: Call, params: Create) -> dict[str, Any]:
    """Make one, with its Library and default content view."""
    refuse_ignored_types(params.organization)
    organization_id = create_organization(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        name=params.organization.name,
        label=params.organization.label,
        description=params.organization.description,
        container_push_creates_products=params.organization.container_push_creates_products,
        links=params.organization.links,
    )
    return _one(call, organization_id)


class UpdateFields(Linked):
    """What can be changed of an organization."""

    name: str | None = doc("Name", default=None)
    description: str | None = doc("Description", default=None)
    container_push_creates_products: bool | None = doc(_PUSHES, default=None)


class Update(Params):
    """Update an organization."""

    id: OrganizationId = doc("Organization ID")
    organization: UpdateFields = wrapped("Organization")


@organizations.action("update", "PUT", f"{_KATELLO}/{{id}}", also=[f"{_FOREMAN}/{{id}}"])
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change what is given."""
    refuse_ignored_types(params.organization)
    update_organization(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        organization_id=params.id,
        name=params.organization.name,
        description=params.organization.description,
        container_push_creates_products=params.organization.container_push_creates_products,
        links=params.organization.links,
    )
    return _one(call, params.id)


class Destroy(Params):
    """Delete an organization."""

    id: OrganizationId = doc("Organization ID")


@organizations.action(
    "destroy",
    "DELETE",
    f"{_KATELLO}/{{id}}",
    also=[f"{_FOREMAN}/{{id}}"],
    permission="destroy_organizations",
    async_task=True,
)
def destroy(call: Call, params: Destroy) -> TaskId:
    """Delete it with all that it owns, once nothing works on it any more."""
    row = load_organization(call.tx, call.actor, params.id)
    call.actor.require("destroy_organizations", organization_id=params.id)
    task = remove_organization_task(
        row,
        repository_ids=repositories_of(call.tx, params.id),
        content_view_ids=content_views_of(call.tx, params.id),
        user_id=call.actor.user_id,
    )
    return enqueue(call.tx, task)


class DownloadDebugCertificate(Params):
    """Download a debug certificate: it opens all content of the organization."""

    label: str = doc("Label of the organization")


@organizations.action(
    "download_debug_certificate",
    "GET",
    f"{_KATELLO}/{{label}}/download_debug_certificate",
    writes=True,
)
def download_debug_certificate(call: Call, params: DownloadDebugCertificate) -> Raw:
    """Send key and certificate; they are made when they are first asked for."""
    services = call.services
    row = find(call.tx, call.actor, organizations_table, label=params.label)
    if services.authority is None:
        raise ConflictError("This server signs no certificates")
    bundle = debug_certificate(
        call.tx,
        actor=call.actor,
        organization_id=OrganizationId(row.id),
        authority=services.authority,
        seal=services.seal,
        unseal=services.unseal,
    )
    filename = f"{row.label}-key-cert.pem"
    return Raw(bundle.encode(), media_type="application/x-pem-file", filename=filename)


class RevokeDebugCertificate(Params):
    """Revoke the debug certificate: it opens nothing from now on."""

    label: str = doc("Label of the organization")


@organizations.action(
    "revoke_debug_certificate", "DELETE", f"{_KATELLO}/{{label}}/debug_certificate"
)
def revoke_debug(call: Call, params: RevokeDebugCertificate) -> dict[str, Any]:
    """Revoke it; downloading makes a new one."""
    row = find(call.tx, call.actor, organizations_table, label=params.label)
    revoked = revoke_debug_certificate(
        call.tx,
        actor=call.actor,
        organization_id=OrganizationId(row.id),
        unseal=call.services.unseal,
        clock=call.services.clock,
    )
    return {"revoked": revoked}


class Releases(Params):
    """List available releases in the organization."""

    id: OrganizationId = doc("Organization ID")


@organizations.action("releases", "GET", f"{_KATELLO}/{{id}}/releases")
def releases(call: Call, params: Releases) -> dict[str, Any]:
    """List none: releases come with products of a vendor's manifest."""
    load_organization(call.tx, call.actor, params.id)
    return {"total": 0, "subtotal": 0, "results": []}


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


def _one(call: Call, organization_id: OrganizationId) -> dict[str, Any]:
    row = load_organization(call.tx, call.actor, organization_id)
    asked = (call.tx, call.actor, organization_id)
    return {
        **_full(row),
        "users": [{"id": each.id, "login": each.login} for each in users_of(*asked)],
        "locations": [
            {"id": each.id, "name": each.name, "title": each.title} for each in locations_of(*asked)
        ],
        "smart_proxies": [
            {"id": each.id, "name": each.name, "url": each.url} for each in smart_proxies_of(*asked)
        ],
    }


def _full(row: Row[Any]) -> dict[str, Any]:
    return {
        **_summary(row),
        # There are none within others.
        "parent_id": None,
        "parent_name": None,
        "library_id": row.library_id,
        "default_content_view_id": row.default_content_view_id,
        "container_push_creates_products": row.container_push_creates_products,
        "cdn_configuration": {
            "type": "redhat_cdn",
            "url": None,
            "username": None,
            "upstream_organization_label": None,
            "upstream_content_view_label": None,
            "upstream_lifecycle_environment_label": None,
            "ssl_ca_credential_id": None,
            "password_exists": False,
        },
        "manifest_expired": False,
        "manifest_expiration_date": None,
        "service_levels": [],
        "service_level": None,
        "system_purposes": {"roles": [], "usage": [], "addons": []},
        "owner_details": {"key": row.label, "displayName": row.name},
    }
