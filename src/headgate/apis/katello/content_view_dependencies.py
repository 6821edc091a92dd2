"""What packages of a content view require: found while publishing, or only looked at."""

from typing import Any

from headgate.apis.actions import Call, Params, doc
from headgate.apis.katello.content_view_versions import content_view_versions
from headgate.apis.katello.content_views import content_views
from headgate.content.rpm.solving.solve import require_solver
from headgate.domain.errors import BadRequestError
from headgate.domain.ids import ContentViewId, ContentViewVersionId, TaskId
from headgate.engine import enqueue
from headgate.services.access import load, require_for
from headgate.services.views.content_views import require_plain
from headgate.services.views.dependency_reports import load_report, report_of
from headgate.services.views.version_records import load_version
from headgate.stores.db import tables
from headgate.workflows.dependency_requests import check_dependencies_task

__all__ = ["content_view_versions", "content_views"]


class CheckDependencies(Params):
    """Tell which packages a publish would have to add for every package to be installable."""

    id: ContentViewId = doc("Content view ID")


@content_views.action(
    "check_dependencies",
    "POST",
    "/katello/api/content_views/{id}/check_dependencies",
    async_task=True,
)
def check_dependencies(call: Call, params: CheckDependencies) -> TaskId:
    """Look at what the filters keep now; the report is the task's output."""
    view = require_plain(load(call.tx, call.actor, tables.content_views, params.id), "checked")
    require_for(call.tx, call.actor, tables.content_views, [view], "view_content_views")
    if view.composite:
        raise BadRequestError(
            "Composite content views take what their components hold; check the components."
        )
    require_solver()
    return enqueue(call.tx, check_dependencies_task(view, user_id=call.actor.user_id))


class Dependencies(Params):
    """Show what was added to a version because other packages require it, and what is missing."""

    id: ContentViewVersionId = doc("Content view version ID")


@content_view_versions.action(
    "dependencies",
    "GET",
    "/katello/api/content_view_versions/{id}/dependencies",
    permission="view_content_views",
)
def dependencies(call: Call, params: Dependencies) -> dict[str, Any]:
    """Show the report of the version's publish."""
    version = load_version(call.tx, call.actor, params.id)
    found = load_report(call.tx, params.id)
    shown = found or {**report_of([]), "solved_at": None}
    return {"id": version.id, "solved": found is not None, **shown}
