"""Which repositories a key gives to hosts, or a host may enable."""

from typing import Any

from sqlalchemy import Row, Select, select

from headgate.services.access import Actor
from headgate.services.hosts.overrides import HOST_TYPES
from headgate.services.hosts.view_environments import Holders, repositories_in
from headgate.services.repositories.repository_records import Place, query
from headgate.stores.db import Transaction
from headgate.stores.db.tables import repositories


def content_query(
    tx: Transaction, actor: Actor, holders: Holders, owner: Row[Any], *, served: bool
) -> Select[Any]:
    """Select the repositories of the key's or host's organization that hosts can use.

    With `served` only what its content view environments serve.
    """
    found = query(actor, Place(organization_id=owner.organization_id)).where(
        repositories.c.content_type.in_(HOST_TYPES)
    )
    if served:
        place = holders.table.c.distribution_id
        held = tx.scalars(select(place).where(holders.owner == owner.id)).all()
        found = found.where(repositories_in(tx, held))
    return found
