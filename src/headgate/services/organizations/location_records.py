"""Reading locations: as rows of a list and with what `show` adds."""

from typing import Any, Final

from sqlalchemy import Row, Select, or_, select

from headgate.domain.ids import LocationId, OrganizationId
from headgate.search import Field, Fields
from headgate.services.access import Actor, AnyRow, load, scoped
from headgate.services.listing import Catalog
from headgate.services.organizations.taxonomies import linked_rows
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
    own = user_locations.c.location_id
    return linked_rows(tx, actor, own, [location_id], users.c.login).get(location_id, [])


def smart_proxies_of(tx: Transaction, actor: Actor, location_id: LocationId) -> list[AnyRow]:
    """Return the smart proxies of a location that the actor may see."""
    own, of = smart_proxy_locations.c.location_id, smart_proxies.c
    return linked_rows(tx, actor, own, [location_id], of.name, of.url).get(location_id, [])
