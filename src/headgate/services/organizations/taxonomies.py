"""Links of shared things with the organizations and locations that may use them.

A link table has two columns, both ids. It is named by the one from which it is looked at.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Column, Table, delete, insert, select

from headgate.domain.errors import ValidationError
from headgate.services.access import Actor, AnySelect, load_many, scoped
from headgate.services.related import Grouped, grouped
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
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


def linked_rows(
    tx: Transaction, actor: Actor, own: Column[Any], keys: Iterable[int], *columns: Column[Any]
) -> Grouped:
    """Return by thing what it is linked with, as far as the actor sees that.

    Rows have the id and these columns of one table, and are in the order of the first of them.
    """
    to = columns[0].table
    query: AnySelect = (
        select(own.label("owner"), to.c.id, *columns)
        .join(to, to.c.id == _other(own))
        .where(among(tx, own, keys))
        .order_by(columns[0])
    )
    return grouped(tx.execute(scoped(query, actor, to)), "owner")


def organizations_of(
    tx: Transaction, actor: Actor, own: Column[Any], keys: Iterable[int]
) -> Grouped:
    """Return the organizations of each thing by its id, as far as the actor sees them."""
    return linked_rows(tx, actor, own, keys, organizations.c.name, organizations.c.label)


def locations_of(tx: Transaction, actor: Actor, own: Column[Any], keys: Iterable[int]) -> Grouped:
    """Return the locations of each thing by its id, as far as the actor sees them."""
    return linked_rows(tx, actor, own, keys, locations.c.title, locations.c.name)


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
