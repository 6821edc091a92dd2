"""The engine's writes to the task tables, each fenced by a lease.

A task changes hands only by its row: who claims it sets `executor` and raises `attempt`. Every
later write names both and fails if they have moved on, so a process that was thought dead, and
was only slow, changes nothing any more.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Executable,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from headgate.domain.ids import OrganizationId, TaskId, UserId
from headgate.engine.port import TaskEnd, TaskResult, TaskState, Workflow
from headgate.engine.queue import TASKS_TOPIC
from headgate.stores.db import Transaction, announce
from headgate.stores.db.tables import executors, task_locks, task_steps, tasks

# Any constant: claims on PostgreSQL take turns under it.
_CLAIM_LOCK = 4_867_523


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
class Claim:
    """A task as it was taken from the queue."""

    lease: Lease
    workflow: str
    input: Mapping[str, Any]
    user_id: UserId | None
    organization_id: OrganizationId | None
    parent_id: TaskId | None
    deaths: int
    cancel_requested: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended."""

    state: TaskState
    result: TaskResult
    output: Mapping[str, Any]
    errors: Sequence[Mapping[str, Any]] = ()


def claimable(tx: Transaction, workflows: Collection[str], now: datetime) -> bool:
    """Tell whether `claim` would find something."""
    return tx.execute(_next_claimable(workflows, now)).first() is not None


def claim(
    tx: Transaction, workflows: Mapping[str, Workflow], *, executor: str, now: datetime, most: int
) -> list[Claim]:
    """Take the next tasks whose resources are free, and those resources with them."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CLAIM_LOCK})
    claims: list[Claim] = []
    while len(claims) < most:
        row = tx.execute(_next_claimable(workflows, now)).first()
        if row is None:
            break
        lease = Lease(row.id, executor, row.attempt + 1)
        taken = tx.execute(
            update(tasks)
            .where(tasks.c.id == row.id, tasks.c.state == TaskState.PLANNED)
            .values(
                state=TaskState.RUNNING,
                executor=executor,
                attempt=lease.attempt,
                cancellable=workflows[row.workflow].cancellable,
                started_at=row.started_at or now,
            )
        )
        if taken.rowcount == 0:
            continue  # cancelled since it was read
        tx.execute(update(task_locks).where(task_locks.c.task_id == row.id).values(held=True))
        claims.append(
            Claim(
                lease,
                row.workflow,
                row.input,
                row.user_id,
                row.organization_id,
                row.parent_id,
                row.deaths,
                row.cancel_requested,
            )
        )
    return claims


def _next_claimable(workflows: Collection[str], now: datetime) -> Executable:
    """Select the first planned task that nothing stands against; sub-tasks before others.

    So a parent's children are done before another parent starts, and few parents wait at once.
    """
    return (
        select(
            tasks.c.id,
            tasks.c.workflow,
            tasks.c.input,
            tasks.c.user_id,
            tasks.c.organization_id,
            tasks.c.parent_id,
            tasks.c.attempt,
            tasks.c.deaths,
            tasks.c.started_at,
            tasks.c.cancel_requested,
        )
        .where(
            tasks.c.state == TaskState.PLANNED,
            tasks.c.workflow.in_(sorted(workflows)),
            _due(tasks, now),
            ~_stands_against(now),
        )
        .order_by(tasks.c.parent_id.is_(None), tasks.c.number)
        .limit(1)
    )


def _due(table: Any, now: datetime) -> ColumnElement[bool]:
    return or_(table.c.start_at.is_(None), table.c.start_at <= now)


def _stands_against(now: datetime) -> ColumnElement[bool]:
    """Somebody holds a wanted resource, or was earlier in asking for it.

    Without the second half a stream of shared users would keep an exclusive one out for ever. It
    does not bind sub-tasks: their parent is under way, and waiting behind somebody who waits for
    what the parent holds would never end. What the parent and grandparent hold is free to them.
    """
    mine, other = task_locks.alias("mine"), task_locks.alias("other")
    rival, parent = tasks.alias("rival"), tasks.alias("parent")
    grandparent = (
        select(parent.c.parent_id).where(parent.c.id == tasks.c.parent_id).scalar_subquery()
    )
    held = and_(
        other.c.held,
        other.c.task_id != func.coalesce(tasks.c.parent_id, ""),
        other.c.task_id != func.coalesce(grandparent, ""),
    )
    earlier = and_(
        tasks.c.parent_id.is_(None),
        rival.c.state == TaskState.PLANNED,
        rival.c.number < tasks.c.number,
        _due(rival, now),
    )
    return (
        select(mine.c.task_id)
        .join(other, other.c.resource == mine.c.resource)
        .join(rival, rival.c.id == other.c.task_id)
        .where(
            mine.c.task_id == tasks.c.id,
            other.c.task_id != tasks.c.id,
            other.c.live,
            or_(mine.c.exclusive, other.c.exclusive),
            or_(held, earlier),
        )
        .correlate(tasks)
        .exists()
    )


def _owned(lease: Lease) -> ColumnElement[bool]:
    return and_(
        tasks.c.id == lease.task_id,
        tasks.c.executor == lease.executor,
        tasks.c.attempt == lease.attempt,
        tasks.c.state == TaskState.RUNNING,
    )


def require_lease(tx: Transaction, lease: Lease) -> None:
    """Raise RunLostError unless the lease is valid; it may still end before this commits."""
    if tx.execute(select(tasks.c.id).where(_owned(lease))).first() is None:
        raise RunLostError


def hold_lease(tx: Transaction, lease: Lease) -> None:
    """Raise RunLostError unless the lease is valid, and stays so until this commits."""
    query = select(tasks.c.id).where(_owned(lease)).with_for_update(key_share=True)
    if tx.execute(query).first() is None:
        raise RunLostError


def steps_of(tx: Transaction, task_id: TaskId) -> dict[str, Any]:
    """Return what the task has done: step name to result."""
    rows = tx.execute(
        select(task_steps.c.name, task_steps.c.result).where(task_steps.c.task_id == task_id)
    )
    return {row.name: row.result for row in rows}


def record_step(
    tx: Transaction, lease: Lease, name: str, result: object, *, after_deaths: bool = False
) -> None:
    """Note that a step is done; RunLostError undoes the transaction of a void lease."""
    hold_lease(tx, lease)
    tx.execute(insert(task_steps).values(task_id=lease.task_id, name=name, result=result))
    if after_deaths:
        tx.execute(update(tasks).where(tasks.c.id == lease.task_id).values(deaths=0))


def write_progress(
    tx: Transaction, lease: Lease, progress: Mapping[str, Any], fraction: float
) -> None:
    """Show how far the task is; a void lease shows nothing."""
    tx.execute(
        update(tasks).where(_owned(lease)).values(progress=dict(progress), fraction=fraction)
    )


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
    if tx.execute(update(tasks).where(_owned(lease)).values(values)).rowcount == 0:
        raise RunLostError
    if outcome.state == TaskState.STOPPED:
        tx.execute(delete(task_steps).where(task_steps.c.task_id == lease.task_id))
    free_resources(tx, [lease.task_id])
    announce(tx, TASKS_TOPIC)


def free_resources(tx: Transaction, task_ids: Collection[str]) -> None:
    """Let go of all that the tasks hold or want."""
    tx.execute(
        update(task_locks).where(task_locks.c.task_id.in_(task_ids)).values(held=False, live=False)
    )


def give_back(tx: Transaction, lease: Lease) -> None:
    """Put a task back into the queue: its process stops in an orderly way."""
    tx.execute(update(tasks).where(_owned(lease)).values(state=TaskState.PLANNED, executor=None))
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


def ends_of(tx: Transaction, task_ids: Sequence[str]) -> dict[str, TaskEnd]:
    """Return the ends of those of the tasks that have ended; one that is gone was removed."""
    rows = tx.execute(
        select(tasks.c.id, tasks.c.state, tasks.c.result, tasks.c.output, tasks.c.errors).where(
            tasks.c.id.in_(task_ids)
        )
    ).all()
    ends = {task_id: _removed(task_id) for task_id in set(task_ids) - {row.id for row in rows}}
    for row in rows:
        if row.state == TaskState.STOPPED:
            ends[row.id] = TaskEnd(row.id, row.result, row.output, tuple(row.errors))
    return ends


def _removed(task_id: str) -> TaskEnd:
    return TaskEnd(cast(TaskId, task_id), TaskResult.CANCELLED, {})


def request_cancel(tx: Transaction, task_ids: Collection[str], now: datetime) -> None:
    """Ask the tasks and all below them to stop; those that have not begun end here and now.

    A task that was interrupted half-way (`attempt` > 0) is run once more, so that its workflow
    can clear up behind itself.
    """
    generation = list(task_ids)
    while generation:
        unbegun = and_(
            tasks.c.id.in_(generation), tasks.c.state == TaskState.PLANNED, tasks.c.attempt == 0
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
        free_resources(tx, ended)
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
    """End a paused task for good; return whether it was paused."""
    stopped = tx.execute(
        update(tasks)
        .where(tasks.c.id == task_id, tasks.c.state == TaskState.PAUSED)
        .values(state=TaskState.STOPPED, result=TaskResult.CANCELLED, ended_at=now)
    )
    if stopped.rowcount == 0:
        return False
    tx.execute(delete(task_steps).where(task_steps.c.task_id == task_id))
    announce(tx, TASKS_TOPIC)
    return True


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
    if resumed.rowcount == 0:
        return False
    tx.execute(update(task_locks).where(task_locks.c.task_id == task_id).values(live=True))
    announce(tx, TASKS_TOPIC)
    return True
