"""Reading host collections: as rows of a list."""

from typing import Any, Final

from sqlalchemy import Select, func, select

from headgate.domain.ids import ActivationKeyId, HostCollectionId, HostId, OrganizationId
from headgate.search import Field, Fields, Related
from headgate.services.access import Actor, AnySelect, load
from headgate.services.listing import Catalog, of_organizations
from headgate.services.related import AnyRow
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    activation_key_collections,
    host_collection_hosts,
    host_collections,
    hosts,
)

_members = host_collection_hosts.c
_keys = activation_key_collections.c

HOST_COLLECTIONS: Final = Catalog(
    key=host_collections.c.id,
    fields=Fields(
        {
            "id": Field(host_collections.c.id, "integer"),
            "name": Field(host_collections.c.name, default=True),
            "description": Field(host_collections.c.description),
            "organization_id": Field(host_collections.c.organization_id, "integer"),
            "max_hosts": Field(host_collections.c.max_hosts, "integer"),
            "host": Field(
                hosts.c.name,
                within=Related(
                    host_collections.c.id,
                    _members.host_collection_id,
                    [(hosts, hosts.c.id == _members.host_id)],
                ),
            ),
        }
    ),
)


def query(
    actor: Actor, *, organization_id: OrganizationId | None = None, **plain: object
) -> Select[Any]:
    """Select collections with their organization and how many hosts are in each."""
    counted = (
        select(func.count())
        .select_from(host_collection_hosts)
        .where(_members.host_collection_id == host_collections.c.id)
        .correlate(host_collections)
        .scalar_subquery()
    )
    joined = select(host_collections, counted.label("total_hosts")).select_from(host_collections)
    return of_organizations(
        joined, actor, host_collections, organization_id=organization_id, **plain
    )


def of_key(found: AnySelect, key_id: ActivationKeyId, *, within: bool = True) -> AnySelect:
    """Narrow to the collections of a key or, without `within`, to all others."""
    taken = select(_keys.host_collection_id).where(_keys.activation_key_id == key_id)
    column = host_collections.c.id
    return found.where(column.in_(taken) if within else column.not_in(taken))


def of_host(found: AnySelect, host_id: HostId, *, within: bool = True) -> AnySelect:
    """Narrow to the collections of a host or, without `within`, to all others."""
    taken = select(_members.host_collection_id).where(_members.host_id == host_id)
    column = host_collections.c.id
    return found.where(column.in_(taken) if within else column.not_in(taken))


def load_collection(
    tx: Transaction,
    actor: Actor,
    collection_id: HostCollectionId,
    *,
    organization_id: OrganizationId | None = None,
) -> AnyRow:
    """Return one collection as `query` gives it; NotFoundError if not of `organization_id`."""
    load(tx, actor, host_collections, collection_id, organization_id=organization_id)
    return tx.execute(query(actor).where(host_collections.c.id == collection_id)).one()


def host_ids_of(tx: Transaction, collection_id: int) -> list[int]:
    """Return the hosts in a collection."""
    return list(
        tx.scalars(
            select(_members.host_id)
            .where(_members.host_collection_id == collection_id)
            .order_by(_members.host_id)
        )
    )
