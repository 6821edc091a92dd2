"""`/api/smart_proxies`: records of the servers near hosts; the first is this server itself."""

from typing import Any, Literal

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc, wrapped
from headgate.apis.katello.shapes import named_all
from headgate.apis.ports import FOREMAN_VERSION
from headgate.domain.ids import HttpProxyId, LocationId, OrganizationId, SmartProxyId
from headgate.services.access import AnyRow
from headgate.services.listing import page
from headgate.services.organizations.smart_proxies import (
    LOCATION_LINKS,
    ORGANIZATION_LINKS,
    SMART_PROXIES,
    create_smart_proxy,
    delete_smart_proxy,
    load_smart_proxy,
    query,
    update_smart_proxy,
)
from headgate.services.organizations.taxonomies import locations_of, organizations_of
from headgate.services.related import Grouped

smart_proxies = Resource("smart_proxies", "Smart Proxies", dialect="foreman")

_PATH = "/api/smart_proxies"
_ONE = f"{_PATH}/{{id}}"
_POLICY = "Download policy of the smart proxy; inherit takes each repository's own"
_STATUS = "Show whether it works: known of this server alone, which answers"
Policy = Literal["inherit", "immediate", "on_demand", "streamed"]


class Index(ListParams):
    """List all smart proxies."""

    organization_id: OrganizationId | None = doc("Scope by organizations", default=None)
    location_id: LocationId | None = doc("Scope by locations", default=None)
    name: str | None = doc("Name of the smart proxy", default=None)
    include_status: bool = doc(_STATUS, default=False)


@smart_proxies.action("index", "GET", _PATH, permission="view_smart_proxies")
def index(call: Call, params: Index) -> Listing:
    """List those that the caller may see, this server among them."""
    found = query(
        call.actor,
        name=params.name,
        organization_id=params.organization_id,
        location_id=params.location_id,
    )
    listed = page(
        call.tx,
        found,
        catalog=SMART_PROXIES,
        window=params.window,
        clock=call.services.clock,
        strict=True,
    )
    users, places = links(call, listed.rows)

    def shown(row: AnyRow) -> dict[str, Any]:
        status = _status(row) if params.include_status else {}
        return {**smart_proxy_object(row, users, places), **status}

    return Listing.of(listed, shown)


class Show(Params):
    """Show a smart proxy."""

    id: SmartProxyId = doc("Smart proxy ID")
    include_status: bool = doc(_STATUS, default=False)
    include_version: bool = doc("Show the version: known of this server alone", default=False)


@smart_proxies.action("show", "GET", _ONE, permission="view_smart_proxies")
def show(call: Call, params: Show) -> dict[str, Any]:
    """Show one."""
    row = load_smart_proxy(call.tx, call.actor, params.id)
    status = _status(row) if params.include_status else {}
    version = {"version": FOREMAN_VERSION if row.internal else None}
    shown = smart_proxy_object(row, *links(call, [row]))
    return {**shown, **status, **(version if params.include_version else {})}


class CreateFields(Params):
    """What the record of a smart proxy is made of."""

    name: str = doc("Name")
    url: str = doc("URL", max_length=255)
    download_policy: Policy | None = doc(
        f"{_POLICY}; by default as the setting default_proxy_download_policy says", default=None
    )
    http_proxy_id: HttpProxyId | None = doc("HTTP proxy ID", default=None)
    organization_ids: list[OrganizationId] = doc("Organizations that may use it", default=[])
    location_ids: list[LocationId] = doc("Locations of it", default=[])


class Create(Params):
    """Create a smart proxy."""

    smart_proxy: CreateFields = wrapped("Smart proxy")


@smart_proxies.action("create", "POST", _PATH, permission="create_smart_proxies")
def create(call: Call, params: Create) -> dict[str, Any]:
    """Make the record; the proxy is not contacted."""
    fields = params.smart_proxy
    names = ("name", "url", "download_policy", "http_proxy_id")
    proxy_id = create_smart_proxy(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        values={name: getattr(fields, name) for name in names},
        organization_ids=fields.organization_ids,
        location_ids=fields.location_ids,
    )
    return _one(call, proxy_id)


class UpdateFields(Params):
    """What can be changed of a smart proxy."""

    name: str | None = doc("Name", default=None)
    url: str | None = doc("URL", default=None, max_length=255)
    download_policy: Policy | None = doc(_POLICY, default=None)
    http_proxy_id: HttpProxyId | None = doc("HTTP proxy ID", default=None)
    organization_ids: list[OrganizationId] | None = doc(
        "Organizations that may use it", default=None
    )
    location_ids: list[LocationId] | None = doc("Locations of it", default=None)


class Update(Params):
    """Update a smart proxy."""

    id: SmartProxyId = doc("Smart proxy ID")
    smart_proxy: UpdateFields = wrapped("Smart proxy")


@smart_proxies.action("update", "PUT", _ONE, permission="edit_smart_proxies")
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change what is given."""
    fields = params.smart_proxy
    changes = fields.changes("http_proxy_id")
    changes |= {
        name: value
        for name in ("name", "url", "download_policy")
        if (value := getattr(fields, name)) is not None
    }
    update_smart_proxy(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        proxy_id=params.id,
        changes=changes,
        organization_ids=fields.organization_ids,
        location_ids=fields.location_ids,
    )
    return _one(call, params.id)


class Destroy(Params):
    """Delete a smart proxy."""

    id: SmartProxyId = doc("Smart proxy ID")


@smart_proxies.action("destroy", "DELETE", _ONE, permission="destroy_smart_proxies")
def destroy(call: Call, params: Destroy) -> dict[str, Any]:
    """Delete the record; return it as it was."""
    shown = _one(call, params.id)
    delete_smart_proxy(call.tx, actor=call.actor, proxy_id=params.id)
    return shown


class Refresh(Params):
    """Refresh smart proxy features."""

    id: SmartProxyId = doc("Smart proxy ID")


smart_proxies.unbacked(
    "refresh",
    "PUT",
    f"{_ONE}/refresh",
    Refresh,
    lacks="Asking smart proxies, which are records, for their features",
    permission="edit_smart_proxies",
)


def links(call: Call, rows: Any) -> tuple[Grouped, Grouped]:
    """Return the organizations and the locations of each of these proxies."""
    keys = [row.id for row in rows]
    places = locations_of(call.tx, call.actor, LOCATION_LINKS, keys)
    return organizations_of(call.tx, call.actor, ORGANIZATION_LINKS, keys), places


def smart_proxy_object(row: AnyRow, users: Grouped, places: Grouped) -> dict[str, Any]:
    """Return a proxy (a row of `smart_proxies.query`) with its `links`."""
    return {
        "id": row.id,
        "name": row.name,
        "url": row.url,
        "download_policy": row.download_policy,
        "http_proxy_id": row.http_proxy_id,
        "http_proxy_name": row.http_proxy_name,
        "features": [],
        "organizations": named_all(users.get(row.id, [])),
        "locations": named_all(places.get(row.id, [])),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def _one(call: Call, proxy_id: SmartProxyId) -> dict[str, Any]:
    row = load_smart_proxy(call.tx, call.actor, proxy_id)
    return smart_proxy_object(row, *links(call, [row]))


def _status(row: AnyRow) -> dict[str, str]:
    return {"status": "ok" if row.internal else "unknown"}
