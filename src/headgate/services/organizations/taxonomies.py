"""Links of shared things with the organizations and locations that may use them.

A link table has two columns, both ids. It is named by the one from which it is looked at.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Table, delete, insert, select

from headgate.domain.errors import ValidationError
from headgate.services.access import Actor, AnyRow, load_many, scoped
from headgate.services.related import Grouped, grouped
from headgate.stores.db import Transaction
from headgate.stores.db.tables import locations, organizations


def set_links(  # noqa: PLR0917 - a thing and what it is linked with
    tx: Transaction, actor: Actor, own: Column[Any], key: int, to: Table, others: Sequence[int]
) -> None:
    """Link a thing with these rows of a table, all of which the actor must see.

    `own` is the thing's column of the link table. Links to what the actor does not see stay.
    """
    load_many(tx, actor, to, others)
    links, other = own.table, _other(own)
    seen = scoped(select(to.c.id), actor, to)
    tx.execute(delete(links).where(own == key, other.in_(seen)))
    rows = [{own.name: key, other.name: value} for value in dict.fromkeys(others)]
    if rows:
        tx.execute(insert(links), rows)


def linked(tx: Transaction, own: Column[Any], key: int) -> list[int]:
    """Return what a thing is linked with, whoever asks."""
    other = _other(own)
    return list(tx.scalars(select(other).where(own == key).order_by(other)))


def organizations_of(
    tx: Transaction, actor: Actor, own: Column[Any], rows: Sequence[AnyRow]
) -> Grouped:
    """Return the organizations of each row by its id, as far as the actor sees them."""
    other = _other(own)
    query = (
        select(own.label("owner"), organizations.c.id, organizations.c.name, organizations.c.label)
        .join(organizations, organizations.c.id == other)
        .where(own.in_([row.id for row in rows]))
        .order_by(organizations.c.name)
    )
    return grouped(tx.execute(scoped(query, actor, organizations)), "owner")


def locations_of(
    tx: Transaction, actor: Actor, own: Column[Any], rows: Sequence[AnyRow]
) -> Grouped:
    """Return the locations of each row by its id, as far as the actor sees them."""
    other = _other(own)
    query = (
        select(own.label("owner"), locations.c.id, locations.c.name, locations.c.title)
        .join(locations, locations.c.id == other)
        .where(own.in_([row.id for row in rows]))
        .order_by(locations.c.title)
    )
    return grouped(tx.execute(scoped(query, actor, locations)), "owner")


def check_organizations(
    tx: Transaction, actor: Actor, permission: str, organization_ids: Sequence[int]
) -> None:
    """Raise unless the actor may give something to these organizations.

    What belongs to none is for administrators to make: it would leave the actor's sight.
    """
    if not organization_ids and not actor.admin:
        raise ValidationError({"organization_ids": ["can't be blank"]})
    load_many(tx, actor, organizations, organization_ids, permission=permission)


def require_in_all(
    tx: Transaction, actor: Actor, permission: str, own: Column[Any], key: int
) -> None:
    """Raise unless the actor holds the permission in every organization that shares the thing."""
    actor.require(permission)
    if actor.admin:
        return
    shared = linked(tx, own, key)
    if not shared:
        actor.require_admin()
    for organization_id in shared:
        actor.require(permission, organization_id=organization_id)


def _other(own: Column[Any]) -> Column[Any]:
    (other,) = (column for column in own.table.columns if column is not own)
    return other
