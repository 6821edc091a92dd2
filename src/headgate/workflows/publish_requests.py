"""Asking for what follows a publish: of composites that publish themselves, of retention."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from headgate.domain.clock import Clock
from headgate.domain.ids import ContentViewVersionId, OrganizationId, UserId
from headgate.engine import enqueue
from headgate.engine.port import NewTask
from headgate.services.related import AnyRow
from headgate.services.views.auto_publishing import component_views, composites_due
from headgate.services.views.publish_plans import AUTO_PUBLISH
from headgate.services.views.retention import expendable, policy_of
from headgate.stores.db import Transaction
from headgate.stores.db.tables import content_view_versions, content_views

RETAIN = "retain_versions"


def ask_what_follows(
    tx: Transaction,
    *,
    clock: Clock,
    version_id: ContentViewVersionId,
    user_id: UserId | None,
    user: str,
) -> None:
    """Ask for what a version that is published in this transaction brings about.

    Composites that follow its view publish themselves; what its view's policy lets go of is
    deleted. The tasks exist exactly when the version is visible.
    """
    version = tx.execute(
        select(content_view_versions).where(content_view_versions.c.id == version_id)
    ).one()
    view = tx.execute(
        select(content_views).where(content_views.c.id == version.content_view_id)
    ).one()
    for composite in composites_due(tx, view.id):
        parts = component_views(tx, composite.id)
        task = auto_publish_task(composite, version, view, parts, user_id=user_id, user=user)
        enqueue(tx, task)
    going = expendable(tx, clock=clock, content_view_id=view.id, policy=policy_of(view))
    if going:
        enqueue(tx, retain_task(view, going))


def auto_publish_task(
    composite: Row[Any] | AnyRow,
    version: Row[Any],
    component: Row[Any],
    component_ids: Sequence[int],
    *,
    user_id: UserId | None,
    user: str,
) -> NewTask:
    """Publish a composite once no component of it is being published; what it takes is found then.

    So several components that are published together make one version of the composite.
    """
    trigger = f"{component.name} {version.major}.{version.minor}"
    return NewTask(
        workflow=AUTO_PUBLISH,
        label="Actions::Katello::ContentView::AutoPublish",
        action=f"Publish content view '{composite.name}' after '{trigger}'",
        input={
            "content_view": {"id": composite.id, "name": composite.name},
            "content_view_id": composite.id,
            "triggered_by_id": version.id,
            "description": f"Auto Publish - Triggered by '{trigger}'",
            "user": user,
        },
        user_id=user_id,
        organization_id=OrganizationId(composite.organization_id),
        exclusive=[f"content_view:{composite.id}"],
        shared=[f"content_view:{each}" for each in component_ids],
    )


def retain_task(
    view: Row[Any] | AnyRow, version_ids: Sequence[int], *, user_id: UserId | None = None
) -> NewTask:
    """Delete versions that the view's retention policy lets go of, if it still does then."""
    count = len(version_ids)
    versions = "a version" if count == 1 else f"{count} versions"
    return NewTask(
        workflow=RETAIN,
        label="Actions::Katello::ContentView::Retain",
        action=f"Delete {versions} of '{view.name}' by its retention policy",
        input={
            "content_view": {"id": view.id, "name": view.name},
            "content_view_id": view.id,
            "version_ids": list(version_ids),
        },
        user_id=user_id,
        organization_id=OrganizationId(view.organization_id),
        exclusive=[
            f"content_view:{view.id}",
            *(f"content_view_version:{each}" for each in version_ids),
        ],
    )
