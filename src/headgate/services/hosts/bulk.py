"""One change of many hosts: which ones are meant, and the change in a few statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Row, delete, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import BadRequestError, ConflictError, ValidationError
from headgate.domain.ids import HostCollectionId, HostId, OrganizationId
from headgate.search import condition
from headgate.services.access import Actor, AnySelect, load, load_many, require_for
from headgate.services.hosts.host_records import HOST_CATALOG, query
from headgate.services.hosts.hosts import add_to_collections
from headgate.services.hosts.overrides import OF_HOSTS, Override, set_overrides
from headgate.services.hosts.view_environments import HOSTS, are_there, set_environments
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.tables import (
    host_collection_hosts,
    host_collections,
    hosts,
    organizations,
    smart_proxies,
)

MOST: Final = 100_000
_PURPOSE: Final = ("service_level", "purpose_usage", "purpose_role", "purpose_addons")
COLUMNS: Final = ("release_version", "content_source_id", *_PURPOSE)


@dataclass(frozen=True, slots=True)
class Meant:
    """Which hosts of an organization a request means: by search, by ids, but not `excluded`."""

    organization_id: OrganizationId
    search: str | None = None
    ids: Sequence[HostId] | None = None
    excluded: Sequence[HostId] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of hosts; what is None stays as it is."""

    columns: Mapping[str, Any] = field(default_factory=dict[str, Any])
    environments: Sequence[int] | None = None
    overrides: Sequence[Override] = ()


def chosen_hosts(
    tx: Transaction, actor: Actor, meant: Meant, *, clock: Clock, permission: str
) -> list[int]:
    """Return the ids of the hosts that are meant and that the actor sees, in order.

    BadRequestError if none are named at all, SearchError for a search that cannot be read,
    PermissionDeniedError without the permission for one of them.
    """
    load(tx, actor, organizations, meant.organization_id)
    if meant.search is None and not meant.ids:
        raise BadRequestError("No hosts have been specified: give ids or a search.")
    here: AnySelect = query(actor, organization_id=meant.organization_id).with_only_columns(
        hosts.c.id, hosts.c.organization_id
    )
    found: list[Row[Any]] = []
    if meant.ids:
        load_many(tx, actor, hosts, meant.ids)
        found += tx.execute(here.where(among(tx, hosts.c.id, meant.ids)))
    if meant.search is not None:
        searched = condition(meant.search, HOST_CATALOG.fields, now=clock())
        found += tx.execute(here.where(searched))
    excluded = set[int](meant.excluded)
    rows = [row for row in found if row.id not in excluded]
    require_for(tx, actor, hosts, rows, permission)
    return sorted({row.id for row in rows})


def change_hosts(
    tx: Transaction, *, clock: Clock, organization_id: int, host_ids: Sequence[int], change: Change
) -> int:
    """Make the change of those of the hosts that are still there; return how many these are.

    ConflictError if a content view environment that they are to have is gone by now.
    """
    if change.environments and not are_there(tx, change.environments):
        raise ConflictError("What the hosts were to get is no longer served: choose again")
    present = _present(tx, organization_id, host_ids)
    tx.execute(
        update(hosts)
        .where(among(tx, hosts.c.id, present))
        .values(**change.columns, updated_at=clock())
    )
    if change.environments is not None:
        set_environments(tx, HOSTS, present, change.environments)
    if change.overrides:
        set_overrides(tx, OF_HOSTS, present, change.overrides, organization_id=organization_id)
    return len(present)


def delete_hosts(tx: Transaction, *, organization_id: int, host_ids: Sequence[int]) -> int:
    """Delete those of the hosts that are still there; return how many these were."""
    gone = delete(hosts).where(
        hosts.c.organization_id == organization_id, among(tx, hosts.c.id, host_ids)
    )
    return tx.execute(gone).rowcount


def gather(
    tx: Transaction,
    *,
    actor: Actor,
    organization_id: int,
    host_ids: Sequence[int],
    collection_ids: Sequence[HostCollectionId],
) -> list[str]:
    """Put hosts into collections, each collection for itself; return why some stay as they are."""
    members = host_collection_hosts.c
    errors: list[str] = []
    for row in _collections(tx, actor, organization_id, collection_ids):
        held = select(members.host_id).where(members.host_collection_id == row.id)
        present = set(tx.scalars(held.where(among(tx, members.host_id, host_ids))))
        savepoint = tx.begin_nested()
        try:
            add_to_collections(tx, [row.id], [each for each in host_ids if each not in present])
        except ValidationError as error:
            savepoint.rollback()
            errors += error.full_messages
        else:
            savepoint.commit()
    return errors


def scatter(
    tx: Transaction,
    *,
    actor: Actor,
    organization_id: int,
    host_ids: Sequence[int],
    collection_ids: Sequence[HostCollectionId],
) -> None:
    """Take hosts out of collections."""
    rows = _collections(tx, actor, organization_id, collection_ids)
    members = host_collection_hosts.c
    tx.execute(
        delete(host_collection_hosts).where(
            among(tx, members.host_collection_id, [row.id for row in rows]),
            among(tx, members.host_id, host_ids),
        )
    )


def organization_of(tx: Transaction, actor: Actor, host_ids: Sequence[HostId]) -> int:
    """Return the one organization of these hosts, all of which the actor must be able to edit."""
    found = {
        row.organization_id
        for row in load_many(tx, actor, hosts, host_ids, permission="edit_hosts")
    }
    if len(found) != 1:
        raise BadRequestError("The hosts must be some, and of one organization.")
    return int(found.pop())


def check_content_source(tx: Transaction, actor: Actor, proxy_id: int) -> int:
    """Return the id of a smart proxy that the actor sees."""
    return int(load(tx, actor, smart_proxies, proxy_id).id)


def _present(tx: Transaction, organization_id: int, host_ids: Sequence[int]) -> list[int]:
    """Return those that are there; they are not deleted before the commit."""
    found = select(hosts.c.id).where(
        hosts.c.organization_id == organization_id, among(tx, hosts.c.id, host_ids)
    )
    return list(tx.scalars(found.order_by(hosts.c.id).with_for_update()))


def _collections(
    tx: Transaction, actor: Actor, organization_id: int, collection_ids: Sequence[HostCollectionId]
) -> list[Any]:
    rows = load_many(
        tx, actor, host_collections, collection_ids, permission="edit_host_collections"
    )
    if any(row.organization_id != organization_id for row in rows):
        raise ValidationError({"host_collection_ids": ["are of another organization"]})
    return list({row.id: row for row in rows}.values())
