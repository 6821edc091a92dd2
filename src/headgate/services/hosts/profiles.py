"""What hosts say is installed on them: packages, module streams, and what runs from old files.

Equal profiles are kept once: hosts of one kind have the same, and most of their packages never
change.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import Table, delete, exists, insert, not_, select, update

from headgate.domain.clock import Clock
from headgate.domain.ids import HostId
from headgate.services.access import Actor
from headgate.services.hosts.hosts import load_to_edit
from headgate.stores.db import Transaction
from headgate.stores.db.statements import batched, upsert
from headgate.stores.db.tables import (
    host_traces,
    hosts,
    module_profile_streams,
    module_profiles,
    package_profile_packages,
    package_profiles,
)


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package; of a deb the epoch and release are parts of the version."""

    kind: str  # rpm | deb
    name: str
    epoch: int
    version: str
    release: str
    arch: str
    vendor: str | None = None


@dataclass(frozen=True, slots=True)
class ModuleStream:
    """A module stream as a host knows it."""

    name: str
    stream: str
    version: str
    context: str
    arch: str
    status: str  # enabled | disabled | unknown
    installed_profiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """Something that runs from files that were replaced."""

    application: str
    helper: str | None
    app_type: str


def upload_profile(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    host_id: HostId,
    packages: Sequence[Package] | None = None,
    module_streams: Sequence[ModuleStream] | None = None,
    traces: Sequence[Trace] | None = None,
) -> None:
    """Take what is given of a host in the place of what it said before; None leaves it alone."""
    row = load_to_edit(tx, actor, host_id)
    changes: dict[str, Any] = {}
    if packages is not None:
        changes["package_profile_id"] = _profile(
            tx, package_profiles, package_profile_packages, packages
        )
    if module_streams is not None:
        changes["module_profile_id"] = _profile(
            tx, module_profiles, module_profile_streams, module_streams
        )
    tx.execute(update(hosts).where(hosts.c.id == row.id).values(**changes, last_checkin=clock()))
    if traces is not None:
        _set_traces(tx, row.id, traces)


def forget_profiles(tx: Transaction) -> int:
    """Delete the profiles that no host has any longer; return how many."""
    count = 0
    for table, column in (
        (package_profiles, hosts.c.package_profile_id),
        (module_profiles, hosts.c.module_profile_id),
    ):
        unused = not_(exists().where(column == table.c.id))
        count += tx.execute(delete(table).where(unused)).rowcount
    return count


def _profile(
    tx: Transaction, profiles: Table, rows_of: Table, things: Iterable[Package | ModuleStream]
) -> int | None:
    """Return the id of the profile of these things, made unless there is one; None for nothing."""
    distinct = sorted(set(things), key=lambda each: msgspec.json.encode(asdict(each)))
    if not distinct:
        return None
    digest = sha256(msgspec.json.encode([asdict(each) for each in distinct])).hexdigest()
    made = tx.scalar(
        upsert(tx, profiles).values(digest=digest).on_conflict_do_nothing().returning(profiles.c.id)
    )
    if made is None:
        return tx.scalar(select(profiles.c.id).where(profiles.c.digest == digest))
    for batch in batched(distinct):
        tx.execute(insert(rows_of), [{**asdict(each), "profile_id": made} for each in batch])
    return made


def _set_traces(tx: Transaction, host_id: int, traces: Sequence[Trace]) -> None:
    tx.execute(delete(host_traces).where(host_traces.c.host_id == host_id))
    distinct = {each.application: each for each in traces}
    rows = [{**asdict(each), "host_id": host_id} for each in distinct.values()]
    if rows:
        tx.execute(insert(host_traces), rows)
