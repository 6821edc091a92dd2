"""What people do with tasks under way: cancel, resume; and how many of them there are.

Reading tasks is in `task_records.py`; running them is the engine's.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Row, case, func, select

from headgate.domain.clock import Clock
from headgate.domain.errors import ConflictError
from headgate.domain.ids import TaskId
from headgate.engine.control import request_cancel, stop_paused
from headgate.engine.control import resume as put_back
from headgate.engine.port import TaskState
from headgate.services.access import Actor, load, scoped
from headgate.stores.db import Transaction
from headgate.stores.db.tables import tasks

VIEW_PERMISSION = "view_foreman_tasks"
EDIT_PERMISSION = "edit_foreman_tasks"


@dataclass(frozen=True, slots=True)
class TaskCount:
    """How many of the actor's tasks are in a state with a result; `recent` ones began lately."""

    state: str
    result: str
    total: int
    recent: int


def cancel_task(tx: Transaction, *, actor: Actor, clock: Clock, task_id: TaskId) -> bool:
    """Ask a task and its sub-tasks to stop; False if it has ended already.

    One that has not begun ends at once, one under way within seconds, at its next boundary; a
    paused one is given up, its error as it was. ConflictError if it must not be stopped.
    """
    row = _load_to_change(tx, actor, task_id)
    if row.state == TaskState.STOPPED:
        return False
    if row.state == TaskState.RUNNING and not row.cancellable:
        raise ConflictError(f"Task '{row.action}' cannot be cancelled once it runs")
    if not stop_paused(tx, task_id, clock()):
        request_cancel(tx, [task_id], clock())
    return True


def resume_task(tx: Transaction, *, actor: Actor, task_id: TaskId) -> None:
    """Let a paused task go on after its last recorded step; ConflictError if it is not paused."""
    row = _load_to_change(tx, actor, task_id)
    if not put_back(tx, task_id):
        raise ConflictError(f"Task '{row.action}' is {row.state}; only a paused one can be resumed")


def count_tasks(
    tx: Transaction, *, actor: Actor, clock: Clock, recent: timedelta = timedelta(days=1)
) -> list[TaskCount]:
    """Count what the actor may see by state and result; one statement.

    Without `view_foreman_tasks` these are the actor's own.
    """
    began_lately = case((tasks.c.created_at >= clock() - recent, 1), else_=0)
    query = select(tasks.c.state, tasks.c.result, func.count(), func.sum(began_lately))
    if not actor.may(VIEW_PERMISSION):
        query = query.where(tasks.c.user_id == actor.user_id)
    counted = scoped(query, actor, tasks).group_by(tasks.c.state, tasks.c.result)
    return [
        TaskCount(state, result, total, recent_ones)
        for state, result, total, recent_ones in tx.execute(
            counted.order_by(tasks.c.state, tasks.c.result)
        )
    ]


def _load_to_change(tx: Transaction, actor: Actor, task_id: TaskId) -> Row[tuple[object, ...]]:
    """Whoever asked for a task may change it; others need the permission in its organization."""
    row = load(tx, actor, tasks, task_id)
    if row.user_id is None or row.user_id != actor.user_id:
        actor.require(EDIT_PERMISSION, organization_id=row.organization_id)
    return row
