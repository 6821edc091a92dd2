"""Hosts as clients of content: registered over the API, and taken back."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import ValidationError
from headgate.domain.hosts import check_host_name, check_host_uuid
from headgate.domain.ids import ContentViewId, DistributionId, HostId, OrganizationId
from headgate.services.access import Actor, find_named, load
from headgate.services.hosts.facts import set_facts
from headgate.services.hosts.hosts import HostChanges, create_host, load_to_edit, update_host
from headgate.services.uniqueness import require_unique
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    activation_key_hosts,
    content_overrides,
    content_views,
    distributions,
    hosts,
)


def register_host(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    organization_id: OrganizationId,
    name: str,
    uuid: str | None,
    changes: HostChanges,
    facts: Mapping[str, Any] | None,
) -> HostId:
    """Make a host a client of content, by its name; the record is made if there is none.

    Without a UUID one is made up, once. Whoever registers it needs to create or edit hosts.
    """
    name = check_host_name(name)
    known = find_named(tx, actor, hosts, name, organization_id=organization_id)
    if known is None:
        host_id = create_host(
            tx,
            actor=actor,
            clock=clock,
            organization_id=organization_id,
            name=name,
            changes=changes,
        )
    else:
        host_id = HostId(known)
        update_host(tx, actor=actor, clock=clock, host_id=host_id, changes=changes)
    chosen = tx.scalar(select(hosts.c.uuid).where(hosts.c.id == host_id))
    if uuid is not None:
        chosen = check_host_uuid(uuid)
        require_unique(tx, hosts, except_id=host_id, uuid=chosen)
    now = clock()
    tx.execute(
        update(hosts)
        .where(hosts.c.id == host_id)
        .values(uuid=chosen or str(uuid4()), registered_at=now, last_checkin=now)
    )
    if facts is not None:
        set_facts(tx, clock=clock, host_id=host_id, facts=facts)
    return host_id


def organization_of_content(
    tx: Transaction,
    actor: Actor,
    content_view_id: ContentViewId | None,
    distribution_ids: Sequence[DistributionId] | None,
) -> OrganizationId:
    """Return the organization of what a host is to get; ValidationError if nothing is named."""
    if distribution_ids:
        return OrganizationId(load(tx, actor, distributions, distribution_ids[0]).organization_id)
    if content_view_id is None:
        raise ValidationError({"content_view_id": ["can't be blank"]})
    return OrganizationId(load(tx, actor, content_views, content_view_id).organization_id)


def unregister_host(tx: Transaction, *, actor: Actor, clock: Clock, host_id: HostId) -> None:
    """Let the host be a record alone: without UUID, keys and overrides."""
    row = load_to_edit(tx, actor, host_id)
    for table in (activation_key_hosts, content_overrides):
        tx.execute(delete(table).where(table.c.host_id == row.id))
    tx.execute(
        update(hosts)
        .where(hosts.c.id == row.id)
        .values(uuid=None, registered_at=None, last_checkin=None, updated_at=clock())
    )
