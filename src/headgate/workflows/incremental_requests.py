"""Asking for an incremental update."""

from collections.abc import Sequence

from headgate.domain.ids import OrganizationId, UserId
from headgate.engine.port import NewTask
from headgate.services.views.incremental_updates import PlannedUpdate

INCREMENTAL_UPDATE = "incremental_update"


def incremental_update_task(
    planned: Sequence[PlannedUpdate],
    *,
    errata_ids: Sequence[str],
    package_ids: Sequence[int],
    resolve_dependencies: bool,
    organization_id: int,
    user_id: UserId | None,
    user: str,
) -> NewTask:
    """Add content to planned versions; nothing else is published of their views meanwhile."""
    views = {each.content_view_id for each in planned}
    places = {
        f"content_view_environment:{each.content_view_id}:{environment_id}"
        for each in planned
        for environment_id in each.environment_ids
    }
    return NewTask(
        workflow=INCREMENTAL_UPDATE,
        label="Actions::Katello::ContentView::IncrementalUpdates",
        action=f"Incremental update of {', '.join(each.name for each in planned)}",
        input={
            "updates": [each.as_input() for each in planned],
            "errata_ids": list(errata_ids),
            "package_ids": list(package_ids),
            "resolve_dependencies": resolve_dependencies,
            "user": user,
        },
        user_id=user_id,
        organization_id=OrganizationId(organization_id),
        exclusive=[*(f"content_view:{each}" for each in sorted(views)), *sorted(places)],
    )
