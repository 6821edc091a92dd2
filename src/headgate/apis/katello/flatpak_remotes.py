"""`/katello/api/flatpak_remotes`: where others offer flatpaks (katello.md 1.11)."""

from typing import Any

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc
from headgate.apis.katello.shapes import organization_of, permissions
from headgate.domain.ids import CredentialId, FlatpakRemoteId, OrganizationId, TaskId
from headgate.engine import enqueue
from headgate.services.access import AnyRow, load
from headgate.services.containers.flatpak_remotes import (
    FLATPAK_REMOTES,
    create_flatpak_remote,
    delete_flatpak_remote,
    load_flatpak_remote,
    query,
    update_flatpak_remote,
)
from headgate.services.listing import page
from headgate.stores.db.tables import flatpak_remotes as flatpak_remotes_table
from headgate.workflows.flatpaks import scan_task

flatpak_remotes = Resource("flatpak_remotes", "Flatpak Remotes")

_FLAT = "/katello/api/flatpak_remotes"
_NESTED = "/katello/api/organizations/{organization_id}/flatpak_remotes"
_ONE = f"{_FLAT}/{{id}}"
_VIEW = "view_flatpak_remotes"
_FIELDS = ("url", "description", "username", "token", "registry_url", "ssl_ca_cert_id")


class Index(ListParams):
    """List flatpak remotes."""

    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    name: str | None = doc("Name of the flatpak remote", default=None)


@flatpak_remotes.action("index", "GET", _FLAT, also=[_NESTED], permission=_VIEW)
def index(call: Call, params: Index) -> Listing:
    """List them, without their tokens."""
    found = query(call.actor, organization_id=params.organization_id, name=params.name)
    clock = call.services.clock
    listed = page(call.tx, found, catalog=FLATPAK_REMOTES, window=params.window, clock=clock)
    return Listing.of(listed, lambda row: _shown(call, row))


class One(Params):
    """Show a flatpak remote."""

    id: FlatpakRemoteId = doc("Flatpak remote ID")


@flatpak_remotes.action("show", "GET", _ONE, permission=_VIEW)
def show(call: Call, params: One) -> dict[str, Any]:
    """Show one."""
    return _shown(call, load_flatpak_remote(call.tx, call.actor, params.id))


class Settings(Params):
    """What can be set and changed."""

    description: str | None = doc("Description of the flatpak remote", default=None)
    username: str | None = doc("Username for the flatpak remote", default=None, max_length=255)
    token: str | None = doc(
        "Token or password for the flatpak remote; it is not shown again",
        default=None,
        max_length=4096,
    )
    registry_url: str | None = doc(
        "Registry that the images are pulled from, if it is not the one that the index names, or"
        " if it may see the credentials though it is on another server",
        default=None,
        max_length=2048,
    )
    ssl_ca_cert_id: CredentialId | None = doc(
        "ID of the content credential with the CA of the remote's certificate", default=None
    )


class Create(Settings):
    """Create a flatpak remote."""

    organization_id: OrganizationId = doc("Organization ID")
    name: str = doc("Name of the flatpak remote")
    url: str = doc("Address of the remote, before index/static", max_length=2048)


@flatpak_remotes.action("create", "POST", _FLAT, also=[_NESTED])
def create(call: Call, params: Create) -> dict[str, Any]:
    """Make one."""
    remote_id = create_flatpak_remote(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        seal=call.services.seal,
        organization_id=params.organization_id,
        values={"name": params.name, **params.changes(*_FIELDS)},
    )
    return _shown(call, load_flatpak_remote(call.tx, call.actor, remote_id))


class Update(Settings):
    """Update a flatpak remote."""

    id: FlatpakRemoteId = doc("Flatpak remote ID")
    name: str | None = doc("Name of the flatpak remote", default=None)
    url: str | None = doc(
        "Address of the remote, before index/static", default=None, max_length=2048
    )


@flatpak_remotes.action("update", "PUT", _ONE)
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change what is given."""
    needed = {name: each for name, each in params.changes("name", "url").items() if each}
    optional = params.changes(*(name for name in _FIELDS if name != "url"))
    update_flatpak_remote(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        seal=call.services.seal,
        remote_id=params.id,
        changes=needed | optional,
    )
    return _shown(call, load_flatpak_remote(call.tx, call.actor, params.id))


class Destroy(One):
    """Delete a flatpak remote."""


@flatpak_remotes.action("destroy", "DELETE", _ONE)
def destroy(call: Call, params: Destroy) -> dict[str, Any]:
    """Delete it; return it as it was."""
    shown = _shown(call, load_flatpak_remote(call.tx, call.actor, params.id))
    delete_flatpak_remote(call.tx, actor=call.actor, remote_id=params.id)
    return shown


class Scan(One):
    """Scan a flatpak remote."""


@flatpak_remotes.action("scan", "POST", f"{_ONE}/scan", async_task=True)
def scan(call: Call, params: Scan) -> TaskId:
    """Look at what it offers now."""
    row = load(
        call.tx,
        call.actor,
        flatpak_remotes_table,
        params.id,
        permission="edit_flatpak_remotes",
    )
    return enqueue(call.tx, scan_task(row, user_id=call.actor.user_id))


def _shown(call: Call, row: AnyRow) -> dict[str, Any]:
    ca = row.ssl_ca_cert_id and {"id": row.ssl_ca_cert_id, "name": row.ssl_ca_cert_name}
    return {
        "id": row.id,
        "name": row.name,
        "url": row.url,
        "description": row.description,
        "username": row.username,
        "token_exists": bool(row.token_exists),
        "registry_url": row.registry_url,
        "ssl_ca_cert_id": row.ssl_ca_cert_id,
        "ssl_ca_cert": ca,
        "scanned_at": row.scanned_at,
        "organization_id": row.organization_id,
        "organization": organization_of(row),
        "permissions": permissions(
            call,
            row.organization_id,
            "view_flatpak_remotes",
            "edit_flatpak_remotes",
            "destroy_flatpak_remotes",
        ),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
