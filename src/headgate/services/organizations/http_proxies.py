"""HTTP proxies: ways to upstreams that administrators set up and repositories choose from."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, Select, delete, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import ValidationError
from headgate.domain.ids import HttpProxyId, LocationId, OrganizationId
from headgate.domain.repositories import GLOBAL_PROXY, fault_of_url
from headgate.search import Field, Fields
from headgate.services.access import Actor, load, scoped
from headgate.services.listing import Catalog
from headgate.services.organizations.taxonomies import (
    check_organizations,
    linked,
    require_in_all,
    set_links,
)
from headgate.services.uniqueness import free_name
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    http_proxies,
    http_proxy_locations,
    http_proxy_organizations,
    locations,
    organizations,
    repositories,
)

Seal = Callable[[bytes], bytes]

ORGANIZATION_LINKS: Final = http_proxy_organizations.c.http_proxy_id
LOCATION_LINKS: Final = http_proxy_locations.c.http_proxy_id

HTTP_PROXIES: Final = Catalog(
    key=http_proxies.c.id,
    fields=Fields(
        {
            "id": Field(http_proxies.c.id, "integer"),
            "name": Field(http_proxies.c.name, default=True),
            "url": Field(http_proxies.c.url),
        }
    ),
)


def query(
    actor: Actor, *, organization_id: OrganizationId | None = None, name: str | None = None
) -> Select[Any]:
    """Select the proxies that the actor may see (of one organization, of one name)."""
    found = scoped(select(http_proxies), actor, http_proxies)
    if name is not None:
        found = found.where(http_proxies.c.name == name)
    if organization_id is None:
        return found
    of = http_proxy_organizations.c
    chosen = select(of.http_proxy_id).where(of.organization_id == organization_id)
    return found.where(http_proxies.c.id.in_(chosen))


def create_http_proxy(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    seal: Seal,
    values: Mapping[str, Any],
    organization_ids: Sequence[OrganizationId],
    location_ids: Sequence[LocationId] = (),
) -> HttpProxyId:
    """Make a proxy from API values; one without organizations is for all, and administrators'."""
    actor.require("create_http_proxies")
    check_organizations(tx, actor, "create_http_proxies", organization_ids)
    _check(values)
    free_name(tx, http_proxies, values["name"])
    now = clock()
    _give_up_default(tx, actor, values)
    row = {**_columns(seal, values), "created_at": now, "updated_at": now}
    proxy_id = HttpProxyId(insert_row(tx, http_proxies, row))
    set_links(tx, actor, ORGANIZATION_LINKS, proxy_id, organizations, organization_ids)
    set_links(tx, actor, LOCATION_LINKS, proxy_id, locations, location_ids)
    return proxy_id


def update_http_proxy(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    seal: Seal,
    proxy_id: HttpProxyId,
    changes: Mapping[str, Any],
    organization_ids: Sequence[OrganizationId] | None = None,
    location_ids: Sequence[LocationId] | None = None,
) -> None:
    """Change what is given; a key with None clears it."""
    row = _load_to_change(tx, actor, proxy_id, "edit_http_proxies")
    present = {name: getattr(row, name) for name in ("name", "url", "username", "password")}
    _check({**present, **changes})
    if changes.get("name", row.name) != row.name:
        free_name(tx, http_proxies, changes["name"], except_id=row.id)
    _give_up_default(tx, actor, changes)
    values = {**_columns(seal, changes), "updated_at": clock()}
    tx.execute(update(http_proxies).where(http_proxies.c.id == proxy_id).values(values))
    if organization_ids is not None:
        check_organizations(tx, actor, "edit_http_proxies", organization_ids)
        set_links(tx, actor, ORGANIZATION_LINKS, proxy_id, organizations, organization_ids)
    if location_ids is not None:
        set_links(tx, actor, LOCATION_LINKS, proxy_id, locations, location_ids)


def delete_http_proxy(tx: Transaction, *, actor: Actor, proxy_id: HttpProxyId) -> None:
    """Delete it; repositories that had chosen it use the default again (as in Katello)."""
    _load_to_change(tx, actor, proxy_id, "destroy_http_proxies")
    tx.execute(
        update(repositories)
        .where(repositories.c.http_proxy_id == proxy_id)
        .values(http_proxy_id=None, http_proxy_policy=GLOBAL_PROXY)
    )
    tx.execute(delete(http_proxies).where(http_proxies.c.id == proxy_id))


def require_usable(
    tx: Transaction, actor: Actor, proxy_id: HttpProxyId, organization_id: int
) -> None:
    """Raise unless the actor sees the proxy and it is for this organization, or for all."""
    load(tx, actor, http_proxies, proxy_id)
    allowed = linked(tx, ORGANIZATION_LINKS, proxy_id)
    if allowed and organization_id not in allowed:
        raise ValidationError({"http_proxy_id": ["is not of the repository's organization"]})


def _load_to_change(
    tx: Transaction, actor: Actor, proxy_id: HttpProxyId, permission: str
) -> Row[Any]:
    """Who changes a proxy changes it for all of its organizations, so must belong to them."""
    row = load(tx, actor, http_proxies, proxy_id)
    require_in_all(tx, actor, permission, ORGANIZATION_LINKS, row.id)
    return row


def _give_up_default(tx: Transaction, actor: Actor, values: Mapping[str, Any]) -> None:
    """There is one default, for all organizations."""
    if "content_default" in values:
        actor.require_admin()
    if values.get("content_default"):
        tx.execute(
            update(http_proxies).where(http_proxies.c.content_default).values(content_default=False)
        )


def _columns(seal: Seal, values: Mapping[str, Any]) -> dict[str, Any]:
    columns = dict(values)
    if "username" in columns:
        columns["username"] = columns["username"] or None
    if "password" in columns:
        password = columns["password"]
        columns["password"] = seal(password.encode()) if password else None
    return columns


def _check(values: Mapping[str, Any]) -> None:
    errors: dict[str, list[str]] = {}
    if fault := fault_of_url(values.get("url") or "", schemes=("http", "https")):
        errors["url"] = [fault]
    if values.get("password") and not values.get("username"):
        errors["username"] = ["must be given with a password"]
    if errors:
        raise ValidationError(errors)
