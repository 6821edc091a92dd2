"""The engine's writes to the task tables, each fenced by a lease.

A task changes hands only by its row: who claims it sets `executor` and raises `attempt`. Every
later write names both and fails if they have moved on, so a process that was thought dead, and
was only slow, changes nothing any more.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, insert, select, update

from headgate.domain.ids import TaskId
from headgate.engine.port import TaskEnd, TaskResult, TaskState
from headgate.engine.queue import TASKS_TOPIC
from headgate.stores.db import Transaction, announce
from headgate.stores.db.tables import executors, task_locks, task_steps, tasks


class RunLostError(BaseException):
    """The task belongs to another process now; this run must leave everything as it is.

    No `Exception`, so that a workflow's broad handlers do not take it for a failure of its work.
    """


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run a task; the next one to be given makes it void."""

    task_id: TaskId
    executor: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended."""

    state: TaskState
    result: TaskResult
    output: Mapping[str, Any]
    errors: Sequence[Mapping[str, Any]] = ()


# Building a statement takes longer than running it: those of every task are built once.
_OWNED = and_(
    tasks.c.id == bindparam("lease_id"),
    tasks.c.executor == bindparam("lease_executor"),
    tasks.c.attempt == bindparam("lease_attempt"),
    tasks.c.state == TaskState.RUNNING,
)
_LEASE = select(tasks.c.id).where(_OWNED)
_LEASE_HELD = _LEASE.with_for_update(key_share=True)
_CHANGE_OWNED = update(tasks).where(_OWNED)
_STEPS = select(task_steps.c.name, task_steps.c.result).where(
    task_steps.c.task_id == bindparam("of_task")
)
_RECORD_STEP = insert(task_steps)
_FORGET_STEPS = delete(task_steps).where(task_steps.c.task_id == bindparam("of_task"))
_CHANGE_LOCKS = update(task_locks).where(task_locks.c.task_id == bindparam("of_task"))


def require_lease(tx: Transaction, lease: Lease) -> None:
    """Raise RunLostError unless the lease is valid; it may still end before this commits."""
    if tx.execute(_LEASE, _parameters(lease)).first() is None:
        raise RunLostError


def hold_lease(tx: Transaction, lease: Lease) -> None:
    """Raise RunLostError unless the lease is valid, and stays so until this commits."""
    if tx.execute(_LEASE_HELD, _parameters(lease)).first() is None:
        raise RunLostError


def steps_of(tx: Transaction, task_id: TaskId) -> dict[str, Any]:
    """Return what the task has done: step name to result."""
    return {row.name: row.result for row in tx.execute(_STEPS, {"of_task": task_id})}


def record_step(
    tx: Transaction, lease: Lease, name: str, result: object, *, after_deaths: bool = False
) -> None:
    """Note that a step is done; RunLostError undoes the transaction of a void lease."""
    hold_lease(tx, lease)
    tx.execute(_RECORD_STEP, {"task_id": lease.task_id, "name": name, "result": result})
    if after_deaths:
        _change_owned(tx, lease, deaths=0)


def write_progress(
    tx: Transaction, lease: Lease, progress: Mapping[str, Any], fraction: float
) -> None:
    """Show how far the task is; a void lease shows nothing."""
    _change_owned(tx, lease, progress=dict(progress), fraction=fraction)


def end(tx: Transaction, lease: Lease, outcome: Outcome, now: datetime) -> None:
    """Write the end, forget the steps (unless paused) and free the resources."""
    values: dict[str, Any] = {
        "state": outcome.state,
        "result": outcome.result,
        "output": dict(outcome.output),
        "errors": [dict(error) for error in outcome.errors],
        "ended_at": now,
    }
    if outcome.result in {TaskResult.SUCCESS, TaskResult.WARNING}:
        values |= {"fraction": 1.0}
    if not _change_owned(tx, lease, **values):
        raise RunLostError
    if outcome.state == TaskState.STOPPED:
        forget_steps(tx, lease.task_id)
    tx.execute(_CHANGE_LOCKS, {"of_task": lease.task_id, "held": False, "live": False})
    announce(tx, TASKS_TOPIC)


def forget_steps(tx: Transaction, task_id: str) -> None:
    """Remove what is only needed to go on with a task."""
    tx.execute(_FORGET_STEPS, {"of_task": task_id})


def give_back(tx: Transaction, lease: Lease) -> None:
    """Put a task back into the queue: its process stops in an orderly way."""
    _change_owned(tx, lease, state=TaskState.PLANNED, executor=None)
    announce(tx, TASKS_TOPIC)


def give_back_strays(tx: Transaction, executor: str, leases: Collection[Lease]) -> None:
    """Put what the executor has claimed back into the queue, but for these leases."""
    tx.execute(
        update(tasks)
        .where(
            tasks.c.state == TaskState.RUNNING,
            tasks.c.executor == executor,
            tasks.c.id.not_in([lease.task_id for lease in leases]),
        )
        .values(state=TaskState.PLANNED, executor=None)
    )


def take_back(tx: Transaction) -> int:
    """Put the tasks of executors that are no more back into the queue; return how many.

    They keep what they hold meanwhile: nobody may come between a task's two halves.
    """
    taken = tx.execute(
        update(tasks)
        .where(tasks.c.state == TaskState.RUNNING, tasks.c.executor.not_in(select(executors.c.id)))
        .values(state=TaskState.PLANNED, executor=None, deaths=tasks.c.deaths + 1)
    )
    if taken.rowcount:
        announce(tx, TASKS_TOPIC)
    return taken.rowcount


def cancelled_among(tx: Transaction, task_ids: Collection[str]) -> set[str]:
    """Return those of the tasks that somebody asked to stop."""
    query = select(tasks.c.id).where(tasks.c.id.in_(task_ids), tasks.c.cancel_requested)
    return set(tx.scalars(query))


def ends_of(tx: Transaction, task_ids: Sequence[TaskId]) -> dict[TaskId, TaskEnd]:
    """Return the ends of those of the tasks that have ended; one that is gone was removed."""
    rows = tx.execute(
        select(tasks.c.id, tasks.c.state, tasks.c.result, tasks.c.output, tasks.c.errors).where(
            tasks.c.id.in_(task_ids)
        )
    ).all()
    known = {row.id for row in rows}
    ends = {
        task_id: TaskEnd(task_id, TaskResult.CANCELLED, {})
        for task_id in task_ids
        if task_id not in known
    }
    for row in rows:
        if row.state == TaskState.STOPPED:
            ends[row.id] = TaskEnd(row.id, row.result, row.output, tuple(row.errors))
    return ends


def _change_owned(tx: Transaction, lease: Lease, **values: Any) -> bool:
    return tx.execute(_CHANGE_OWNED, _parameters(lease) | values).rowcount == 1


def _parameters(lease: Lease) -> dict[str, Any]:
    return {
        "lease_id": lease.task_id,
        "lease_executor": lease.executor,
        "lease_attempt": lease.attempt,
    }
