"""Taking tasks from the queue, with the resources they want."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Row,
    and_,
    bindparam,
    func,
    or_,
    select,
    text,
    update,
)

from headgate.domain.ids import OrganizationId, TaskId, UserId
from headgate.engine.ledger import Lease
from headgate.engine.port import TaskState, Workflow
from headgate.stores.db import Transaction, UtcDateTime
from headgate.stores.db.tables import task_locks, tasks

# Any constant: claims on PostgreSQL take turns under it.
_CLAIM_LOCK = 4_867_523


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


def claimable(tx: Transaction, workflows: Collection[str], now: datetime) -> bool:
    """Tell whether `claim` would find something."""
    return _first(tx, workflows, now) is not None


def claim(
    tx: Transaction, workflows: Mapping[str, Workflow], *, executor: str, now: datetime, most: int
) -> list[Claim]:
    """Take the next tasks whose resources are free, and those resources with them."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CLAIM_LOCK})
    claims: list[Claim] = []
    while len(claims) < most and (row := _first(tx, workflows, now)) is not None:
        lease = Lease(row.id, executor, row.attempt + 1)
        taken = {
            "planned_id": row.id,
            "state": TaskState.RUNNING,
            "executor": executor,
            "attempt": lease.attempt,
            "cancellable": workflows[row.workflow].cancellable,
            # The task may be newer than this look at the clock.
            "started_at": row.started_at or max(now, row.created_at),
        }
        if tx.execute(_TAKE, taken).rowcount == 0:
            continue  # cancelled since it was read
        tx.execute(_HOLD_RESOURCES, {"of_task": row.id, "held": True})
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


_TAKE = update(tasks).where(
    tasks.c.id == bindparam("planned_id"), tasks.c.state == TaskState.PLANNED
)
_HOLD_RESOURCES = update(task_locks).where(task_locks.c.task_id == bindparam("of_task"))


def _first(
    tx: Transaction, workflows: Collection[str], now: datetime
) -> Row[tuple[Any, ...]] | None:
    return tx.execute(_claimable(), {"workflows": sorted(workflows), "now": now}).first()


@cache
def _claimable() -> Executable:
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
            tasks.c.created_at,
            tasks.c.cancel_requested,
        )
        .where(
            tasks.c.state == TaskState.PLANNED,
            tasks.c.workflow.in_(bindparam("workflows", expanding=True)),
            _due(tasks),
            ~_stands_against(),
        )
        .order_by(tasks.c.parent_id.is_(None), tasks.c.number)
        .limit(1)
    )


def _due(table: Any) -> ColumnElement[bool]:
    now = bindparam("now", type_=UtcDateTime)
    return or_(table.c.start_at.is_(None), table.c.start_at <= now)


def _stands_against() -> ColumnElement[bool]:
    """Somebody holds a wanted resource, or was earlier in asking for it.

    Without the second half a stream of shared users would keep an exclusive one out for ever. It
    does not bind sub-tasks: their parent is under way, and waiting behind somebody who waits for
    what the parent holds would never end. What the parent and grandparent hold is free to them.
    """
    mine, other = task_locks.alias("mine"), task_locks.alias("other")
    rival, parent = tasks.alias("rival"), tasks.alias("parent")
    grandparent = (
        select(parent.c.parent_id)
        .where(parent.c.id == tasks.c.parent_id)
        .correlate(tasks)
        .scalar_subquery()
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
        _due(rival),
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
