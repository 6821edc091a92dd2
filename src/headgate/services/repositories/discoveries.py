"""Searches for repositories that are under way."""

from typing import Any, Final

from sqlalchemy import Row, select

from headgate.domain.clock import Clock
from headgate.domain.ids import TaskId
from headgate.services.access import Actor
from headgate.services.work.tasks import cancel_task
from headgate.stores.db import Transaction
from headgate.stores.db.tables import tasks

DISCOVER_LABEL: Final = "Actions::Katello::Repository::Discover"


def cancel_discoveries(
    tx: Transaction, *, actor: Actor, clock: Clock, organization: Row[Any], url: str | None
) -> list[TaskId]:
    """Cancel the searches of the organization (at one URL); return which they were."""
    running = tx.execute(
        select(tasks.c.id, tasks.c.input).where(
            tasks.c.organization_id == organization.id,
            tasks.c.label == DISCOVER_LABEL,
            tasks.c.ended_at.is_(None),
        )
    ).all()
    chosen = [TaskId(each.id) for each in running if url is None or each.input["url"] == url]
    for task_id in chosen:
        cancel_task(tx, actor=actor, clock=clock, task_id=task_id)
    return chosen
