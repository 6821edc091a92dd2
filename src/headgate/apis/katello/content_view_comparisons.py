"""What a publish would change, and what versions, environments and days differ in."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row

from headgate.apis.actions import Call, Params, doc
from headgate.apis.katello.content_views import content_views
from headgate.domain.errors import BadRequestError
from headgate.domain.ids import ContentViewId
from headgate.services.access import load
from headgate.services.views import comparison
from headgate.services.views.comparison import Comparison
from headgate.services.views.content_views import require_plain
from headgate.services.views.publish_plans import require_publishable
from headgate.services.views.view_contents import PLANNED, ViewContent
from headgate.stores.db import tables

__all__ = ["content_views"]

_ONE = "/katello/api/content_views/{id}"
_POINT = (
    "a version (2.0), an environment (Dev), an environment on a day (Dev@2026-11-01), or"
    f" {PLANNED}: what a publish would give"
)
_MOST_LISTED = 10_000


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
    plan = comparison.preview(call.tx, call.services.content_types, view, most=params.limit)
    return {
        "id": view.id,
        "plan_digest": plan.digest,
        "needed": plan.needed,
        "estimated_seconds": plan.estimated_seconds,
        "solve_dependencies": view.solve_dependencies,
        **_shown(plan.comparison),
    }


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
    return {"id": view.id, **_shown(found)}


def _view(call: Call, view_id: ContentViewId) -> Row[Any]:
    return load(call.tx, call.actor, tables.content_views, view_id)


def _shown(found: Comparison) -> Mapping[str, Any]:
    return {
        "before": _side(found.before),
        "after": _side(found.after),
        "content_types": [asdict(each) for each in found.types],
    }


def _side(side: ViewContent | None) -> dict[str, Any] | None:
    if side is None:
        return None
    return {"name": side.name, "content_view_version_id": side.version_id}
