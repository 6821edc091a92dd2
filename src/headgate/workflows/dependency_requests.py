"""Asking for a check of dependencies."""

from typing import Any

from sqlalchemy import Row

from headgate.domain.ids import OrganizationId, UserId
from headgate.engine.port import NewTask
from headgate.services.related import AnyRow

CHECK_DEPENDENCIES = "check_dependencies"


def check_dependencies_task(view: Row[Any] | AnyRow, *, user_id: UserId | None) -> NewTask:
    """Tell what a content view's packages require; nothing waits for it."""
    return NewTask(
        workflow=CHECK_DEPENDENCIES,
        label="Actions::Headgate::ContentView::CheckDependencies",
        action=f"Check dependencies of content view '{view.name}'",
        input={
            "content_view": {"id": view.id, "name": view.name},
            "content_view_id": view.id,
        },
        user_id=user_id,
        organization_id=OrganizationId(view.organization_id),
        shared=[f"content_view_dependencies:{view.id}"],
    )
