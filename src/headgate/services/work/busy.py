"""Whether tasks are at work on a thing, for changes that are made at once and not by a task."""

from sqlalchemy import select

from headgate.domain.errors import ConflictError
from headgate.stores.db import Transaction
from headgate.stores.db.tables import task_locks, tasks


def require_free(tx: Transaction, resource: str, *, name: str) -> None:
    """Raise ConflictError while an unfinished task holds or waits for the resource."""
    task = tx.execute(
        select(tasks.c.id, tasks.c.action)
        .join(task_locks, task_locks.c.task_id == tasks.c.id)
        .where(task_locks.c.resource == resource, task_locks.c.live, tasks.c.ended_at.is_(None))
        .order_by(tasks.c.number)
        .limit(1)
    ).one_or_none()
    if task is not None:
        raise ConflictError(
            f"{name} is in use by the task '{task.action}' ({task.id}); wait for its end or"
            " cancel it."
        )
