"""Hosts as records: made, changed and deleted over the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Row, delete, func, insert, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import ValidationError
from headgate.domain.hosts import check_host_name, parameter_text
from headgate.domain.ids import HostCollectionId, HostId, OrganizationId
from headgate.services.access import Actor, load, load_many
from headgate.services.hosts.limits import require_room
from headgate.services.hosts.view_environments import (
    HOSTS,
    Wanted,
    chosen,
    held_by,
    set_environments,
)
from headgate.services.uniqueness import require_unique
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    activation_key_hosts,
    content_overrides,
    host_collection_hosts,
    host_collections,
    host_parameters,
    host_products,
    hosts,
    locations,
    organizations,
    repositories,
    smart_proxies,
    users,
)

# Columns that requests set as they are, and the tables of those that name something.
PLAIN: Final = (
    "comment",
    "release_version",
    "autoheal",
    "service_level",
    "purpose_usage",
    "purpose_role",
    "purpose_addons",
    "hypervisor_guest_uuids",
)
REFERENCES: Final = {
    "location_id": locations,
    "owner_id": users,
    "content_source_id": smart_proxies,
    "kickstart_repository_id": repositories,
}
_LISTS: Final = ("purpose_addons", "hypervisor_guest_uuids")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A host parameter as a request gives it."""

    name: str
    value: Any
    kind: str = "string"
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Product:
    """A product that a host says is installed on it."""

    product_id: str
    product_name: str
    arch: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class HostChanges:
    """What a request gives of a host; what is None or absent stays as it is."""

    values: Mapping[str, Any]
    wanted: Wanted = field(default_factory=Wanted)
    parameters: Sequence[Parameter] | None = None
    products: Sequence[Product] | None = None


def create_host(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    organization_id: OrganizationId,
    name: str,
    changes: HostChanges,
) -> HostId:
    """Make the record of a host, owned by who asks unless another is named."""
    load(tx, actor, organizations, organization_id)
    actor.require("create_hosts", organization_id=organization_id)
    name = _free_host_name(tx, name, organization_id)
    now = clock()
    row: dict[str, Any] = {
        "owner_id": actor.user_id,
        "purpose_addons": [],
        "hypervisor_guest_uuids": [],
        **_columns(tx, actor, changes.values, organization_id),
        "organization_id": organization_id,
        "name": name,
        "created_at": now,
        "updated_at": now,
    }
    host_id = insert_row(tx, hosts, row)
    environments = chosen(tx, actor, changes.wanted, organization_id=organization_id)
    set_environments(tx, HOSTS, [host_id], environments or [])
    _set_parameters(tx, host_id, changes.parameters)
    set_products(tx, host_id, changes.products)
    return HostId(host_id)


def update_host(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    host_id: HostId,
    changes: HostChanges,
) -> None:
    """Change what is given. Parameters that are not named stay as they are."""
    row = load(tx, actor, hosts, host_id, permission="edit_hosts")
    organization_id = row.organization_id
    values = dict(changes.values)
    moved_to: int | None = values.get("organization_id")
    if moved_to is not None and moved_to != organization_id:
        load(tx, actor, organizations, moved_to)
        actor.require_admin()
        _leave_organization(tx, row.id)
        organization_id = moved_to
    name: str = values.get("name") or row.name
    if name != row.name or organization_id != row.organization_id:
        name = _free_host_name(tx, name, organization_id, except_id=row.id)
    columns = _columns(tx, actor, values, organization_id)
    if organization_id != row.organization_id:
        columns = {"kickstart_repository_id": None, **columns}
    tx.execute(
        update(hosts)
        .where(hosts.c.id == row.id)
        .values(**columns, name=name, organization_id=organization_id, updated_at=clock())
    )
    environments = chosen(
        tx,
        actor,
        changes.wanted,
        organization_id=organization_id,
        present=lambda: held_by(tx, HOSTS, [row.id]).get(row.id, []),
    )
    if environments is not None:
        set_environments(tx, HOSTS, [row.id], environments)
    _set_parameters(tx, row.id, changes.parameters)
    set_products(tx, row.id, changes.products)


def delete_host(tx: Transaction, *, actor: Actor, host_id: HostId) -> None:
    """Delete the record with all that the host said of itself."""
    row = load(tx, actor, hosts, host_id, permission="destroy_hosts")
    tx.execute(delete(hosts).where(hosts.c.id == row.id))


def set_collections(
    tx: Transaction, *, actor: Actor, host_id: HostId, collection_ids: Sequence[HostCollectionId]
) -> None:
    """Let the host be in exactly these collections, as far as the actor sees others."""
    row = load(tx, actor, hosts, host_id, permission="edit_hosts")
    found = load_many(
        tx, actor, host_collections, collection_ids, permission="edit_host_collections"
    )
    if any(each.organization_id != row.organization_id for each in found):
        raise ValidationError({"host_collection_ids": ["are of another organization"]})
    members = host_collection_hosts.c
    present = set(tx.scalars(select(members.host_collection_id).where(members.host_id == row.id)))
    wanted = dict.fromkeys(collection_ids)
    add_to_collections(tx, [each for each in wanted if each not in present], [row.id])
    gone = present - set(wanted)
    tx.execute(
        delete(host_collection_hosts).where(
            members.host_id == row.id, among(tx, members.host_collection_id, gone)
        )
    )


def add_to_collections(
    tx: Transaction, collection_ids: Sequence[int], host_ids: Sequence[int]
) -> None:
    """Put hosts into collections, none of which has one of them; ValidationError if one is full.

    No host goes into these collections meanwhile: their rows are locked, in one order.
    """
    counted = select(func.count()).select_from(host_collection_hosts)
    members = host_collection_hosts.c
    for collection_id in sorted(collection_ids):
        query = select(host_collections).where(host_collections.c.id == collection_id)
        row = tx.execute(query.with_for_update()).one()
        size = tx.scalar(counted.where(members.host_collection_id == collection_id)) or 0
        require_room("Host collection", row.name, row.max_hosts, after=size + len(host_ids))
        pairs = [{"host_collection_id": collection_id, "host_id": each} for each in host_ids]
        if pairs:
            tx.execute(insert(host_collection_hosts), pairs)


def set_products(tx: Transaction, host_id: int, products: Sequence[Product] | None) -> None:
    """Let these be the products on the host; None changes nothing."""
    if products is None:
        return
    tx.execute(delete(host_products).where(host_products.c.host_id == host_id))
    rows = [
        {
            "host_id": host_id,
            "product_id": each.product_id,
            "product_name": each.product_name,
            "arch": each.arch,
            "version": each.version,
        }
        for each in {each.product_id: each for each in products}.values()
    ]
    if rows:
        tx.execute(insert(host_products), rows)


def _columns(
    tx: Transaction, actor: Actor, values: Mapping[str, Any], organization_id: int
) -> dict[str, Any]:
    """Return the columns that a request sets; what they name must be visible."""
    columns = {name: values[name] for name in PLAIN if name in values}
    for name in _LISTS:
        if columns.get(name, ()) is None:
            columns[name] = []
    if columns.get("autoheal", True) is None:
        del columns["autoheal"]
    for name, table in REFERENCES.items():
        if name not in values:
            continue
        columns[name] = values[name]
        if values[name] is not None:
            row = load(tx, actor, table, values[name])
            if table is repositories and row.organization_id != organization_id:
                raise ValidationError({name: ["is of another organization"]})
    return columns


def _free_host_name(
    tx: Transaction, name: str, organization_id: int, *, except_id: int | None = None
) -> str:
    name = check_host_name(name)
    require_unique(tx, hosts, except_id=except_id, name=name, organization_id=organization_id)
    return name


def _set_parameters(tx: Transaction, host_id: int, parameters: Sequence[Parameter] | None) -> None:
    """Set the named ones; a value of None removes one."""
    if not parameters:
        return
    of = host_parameters.c
    last = {each.name: each for each in parameters}
    tx.execute(delete(host_parameters).where(of.host_id == host_id, of.name.in_(list(last))))
    rows = [
        {
            "host_id": host_id,
            "name": each.name,
            "value": parameter_text(each.name, each.value, each.kind),
            "parameter_type": each.kind,
            "hidden_value": each.hidden,
        }
        for each in last.values()
        if each.value is not None
    ]
    if rows:
        tx.execute(insert(host_parameters), rows)


def _leave_organization(tx: Transaction, host_id: int) -> None:
    """Take from the host what it has of its organization."""
    set_environments(tx, HOSTS, [host_id], [])
    for table in (host_collection_hosts, activation_key_hosts, content_overrides):
        tx.execute(delete(table).where(table.c.host_id == host_id))


def load_to_edit(tx: Transaction, actor: Actor, host_id: HostId) -> Row[Any]:
    """Return the host if the actor may change it."""
    return load(tx, actor, hosts, host_id, permission="edit_hosts")
