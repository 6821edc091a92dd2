"""Host collections: hosts of one organization, gathered to be worked on together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import ValidationError
from headgate.domain.ids import HostCollectionId, HostId, OrganizationId
from headgate.services.access import Actor, load, load_many
from headgate.services.hosts.host_collection_records import host_ids_of
from headgate.services.hosts.limits import limit_of, require_room
from headgate.services.uniqueness import free_name
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    host_collection_hosts,
    host_collections,
    hosts,
    organizations,
)

_members = host_collection_hosts.c


@dataclass(slots=True)
class Moved:
    """Which hosts went in or out, and what is told of the others."""

    host_ids: list[int] = field(default_factory=list[int])
    errors: list[str] = field(default_factory=list[str])


def create_collection(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    organization_id: OrganizationId,
    name: str,
    values: Mapping[str, Any],
    host_ids: Sequence[HostId] = (),
) -> HostCollectionId:
    """Make a collection with these hosts; without a limit it takes as many as there are."""
    load(tx, actor, organizations, organization_id)
    actor.require("create_host_collections", organization_id=organization_id)
    free_name(tx, host_collections, name, organization_id=organization_id)
    now = clock()
    row = {
        "organization_id": organization_id,
        "name": name,
        "description": values.get("description"),
        "max_hosts": limit_of(values, present=None, used=0),
        "created_at": now,
        "updated_at": now,
    }
    collection_id = insert_row(tx, host_collections, row)
    if host_ids:
        _gather(tx, actor, _locked(tx, collection_id), host_ids)
    return HostCollectionId(collection_id)


def update_collection(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    collection_id: HostCollectionId,
    changes: Mapping[str, Any],
    host_ids: Sequence[HostId] | None = None,
) -> None:
    """Change what is given; `host_ids` are then all hosts in it."""
    row = load_to_edit(tx, actor, collection_id)
    if changes.get("name") is not None and changes["name"] != row.name:
        free_name(
            tx,
            host_collections,
            changes["name"],
            except_id=row.id,
            organization_id=row.organization_id,
        )
    row = _locked(tx, row.id)
    if host_ids is not None:
        load_many(tx, actor, hosts, host_ids_of(tx, row.id), permission="edit_hosts")
        tx.execute(delete(host_collection_hosts).where(_members.host_collection_id == row.id))
    values = {name: changes[name] for name in ("name", "description") if name in changes}
    if values.get("name", "") is None:
        del values["name"]
    values["max_hosts"] = limit_of(changes, present=row.max_hosts, used=_size(tx, row.id))
    tx.execute(
        update(host_collections)
        .where(host_collections.c.id == row.id)
        .values(**values, updated_at=clock())
    )
    if host_ids is not None:
        _gather(tx, actor, _locked(tx, row.id), host_ids)


def delete_collection(tx: Transaction, *, actor: Actor, collection_id: HostCollectionId) -> None:
    """Delete the collection; its hosts stay."""
    row = load(tx, actor, host_collections, collection_id, permission="destroy_host_collections")
    tx.execute(delete(host_collections).where(host_collections.c.id == row.id))


def copy_collection(
    tx: Transaction, *, actor: Actor, clock: Clock, collection_id: HostCollectionId, name: str
) -> HostCollectionId:
    """Make a collection with the same hosts and limit."""
    row = load(tx, actor, host_collections, collection_id)
    return create_collection(
        tx,
        actor=actor,
        clock=clock,
        organization_id=OrganizationId(row.organization_id),
        name=name,
        values={"description": row.description, "max_hosts": row.max_hosts},
        host_ids=[HostId(each) for each in host_ids_of(tx, row.id)],
    )


def add_hosts(
    tx: Transaction,
    *,
    actor: Actor,
    collection_id: HostCollectionId,
    host_ids: Sequence[HostId],
) -> Moved:
    """Put hosts into the collection; of those that are in it already a message is returned."""
    load_to_edit(tx, actor, collection_id)
    row = _locked(tx, collection_id)
    return _gather(tx, actor, row, host_ids)


def remove_hosts(
    tx: Transaction,
    *,
    actor: Actor,
    collection_id: HostCollectionId,
    host_ids: Sequence[HostId],
) -> Moved:
    """Take hosts out of the collection; of those that are not in it a message is returned."""
    row = load_to_edit(tx, actor, collection_id)
    load_many(tx, actor, hosts, host_ids, permission="edit_hosts")
    gone = set(
        tx.scalars(
            delete(host_collection_hosts)
            .where(_members.host_collection_id == row.id, among(tx, _members.host_id, host_ids))
            .returning(_members.host_id)
        )
    )
    errors = [
        f"Host with ID {each} is not in the host collection."
        for each in dict.fromkeys(host_ids)
        if each not in gone
    ]
    return Moved(sorted(gone), errors)


def load_to_edit(tx: Transaction, actor: Actor, collection_id: HostCollectionId) -> Row[Any]:
    """Return the collection if the actor may change it."""
    return load(tx, actor, host_collections, collection_id, permission="edit_host_collections")


def _gather(
    tx: Transaction, actor: Actor, collection: Row[Any], host_ids: Sequence[HostId]
) -> Moved:
    found = load_many(tx, actor, hosts, host_ids, permission="edit_hosts")
    if any(each.organization_id != collection.organization_id for each in found):
        raise ValidationError({"host_ids": ["are of another organization"]})
    present = set(host_ids_of(tx, collection.id))
    new = [each for each in dict.fromkeys(host_ids) if each not in present]
    require_room(
        "Host collection",
        collection.name,
        collection.max_hosts,
        after=len(present) + len(new),
    )
    pairs = [{"host_collection_id": collection.id, "host_id": each} for each in new]
    if pairs:
        tx.execute(insert(host_collection_hosts), pairs)
    errors = [
        f"Host with ID {each} already exists in the host collection."
        for each in dict.fromkeys(host_ids)
        if each in present
    ]
    return Moved([int(each) for each in new], errors)


def _locked(tx: Transaction, collection_id: int) -> Row[Any]:
    """Return the collection as it is now; no host goes in before the commit but by this caller."""
    query = select(host_collections).where(host_collections.c.id == collection_id)
    return tx.execute(query.with_for_update()).one()


def _size(tx: Transaction, collection_id: int) -> int:
    counted = select(func.count()).select_from(host_collection_hosts)
    return tx.scalar(counted.where(_members.host_collection_id == collection_id)) or 0
