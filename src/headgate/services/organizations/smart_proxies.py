"""Smart proxies: the servers near hosts that content is meant to be mirrored to.

They are records: nothing is sent to a proxy, and nothing is asked of one. The first is this server
itself.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, Select, delete, or_, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import ConflictError, ValidationError
from headgate.domain.ids import HttpProxyId, LocationId, OrganizationId, SmartProxyId
from headgate.domain.repositories import fault_of_url
from headgate.search import Field, Fields, Related
from headgate.services.access import Actor, load, scoped
from headgate.services.listing import Catalog
from headgate.services.organizations.taxonomies import (
    check_organizations,
    require_in_all,
    set_links,
)
from headgate.services.platform.setting_values import in_force
from headgate.services.uniqueness import free_name, require_unique
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    http_proxies,
    locations,
    organizations,
    smart_proxies,
    smart_proxy_locations,
    smart_proxy_organizations,
)

ORGANIZATION_LINKS: Final = smart_proxy_organizations.c.smart_proxy_id
LOCATION_LINKS: Final = smart_proxy_locations.c.smart_proxy_id

SMART_PROXIES: Final = Catalog(
    key=smart_proxies.c.id,
    fields=Fields(
        {
            "id": Field(smart_proxies.c.id, "integer"),
            "name": Field(smart_proxies.c.name, default=True),
            "url": Field(smart_proxies.c.url, default=True),
            "download_policy": Field(smart_proxies.c.download_policy),
            "organization_id": Field(
                smart_proxy_organizations.c.organization_id,
                "integer",
                within=Related(smart_proxies.c.id, ORGANIZATION_LINKS),
            ),
            "location_id": Field(
                smart_proxy_locations.c.location_id,
                "integer",
                within=Related(smart_proxies.c.id, LOCATION_LINKS),
            ),
        }
    ),
)


def make_internal_proxy(
    tx: Transaction, *, clock: Clock, name: str, url: str, named: bool = False
) -> None:
    """Make the record of this server itself.

    Where there is one already it keeps its URL, or gets this one if it is `named` by the server's
    settings; unless another proxy has it.
    """
    now = clock()
    own = tx.execute(select(smart_proxies).where(smart_proxies.c.internal)).one_or_none()
    if own is not None:
        taken = tx.scalar(select(smart_proxies.c.id).where(smart_proxies.c.url == url))
        if named and taken is None:
            changes = {"url": url, "updated_at": now}
            tx.execute(update(smart_proxies).where(smart_proxies.c.id == own.id).values(changes))
        return
    values = {"name": name, "url": url, "internal": True, "download_policy": "inherit"}
    insert_row(tx, smart_proxies, {**values, "created_at": now, "updated_at": now})


def query(
    actor: Actor,
    *,
    name: str | None = None,
    organization_id: OrganizationId | None = None,
    location_id: LocationId | None = None,
) -> Select[Any]:
    """Select the proxies that the actor may see, those of one organization or location."""
    found = scoped(
        select(smart_proxies, http_proxies.c.name.label("http_proxy_name")).outerjoin(
            http_proxies, http_proxies.c.id == smart_proxies.c.http_proxy_id
        ),
        actor,
        smart_proxies,
    )
    if name is not None:
        found = found.where(smart_proxies.c.name == name)
    for own, other, chosen in (
        (ORGANIZATION_LINKS, smart_proxy_organizations.c.organization_id, organization_id),
        (LOCATION_LINKS, smart_proxy_locations.c.location_id, location_id),
    ):
        if chosen is not None:
            linked = smart_proxies.c.id.in_(select(own).where(other == chosen))
            found = found.where(or_(smart_proxies.c.internal, linked))
    return found


def load_smart_proxy(tx: Transaction, actor: Actor, proxy_id: SmartProxyId) -> Row[Any]:
    """Return one proxy as `query` gives it; NotFoundError as for every id."""
    load(tx, actor, smart_proxies, proxy_id)
    return tx.execute(query(actor).where(smart_proxies.c.id == proxy_id)).one()


def create_smart_proxy(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    values: Mapping[str, Any],
    organization_ids: Sequence[OrganizationId],
    location_ids: Sequence[LocationId],
) -> SmartProxyId:
    """Make the record of a proxy: name, url, download_policy, http_proxy_id."""
    actor.require("create_smart_proxies")
    check_organizations(tx, actor, "create_smart_proxies", organization_ids)
    free_name(tx, smart_proxies, values["name"])
    _check_url(tx, values["url"])
    _check_http_proxy(tx, actor, values)
    now = clock()
    policy = values.get("download_policy") or in_force(tx, "default_proxy_download_policy")
    row = {**values, "download_policy": policy, "created_at": now, "updated_at": now}
    proxy_id = SmartProxyId(insert_row(tx, smart_proxies, row))
    set_links(tx, actor, ORGANIZATION_LINKS, proxy_id, organizations, organization_ids)
    set_links(tx, actor, LOCATION_LINKS, proxy_id, locations, location_ids)
    return proxy_id


def update_smart_proxy(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    proxy_id: SmartProxyId,
    changes: Mapping[str, Any],
    organization_ids: Sequence[OrganizationId] | None = None,
    location_ids: Sequence[LocationId] | None = None,
) -> None:
    """Change what is given; who changes a proxy must belong to all of its organizations."""
    row = _load_to_change(tx, actor, proxy_id, "edit_smart_proxies")
    if changes.get("name", row.name) != row.name:
        free_name(tx, smart_proxies, changes["name"], except_id=row.id)
    if changes.get("url", row.url) != row.url:
        _check_url(tx, changes["url"], except_id=row.id)
    _check_http_proxy(tx, actor, changes)
    tx.execute(
        update(smart_proxies)
        .where(smart_proxies.c.id == row.id)
        .values(**changes, updated_at=clock())
    )
    if organization_ids is not None:
        check_organizations(tx, actor, "edit_smart_proxies", organization_ids)
        set_links(tx, actor, ORGANIZATION_LINKS, row.id, organizations, organization_ids)
    if location_ids is not None:
        set_links(tx, actor, LOCATION_LINKS, row.id, locations, location_ids)


def delete_smart_proxy(tx: Transaction, *, actor: Actor, proxy_id: SmartProxyId) -> None:
    """Delete the record of a proxy; that of this server stays."""
    row = _load_to_change(tx, actor, proxy_id, "destroy_smart_proxies")
    if row.internal:
        raise ConflictError("This server itself is the smart proxy; its record cannot be deleted")
    tx.execute(delete(smart_proxies).where(smart_proxies.c.id == row.id))


def _load_to_change(
    tx: Transaction, actor: Actor, proxy_id: SmartProxyId, permission: str
) -> Row[Any]:
    row = load(tx, actor, smart_proxies, proxy_id)
    if row.internal:
        actor.require(permission)
        actor.require_admin()
    require_in_all(tx, actor, permission, ORGANIZATION_LINKS, row.id)
    return row


def _check_url(tx: Transaction, url: str, *, except_id: int | None = None) -> None:
    if fault := fault_of_url(url, schemes=("https", "http")):
        raise ValidationError({"url": [fault]})
    require_unique(tx, smart_proxies, except_id=except_id, url=url)


def _check_http_proxy(tx: Transaction, actor: Actor, values: Mapping[str, Any]) -> None:
    http_proxy_id: HttpProxyId | None = values.get("http_proxy_id")
    if http_proxy_id is not None:
        load(tx, actor, http_proxies, http_proxy_id)
