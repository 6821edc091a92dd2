"""Reading activation keys: as rows of a list, and what stands beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, func, select

from headgate.domain.ids import (
    ActivationKeyId,
    ContentViewId,
    DistributionId,
    EnvironmentId,
    OrganizationId,
)
from headgate.search import Field, Fields, Related
from headgate.services.access import Actor, load
from headgate.services.hosts.view_environments import (
    KEYS,
    having,
    having_labels,
    held_by,
    search_fields,
)
from headgate.services.listing import Catalog, of_organizations
from headgate.services.related import AnyRow, Grouped, grouped
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.tables import (
    activation_key_collections,
    activation_key_hosts,
    activation_keys,
    distributions,
    host_collections,
    hosts,
)

_collections = activation_key_collections.c

ACTIVATION_KEYS: Final = Catalog(
    key=activation_keys.c.id,
    fields=Fields(
        {
            "id": Field(activation_keys.c.id, "integer"),
            "name": Field(activation_keys.c.name, default=True),
            "description": Field(activation_keys.c.description),
            "organization_id": Field(activation_keys.c.organization_id, "integer"),
            "release_version": Field(activation_keys.c.release_version),
            "service_level": Field(activation_keys.c.service_level),
            "purpose_usage": Field(activation_keys.c.purpose_usage),
            "purpose_role": Field(activation_keys.c.purpose_role),
            "max_hosts": Field(activation_keys.c.max_hosts, "integer"),
            "host_collection": Field(
                host_collections.c.name,
                within=Related(
                    activation_keys.c.id,
                    _collections.activation_key_id,
                    [
                        (
                            host_collections,
                            host_collections.c.id == _collections.host_collection_id,
                        )
                    ],
                ),
            ),
            **search_fields(KEYS, activation_keys.c.id),
        }
    ),
)


@dataclass(frozen=True, slots=True)
class Beside:
    """Of the keys of a page: their content view environments and collections."""

    environments: Grouped
    collections: Grouped


def query(
    actor: Actor,
    *,
    organization_id: OrganizationId | None = None,
    environment_id: EnvironmentId | None = None,
    content_view_id: ContentViewId | None = None,
    labels: Sequence[str] | None = None,
    ids: Sequence[DistributionId] | None = None,
    **plain: object,
) -> Select[Any]:
    """Select keys with their organization and the number of hosts registered with each.

    Narrowed to those with a content view environment of an environment or view, or one of several
    by their `labels` or `ids`.
    """
    used = (
        select(func.count())
        .select_from(activation_key_hosts)
        .where(activation_key_hosts.c.activation_key_id == activation_keys.c.id)
        .correlate(activation_keys)
        .scalar_subquery()
    )
    joined = select(activation_keys, used.label("usage_count")).select_from(activation_keys)
    narrowed = of_organizations(
        joined, actor, activation_keys, organization_id=organization_id, **plain
    )
    key, places = activation_keys.c.id, distributions.c
    if environment_id is not None:
        narrowed = narrowed.where(having(KEYS, key, places.environment_id == environment_id))
    if content_view_id is not None:
        narrowed = narrowed.where(having(KEYS, key, places.content_view_id == content_view_id))
    if ids is not None:
        narrowed = narrowed.where(having(KEYS, key, places.id.in_(ids)))
    if labels is not None:
        narrowed = narrowed.where(having_labels(KEYS, key, labels))
    return narrowed


def load_key(
    tx: Transaction,
    actor: Actor,
    key_id: ActivationKeyId,
    *,
    organization_id: OrganizationId | None = None,
) -> AnyRow:
    """Return one key as `query` gives it; NotFoundError if it is not of `organization_id`."""
    load(tx, actor, activation_keys, key_id, organization_id=organization_id)
    return tx.execute(query(actor).where(activation_keys.c.id == key_id)).one()


def beside(tx: Transaction, rows: Sequence[AnyRow]) -> Beside:
    """Read what stands beside these keys, in two statements."""
    keys = [row.id for row in rows]
    collections = tx.execute(
        select(host_collections, _collections.activation_key_id)
        .join(host_collections, host_collections.c.id == _collections.host_collection_id)
        .where(among(tx, _collections.activation_key_id, keys))
        .order_by(host_collections.c.name)
    )
    return Beside(
        environments=held_by(tx, KEYS, keys),
        collections=grouped(collections, "activation_key_id"),
    )


def hosts_of(tx: Transaction, key_id: int) -> Sequence[AnyRow]:
    """Return the hosts that were registered with the key."""
    return tx.execute(
        select(hosts.c.id, hosts.c.name)
        .join(activation_key_hosts, activation_key_hosts.c.host_id == hosts.c.id)
        .where(activation_key_hosts.c.activation_key_id == key_id)
        .order_by(hosts.c.name)
    ).all()
