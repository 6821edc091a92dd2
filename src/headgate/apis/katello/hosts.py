"""`/api/hosts`: records of hosts, with what they have of content."""

from collections.abc import Sequence
from typing import Any, Final, Literal

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc, wrapped
from headgate.apis.katello.host_objects import host_object
from headgate.apis.katello.host_shapes import ByList
from headgate.apis.katello.shapes import named_all
from headgate.domain.errors import NotFoundError, NotImplementedYetError
from headgate.domain.ids import (
    EnvironmentId,
    HostId,
    LocationId,
    OrganizationId,
    RepositoryId,
    SmartProxyId,
    UserId,
)
from headgate.services.hosts.host_records import (
    HOST_CATALOG,
    beside,
    keys_of,
    load_host,
    products_of,
    query,
)
from headgate.services.hosts.hosts import (
    PLAIN,
    REFERENCES,
    HostChanges,
    Parameter,
    Product,
    create_host,
    delete_host,
    update_host,
)
from headgate.services.hosts.view_environments import Wanted
from headgate.services.listing import page

hosts = Resource("hosts", "Hosts", dialect="foreman")

_BASE: Final = "/api/hosts"
_ONE: Final = f"{_BASE}/{{id}}"
_MOST: Final = 1_000
ID: Final = "ID or name"


class Index(ListParams):
    """List hosts."""

    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    location_id: LocationId | None = doc("Location ID", default=None)
    hostgroup_id: int | None = doc("Of a host group, of which there are none", default=None)
    thin: bool = doc("Only IDs and names", default=False)
    include: list[Literal["parameters", "all_parameters"]] = doc(
        "What is shown beside", default=[], max_length=10
    )


@hosts.action(
    "index",
    "GET",
    _BASE,
    also=[
        "/api/hostgroups/{hostgroup_id}/hosts",
        "/api/organizations/{organization_id}/hosts",
        "/api/locations/{location_id}/hosts",
    ],
    permission="view_hosts",
)
def index(call: Call, params: Index) -> Listing:
    """List them."""
    _refuse_hostgroup(params.hostgroup_id)
    found = query(
        call.actor, organization_id=params.organization_id, location_id=params.location_id
    )
    listed = page(
        call.tx,
        found,
        catalog=HOST_CATALOG,
        window=params.window,
        clock=call.services.clock,
        strict=True,
    )
    if params.thin:
        return Listing(listed, named_all(listed.rows))
    shown = bool(params.include)
    around = beside(call.tx, listed.rows, parameters=shown)
    return Listing.of(listed, lambda row: host_object(call, row, around, parameters=shown))


class Show(Params):
    """Show a host."""

    id: HostId = doc(ID, by_name=True)
    show_hidden_parameters: bool = doc("Show the values of hidden parameters", default=False)


@hosts.action("show", "GET", _ONE, permission="view_hosts")
def show(call: Call, params: Show) -> dict[str, Any]:
    """Show one; hidden values to who may change them."""
    return _one(call, params.id, reveal=params.show_hidden_parameters)


class ParameterAttributes(Params):
    """A host parameter."""

    name: str = doc("Name", max_length=255)
    value: Any = doc("Value; null removes the parameter", default=None)
    parameter_type: str = doc("Type of the value", default="string")
    hidden_value: bool = doc("Whether the value is hidden from who only looks", default=False)


class ProductAttributes(Params):
    """A product that is installed on a host."""

    product_id: str = doc("ID of the product certificate", max_length=64)
    product_name: str = doc("Name of the product", max_length=255)
    arch: str = doc("Architecture", default="", max_length=255)
    version: str = doc("Version", default="", max_length=255)


class ContentFacet(ByList):
    """What a host has of content."""

    lifecycle_environment_id: EnvironmentId | None = doc(
        "ID of the only environment, together with its content view", default=None
    )
    content_source_id: SmartProxyId | None = doc(
        "Smart proxy from which it gets content", default=None
    )
    kickstart_repository_id: RepositoryId | None = doc(
        "Repository from which it was installed", default=None
    )


class SubscriptionFacet(Params):
    """What a host says of itself as a client of content."""

    release_version: str | None = doc("Release version", default=None, max_length=64)
    autoheal: bool | None = doc("Kept for clients that send it", default=None)
    purpose_usage: str | None = doc("System purpose usage", default=None, max_length=255)
    purpose_role: str | None = doc("System purpose role", default=None, max_length=255)
    purpose_addons: list[str] | None = doc("System purpose add-ons", default=None, max_length=100)
    service_level: str | None = doc("Service level", default=None, max_length=255)
    hypervisor_guest_uuids: list[str] | None = doc(
        "UUIDs of the guests that run on it", default=None, max_length=_MOST
    )
    installed_products_attributes: list[ProductAttributes] | None = doc(
        "Products that are installed on it", default=None, max_length=_MOST
    )


class _Attributes(Params):
    location_id: LocationId | None = doc("Location ID", default=None)
    hostgroup_id: int | None = doc("Of a host group, of which there are none", default=None)
    owner_id: UserId | None = doc("User who owns it", default=None)
    owner_type: Literal["User", "Usergroup"] | None = doc("What the owner is", default=None)
    comment: str | None = doc("Comment", default=None, max_length=65_536)
    host_parameters_attributes: list[ParameterAttributes] | None = doc(
        "Parameters; those that are not named stay as they are", default=None, max_length=_MOST
    )
    build: bool | None = doc("Only false: no host is installed", default=None)
    managed: bool | None = doc("Only false: no host is installed", default=None)
    enabled: bool | None = doc("Only true: a record is always in use", default=None)
    interfaces_attributes: list[dict[str, object]] | None = doc(
        "Network interfaces, which are not kept", default=None, hidden=True
    )
    content_facet_attributes: ContentFacet | None = doc("What it has of content", default=None)
    subscription_facet_attributes: SubscriptionFacet | None = doc(
        "What it says of itself as a client of content", default=None
    )


class NewHost(_Attributes):
    """What a host is made of."""

    name: str = doc("Name", max_length=255)
    organization_id: OrganizationId = doc("Organization ID")


class ChangedHost(_Attributes):
    """What can be changed of a host."""

    name: str | None = doc("Name", default=None, max_length=255)
    organization_id: OrganizationId | None = doc(
        "Organization ID; only administrators move hosts", default=None
    )


class Create(Params):
    """Create a host."""

    host: NewHost = wrapped("Host")


@hosts.action("create", "POST", _BASE, permission="create_hosts")
def create(call: Call, params: Create) -> dict[str, Any]:
    """Make its record; nothing is installed."""
    fields = params.host
    host_id = create_host(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        organization_id=fields.organization_id,
        name=fields.name,
        changes=_changes(fields),
    )
    return _one(call, host_id)


class Update(Params):
    """Update a host."""

    id: HostId = doc(ID, by_name=True)
    host: ChangedHost = wrapped("Host")


@hosts.action("update", "PUT", _ONE, permission="edit_hosts")
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change what is given."""
    update_host(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        host_id=params.id,
        changes=_changes(params.host),
    )
    return _one(call, params.id)


class Destroy(Params):
    """Delete a host."""

    id: HostId = doc(ID, by_name=True)


@hosts.action("destroy", "DELETE", _ONE, permission="destroy_hosts")
def destroy(call: Call, params: Destroy) -> dict[str, Any]:
    """Delete its record; return it as it was."""
    shown = _one(call, params.id)
    delete_host(call.tx, actor=call.actor, host_id=params.id)
    return shown


def products_from(given: Sequence[ProductAttributes] | None) -> list[Product] | None:
    """Return the products of a request; None if it names none at all."""
    if given is None:
        return None
    return [Product(each.product_id, each.product_name, each.arch, each.version) for each in given]


def _changes(fields: NewHost | ChangedHost) -> HostChanges:
    _refuse_hostgroup(fields.hostgroup_id)
    if fields.interfaces_attributes:
        raise NotImplementedYetError("Interfaces of hosts are not kept yet, so nothing was done")
    if fields.build or fields.managed or fields.enabled is False:
        raise NotImplementedYetError(
            "Hosts are records of content: they are not installed, managed or disabled"
        )
    if fields.owner_type == "Usergroup":
        raise NotImplementedYetError("Groups cannot own hosts yet, so nothing was done")
    content, said = fields.content_facet_attributes, fields.subscription_facet_attributes
    given = content.changes() if content else {}
    values = {**given, **(said.changes() if said else {}), **fields.changes()}
    parameters = fields.host_parameters_attributes
    names = {*PLAIN, *REFERENCES, "name", "organization_id"}
    return HostChanges(
        values={name: value for name, value in values.items() if name in names},
        wanted=Wanted.of(given, environment="lifecycle_environment_id"),
        parameters=[
            Parameter(each.name, each.value, each.parameter_type, each.hidden_value)
            for each in parameters or ()
        ],
        products=products_from(said.installed_products_attributes if said else None),
    )


def _refuse_hostgroup(hostgroup_id: int | None) -> None:
    if hostgroup_id is not None:
        raise NotFoundError(f"Could not find host group with id {hostgroup_id}")


def _one(call: Call, host_id: HostId, *, reveal: bool = False) -> dict[str, Any]:
    row = load_host(call.tx, call.actor, host_id)
    may = call.actor.may("edit_hosts", organization_id=row.organization_id)
    shown = host_object(call, row, beside(call.tx, [row]), reveal=reveal and may)
    facet = shown["subscription_facet_attributes"]
    facet["activation_keys"] = named_all(keys_of(call.tx, host_id))
    facet["installed_products"] = [
        {
            "productId": each.product_id,
            "productName": each.product_name,
            "arch": each.arch,
            "version": each.version,
        }
        for each in products_of(call.tx, host_id)
    ]
    return shown
