"""`/katello/api/host_collections`."""

from typing import Any, Literal

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc, list_page
from headgate.apis.katello.shapes import organization_of, permissions
from headgate.domain.ids import ActivationKeyId, HostCollectionId, HostId, OrganizationId
from headgate.services.access import AnyRow, load
from headgate.services.hosts.host_collection_records import (
    HOST_COLLECTIONS,
    host_ids_of,
    load_collection,
    of_host,
    of_key,
    query,
)
from headgate.services.hosts.host_collections import (
    Moved,
    add_hosts,
    copy_collection,
    create_collection,
    delete_collection,
    remove_hosts,
    update_collection,
)
from headgate.stores.db.tables import activation_keys, hosts

host_collections = Resource("host_collections", "Host Collections")

_FLAT = "/katello/api/host_collections"
_NESTED = "/katello/api/organizations/{organization_id}/host_collections"
_ONE = f"{_FLAT}/{{id}}"
_VIEW = "view_host_collections"
_MOST_HOSTS = 10_000


class Index(ListParams):
    """List host collections."""

    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    name: str | None = doc("Host collection name to filter by", default=None)
    activation_key_id: ActivationKeyId | None = doc("Activation key ID", default=None)
    host_id: HostId | None = doc("Filter products by host id", default=None)
    available_for: Literal["host", "activation_key"] | None = doc(
        "List those that could still be given to the host or the activation key", default=None
    )


@host_collections.action(
    "index",
    "GET",
    _FLAT,
    also=[_NESTED, "/katello/api/activation_keys/{activation_key_id}/host_collections"],
    permission=_VIEW,
)
def index(call: Call, params: Index) -> Listing:
    """List them."""
    found = query(call.actor, organization_id=params.organization_id, name=params.name)
    if params.activation_key_id is not None:
        load(call.tx, call.actor, activation_keys, params.activation_key_id)
        within = params.available_for != "activation_key"
        found = of_key(found, params.activation_key_id, within=within)
    if params.host_id is not None:
        load(call.tx, call.actor, hosts, params.host_id)
        found = of_host(found, params.host_id, within=params.available_for != "host")
    return list_page(
        call, params, found, catalog=HOST_COLLECTIONS, show=lambda row: collection_object(call, row)
    )


class Show(Params):
    """Show a host collection."""

    id: HostCollectionId = doc("Host collection ID")
    organization_id: OrganizationId | None = doc("Organization ID", default=None)


@host_collections.action("show", "GET", _ONE, permission=_VIEW)
def show(call: Call, params: Show) -> dict[str, Any]:
    """Show one."""
    return _one(call, params.id, organization_id=params.organization_id)


class Create(Params):
    """Create a host collection."""

    organization_id: OrganizationId = doc("Organization ID")
    name: str = doc("Host collection name")
    description: str | None = doc("Description", default=None)
    host_ids: list[HostId] = doc("Hosts in it", default=[], max_length=_MOST_HOSTS)
    max_hosts: int | None = doc("Most hosts that it takes", default=None, minimum=1, maximum=2**31)
    unlimited_hosts: bool | None = doc("Whether it takes any number of hosts", default=None)


@host_collections.action("create", "POST", _FLAT, also=[_NESTED])
def create(call: Call, params: Create) -> dict[str, Any]:
    """Make one."""
    collection_id = create_collection(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        organization_id=params.organization_id,
        name=params.name,
        values=params.changes("description", "max_hosts", "unlimited_hosts"),
        host_ids=params.host_ids,
    )
    return _one(call, collection_id)


class Update(Params):
    """Update a host collection."""

    id: HostCollectionId = doc("Host collection ID")
    name: str | None = doc("Host collection name", default=None)
    description: str | None = doc("Description", default=None)
    host_ids: list[HostId] | None = doc("All hosts in it", default=None, max_length=_MOST_HOSTS)
    max_hosts: int | None = doc("Most hosts that it takes", default=None, minimum=1, maximum=2**31)
    unlimited_hosts: bool | None = doc("Whether it takes any number of hosts", default=None)


@host_collections.action("update", "PUT", _ONE)
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change what is given."""
    update_collection(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        collection_id=params.id,
        changes=params.changes("name", "description", "max_hosts", "unlimited_hosts"),
        host_ids=params.host_ids,
    )
    return _one(call, params.id)


class Members(Params):
    """Which hosts."""

    id: HostCollectionId = doc("Host collection ID")
    host_ids: list[HostId] = doc("Hosts", default=[], max_length=_MOST_HOSTS)


class AddHosts(Members):
    """Add hosts to a host collection."""


@host_collections.action("add_hosts", "PUT", f"{_ONE}/add_hosts")
def add(call: Call, params: AddHosts) -> dict[str, Any]:
    """Put them in."""
    moved = add_hosts(call.tx, actor=call.actor, collection_id=params.id, host_ids=params.host_ids)
    return _moved(moved, "Successfully added %s Host(s).")


class RemoveHosts(Members):
    """Remove hosts from a host collection."""


@host_collections.action("remove_hosts", "PUT", f"{_ONE}/remove_hosts")
def remove(call: Call, params: RemoveHosts) -> dict[str, Any]:
    """Take them out."""
    moved = remove_hosts(
        call.tx, actor=call.actor, collection_id=params.id, host_ids=params.host_ids
    )
    return _moved(moved, "Successfully removed %s Host(s).")


class Destroy(Params):
    """Destroy a host collection."""

    id: HostCollectionId = doc("Host collection ID")


@host_collections.action("destroy", "DELETE", _ONE)
def destroy(call: Call, params: Destroy) -> dict[str, Any]:
    """Delete it, not its hosts; return it as it was."""
    shown = _one(call, params.id)
    delete_collection(call.tx, actor=call.actor, collection_id=params.id)
    return shown


class Copy(Params):
    """Make a copy of a host collection."""

    id: HostCollectionId = doc("Host collection ID")
    name: str = doc("New host collection name")


@host_collections.action("copy", "POST", f"{_ONE}/copy")
def copy(call: Call, params: Copy) -> dict[str, Any]:
    """Make one with the same hosts."""
    copy_id = copy_collection(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        collection_id=params.id,
        name=params.name,
    )
    return _one(call, copy_id)


def collection_object(call: Call, row: AnyRow) -> dict[str, Any]:
    """Return a collection (a row of `query`) as lists show it."""
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "organization_id": row.organization_id,
        "organization": organization_of(row),
        "max_hosts": row.max_hosts,
        "unlimited_hosts": row.max_hosts is None,
        "total_hosts": row.total_hosts,
        "permissions": permissions(
            call,
            row.organization_id,
            "view_host_collections",
            "edit_host_collections",
            "destroy_host_collections",
        ),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def _one(
    call: Call, collection_id: HostCollectionId, *, organization_id: OrganizationId | None = None
) -> dict[str, Any]:
    row = load_collection(call.tx, call.actor, collection_id, organization_id=organization_id)
    return {**collection_object(call, row), "host_ids": host_ids_of(call.tx, row.id)}


def _moved(moved: Moved, success: str) -> dict[str, Any]:
    told = [success % len(moved.host_ids)] if moved.host_ids else []
    return {"displayMessages": {"success": told, "error": moved.errors}}
