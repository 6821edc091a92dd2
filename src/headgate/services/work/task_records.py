"""Tasks as actors see them, and what they can be searched by; changing them is in `tasks.py`."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, Select, select

from headgate.domain.ids import TaskId
from headgate.engine import TaskState
from headgate.search import Field, Fields
from headgate.services.access import Actor, load, load_many, scoped
from headgate.services.listing import Catalog
from headgate.services.work.task_resources import resource_fields
from headgate.stores.db import Transaction
from headgate.stores.db.moments import seconds_between
from headgate.stores.db.tables import task_locks, tasks, users

TASKS: Final = Catalog(
    key=tasks.c.number,
    fields=Fields(
        {
            "id": Field(tasks.c.id),
            "action": Field(tasks.c.action, default=True),
            "label": Field(tasks.c.label, default=True),
            "state": Field(tasks.c.state),
            "result": Field(tasks.c.result),
            "started_at": Field(tasks.c.started_at, "datetime"),
            "ended_at": Field(tasks.c.ended_at, "datetime"),
            "start_at": Field(tasks.c.start_at, "datetime"),
            "parent_task_id": Field(tasks.c.parent_id),
            "organization_id": Field(tasks.c.organization_id, "integer"),
            "user": Field(users.c.login),
            "username": Field(users.c.login),
            "user.login": Field(users.c.login),
            "user.id": Field(tasks.c.user_id, "integer"),
            "duration": Field(seconds_between(tasks.c.started_at, tasks.c.ended_at), "integer"),
            **resource_fields(),
        }
    ),
    default_sort=("started_at", "desc"),
)


def query(
    actor: Actor,
    *,
    parent_id: TaskId | None = None,
    user_id: int | None = None,
    resource: str | None = None,
    active_only: bool = False,
    labels: Sequence[str] = (),
) -> Select[Any]:
    """Select the tasks that the actor may see, with the login of who asked for each.

    `resource` reads `repository:12`.
    """
    found = scoped(_with_logins(), actor, tasks)
    if parent_id is not None:
        found = found.where(tasks.c.parent_id == parent_id)
    if user_id is not None:
        found = found.where(tasks.c.user_id == user_id)
    if resource is not None:
        holders = select(task_locks.c.task_id).where(task_locks.c.resource == resource)
        found = found.where(tasks.c.id.in_(holders))
    if active_only:
        found = found.where(tasks.c.state != TaskState.STOPPED)
    if labels:
        found = found.where(tasks.c.label.in_(labels))
    return found


def load_task(tx: Transaction, actor: Actor, task_id: TaskId) -> Row[Any]:
    """Return a task with its login; the actor's own, or with `view_foreman_tasks`."""
    load(tx, actor, tasks, task_id)
    return tx.execute(_with_logins().where(tasks.c.id == task_id)).one()


def load_tasks(tx: Transaction, actor: Actor, task_ids: Sequence[TaskId]) -> list[Row[Any]]:
    """Return several tasks as `load_task` does."""
    rows = load_many(tx, actor, tasks, task_ids)
    found = tx.execute(_with_logins().where(tasks.c.id.in_([row.id for row in rows])))
    by_id = {row.id: row for row in found}
    return [by_id[task_id] for task_id in task_ids]


def ids_found(tx: Transaction, found: Select[Any], *, limit: int) -> list[TaskId]:
    """Return the ids of the newest tasks of a selection."""
    newest = found.with_only_columns(tasks.c.id).order_by(tasks.c.number.desc()).limit(limit)
    return [TaskId(task_id) for task_id in tx.scalars(newest)]


def _with_logins() -> Select[Any]:
    return (
        select(tasks, users.c.login.label("username"))
        .select_from(tasks)
        .outerjoin(users, users.c.id == tasks.c.user_id)
    )
