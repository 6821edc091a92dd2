"""`/katello/api/content_views/:id/history`."""

from typing import Any

from headgate.apis.actions import Call, Listing, ListParams, Resource, doc, list_page
from headgate.domain.ids import ContentViewId
from headgate.services.related import AnyRow
from headgate.services.views.filter_records import HISTORIES, histories_query

content_view_histories = Resource("content_view_histories", "Content View Histories")


class Index(ListParams):
    """Show a content view's history."""

    id: ContentViewId = doc("Content view numeric identifier", aliases=["content_view_id"])


@content_view_histories.action(
    "index", "GET", "/katello/api/content_views/{id}/history", permission="view_content_views"
)
def index(call: Call, params: Index) -> Listing:
    """List what happened to its versions, the latest first."""
    found = histories_query(call.tx, call.actor, params.id)
    return list_page(call, params, found, catalog=HISTORIES, show=_shown)


def _shown(row: AnyRow) -> dict[str, Any]:
    environment = None
    if row.environment_id is not None:
        environment = {"id": row.environment_id, "name": row.environment}
    return {
        "id": row.id,
        "content_view_id": row.content_view_id,
        "version": row.version,
        "version_id": row.version_id,
        "content_view_version_id": row.version_id,
        "environment": environment,
        "action": row.action,
        "publish": row.action == "publish",
        "user": row.user,
        "status": row.status,
        "description": row.description,
        "task": None if row.task_id is None else {"id": row.task_id},
        "created_at": row.created_at,
    }
