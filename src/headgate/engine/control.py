"""What people may ask of a task under way; any process may write it, no lease is needed."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, select, update

from headgate.engine.ledger import forget_steps
from headgate.engine.port import TaskResult, TaskState
from headgate.engine.queue import TASKS_TOPIC
from headgate.stores.db import Transaction, announce
from headgate.stores.db.tables import task_locks, tasks


def request_cancel(tx: Transaction, task_ids: Collection[str], now: datetime) -> None:
    """Ask the tasks and all below them to stop; those that have not begun end here and now.

    A task that was interrupted half-way (`attempt` > 0) is run once more, so that its workflow
    can clear up behind itself. What has ended stays as it is.
    """
    generation = list(task_ids)
    while generation:
        _end_unbegun(tx, generation, now)
        tx.execute(
            update(tasks)
            .where(
                tasks.c.id.in_(generation),
                tasks.c.state.in_([TaskState.PLANNED, TaskState.RUNNING]),
            )
            .values(cancel_requested=True)
        )
        generation = list(tx.scalars(select(tasks.c.id).where(tasks.c.parent_id.in_(generation))))
    announce(tx, TASKS_TOPIC)


def stop_paused(tx: Transaction, task_id: str, now: datetime) -> bool:
    """End a paused task for good, its error as it was; return whether it was paused."""
    stopped = tx.execute(
        update(tasks)
        .where(tasks.c.id == task_id, tasks.c.state == TaskState.PAUSED)
        .values(state=TaskState.STOPPED, ended_at=now)
    )
    if stopped.rowcount:
        forget_steps(tx, task_id)
        announce(tx, TASKS_TOPIC)
    return stopped.rowcount == 1


def resume(tx: Transaction, task_id: str) -> bool:
    """Put a paused task back into the queue; return whether it was paused."""
    resumed = tx.execute(
        update(tasks)
        .where(tasks.c.id == task_id, tasks.c.state == TaskState.PAUSED)
        .values(
            state=TaskState.PLANNED,
            result=TaskResult.PENDING,
            errors=[],
            ended_at=None,
            executor=None,
            cancel_requested=False,
            deaths=0,
        )
    )
    if resumed.rowcount:
        tx.execute(update(task_locks).where(task_locks.c.task_id == task_id).values(live=True))
        announce(tx, TASKS_TOPIC)
    return resumed.rowcount == 1


def _end_unbegun(tx: Transaction, task_ids: Collection[str], now: datetime) -> None:
    unbegun = and_(
        tasks.c.id.in_(task_ids), tasks.c.state == TaskState.PLANNED, tasks.c.attempt == 0
    )
    ended = tx.scalars(
        update(tasks)
        .where(unbegun)
        .values(
            state=TaskState.STOPPED,
            result=TaskResult.CANCELLED,
            cancel_requested=True,
            ended_at=now,
        )
        .returning(tasks.c.id)
    ).all()
    tx.execute(
        update(task_locks).where(task_locks.c.task_id.in_(ended)).values(held=False, live=False)
    )
