"""The collector: soon after something let go of content, its rows and bytes are given back."""

from typing import Final

import structlog

from headgate.content.container.pushed_blobs import forget_pushed_blobs
from headgate.services.containers.uploads import sweep_uploads as sweep_pushes
from headgate.services.hosts.profiles import forget_profiles
from headgate.services.repositories.repository_versions import drop_outdated
from headgate.services.repositories.uploads import sweep_uploads
from headgate.services.storage import blob_collection
from headgate.services.storage.collection import collect_content, fulfil, requested
from headgate.services.units.dormancy import fall_asleep, sleepers
from headgate.services.views.versions import abandon_dead_publishes, dead_publishes
from headgate.stores.db.statements import batched
from headgate.workflows.workshop import Workshop

_AT_ONCE: Final = 100  # 50 ms of SQLite's write lock

log = structlog.stdlib.get_logger(__name__)


def collect(workshop: Workshop) -> int:
    """Give back what nothing refers to; return the bytes freed. Costs nothing when idle.

    Safe at any time and on several workers: rows go in one transaction, blobs under the locks of
    `services/storage/blob_collection.py`.
    """
    ports = workshop.ports
    with ports.database.read() as tx:
        wanted = requested(tx, clock=ports.clock) is not None or dead_publishes(tx)
    return _collect(workshop) if wanted else 0


def put_to_sleep(workshop: Workshop) -> int:
    """Let publications that nothing serves fall dormant; return how many were."""
    ports, clock, rules = workshop.ports, workshop.ports.clock, workshop.dormancy
    with ports.database.read() as tx:
        tired = list(sleepers(tx, workshop.content_types, clock=clock, rules=rules))
    count = 0
    for batch in batched(tired, _AT_ONCE):
        with ports.database.begin() as tx:
            count += fall_asleep(
                tx, workshop.content_types, clock=clock, rules=rules, publication_ids=batch
            )
    return count


def repair(workshop: Workshop) -> None:
    """Mend what a crash left behind, then collect; for the background of a worker's start."""
    ports = workshop.ports
    found = blob_collection.reconcile(ports.database, ports.store, clock=ports.clock)
    if found.swept or found.restored or found.discarded or found.adopted:
        log.info(
            "tidied up after a crash",
            swept=found.swept,
            restored=found.restored,
            discarded=found.discarded,
            adopted=found.adopted,
        )
    for digest in found.missing:
        log.error("the bytes of a blob are gone: restore them from a backup", digest=str(digest))
    _collect(workshop)


def sweep(workshop: Workshop) -> None:
    """Remove what nobody finished or keeps any longer; let sleep what was woken long ago."""
    ports = workshop.ports
    put_to_sleep(workshop)
    with ports.database.begin() as tx:
        sweep_uploads(tx, workshop.uploads, clock=ports.clock)
        drop_outdated(tx, clock=ports.clock)
    with ports.database.begin() as tx:
        forget_profiles(tx)
    sweep_pushes(ports.database, ports.store, clock=ports.clock)
    forget_pushed_blobs(ports.database, clock=ports.clock)


def _collect(workshop: Workshop) -> int:
    ports = workshop.ports
    with ports.database.begin() as tx:
        abandon_dead_publishes(tx, clock=ports.clock)
        request = requested(tx, clock=ports.clock) or 0
    with ports.database.begin() as tx:
        collect_content(tx, list(workshop.content_types.values()))
    freed = blob_collection.collect(ports.database, ports.store, clock=ports.clock)
    # Last, so that the next collection takes the bytes: who looks them up now still gets them.
    put_to_sleep(workshop)
    with ports.database.begin() as tx:
        fulfil(tx, request)
    return freed.bytes
