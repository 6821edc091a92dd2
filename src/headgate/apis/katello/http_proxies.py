"""`/api/http_proxies`: proxies through which repositories reach their upstreams."""

from collections.abc import Iterable
from typing import Any

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc, wrapped
from headgate.apis.katello.shapes import named_all
from headgate.domain.ids import HttpProxyId, LocationId, OrganizationId
from headgate.services.access import AnyRow, load
from headgate.services.listing import page
from headgate.services.organizations.http_proxies import (
    HTTP_PROXIES,
    LOCATION_LINKS,
    ORGANIZATION_LINKS,
    create_http_proxy,
    delete_http_proxy,
    query,
    update_http_proxy,
)
from headgate.services.organizations.taxonomies import locations_of, organizations_of
from headgate.services.related import Grouped
from headgate.stores.db.tables import http_proxies as http_proxies_table

http_proxies = Resource("http_proxies", "HTTP Proxies", dialect="foreman")

_PATH = "/api/http_proxies"
_ONE = f"{_PATH}/{{id}}"
_VIEW = "view_http_proxies"


class Index(ListParams):
    """List of HTTP Proxies."""

    organization_id: OrganizationId | None = doc("Scope by organizations", default=None)
    name: str | None = doc("Name of the proxy", default=None)


@http_proxies.action("index", "GET", _PATH, permission=_VIEW)
def index(call: Call, params: Index) -> Listing:
    """List them, without passwords."""
    found = query(call.actor, organization_id=params.organization_id, name=params.name)
    listed = page(
        call.tx,
        found,
        catalog=HTTP_PROXIES,
        window=params.window,
        clock=call.services.clock,
        strict=True,
    )
    users, places = _links(call, listed.rows)
    return Listing.of(listed, lambda row: _shown(row, users, places))


class Show(Params):
    """Show an HTTP Proxy."""

    id: HttpProxyId = doc("HTTP proxy ID")


@http_proxies.action("show", "GET", _ONE, permission=_VIEW)
def show(call: Call, params: Show) -> dict[str, Any]:
    """Show one."""
    return _one(call, params.id)


class CreateFields(Params):
    """What a proxy is made of."""

    name: str = doc("The HTTP Proxy name")
    url: str = doc("URL of the HTTP Proxy", max_length=2048)
    username: str | None = doc(
        "Username used to authenticate with the HTTP Proxy", default=None, max_length=255
    )
    password: str | None = doc(
        "Password used to authenticate with the HTTP Proxy", default=None, max_length=255
    )
    organization_ids: list[OrganizationId] = doc("Organizations that may use it", default=[])
    location_ids: list[LocationId] = doc("Locations of it", default=[])
    content_default_http_proxy: bool | None = doc(
        "Set this HTTP proxy as the default content HTTP proxy", default=None
    )

    def values(self) -> dict[str, Any]:
        """Return the columns that were given."""
        given = self.changes("name", "url", "username", "password")
        if self.content_default_http_proxy is not None:
            given["content_default"] = self.content_default_http_proxy
        return given


class Create(Params):
    """Create an HTTP Proxy."""

    http_proxy: CreateFields = wrapped("HTTP proxy")


@http_proxies.action("create", "POST", _PATH, permission="create_http_proxies")
def create(call: Call, params: Create) -> dict[str, Any]:
    """Make one."""
    proxy_id = create_http_proxy(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        seal=call.services.seal,
        values=params.http_proxy.values(),
        organization_ids=params.http_proxy.organization_ids,
        location_ids=params.http_proxy.location_ids,
    )
    return _one(call, proxy_id)


class UpdateFields(Params):
    """What can be changed of a proxy."""

    name: str | None = doc("The HTTP Proxy name", default=None)
    url: str | None = doc("URL of the HTTP Proxy", default=None, max_length=2048)
    username: str | None = doc(
        "Username used to authenticate with the HTTP Proxy", default=None, max_length=255
    )
    password: str | None = doc(
        "Password used to authenticate with the HTTP Proxy", default=None, max_length=255
    )
    organization_ids: list[OrganizationId] = doc("Organizations that may use it", default=[])
    location_ids: list[LocationId] = doc("Locations of it", default=[])
    content_default_http_proxy: bool | None = doc(
        "Set this HTTP proxy as the default content HTTP proxy", default=None
    )

    def values(self) -> dict[str, Any]:
        """Return the columns that were given."""
        given = self.changes("username", "password")
        given |= {
            name: getattr(self, name) for name in ("name", "url") if getattr(self, name) is not None
        }
        if self.content_default_http_proxy is not None:
            given["content_default"] = self.content_default_http_proxy
        return given


class Update(Params):
    """Update an HTTP Proxy."""

    id: HttpProxyId = doc("HTTP proxy ID")
    http_proxy: UpdateFields = wrapped("HTTP proxy")


@http_proxies.action("update", "PUT", _ONE, permission="edit_http_proxies")
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change what is given."""
    fields = params.http_proxy
    update_http_proxy(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        seal=call.services.seal,
        proxy_id=params.id,
        changes=fields.values(),
        **fields.changes("organization_ids", "location_ids"),
    )
    return _one(call, params.id)


class Destroy(Params):
    """Delete an HTTP Proxy."""

    id: HttpProxyId = doc("HTTP proxy ID")


@http_proxies.action("destroy", "DELETE", _ONE, permission="destroy_http_proxies")
def destroy(call: Call, params: Destroy) -> dict[str, Any]:
    """Delete it; return it as it was."""
    shown = _one(call, params.id)
    delete_http_proxy(call.tx, actor=call.actor, proxy_id=params.id)
    return shown


def _one(call: Call, proxy_id: HttpProxyId) -> dict[str, Any]:
    row = load(call.tx, call.actor, http_proxies_table, proxy_id)
    return _shown(row, *_links(call, [row]))


def _links(call: Call, rows: Iterable[AnyRow]) -> tuple[Grouped, Grouped]:
    keys = [row.id for row in rows]
    places = locations_of(call.tx, call.actor, LOCATION_LINKS, keys)
    return organizations_of(call.tx, call.actor, ORGANIZATION_LINKS, keys), places


def _shown(row: AnyRow, users: Grouped, places: Grouped) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "url": row.url,
        "username": row.username,
        "password_exists": row.password is not None,
        "content_default_http_proxy": row.content_default,
        "organizations": named_all(users.get(row.id, [])),
        "locations": named_all(places.get(row.id, [])),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
