"""Asking for one action on many things: a task with a sub-task for each."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from headgate.domain.ids import OrganizationId, UserId
from headgate.engine.port import NewTask

LABEL = "Actions::BulkAction"


def bulk_sync_task(
    repositories: Sequence[Row[Any]], *, user_id: UserId | None, full: bool = False
) -> NewTask:
    """Synchronize repositories, each in a sub-task that waits for what stands against it alone.

    The task itself holds nothing: one repository that is busy does not keep the others waiting.
    """
    return NewTask(
        workflow="sync_many",
        label=LABEL,
        action=f"Bulk action: synchronize {_count(repositories)}",
        input={"repository_ids": [row.id for row in repositories], "full": full},
        user_id=user_id,
        organization_id=organization_of(repositories),
    )


def organization_of(repositories: Sequence[Row[Any]]) -> OrganizationId | None:
    """Return the organization of all of them; None, which only its user sees, if they differ."""
    found = {row.organization_id for row in repositories}
    return OrganizationId(found.pop()) if len(found) == 1 else None


def _count(repositories: Sequence[Row[Any]]) -> str:
    if len(repositories) == 1:
        return f"repository '{repositories[0].name}'"
    return f"{len(repositories)} repositories"
