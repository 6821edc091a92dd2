"""Asking for a check of dependencies, alone or within the preview of a publish."""

from typing import Any

from sqlalchemy import Row

from headgate.domain.ids import OrganizationId, UserId
from headgate.engine.port import NewTask
from headgate.services.related import AnyRow

CHECK_DEPENDENCIES = "check_dependencies"
PREVIEW_DEPENDENCIES = "preview_dependencies"


def check_dependencies_task(view: Row[Any] | AnyRow, *, user_id: UserId | None) -> NewTask:
    """Tell what a content view's packages require; nothing waits for it."""
    return _task(
        view,
        workflow=CHECK_DEPENDENCIES,
        label="Actions::Headgate::ContentView::CheckDependencies",
        action=f"Check dependencies of content view '{view.name}'",
        user_id=user_id,
    )


def preview_dependencies_task(
    view: Row[Any] | AnyRow, *, most: int, user_id: UserId | None
) -> NewTask:
    """Preview a publish with what its packages require; `most` differences of a type are listed."""
    return _task(
        view,
        workflow=PREVIEW_DEPENDENCIES,
        label="Actions::Headgate::ContentView::PreviewDependencies",
        action=f"Preview content view '{view.name}' with dependencies",
        user_id=user_id,
        most=most,
    )


def _task(
    view: Row[Any] | AnyRow,
    *,
    workflow: str,
    label: str,
    action: str,
    user_id: UserId | None,
    **more: int,
) -> NewTask:
    return NewTask(
        workflow=workflow,
        label=label,
        action=action,
        input={
            "content_view": {"id": view.id, "name": view.name},
            "content_view_id": view.id,
            **more,
        },
        user_id=user_id,
        organization_id=OrganizationId(view.organization_id),
        shared=[f"content_view_dependencies:{view.id}"],
    )
