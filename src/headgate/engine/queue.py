"""Asking for tasks: a row and its wanted resources, on the transaction of the change behind it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy import func, insert, select

from headgate.domain.clock import utc_now
from headgate.domain.ids import TaskId
from headgate.engine.port import NewTask, TaskResult, TaskState
from headgate.stores.db import Transaction, announce
from headgate.stores.db.tables import task_locks, task_numbers, tasks

# Announced by every commit that makes, cancels, resumes or ends a task (`Database.subscribe`).
TASKS_TOPIC = "tasks"

_MAKE = insert(tasks)
_HIGHEST = select(func.coalesce(func.max(tasks.c.number), 0))


def enqueue(tx: Transaction, task: NewTask, *, now: datetime | None = None) -> TaskId:
    """Make the task; it is started by a worker once the transaction has committed."""
    task_id = TaskId(str(uuid4()))
    row: dict[str, object] = {
        "id": task_id,
        "number": _next_number(tx),
        "label": task.label,
        "workflow": task.workflow,
        "action": task.action,
        "user_id": task.user_id,
        "organization_id": task.organization_id,
        "parent_id": task.parent_id,
        "state": TaskState.PLANNED,
        "result": TaskResult.PENDING,
        "input": dict(task.input),
        "output": {},
        "errors": [],
        "progress": {},
        "start_at": task.start_at,
        "created_at": now or utc_now(),
    }
    tx.execute(_MAKE, row)
    _want(tx, task_id, exclusive=task.exclusive, shared=task.shared)
    announce(tx, TASKS_TOPIC)
    return task_id


def _want(
    tx: Transaction, task_id: TaskId, *, exclusive: Sequence[str], shared: Sequence[str]
) -> None:
    wanted = dict.fromkeys(shared, False) | dict.fromkeys(exclusive, True)
    if wanted:
        tx.execute(
            insert(task_locks),
            [
                {"task_id": task_id, "resource": resource, "exclusive": wanted[resource]}
                for resource in sorted(wanted)
            ],
        )


def _next_number(tx: Transaction) -> int:
    if tx.dialect.name == "sqlite":  # writers take turns there
        return tx.execute(_HIGHEST).scalar_one() + 1
    return tx.execute(select(task_numbers.next_value())).scalar_one()
