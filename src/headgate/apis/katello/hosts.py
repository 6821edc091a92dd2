"""`/api/hosts`: declared for clients that load by it; none can be kept yet, so none is listed."""

from typing import Final

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc, wrapped
from headgate.apis.katello.unlisted import nothing_listed
from headgate.domain.ids import LocationId, OrganizationId

hosts = Resource("hosts", "Hosts", dialect="foreman")

_BASE: Final = "/api/hosts"
_LACKS: Final = "Keeping records of hosts"


class Index(ListParams):
    """List hosts."""

    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    location_id: LocationId | None = doc("Location ID", default=None)


@hosts.action(
    "index",
    "GET",
    _BASE,
    also=[
        "/api/organizations/{organization_id}/hosts",
        "/api/locations/{location_id}/hosts",
    ],
)
def index(_call: Call, params: Index) -> Listing:
    """List none."""
    return nothing_listed(params)


class _Attributes(Params):
    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    location_id: LocationId | None = doc("Location ID", default=None)
    comment: str | None = doc("Comment", default=None)
    content_facet_attributes: dict[str, object] | None = doc(
        "Views and environments of the host", default=None
    )
    subscription_facet_attributes: dict[str, object] | None = doc(
        "What the host says of itself as a client of content", default=None
    )


class _New(_Attributes):
    name: str = doc("Name", max_length=255)


class _Changed(_Attributes):
    name: str | None = doc("Name", default=None, max_length=255)


class _One(Params):
    id: str = doc("ID or name", max_length=255)


class Show(_One):
    """Show a host."""


class Create(Params):
    """Create a host."""

    host: _New = wrapped("Host")


class Update(_One):
    """Change a host."""

    host: _Changed = wrapped("Host")


class Destroy(_One):
    """Delete a host."""


hosts.unbacked("show", "GET", f"{_BASE}/{{id}}", Show, lacks=_LACKS)
hosts.unbacked("create", "POST", _BASE, Create, lacks=_LACKS)
hosts.unbacked("update", "PUT", f"{_BASE}/{{id}}", Update, lacks=_LACKS)
hosts.unbacked("destroy", "DELETE", f"{_BASE}/{{id}}", Destroy, lacks=_LACKS)
