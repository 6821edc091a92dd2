"""Reading locations: as rows of a list and with what `show` adds."""

from typing import Any, Final

from sqlalchemy import Row, Select, or_, select

from headgate.domain.ids import LocationId, OrganizationId
from headgate.search import Field, Fields
from headgate.services.access import Actor, AnyRow, load, scoped
from headgate.services.listing import Catalog
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    location_organizations,
    locations,
    smart_proxies,
    smart_proxy_locations,
    user_locations,
    users,
)

_PARENT: Final = locations.alias("parent")

LOCATIONS: Final = Catalog(
    key=locations.c.id,
    fields=Fields(
        {
            "id": Field(locations.c.id, "integer"),
            "location_id": Field(locations.c.id, "integer"),
            "name": Field(locations.c.name, default=True),
            "title": Field(locations.c.title, default=True),
            "description": Field(locations.c.description),
            "parent_id": Field(locations.c.parent_id, "integer"),
        }
    ),
    default_sort=("title", "asc"),
)


def query(
    actor: Actor, *, name: str | None = None, organization_id: OrganizationId | None = None
) -> Select[Any]:
    """Select the locations that the actor may see (usable by one organization), with the parent."""
    found = scoped(
        select(
            locations, _PARENT.c.name.label("parent_name"), _PARENT.c.title.label("parent_title")
        ).outerjoin(_PARENT, _PARENT.c.id == locations.c.parent_id),
        actor,
        locations,
    )
    if name is not None:
        found = found.where(locations.c.name == name)
    if organization_id is None:
        return found
    of = location_organizations.c
    chosen = select(of.location_id).where(of.organization_id == organization_id)
    return found.where(or_(locations.c.for_all, locations.c.id.in_(chosen)))


def load_location(tx: Transaction, actor: Actor, location_id: LocationId) -> Row[Any]:
    """Return one location as `query` gives it; NotFoundError as for every id."""
    load(tx, actor, locations, location_id)
    return tx.execute(query(actor).where(locations.c.id == location_id)).one()


def users_of(tx: Transaction, actor: Actor, location_id: LocationId) -> list[AnyRow]:
    """Return the users of a location that the actor may see."""
    found = (
        select(users.c.id, users.c.login)
        .join(user_locations, user_locations.c.user_id == users.c.id)
        .where(user_locations.c.location_id == location_id)
        .order_by(users.c.login)
    )
    return list(tx.execute(scoped(found, actor, users)))


def smart_proxies_of(tx: Transaction, actor: Actor, location_id: LocationId) -> list[AnyRow]:
    """Return the smart proxies of a location that the actor may see."""
    found = (
        select(smart_proxies.c.id, smart_proxies.c.name, smart_proxies.c.url)
        .join(smart_proxy_locations, smart_proxy_locations.c.smart_proxy_id == smart_proxies.c.id)
        .where(smart_proxy_locations.c.location_id == location_id)
        .order_by(smart_proxies.c.name)
    )
    return list(tx.execute(scoped(found, actor, smart_proxies)))
