"""Tasks that users let come round: rows that may change at any time, fired by any worker.

Unlike schedules, which are code, these are read anew at every look, so a change holds from its
commit on. The next firing and the task of this one are one transaction: it is never lost, never
doubled, however many workers look and whenever one dies. Times that were missed while nothing ran
are made up for by one task. A firing whose last task has not ended yet is left out.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, select, update

from headgate.domain.errors import ValidationError
from headgate.domain.ids import OrganizationId, TaskId
from headgate.engine.port import NewTask
from headgate.engine.queue import enqueue
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import recurring_logics, tasks

ACTIVE = "active"
DISABLED = "disabled"
CANCELLED = "cancelled"

_CRON_FIELDS = 5
_RANDOM = re.compile(r"\b[rh]\b|[rh]\(", re.IGNORECASE)  # croniter's own extension
_LONGEST_CRON = 128
# Fired in one transaction; the others' turn comes with the next look, a moment later.
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Recurrence:
    """When something comes round: every so often from `starts_at`, or at a cron line's times.

    The cron line is in UTC and has five fields; it is also what people are shown where `every`
    decides.
    """

    cron_line: str
    starts_at: datetime
    every: timedelta | None = None

    def next_time(self, after: datetime) -> datetime:
        """Return the first time later than `after`, and not before `starts_at`."""
        if self.every is None:
            floor = max(after, self.starts_at - timedelta(microseconds=1))
            return _next_of_cron(self.cron_line, floor)
        if after < self.starts_at:
            return self.starts_at
        return self.starts_at + ((after - self.starts_at) // self.every + 1) * self.every


def check_cron(line: str) -> str:
    """Return the cron line; ValidationError unless it names minutes that do come."""
    invalid = ValidationError({"base": ["Cron expression is not valid!"]})
    if len(line) > _LONGEST_CRON or len(line.split()) != _CRON_FIELDS or _RANDOM.search(line):
        raise invalid
    try:
        _next_of_cron(line, datetime(2026, 1, 1, tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise invalid from error
    return line


def resource_of(logic_id: int) -> str:
    """Return what the tasks of a recurring logic are known by, among task locks."""
    return f"recurring_logic:{logic_id}"


def begin(tx: Transaction, task: NewTask, recurrence: Recurrence, *, now: datetime) -> int:
    """Let the task come round; return the id of its recurring logic."""
    return insert_row(
        tx,
        recurring_logics,
        {
            "organization_id": task.organization_id,
            "workflow": task.workflow,
            "label": task.label,
            "action": task.action,
            "input": dict(task.input),
            "state": ACTIVE,
            "created_at": now,
            **_timing(recurrence, now),
        },
    )


def change(
    tx: Transaction, logic_id: int, *, task: NewTask, recurrence: Recurrence | None, now: datetime
) -> None:
    """Change what comes round and, unless None, when; a disabled one stays disabled."""
    values: dict[str, Any] = {"action": task.action, "input": dict(task.input)}
    tx.execute(_one(logic_id).values(values))
    if recurrence is not None:
        timing = _timing(recurrence, now)
        tx.execute(_one(logic_id, recurring_logics.c.state == ACTIVE).values(timing))
        timing["next_at"] = None
        tx.execute(_one(logic_id, recurring_logics.c.state != ACTIVE).values(timing))


def enable(tx: Transaction, logic_id: int, *, now: datetime) -> None:
    """Go on from now; what was left out meanwhile is not made up for."""
    row = tx.execute(
        select(recurring_logics).where(recurring_logics.c.id == logic_id).with_for_update()
    ).one()
    if row.state != ACTIVE:
        next_at = _recurrence(row).next_time(now)
        tx.execute(_one(logic_id).values(state=ACTIVE, next_at=next_at))


def disable(tx: Transaction, logic_id: int, *, state: str = DISABLED) -> None:
    """Fire no more; a task that was asked for already is left alone."""
    tx.execute(_one(logic_id).values(state=state, next_at=None))


def is_due(tx: Transaction, now: datetime) -> bool:
    """Tell whether `fire_due` would do something."""
    due = select(recurring_logics.c.id).where(recurring_logics.c.next_at <= now)
    return tx.execute(due.limit(1)).first() is not None


def fire_due(tx: Transaction, now: datetime) -> list[TaskId]:
    """Ask for the tasks whose time has come; what another worker has in hand is left to it."""
    rows = tx.execute(
        select(recurring_logics)
        .where(recurring_logics.c.next_at <= now)
        .order_by(recurring_logics.c.next_at)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    fired = [_fire(tx, row, now) for row in rows]
    return [task_id for task_id in fired if task_id is not None]


def _fire(tx: Transaction, row: Row[Any], now: datetime) -> TaskId | None:
    try:
        next_at = _recurrence(row).next_time(now)
    except (ValueError, OverflowError):  # 50 years without such a day
        tx.execute(_one(row.id).values(state="failed", next_at=None))
        return None
    if row.last_task_id is not None and _runs(tx, row.last_task_id):
        tx.execute(_one(row.id).values(next_at=next_at))
        return None
    task = NewTask(
        workflow=row.workflow,
        label=row.label,
        action=row.action,
        input=row.input,
        user_id=None,
        organization_id=OrganizationId(row.organization_id),
        shared=[resource_of(row.id)],
    )
    task_id = enqueue(tx, task, now=now)
    fired = {"next_at": next_at, "iteration": row.iteration + 1, "last_task_id": task_id}
    tx.execute(_one(row.id).values(fired))
    return task_id


def _next_of_cron(line: str, after: datetime) -> datetime:
    """Return the next time; ValueError (of which croniter's errors are) if there is none."""
    from croniter import croniter  # noqa: PLC0415 - 20 ms and 3 MB that web processes seldom need

    found: datetime = croniter(line, after.astimezone(UTC)).get_next(datetime)
    return found


def _runs(tx: Transaction, task_id: str) -> bool:
    unended = select(tasks.c.id).where(tasks.c.id == task_id, tasks.c.ended_at.is_(None))
    return tx.execute(unended).first() is not None


def _recurrence(row: Row[Any]) -> Recurrence:
    every = None if row.every_seconds is None else timedelta(seconds=row.every_seconds)
    return Recurrence(row.cron_line, row.starts_at, every)


def _timing(recurrence: Recurrence, now: datetime) -> dict[str, Any]:
    every = recurrence.every
    return {
        "cron_line": recurrence.cron_line,
        "every_seconds": None if every is None else int(every.total_seconds()),
        "starts_at": recurrence.starts_at,
        "next_at": recurrence.next_time(now),
    }


def _one(logic_id: int, *conditions: ColumnElement[bool]) -> Any:
    return update(recurring_logics).where(recurring_logics.c.id == logic_id, *conditions)
