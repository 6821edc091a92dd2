"""Asking for changes of whole organizations."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from headgate.domain.ids import OrganizationId, UserId
from headgate.engine.port import NewTask


def remove_organization_task(
    organization: Row[Any],
    *,
    repository_ids: Sequence[int],
    content_view_ids: Sequence[int],
    user_id: UserId | None,
) -> NewTask:
    """Delete the organization once nothing works on its repositories and content views.

    The task belongs to the organization while there is one; afterwards administrators and
    whoever asked still see it.
    """
    return NewTask(
        workflow="remove_organization",
        label="Actions::Katello::Organization::Destroy",
        action=f"Delete organization '{organization.name}'",
        input={
            "organization_id": organization.id,
            "organization": {"id": organization.id, "name": organization.name},
        },
        user_id=user_id,
        organization_id=OrganizationId(organization.id),
        exclusive=[
            *(f"repository:{each}" for each in repository_ids),
            *(f"content_view:{each}" for each in content_view_ids),
        ],
    )
