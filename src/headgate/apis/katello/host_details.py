"""Facts, statuses, collections and images of hosts."""

from typing import Any, Final, Literal

from headgate.apis.actions import Call, Listing, ListParams, Params, Reply, doc
from headgate.apis.katello.host_objects import host_object, parameter_object
from headgate.apis.katello.hosts import ID, hosts
from headgate.apis.katello.unlisted import listed_whole
from headgate.domain.errors import NotFoundError
from headgate.domain.ids import HostCollectionId, HostId, OrganizationId
from headgate.services.access import AnyRow, load
from headgate.services.hosts.facts import import_facts
from headgate.services.hosts.host_records import (
    IMAGES,
    beside,
    booted_digests,
    booted_images,
    load_host,
)
from headgate.services.hosts.hosts import load_to_edit, set_collections
from headgate.services.listing import page
from headgate.services.organizations.parameters import HOST, parameters_of_hosts
from headgate.stores.db.tables import hosts as table

_BASE: Final = "/api/hosts"
_ONE: Final = f"{_BASE}/{{id}}"


class Facts(Params):
    """Upload facts for a host, creating the host if there is none of the name."""

    name: str = doc("Name of the host", max_length=255)
    facts: dict[str, object] = doc("Facts by name; nested ones get names such as net::mtu")
    certname: str | None = doc("Certificate name, which is not kept", default=None)
    type: str | None = doc("Who made the facts, which is not kept", default=None)
    organization_id: OrganizationId | None = doc(
        "Organization of the host; needed by who sees several", default=None
    )


@hosts.action("facts", "POST", f"{_BASE}/facts", status=201)
def facts(call: Call, params: Facts) -> dict[str, Any]:
    """Take them in the place of those of before."""
    host_id = import_facts(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        name=params.name,
        facts=params.facts,
        organization_id=params.organization_id,
    )
    return _one(call, host_id)


class GetStatus(Params):
    """Get the status of a host."""

    id: HostId = doc(ID, by_name=True)
    type: Literal["HostStatus::Global", "global", "build", "configuration"] = doc("Kind of status")


# Nothing is built here and nothing reports, so these are the same for every host.
_STATUSES: Final = {"build": "Installed", "configuration": "No reports"}


@hosts.action("get_status", "GET", f"{_ONE}/status/{{type}}", permission="view_hosts")
def get_status(call: Call, params: GetStatus) -> dict[str, Any]:
    """Tell it."""
    load(call.tx, call.actor, table, params.id)
    return {"status": 0, "status_label": _STATUSES.get(params.type, "OK")}


class ForgetStatus(Params):
    """Clear a status of a host."""

    id: HostId = doc(ID, by_name=True)
    type: Literal["build", "configuration"] = doc("Kind of status")


@hosts.action("forget_status", "DELETE", f"{_ONE}/status/{{type}}", permission="edit_hosts")
def forget_status(call: Call, params: ForgetStatus) -> Reply:
    """Say that there is none to forget."""
    load_to_edit(call.tx, call.actor, params.id)
    raise NotFoundError(f"No {params.type} status is kept of the host")


class InheritedParameters(ListParams):
    """List the parameters that a host inherits."""

    id: HostId = doc(ID, by_name=True)


@hosts.action(
    "inherited_parameters", "GET", f"{_ONE}/inherited_parameters", permission="view_hosts"
)
def inherited_parameters(call: Call, params: InheritedParameters) -> Listing:
    """List those of its organization and of its location that nothing nearer replaces."""
    load(call.tx, call.actor, table, params.id)
    held = parameters_of_hosts(call.tx, [params.id]).get(params.id, [])
    last = {each.name: each for each in held if each.associated_type != HOST.name}
    shown = [parameter_object(each, each.associated_type) for _, each in sorted(last.items())]
    return listed_whole(call, params, shown)


class Collections(Params):
    """Alter the host collections of a host."""

    host_id: HostId = doc(ID, by_name=True)
    host_collection_ids: list[HostCollectionId] = doc(
        "All collections that it is in", max_length=1_000
    )


@hosts.action("host_collections", "PUT", f"{_BASE}/{{host_id}}/host_collections")
def host_collections(call: Call, params: Collections) -> dict[str, Any]:
    """Put it into these and take it out of all others."""
    set_collections(
        call.tx,
        actor=call.actor,
        host_id=params.host_id,
        collection_ids=params.host_collection_ids,
    )
    return _one(call, params.host_id)


class BootcImages(ListParams):
    """List the images that hosts have booted, with the number of hosts for each digest."""

    organization_id: OrganizationId | None = doc("Organization ID", default=None)


@hosts.action("bootc_images", "GET", f"{_BASE}/bootc_images", permission="view_hosts")
def bootc_images(call: Call, params: BootcImages) -> Listing:
    """List them."""
    owner = params.organization_id
    listed = page(
        call.tx,
        booted_images(call.actor, organization_id=owner),
        catalog=IMAGES,
        window=params.window,
        clock=call.services.clock,
        strict=True,
    )
    images = [row.bootc_booted_image for row in listed.rows]
    digests: dict[str, list[AnyRow]] = {image: [] for image in images}
    for row in booted_digests(call.tx, call.actor, images, organization_id=owner):
        digests[row.bootc_booted_image].append(row)
    return Listing(listed, [_image(image, rows) for image, rows in digests.items()])


def _image(image: str, rows: list[AnyRow]) -> dict[str, Any]:
    return {
        "bootc_booted_image": image,
        "digests": [
            {"bootc_booted_digest": row.bootc_booted_digest, "host_count": row.host_count}
            for row in rows
        ],
    }


def _one(call: Call, host_id: HostId) -> dict[str, Any]:
    row = load_host(call.tx, call.actor, host_id)
    return host_object(call, row, beside(call.tx, [row]))
