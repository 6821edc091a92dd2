"""`/katello/api/content_view_versions`."""

from typing import Any

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc
from headgate.apis.katello.content_view_shapes import version_object
from headgate.apis.katello.shapes import task_summary
from headgate.content.rpm.counts import errata_counts
from headgate.domain.errors import ValidationError
from headgate.domain.ids import (
    ContentViewId,
    ContentViewVersionId,
    EnvironmentId,
    OrganizationId,
    TaskId,
    UnitId,
)
from headgate.engine import enqueue
from headgate.services.listing import page
from headgate.services.related import last_task
from headgate.services.storage.deletion import freed_by_deleting_version
from headgate.services.units.content_sets import union_of
from headgate.services.units.units import require_unit
from headgate.services.views.component_records import components_of_version
from headgate.services.views.content_view_records import load_view
from headgate.services.views.promotions import check_promotion
from headgate.services.views.version_records import (
    VERSIONS,
    beside,
    load_version,
    only,
    query,
    versions_holding,
)
from headgate.services.views.version_removal import require_deletable_version
from headgate.services.views.versions import update_version
from headgate.workflows.removal_requests import remove_versions_task
from headgate.workflows.requests import promote_task

content_view_versions = Resource("content_view_versions", "Content View Versions")

_FLAT = "/katello/api/content_view_versions"
_NESTED = "/katello/api/content_views/{content_view_id}/content_view_versions"
_ONE = f"{_FLAT}/{{id}}"
_VIEW = "view_content_views"


class Index(ListParams):
    """List content view versions."""

    content_view_id: ContentViewId | None = doc("Content view ID", default=None)
    environment_id: EnvironmentId | None = doc("Filter versions by environment", default=None)
    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    id: ContentViewVersionId | None = doc("Content view version ID", default=None)
    version: str | None = doc("Filter versions by version number", default=None)
    composite_version_id: ContentViewVersionId | None = doc(
        "Show the versions that a composite version was made from", default=None
    )
    triggered_by_id: ContentViewVersionId | None = doc(
        "Show the versions that published themselves because of this one", default=None
    )
    file_id: UnitId | None = doc("Filter versions by a file that they hold", default=None)
    nondefault: bool = doc("Filter out default content views", default=False)
    include_applied_filters: bool = doc("Whether to show filters", default=False)


@content_view_versions.action("index", "GET", _FLAT, also=[_NESTED], permission=_VIEW)
def index(call: Call, params: Index) -> Listing:
    """List the published ones."""
    found = query(
        call.actor,
        organization_id=params.organization_id,
        environment_id=params.environment_id,
        version=params.version,
        composite_version_id=params.composite_version_id,
        content_view_id=params.content_view_id,
        triggered_by_id=params.triggered_by_id,
        id=params.id,
    )
    if params.file_id is not None:
        require_unit(call.tx, call.actor, "file", params.file_id)
        found = only(found, call.tx, versions_holding(call.tx, call.actor, "file", params.file_id))
    listed = page(call.tx, found, catalog=VERSIONS, window=params.window, clock=call.services.clock)
    around = beside(call.tx, listed.rows)

    def shown(row: Any) -> dict[str, Any]:
        filters = {"applied_filters": row.filters} if params.include_applied_filters else {}
        return {**version_object(call, row, around), **filters}

    return Listing.of(listed, shown)


class One(Params):
    """Show a content view version."""

    id: ContentViewVersionId = doc("Content view version ID")
    include_applied_filters: bool = doc(
        "Only here for old clients: filters are always shown", default=True
    )


@content_view_versions.action("show", "GET", _ONE, permission=_VIEW)
def show(call: Call, params: One) -> dict[str, Any]:
    """Show one."""
    return _one(call, params.id)


class Update(Params):
    """Update a content view version."""

    id: ContentViewVersionId = doc("Content view version ID")
    description: str | None = doc("The description for the content view version", default=None)
    pinned: bool | None = doc("Whether no retention policy takes it", default=None)


@content_view_versions.action("update", "PUT", _ONE)
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change its description, or whether it is pinned."""
    changes = params.changes("description", "pinned")
    if changes.get("pinned", True) is None:
        raise ValidationError({"pinned": ["must be true or false"]})
    update_version(call.tx, actor=call.actor, version_id=params.id, changes=changes)
    return _one(call, params.id)


class Promote(Params):
    """Promote a content view version."""

    id: ContentViewVersionId = doc("Content view version ID")
    environment_ids: list[EnvironmentId] = doc(
        "Lifecycle environments to promote to, in order", aliases=["environment_id"]
    )
    force: bool = doc("Promote out of the order of the environment path", default=False)
    description: str | None = doc("Description for the promotion", default=None)


@content_view_versions.action("promote", "POST", f"{_ONE}/promote", async_task=True)
def promote(call: Call, params: Promote) -> TaskId:
    """Let environments serve it."""
    version = check_promotion(
        call.tx,
        actor=call.actor,
        version_id=params.id,
        environment_ids=params.environment_ids,
        force=params.force,
        restrict_composite=call.setting("restrict_composite_view"),
    )
    task = promote_task(
        load_view(call.tx, call.actor, version.content_view_id),
        version,
        environment_ids=list(dict.fromkeys(params.environment_ids)),
        description=params.description,
        user_id=call.actor.user_id,
        user=call.actor.login,
    )
    return enqueue(call.tx, task)


class Destroy(One):
    """Remove a content view version."""


@content_view_versions.action("destroy", "DELETE", _ONE, async_task=True)
def destroy(call: Call, params: Destroy) -> TaskId:
    """Delete it; the space comes back within a minute."""
    version = require_deletable_version(call.tx, actor=call.actor, version_id=params.id)
    task = remove_versions_task(
        load_view(call.tx, call.actor, version.content_view_id),
        version_ids=[version.id],
        user_id=call.actor.user_id,
        user=call.actor.login,
    )
    return enqueue(call.tx, task)


class Deletion(One):
    """Show how many bytes deleting a version would free."""


@content_view_versions.action("deletion", "GET", f"{_ONE}/deletion", writes=True)
def deletion(call: Call, params: Deletion) -> dict[str, Any]:
    """Find out by doing it and undoing it: the number is what the disk would then show."""
    freed = freed_by_deleting_version(
        call.tx,
        list(call.services.content_types.values()),
        actor=call.actor,
        clock=call.services.clock,
        version_id=params.id,
    )
    return {"freed_bytes": freed}


def _one(call: Call, version_id: ContentViewVersionId) -> dict[str, Any]:
    row = load_version(call.tx, call.actor, version_id)
    around = beside(call.tx, [row])
    sets = [each.content_set_id for each in around.repositories.get(row.id, [])]
    packages = union_of(call.tx, sets, "rpm")
    return {
        **version_object(call, row, around),
        "package_count": len(packages),
        "errata_counts": errata_counts(call.tx, union_of(call.tx, sets, "erratum")),
        "applied_filters": row.filters,
        "components": [
            {
                "id": each.id,
                "name": f"{each.content_view_name} {each.major}.{each.minor}",
                "version": f"{each.major}.{each.minor}",
                "content_view_id": each.content_view_id,
                "content_view": {
                    "id": each.content_view_id,
                    "name": each.content_view_name,
                    "label": each.content_view_label,
                },
            }
            for each in components_of_version(call.tx, row.id)
        ],
        "last_event": task_summary(last_task(call.tx, f"content_view_version:{row.id}")),
    }
