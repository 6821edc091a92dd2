"""What a publish would change, and what versions, environments and days differ in."""

from typing import Any

from sqlalchemy import Row

from headgate.apis.actions import Call, Params, doc
from headgate.apis.katello.content_views import content_views
from headgate.content.rpm.solving.solve import require_solver
from headgate.domain.errors import BadRequestError
from headgate.domain.ids import ContentViewId, TaskId
from headgate.engine import enqueue
from headgate.services.access import load, require_for
from headgate.services.views import comparison, previews
from headgate.services.views.content_views import require_plain
from headgate.services.views.publish_plans import require_publishable
from headgate.services.views.view_contents import PLANNED
from headgate.stores.db import tables
from headgate.workflows.dependency_requests import preview_dependencies_task

__all__ = ["content_views"]

_ONE = "/katello/api/content_views/{id}"
_POINT = (
    "a version (2.0), an environment (Dev), an environment on a day (Dev@2026-11-01), or"
    f" {PLANNED}: what a publish would give"
)
_MOST_LISTED = 10_000
_MOST_KEPT = 1_000  # with a task


class Preview(Params):
    """Show what publishing a content view would change against its latest version."""

    id: ContentViewId = doc("Content view ID")
    limit: int = doc(
        "How many differences of each type to list", default=100, minimum=0, maximum=_MOST_LISTED
    )


@content_views.action("preview", "GET", f"{_ONE}/preview", permission="view_content_views")
def preview(call: Call, params: Preview) -> dict[str, Any]:
    """Plan a publish; publish with the plan's digest gives exactly this or is refused."""
    view = require_publishable(_view(call, params.id))
    plan = previews.preview(call.tx, call.services.content_types, view, most=params.limit)
    return plan.as_json()


class PreviewDependencies(Params):
    """Show what publishing would change, what the packages require, and what is unresolved."""

    id: ContentViewId = doc("Content view ID")
    limit: int = doc(
        "How many differences of each type to list", default=100, minimum=0, maximum=_MOST_KEPT
    )


@content_views.action("preview_dependencies", "POST", f"{_ONE}/preview", async_task=True)
def preview_dependencies(call: Call, params: PreviewDependencies) -> TaskId:
    """Solving takes a process of its own; the plan is the task's output."""
    view = require_publishable(_view(call, params.id))
    require_for(call.tx, call.actor, tables.content_views, [view], "view_content_views")
    require_solver()
    return enqueue(
        call.tx, preview_dependencies_task(view, most=params.limit, user_id=call.actor.user_id)
    )


class Compare(Params):
    """Show what two versions, environments or days of a content view differ in."""

    id: ContentViewId = doc("Content view ID")
    before: str = doc(f"What to compare: {_POINT}", max_length=300)
    after: str = doc(f"What to compare it with: {_POINT}", max_length=300)
    limit: int = doc(
        "How many differences of each type to list", default=100, minimum=0, maximum=_MOST_LISTED
    )


@content_views.action("compare", "GET", f"{_ONE}/compare", permission="view_content_views")
def compare(call: Call, params: Compare) -> dict[str, Any]:
    """Compare two points."""
    view = require_plain(_view(call, params.id), "compared")
    if view.rolling and PLANNED in {params.before, params.after}:
        raise BadRequestError(f"Rolling content view '{view.name}' is never published")
    found = comparison.compare(
        call.tx,
        call.services.content_types,
        view,
        before=params.before,
        after=params.after,
        most=params.limit,
    )
    return {"id": view.id, **comparison.shown(found)}


def _view(call: Call, view_id: ContentViewId) -> Row[Any]:
    return load(call.tx, call.actor, tables.content_views, view_id)
