"""Reading tasks: what an actor may see of them, and what they can be searched by."""

from typing import Any, Final

from sqlalchemy import Row, Select, select

from headgate.domain.ids import TaskId
from headgate.search import Field, Fields
from headgate.services.access import Actor, load, scoped
from headgate.services.listing import Catalog
from headgate.stores.db import Transaction
from headgate.stores.db.tables import tasks, users

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
        }
    ),
    default_sort=("started_at", "desc"),
)


def query(actor: Actor) -> Select[Any]:
    """Select the tasks that the actor may see, with the login of who asked for each."""
    with_login = (
        select(tasks, users.c.login.label("username"))
        .select_from(tasks)
        .outerjoin(users, users.c.id == tasks.c.user_id)
    )
    return scoped(with_login, actor, tasks)


def load_task(tx: Transaction, actor: Actor, task_id: TaskId) -> Row[Any]:
    """Return a task with its login; NotFoundError as for every id."""
    load(tx, actor, tasks, task_id)
    return tx.execute(query(actor).where(tasks.c.id == task_id)).one()
