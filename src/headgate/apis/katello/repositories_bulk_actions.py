"""`/katello/api/repositories/bulk`: one action on many repositories."""

from typing import Any

from headgate.apis.actions import Call, Params, Resource, doc
from headgate.domain.errors import UnprocessableError
from headgate.domain.ids import RepositoryId, TaskId
from headgate.engine import enqueue
from headgate.services.repositories.repositories import delete_repository
from headgate.services.work.bulk import MOST, each, repositories_to_sync
from headgate.stores.db.tables import repositories
from headgate.workflows.bulk_requests import bulk_sync_task

repositories_bulk_actions = Resource("repositories_bulk_actions", "Repositories Bulk Actions")

_PATH = "/katello/api/repositories/bulk"


class Chosen(Params):
    """Which repositories."""

    ids: list[RepositoryId] = doc("List of repository IDs", max_length=MOST)


class DestroyRepositories(Chosen):
    """Destroy one or more repositories."""

    remove_from_content_view_versions: bool = doc(
        "Remove them from published content view versions, too, whatever the setting"
        " delete_repo_across_cv (true by default)",
        default=False,
    )
    delete_empty_repo_filters: bool = doc(
        "Delete content view filters that apply to one of these alone", default=False
    )


@repositories_bulk_actions.action("destroy_repositories", "PUT", f"{_PATH}/destroy")
def destroy_repositories(call: Call, params: DestroyRepositories) -> dict[str, Any]:
    """Delete those that may go."""
    changed = each(
        call.tx,
        call.actor,
        repositories,
        params.ids,
        refused="You do not have permissions to delete %s",
        change=lambda row: delete_repository(
            call.tx,
            actor=call.actor,
            clock=call.services.clock,
            repository_id=RepositoryId(row.id),
            remove_from_versions=params.remove_from_content_view_versions
            or call.setting("delete_repo_across_cv"),
            delete_filters=params.delete_empty_repo_filters,
        ),
    )
    return changed.messages("Successfully removed %s repositories")


class SyncRepositories(Chosen):
    """Synchronize one or more repositories."""


@repositories_bulk_actions.action("sync_repositories", "POST", f"{_PATH}/sync", async_task=True)
def sync_repositories(call: Call, params: SyncRepositories) -> TaskId:
    """Synchronize each in a sub-task."""
    found = repositories_to_sync(call.tx, call.actor, params.ids)
    if not found:
        raise UnprocessableError(
            "Unable to synchronize any repository. You either do not have the permission to"
            " synchronize or the selected repositories do not have a feed url."
        )
    return enqueue(call.tx, bulk_sync_task(found, user_id=call.actor.user_id))
