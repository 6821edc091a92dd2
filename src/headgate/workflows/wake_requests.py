"""Asking that a dormant publication be written again: once, however many clients want it."""

from typing import Any, Final

from sqlalchemy import Row, select

from headgate.domain.ids import OrganizationId
from headgate.engine import enqueue
from headgate.engine.port import NewTask
from headgate.services.units.publications import is_dormant
from headgate.stores.db import Transaction
from headgate.stores.db.tables import repositories, task_locks, tasks

WAKE: Final = "wake"


def ask_to_wake(tx: Transaction, *, publication_id: int, repository_id: int) -> bool:
    """Let a dormant publication be woken, unless that is asked for already; False if awake.

    Needs a write transaction: two that ask at once make one task.
    """
    if not is_dormant(tx, publication_id):
        return False
    repository = tx.execute(
        select(repositories).where(repositories.c.id == repository_id).with_for_update()
    ).one_or_none()
    if repository is None:
        return False
    if not being_woken(tx, publication_id):
        enqueue(tx, wake_task(repository, publication_id))
    return True


def being_woken(tx: Transaction, publication_id: int) -> bool:
    """Say whether a task that wakes the publication has not ended yet."""
    live = (
        select(tasks.c.id)
        .join(task_locks, task_locks.c.task_id == tasks.c.id)
        .where(
            task_locks.c.resource == _resource(publication_id),
            task_locks.c.live,
            tasks.c.workflow == WAKE,
        )
    )
    return tx.execute(live.limit(1)).first() is not None


def wake_task(repository: Row[Any], publication_id: int) -> NewTask:
    """Write the metadata of an old version again; nobody asked for it by name."""
    return NewTask(
        workflow=WAKE,
        label="Actions::Katello::Repository::MetadataGenerate",
        action=f"Write metadata of an earlier version of repository '{repository.name}' again",
        input={
            "publication_id": publication_id,
            "repository": {"id": repository.id, "name": repository.name},
        },
        user_id=None,
        organization_id=OrganizationId(repository.organization_id),
        # One at a time: whoever may read old versions does not keep all workers busy.
        exclusive=[_resource(publication_id), f"waking:{repository.organization_id}"],
    )


def _resource(publication_id: int) -> str:
    return f"publication:{publication_id}"
