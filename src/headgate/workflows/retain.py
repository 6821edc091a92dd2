"""Following the retention policies of content views."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from headgate.engine import enqueue
from headgate.engine.port import Run
from headgate.services.views.retention import (
    delete_expendable,
    expendable,
    policy_of,
    views_with_policy,
)
from headgate.stores.db import Transaction
from headgate.stores.db.tables import task_locks, tasks
from headgate.workflows.publish_requests import RETAIN, retain_task
from headgate.workflows.workshop import Workshop


def retain_versions(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Delete of `version_ids` what the policy of `content_view_id` still lets go of."""

    def remove(tx: Transaction) -> list[int]:
        return delete_expendable(
            tx,
            clock=workshop.ports.clock,
            content_view_id=run.input["content_view_id"],
            version_ids=run.input["version_ids"],
        )

    return {"content_view_version_ids": run.transaction("remove", remove)}


def retain(workshop: Workshop) -> int:
    """Ask for the deletion of what has grown too old; return for how many views."""
    clock = workshop.ports.clock
    asked = 0
    with workshop.ports.database.begin() as tx:
        for view in views_with_policy(tx):
            going = expendable(tx, clock=clock, content_view_id=view.id, policy=policy_of(view))
            if going and not _asked_for(tx, view.id):
                enqueue(tx, retain_task(view, going), now=clock())
                asked += 1
    return asked


def _asked_for(tx: Transaction, content_view_id: int) -> bool:
    live = (
        select(tasks.c.id)
        .join(task_locks, task_locks.c.task_id == tasks.c.id)
        .where(
            task_locks.c.resource == f"content_view:{content_view_id}",
            task_locks.c.live,
            tasks.c.workflow == RETAIN,
        )
    )
    return tx.execute(live.limit(1)).first() is not None
