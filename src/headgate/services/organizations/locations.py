"""Locations: a tree of places that organizations, users and smart proxies are linked with."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, delete, func, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import ConflictError, ValidationError
from headgate.domain.ids import LocationId, OrganizationId, SmartProxyId, UserId
from headgate.domain.names import NAME_LENGTH, check_name
from headgate.services.access import Actor, load
from headgate.services.organizations.taxonomies import (
    check_organizations,
    linked,
    require_in_all,
    set_links,
)
from headgate.services.uniqueness import require_unique
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    location_organizations,
    locations,
    organizations,
    smart_proxies,
    smart_proxy_locations,
    user_locations,
    users,
)

DEFAULT_LOCATION: Final = "Default Location"
_SEPARATOR: Final = "/"
# A tree as deep as this still reads as a place, and ends every walk through it.
_DEEPEST: Final = 32

_ORGANIZATION_LINKS: Final = location_organizations.c.location_id
_PROXY_LINKS: Final = smart_proxy_locations.c.location_id


def make_default_location(tx: Transaction, *, clock: Clock) -> None:
    """Make the location of a new installation, which every organization may use.

    Where there are locations already nothing happens: the default one may have been renamed.
    """
    if tx.scalar(select(func.count()).select_from(locations)):
        return
    now = clock()
    values = {"name": DEFAULT_LOCATION, "title": DEFAULT_LOCATION, "for_all": True}
    insert_row(tx, locations, {**values, "created_at": now, "updated_at": now})


def create_location(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    values: Mapping[str, Any],
    organization_ids: Sequence[OrganizationId] | None = None,
    user_ids: Sequence[UserId] = (),
    smart_proxy_ids: Sequence[SmartProxyId] = (),
) -> LocationId:
    """Make a location of name, description and parent_id.

    Without organizations it has its parent's. One that has none either is for all, and for
    administrators to make.
    """
    actor.require("create_locations")
    parent = _parent(tx, actor, values.get("parent_id"))
    if organization_ids is None and parent is not None:
        organization_ids = [
            OrganizationId(each) for each in linked(tx, _ORGANIZATION_LINKS, parent.id)
        ]
    organization_ids = organization_ids or ()
    check_organizations(tx, actor, "create_locations", organization_ids)
    now = clock()
    row = {
        "name": _checked_name(values["name"]),
        "title": _free_title(tx, values["name"], parent),
        "parent_id": None if parent is None else parent.id,
        "description": values.get("description"),
        "for_all": not organization_ids,
        "created_at": now,
        "updated_at": now,
    }
    location_id = LocationId(insert_row(tx, locations, row))
    set_links(tx, actor, _ORGANIZATION_LINKS, location_id, organizations, organization_ids)
    set_links(tx, actor, user_locations.c.location_id, location_id, users, user_ids)
    set_links(tx, actor, _PROXY_LINKS, location_id, smart_proxies, smart_proxy_ids)
    return location_id


def update_location(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    location_id: LocationId,
    changes: Mapping[str, Any],
    organization_ids: Sequence[OrganizationId] | None = None,
    user_ids: Sequence[UserId] | None = None,
    smart_proxy_ids: Sequence[SmartProxyId] | None = None,
) -> None:
    """Change what is given of name, description and parent_id; titles below follow.

    Who changes a location changes it for all of its organizations, so must belong to them.
    """
    row = _load_to_change(tx, actor, location_id, "edit_locations")
    values = {name: changes[name] for name in ("name", "description") if name in changes}
    if "name" in values:
        _checked_name(values["name"])
    parent_id = changes.get("parent_id", row.parent_id)
    parent = _parent(tx, actor, parent_id) if "parent_id" in changes else _row(tx, parent_id)
    if "parent_id" in changes:
        _refuse_circle(tx, row, parent)
        values["parent_id"] = parent_id
    title = _title(values.get("name", row.name), parent)
    if title != row.title:
        values["title"] = _free_title(tx, values.get("name", row.name), parent, except_id=row.id)
    if organization_ids is not None:
        check_organizations(tx, actor, "edit_locations", organization_ids)
        set_links(tx, actor, _ORGANIZATION_LINKS, row.id, organizations, organization_ids)
        values["for_all"] = not organization_ids
    tx.execute(
        update(locations).where(locations.c.id == row.id).values(**values, updated_at=clock())
    )
    if title != row.title:
        _rename_below(tx, row.id, title)
    if user_ids is not None:
        set_links(tx, actor, user_locations.c.location_id, row.id, users, user_ids)
    if smart_proxy_ids is not None:
        set_links(tx, actor, _PROXY_LINKS, row.id, smart_proxies, smart_proxy_ids)


def delete_location(tx: Transaction, *, actor: Actor, location_id: LocationId) -> None:
    """Delete a location that has none below it."""
    row = _load_to_change(tx, actor, location_id, "destroy_locations")
    below = select(locations.c.title).where(locations.c.parent_id == row.id)
    child = tx.scalar(below.order_by(locations.c.title).limit(1))
    if child is not None:
        raise ConflictError(
            f"Cannot delete {row.title}: it has locations below it, such as {child}."
            " Delete or move those first"
        )
    tx.execute(delete(locations).where(locations.c.id == row.id))


def _load_to_change(
    tx: Transaction, actor: Actor, location_id: LocationId, permission: str
) -> Row[Any]:
    row = load(tx, actor, locations, location_id)
    require_in_all(tx, actor, permission, _ORGANIZATION_LINKS, row.id)
    return row


def _parent(tx: Transaction, actor: Actor, parent_id: int | None) -> Row[Any] | None:
    return None if parent_id is None else load(tx, actor, locations, parent_id)


def _row(tx: Transaction, location_id: int | None) -> Row[Any] | None:
    return tx.execute(select(locations).where(locations.c.id == location_id)).one_or_none()


def _checked_name(name: str) -> str:
    if _SEPARATOR in check_name(name):
        raise ValidationError({"name": [f"cannot contain {_SEPARATOR}"]})
    return name


def _title(name: str, parent: Row[Any] | None) -> str:
    return name if parent is None else f"{parent.title}{_SEPARATOR}{name}"


def _free_title(
    tx: Transaction, name: str, parent: Row[Any] | None, *, except_id: int | None = None
) -> str:
    title = _checked_title(_title(name, parent))
    try:
        require_unique(tx, locations, except_id=except_id, title=title)
    except ValidationError as error:
        # What the caller chose is the name.
        raise ValidationError({"name": error.errors["title"]}) from error
    return title


def _checked_title(title: str) -> str:
    if len(title) > NAME_LENGTH or title.count(_SEPARATOR) >= _DEEPEST:
        words = f"is too long (maximum is {NAME_LENGTH} characters and {_DEEPEST} names)"
        raise ValidationError({"title": [words]})
    return title


def _refuse_circle(tx: Transaction, row: Row[Any], parent: Row[Any] | None) -> None:
    """Nothing lies within itself. The length of titles ends the walk."""
    above = parent
    while above is not None:
        if above.id == row.id:
            raise ValidationError({"parent_id": ["is the location itself or one below it"]})
        above = _row(tx, above.parent_id)


def _rename_below(tx: Transaction, location_id: int, title: str) -> None:
    """Give what lies below its new title: a statement reads each level, one writes each row."""
    level = [(location_id, title)]
    while level:
        titles = dict(level)
        children = tx.execute(
            select(locations.c.id, locations.c.name, locations.c.parent_id).where(
                locations.c.parent_id.in_(titles)
            )
        ).all()
        level = [
            (row.id, _checked_title(f"{titles[row.parent_id]}{_SEPARATOR}{row.name}"))
            for row in children
        ]
        for key, renamed in level:
            tx.execute(update(locations).where(locations.c.id == key).values(title=renamed))
