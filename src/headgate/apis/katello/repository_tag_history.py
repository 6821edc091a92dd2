"""`/katello/api/repositories/:id/tag_history`: where its tags pointed, since when, and by whom."""

from typing import Any

from headgate.apis.actions import Call, Listing, ListParams, doc, list_page
from headgate.apis.katello.repositories import repositories
from headgate.content.container.tag_history import MOVES, moves_of
from headgate.domain.container_repositories import CONTAINER
from headgate.domain.errors import BadRequestError
from headgate.domain.ids import RepositoryId
from headgate.services.related import AnyRow
from headgate.services.repositories.repository_records import load_repository


class TagHistory(ListParams):
    """Show where the tags of a container repository pointed, the newest change first."""

    id: RepositoryId = doc("Repository ID")
    name: str | None = doc("Of this tag alone", default=None, max_length=128)


@repositories.action(
    "tag_history",
    "GET",
    "/katello/api/repositories/{id}/tag_history",
    permission="view_products",
)
def tag_history(call: Call, params: TagHistory) -> Listing:
    """List the moves."""
    row = load_repository(call.tx, call.actor, params.id)
    if row.content_type != CONTAINER:
        raise BadRequestError(f"Repository '{row.name}' holds no containers, so it has no tags.")
    found = moves_of(row.id, params.name)
    return list_page(call, params, found, catalog=MOVES, show=_shown)


def _shown(row: AnyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "digest": row.manifest,
        "action": "removed" if row.manifest is None else "pointed",
        "cause": row.cause,
        "user": row.user,
        "moved_at": row.moved_at,
    }
