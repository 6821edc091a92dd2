"""`/katello/api/content_views/:id/retention`: which versions stay, and what would go."""

from typing import Any

from headgate.apis.actions import Call, Params, doc
from headgate.apis.katello.content_views import content_views
from headgate.domain.ids import ContentViewId, TaskId
from headgate.domain.retention import RetentionPolicy
from headgate.engine import enqueue
from headgate.services.access import require_for
from headgate.services.views.retention import (
    expendable,
    load_retained,
    plan_retention,
    policy_of,
    set_policy,
)
from headgate.stores.db import tables
from headgate.workflows.publish_requests import retain_task

_PATH = "/katello/api/content_views/{id}/retention"
_COUNT = "Keep this many of the newest versions"
_DAYS = "Keep versions that are younger than this many days"


class Retention(Params):
    """Show what a content view's retention policy would delete now, and how many bytes it frees."""

    id: ContentViewId = doc("Content view ID")
    keep_versions: int | None = doc(f"{_COUNT}, in the place of the policy's number", default=None)
    keep_days: int | None = doc(f"{_DAYS}, in the place of the policy's number", default=None)


@content_views.action("retention", "GET", _PATH, permission="view_content_views", writes=True)
def retention(call: Call, params: Retention) -> dict[str, Any]:
    """Find out by doing it and undoing it; numbers given here are tried, not kept."""
    view = load_retained(call.tx, call.actor, params.id)
    tried = params.changes("keep_versions", "keep_days")
    policy = RetentionPolicy(**tried) if tried else policy_of(view)
    plan = plan_retention(
        call.tx,
        list(call.services.content_types.values()),
        clock=call.services.clock,
        content_view_id=view.id,
        policy=policy,
    )
    return {
        **_shown(policy),
        "versions": [
            {
                "id": each.id,
                "version": f"{each.major}.{each.minor}",
                "description": each.description,
                "published": each.created_at,
            }
            for each in plan.versions
        ],
        "version_count": len(plan.versions),
        "freed_bytes": plan.freed_bytes,
    }


class SetRetention(Params):
    """Set a content view's retention policy: a version stays while one of the rules keeps it."""

    id: ContentViewId = doc("Content view ID")
    keep_versions: int | None = doc(f"{_COUNT}; 0: no such rule", default=None)
    keep_days: int | None = doc(f"{_DAYS}; 0: no such rule", default=None)


@content_views.action("set_retention", "PUT", _PATH)
def set_retention(call: Call, params: SetRetention) -> dict[str, Any]:
    """Change the rules that are given; the policy is followed after each publish and every hour."""
    before = policy_of(load_retained(call.tx, call.actor, params.id))
    given = params.changes("keep_versions", "keep_days")
    chosen = _shown(before) | {name: value or None for name, value in given.items()}
    policy = RetentionPolicy(**chosen)
    set_policy(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        content_view_id=params.id,
        policy=policy,
    )
    return _shown(policy)


class ApplyRetention(Params):
    """Delete now what a content view's retention policy lets go of."""

    id: ContentViewId = doc("Content view ID")


@content_views.action("apply_retention", "POST", _PATH, async_task=True)
def apply_retention(call: Call, params: ApplyRetention) -> TaskId:
    """Ask for it."""
    view = load_retained(call.tx, call.actor, params.id)
    require_for(call.tx, call.actor, tables.content_views, [view], "destroy_content_views")
    going = expendable(
        call.tx,
        clock=call.services.clock,
        content_view_id=view.id,
        policy=policy_of(view),
    )
    return enqueue(call.tx, retain_task(view, going, user_id=call.actor.user_id))


def _shown(policy: RetentionPolicy) -> dict[str, int | None]:
    return {"keep_versions": policy.keep_versions, "keep_days": policy.keep_days}
