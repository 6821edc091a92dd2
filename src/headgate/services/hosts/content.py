"""Which repositories a key gives to hosts, or a host may enable."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, select

from headgate.domain.clock import Clock
from headgate.domain.ids import ActivationKeyId
from headgate.search import condition
from headgate.services.access import Actor, AnyRow, AnySelect
from headgate.services.hosts.overrides import (
    ENABLED,
    HOST_TYPES,
    OF_HOSTS,
    by_label,
    enabled_override,
    overrides_of,
)
from headgate.services.hosts.view_environments import HOSTS, KEYS, Holders, repositories_for
from headgate.services.repositories.repository_records import REPOSITORIES, Place, query
from headgate.stores.db import Transaction
from headgate.stores.db.tables import products, repositories


def content_query(actor: Actor, holders: Holders, owner: Row[Any], *, served: bool) -> Select[Any]:
    """Select the repositories of the key's or host's organization that hosts can use.

    With `served` only what its content view environments serve.
    """
    found = query(actor, Place(organization_id=owner.organization_id)).where(
        repositories.c.content_type.in_(HOST_TYPES)
    )
    return found.where(repositories_for(holders, owner.id)) if served else found


def products_of_key(found: AnySelect, key_id: ActivationKeyId) -> AnySelect:
    """Narrow a select of products to those with something that a key gives to hosts."""
    served = select(repositories.c.product_id).where(repositories_for(KEYS, key_id))
    return found.where(products.c.id.in_(served))


def found_labels(
    tx: Transaction,
    actor: Actor,
    host: Row[Any],
    *,
    search: str | None,
    served: bool,
    clock: Clock,
) -> list[str]:
    """Return the labels of the content of a host that a search finds; SearchError as for lists."""
    found = content_query(actor, HOSTS, host, served=served)
    if search is not None:
        found = found.where(condition(search, REPOSITORIES.fields, now=clock()))
    return [row.content_label for row in tx.execute(found)]


def enabled_content(tx: Transaction, actor: Actor, host: Row[Any]) -> Sequence[AnyRow]:
    """Return the repositories that a host enables of what its content view environments serve."""
    said = by_label(overrides_of(tx, OF_HOSTS, [host.id]).get(host.id, []))
    found = content_query(actor, HOSTS, host, served=True).order_by(repositories.c.name)
    enabled: list[AnyRow] = []
    for row in tx.execute(found):
        chosen = enabled_override(said.get(row.content_label, []))
        if ENABLED if chosen is None else chosen:
            enabled.append(row)
    return enabled
