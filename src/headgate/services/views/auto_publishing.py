"""Composite views that publish themselves when a component's latest version changes."""

from collections.abc import Sequence

from sqlalchemy import select

from headgate.engine.port import TaskState
from headgate.services.related import AnyRow
from headgate.services.views.publish_plans import AUTO_PUBLISH
from headgate.stores.db import Transaction
from headgate.stores.db.tables import content_view_components, content_views, task_locks, tasks


def composites_due(tx: Transaction, content_view_id: int) -> Sequence[AnyRow]:
    """Return the composites to publish now that this view has a new version.

    Not those that wait for their turn already: they will take the new version, too. Whoever asks
    at the same time waits here, and a task that is about to begin begins after this commit.
    """
    component = content_view_components.c
    following = (
        select(component.composite_id)
        .where(component.content_view_id == content_view_id, component.version_id.is_(None))
        .scalar_subquery()
    )
    composites = tx.execute(
        select(content_views)
        .where(content_views.c.id.in_(following), content_views.c.auto_publish)
        .order_by(content_views.c.id)
        .with_for_update()
    ).all()
    return [view for view in composites if not _waits(tx, view.id)]


def component_views(tx: Transaction, composite_id: int) -> list[int]:
    """Return the ids of the views that a composite is made of."""
    component = content_view_components.c
    return list(
        tx.scalars(
            select(component.content_view_id)
            .where(component.composite_id == composite_id)
            .order_by(component.content_view_id)
        )
    )


def _waits(tx: Transaction, composite_id: int) -> bool:
    waiting = (
        select(tasks.c.id)
        .join(task_locks, task_locks.c.task_id == tasks.c.id)
        .where(
            task_locks.c.resource == f"content_view:{composite_id}",
            task_locks.c.live,
            tasks.c.workflow == AUTO_PUBLISH,
            tasks.c.state == TaskState.PLANNED,
        )
        .limit(1)
        .with_for_update(of=tasks)
    )
    return tx.execute(waiting).first() is not None
