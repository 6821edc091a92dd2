"""Asking for changes of a repository's content by hand."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from headgate.domain.ids import OrganizationId, UserId
from headgate.engine.port import NewTask


def import_uploads_task(
    repository: Row[Any],
    uploads: Sequence[Mapping[str, Any]],
    *,
    units: Mapping[str, Sequence[int]] | None = None,
    user_id: UserId | None,
) -> NewTask:
    """Add files to the repository, as the workflow `import_uploads` reads them, and units."""
    return NewTask(
        workflow="import_uploads",
        label="Actions::Katello::Repository::ImportUpload",
        action=f"Upload into repository '{repository.name}'",
        input={
            "repository_id": repository.id,
            "repository": {"id": repository.id, "name": repository.name},
            "uploads": [dict(each) for each in uploads],
            "units": {unit_type: list(ids) for unit_type, ids in (units or {}).items()},
        },
        user_id=user_id,
        organization_id=OrganizationId(repository.organization_id),
        exclusive=[f"repository:{repository.id}"],
    )


def remove_content_task(
    repository: Row[Any], units: Mapping[str, Sequence[int]], *, user_id: UserId | None
) -> NewTask:
    """Take units out of the repository."""
    return NewTask(
        workflow="remove_content",
        label="Actions::Katello::Repository::RemoveContent",
        action=f"Remove content from repository '{repository.name}'",
        input={
            "repository_id": repository.id,
            "repository": {"id": repository.id, "name": repository.name},
            "units": {unit_type: list(ids) for unit_type, ids in units.items()},
        },
        user_id=user_id,
        organization_id=OrganizationId(repository.organization_id),
        exclusive=[f"repository:{repository.id}"],
    )
