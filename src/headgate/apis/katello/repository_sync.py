"""`/katello/api/repositories/:id/sync`: bringing a repository what upstream has."""

from headgate.apis.actions import Call, Params, doc
from headgate.apis.katello.repositories import repositories
from headgate.domain.errors import BadRequestError
from headgate.domain.ids import RepositoryId, TaskId
from headgate.engine import enqueue
from headgate.services.access import require_for
from headgate.services.repositories.repository_records import load_repository
from headgate.stores.db.tables import repositories as repositories_table
from headgate.workflows.requests import sync_task


class Sync(Params):
    """Sync a repository."""

    id: RepositoryId = doc("Repository ID")
    incremental: bool = doc("Only here for old clients", default=False, hidden=True)
    skip_metadata_check: bool = doc(
        "Synchronize even if upstream's metadata appears to be unchanged", default=False
    )
    validate_contents: bool = doc("Look at all content again", default=False)
    accept_older_metadata: bool = doc(
        "Accept upstream metadata older than what was synchronized before", default=False
    )


@repositories.action("sync", "POST", "/katello/api/repositories/{id}/sync", async_task=True)
def sync(call: Call, params: Sync) -> TaskId:
    """Ask for its synchronization."""
    row = load_repository(call.tx, call.actor, params.id)
    require_for(call.tx, call.actor, repositories_table, [row], "sync_products")
    if row.push_name is not None:
        raise BadRequestError(
            f"Repository '{row.name}' is filled by pushes to {row.push_name} and has no upstream;"
            " to mirror one, make another repository."
        )
    if not row.url:
        raise BadRequestError(
            f"Repository '{row.name}' has no upstream URL; set one to synchronize it."
        )
    task = sync_task(
        row,
        user_id=call.actor.user_id,
        full=params.skip_metadata_check or params.validate_contents,
        accept_older=params.accept_older_metadata,
    )
    return enqueue(call.tx, task)
