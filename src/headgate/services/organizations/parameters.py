"""Parameters: named values that hosts, organizations and locations carry for other programs.

Hosts inherit those of their organization and of their location with all above it; the nearest
wins. Who may see a thing sees its parameters, except hidden values; who may edit it changes them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, Row, Table, delete, func, literal, select, union_all, update

from headgate.domain.clock import Clock
from headgate.domain.errors import ConflictError, NotFoundError, PermissionDeniedError
from headgate.domain.hosts import parameter_text
from headgate.search import Field, Fields
from headgate.services.access import Actor, load
from headgate.services.listing import Catalog
from headgate.services.related import AnyRow, Grouped, grouped
from headgate.services.uniqueness import require_unique
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    host_parameters,
    hosts,
    location_parameters,
    locations,
    organization_parameters,
    organizations,
)

# A thing with more is somebody's mistake, and its hosts would carry all of them.
_MOST: Final = 1_000


@dataclass(frozen=True, slots=True)
class Kind:
    """What has parameters: the things, the table of their parameters, who may change them."""

    name: str
    things: Table
    table: Table
    permission: str

    @property
    def owner(self) -> Column[Any]:
        """The column that says whose a parameter is."""
        return self.table.c[f"{self.name}_id"]

    @property
    def catalog(self) -> Catalog:
        """How they are listed; nothing is found by a value, which may be hidden."""
        of = self.table.c
        fields = {"id": Field(of.id, "integer"), "name": Field(of.name, default=True)}
        return Catalog(key=of.id, fields=Fields(fields))


HOST: Final = Kind("host", hosts, host_parameters, "edit_hosts")
ORGANIZATION: Final = Kind(
    "organization", organizations, organization_parameters, "edit_organizations"
)
LOCATION: Final = Kind("location", locations, location_parameters, "edit_locations")


@dataclass(frozen=True, slots=True)
class Owner:
    """One thing that has parameters."""

    kind: Kind
    id: int


def query(tx: Transaction, actor: Actor, owner: Owner) -> Any:
    """Select the parameters of a thing that the actor may see."""
    load(tx, actor, owner.kind.things, owner.id)
    return select(owner.kind.table).where(owner.kind.owner == owner.id)


def parameters_of(tx: Transaction, actor: Actor, owner: Owner) -> Sequence[AnyRow]:
    """Return them all, by name."""
    found = query(tx, actor, owner).order_by(owner.kind.table.c.name)
    return list(tx.execute(found).all())


def load_parameter(tx: Transaction, actor: Actor, owner: Owner, key: str) -> Row[Any]:
    """Return the one of this id or else of this name; NotFoundError."""
    found, of = query(tx, actor, owner), owner.kind.table.c
    row: Row[Any] | None = None
    if key.isascii() and key.isdigit() and len(key) < 10:
        row = tx.execute(found.where(of.id == int(key))).one_or_none()
    row = row or tx.execute(found.where(of.name == key)).one_or_none()
    if row is None:
        raise NotFoundError(f"Could not find parameter with id or name {key[:64]}")
    return row


def may_change(tx: Transaction, actor: Actor, owner: Owner) -> bool:
    """Say whether the actor may change the parameters of a thing, so see hidden values."""
    try:
        load(tx, actor, owner.kind.things, owner.id, permission=owner.kind.permission)
    except (NotFoundError, PermissionDeniedError):
        return False
    return True


def create_parameter(
    tx: Transaction, *, actor: Actor, clock: Clock, owner: Owner, values: Mapping[str, Any]
) -> int:
    """Add one; `values` are name, value, parameter_type and hidden_value."""
    kind = owner.kind
    _touch(tx, actor, clock, owner)
    held = select(func.count()).select_from(kind.table).where(kind.owner == owner.id)
    if (tx.scalar(held) or 0) >= _MOST:
        raise ConflictError(f"There are {_MOST} parameters already; delete some first")
    place = {kind.owner.name: owner.id}
    require_unique(tx, kind.table, **place, name=values["name"])
    text = parameter_text(values["name"], values["value"], values["parameter_type"])
    return insert_row(tx, kind.table, {**place, **values, "value": text})


def update_parameter(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    owner: Owner,
    key: str,
    changes: Mapping[str, Any],
) -> int:
    """Change what is given of one; the value must fit the type that it then has."""
    kind = owner.kind
    row = load_parameter(tx, actor, owner, key)
    _touch(tx, actor, clock, owner)
    name = changes.get("name", row.name)
    place = {kind.owner.name: owner.id}
    require_unique(tx, kind.table, except_id=row.id, **place, name=name)
    value = changes.get("value", row.value)
    text = parameter_text(name, value, changes.get("parameter_type", row.parameter_type))
    tx.execute(
        update(kind.table).where(kind.table.c.id == row.id).values({**changes, "value": text})
    )
    return int(row.id)


def delete_parameter(
    tx: Transaction, *, actor: Actor, clock: Clock, owner: Owner, key: str
) -> Row[Any]:
    """Delete one; return it as it was."""
    row = load_parameter(tx, actor, owner, key)
    _touch(tx, actor, clock, owner)
    tx.execute(delete(owner.kind.table).where(owner.kind.table.c.id == row.id))
    return row


def parameters_of_hosts(tx: Transaction, host_ids: Sequence[int]) -> Grouped:
    """Return by host (`of_host`) its own parameters and the inherited ones, in one statement.

    `associated_type` says where one stands. They come in the order in which the later wins, and by
    name.
    """
    found = union_all(
        _of_organizations(tx, host_ids), _of_locations(tx, host_ids), _own(tx, host_ids)
    )
    near = found.selected_columns
    return grouped(tx.execute(found.order_by(near.rank, near.name)), "of_host")


def _own(tx: Transaction, host_ids: Sequence[int]) -> Any:
    owned = host_parameters.c.host_id
    rank = literal(1_000)
    return _columns(HOST, owned, rank).where(among(tx, owned, host_ids))


def _of_organizations(tx: Transaction, host_ids: Sequence[int]) -> Any:
    of = organization_parameters.c
    joined = _columns(ORGANIZATION, hosts.c.id, literal(0)).join(
        hosts, hosts.c.organization_id == of.organization_id
    )
    return joined.where(among(tx, hosts.c.id, host_ids))


def _of_locations(tx: Transaction, host_ids: Sequence[int]) -> Any:
    """The titles of those above a location are where its own begins."""
    of, place, above = location_parameters.c, locations.alias(), locations.alias()
    start = func.substr(place.c.title, 1, func.length(above.c.title) + 1)
    joined = (
        _columns(LOCATION, hosts.c.id, func.length(above.c.title))
        .join(above, above.c.id == of.location_id)
        .join(place, (place.c.id == above.c.id) | (start == above.c.title + "/"))
        .join(hosts, hosts.c.location_id == place.c.id)
    )
    return joined.where(among(tx, hosts.c.id, host_ids))


def _columns(kind: Kind, host: Column[Any], rank: Any) -> Any:
    of = kind.table.c
    return select(
        host.label("of_host"),
        rank.label("rank"),
        literal(kind.name).label("associated_type"),
        of.id,
        of.name,
        of.value,
        of.parameter_type,
        of.hidden_value,
    ).select_from(kind.table)


def _touch(tx: Transaction, actor: Actor, clock: Clock, owner: Owner) -> None:
    """Check that the actor may change the thing, and note that it was changed."""
    things = owner.kind.things
    load(tx, actor, things, owner.id, permission=owner.kind.permission)
    tx.execute(update(things).where(things.c.id == owner.id).values(updated_at=clock()))
