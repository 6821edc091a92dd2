"""Facts that hosts send, or somebody for them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, insert, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import ValidationError
from headgate.domain.hosts import bootc_values, check_host_name, flat_facts
from headgate.domain.ids import HostId, OrganizationId
from headgate.services.access import Actor, find_named, load
from headgate.services.hosts.hosts import HostChanges, create_host
from headgate.stores.db import Transaction
from headgate.stores.db.tables import host_facts, hosts


def import_facts(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    name: str,
    facts: Mapping[str, Any],
    organization_id: OrganizationId | None = None,
) -> HostId:
    """Take facts in the place of those of before; a host that is not known yet is made.

    It is made in `organization_id` or, for who has only one, in that organization.
    """
    name = check_host_name(name)
    known = find_named(tx, actor, hosts, name, organization_id=organization_id)
    if known is None:
        if organization_id is None:
            if len(actor.organization_ids) != 1:
                raise ValidationError({"organization_id": ["can't be blank for a new host"]})
            (organization_id,) = (OrganizationId(each) for each in actor.organization_ids)
        host_id = create_host(
            tx,
            actor=actor,
            clock=clock,
            organization_id=organization_id,
            name=name,
            changes=HostChanges({}),
        )
    else:
        host_id = HostId(known)
        load(tx, actor, hosts, host_id, permission="edit_hosts")
    set_facts(tx, clock=clock, host_id=host_id, facts=facts)
    return host_id


def set_facts(tx: Transaction, *, clock: Clock, host_id: int, facts: Mapping[str, Any]) -> None:
    """Let these be the facts of a host; what they say of image mode goes into its columns."""
    flat = flat_facts(facts)
    # No other facts of the same host go in between.
    tx.execute(select(hosts.c.id).where(hosts.c.id == host_id).with_for_update())
    tx.execute(delete(host_facts).where(host_facts.c.host_id == host_id))
    rows = [{"host_id": host_id, "name": name, "value": value} for name, value in flat.items()]
    if rows:
        tx.execute(insert(host_facts), rows)
    now = clock()
    tx.execute(
        update(hosts)
        .where(hosts.c.id == host_id)
        .values(**bootc_values(flat), facts_at=now, updated_at=now)
    )
