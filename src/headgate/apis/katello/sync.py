"""`/katello/api/repositories/:id/sync`: how the last synchronization went."""

from typing import Any

from headgate.apis.actions import Call, Params, Resource, doc
from headgate.apis.task_objects import show_task
from headgate.domain.ids import RepositoryId
from headgate.services.repositories.repository_records import last_syncs, load_repository

sync = Resource("sync", "Sync")


class Index(Params):
    """Get status of synchronisation for a repository."""

    repository_id: RepositoryId = doc("Repository ID")


@sync.action(
    "index",
    "GET",
    "/katello/api/repositories/{repository_id}/sync",
    permission="view_products",
)
def index(call: Call, params: Index) -> dict[str, Any]:
    """Return the last sync task; only a state before the first one."""
    row = load_repository(call.tx, call.actor, params.repository_id)
    task = last_syncs(call.tx, [row]).get(row.id)
    return {"state": "not_synced", "progress": 0.0} if task is None else show_task(task)
