"""Taking content views out of environments and deleting their versions."""

from typing import cast

from headgate.apis.actions import Call, Params, doc
from headgate.apis.katello.content_views import content_views
from headgate.domain.errors import ValidationError
from headgate.domain.ids import ContentViewId, ContentViewVersionId, EnvironmentId, TaskId
from headgate.engine import enqueue
from headgate.services.hosts.leaving import NONE, Replacements
from headgate.services.listing import Window, page
from headgate.services.views.content_view_records import load_view
from headgate.services.views.content_views import environments_of, require_deletable_view
from headgate.services.views.version_records import VERSIONS, query
from headgate.services.views.version_removal import check_removal, replacement, version_ids_of
from headgate.workflows.removal_requests import remove_versions_task

_ONE = "/katello/api/content_views/{id}"


class RemoveFromEnvironment(Params):
    """Remove a content view from an environment."""

    id: ContentViewId = doc("Content view ID")
    environment_id: EnvironmentId = doc("Environment ID")


@content_views.action(
    "remove_from_environment", "DELETE", f"{_ONE}/environments/{{environment_id}}", async_task=True
)
def remove_from_environment(call: Call, params: RemoveFromEnvironment) -> TaskId:
    """Let the environment serve it no more."""
    return _remove(call, params.id, environment_ids=[params.environment_id])


class Reassign(Params):
    """Where hosts and activation keys go that are without a content view afterwards."""

    id: ContentViewId = doc("Content view ID")
    system_content_view_id: ContentViewId | None = doc(
        "Content view to reassign orphaned hosts to", default=None
    )
    system_environment_id: EnvironmentId | None = doc(
        "Environment to reassign orphaned hosts to", default=None
    )
    key_content_view_id: ContentViewId | None = doc(
        "Content view to reassign orphaned activation keys to", default=None
    )
    key_environment_id: EnvironmentId | None = doc(
        "Environment to reassign orphaned activation keys to", default=None
    )

    def replacements(self, call: Call, leaving: list[EnvironmentId]) -> Replacements:
        """Return what is named; BadRequestError for a pair that does not stay."""
        view = load_view(call.tx, call.actor, self.id)
        found = [
            replacement(
                call.tx,
                actor=call.actor,
                kind=kind,
                content_view_id=view_id,
                environment_id=environment_id,
                organization_id=view.organization_id,
                leaving=leaving if view_id == self.id else (),
            )
            for kind, view_id, environment_id in (
                ("system", self.system_content_view_id, self.system_environment_id),
                ("key", self.key_content_view_id, self.key_environment_id),
            )
        ]
        return Replacements(for_hosts=found[0], for_keys=found[1])


class Remove(Reassign):
    """Remove versions and/or environments from a content view."""

    environment_ids: list[EnvironmentId] = doc("Environment IDs to be removed", default=[])
    content_view_version_ids: list[ContentViewVersionId] = doc(
        "Content view version IDs to be deleted", default=[]
    )
    destroy_content_view: bool = doc("Delete the content view with all versions", default=False)


@content_views.action("remove", "PUT", f"{_ONE}/remove", async_task=True)
def remove(call: Call, params: Remove) -> TaskId:
    """Take it out of environments, then delete versions, then itself if asked."""
    environment_ids, version_ids = params.environment_ids, params.content_view_version_ids
    if params.destroy_content_view:
        require_deletable_view(
            call.tx, actor=call.actor, content_view_id=params.id, leaving_environments=True
        )
        environment_ids = [row.id for row in environments_of(call.tx, params.id)]
        version_ids = version_ids_of(call.tx, params.id)
    return _remove(
        call,
        params.id,
        replacements=params.replacements(call, environment_ids),
        environment_ids=environment_ids,
        version_ids=version_ids,
        destroy_content_view=params.destroy_content_view,
    )


class Included(Params):
    """Which versions are meant."""

    search: str | None = doc("Search string for versions", default=None, max_length=20_000)
    ids: list[ContentViewVersionId] | None = doc("List of version IDs", default=None)


class Excluded(Params):
    """Which versions are not meant."""

    ids: list[ContentViewVersionId] = doc("List of version IDs", default=[])


class BulkDeleteVersions(Reassign):
    """Delete several versions of a content view."""

    included: Included = doc("Which versions to delete")
    excluded: Excluded | None = doc("Which of these to keep", default=None)


@content_views.action(
    "bulk_delete_versions", "PUT", f"{_ONE}/bulk_delete_versions", async_task=True
)
def bulk_delete_versions(call: Call, params: BulkDeleteVersions) -> TaskId:
    """Delete what is included and not excluded."""
    if params.included.ids is not None:
        chosen = params.included.ids
    elif params.included.search is not None:
        chosen = _found_versions(call, params.id, params.included.search)
    else:
        raise ValidationError({"included": ["must have ids or a search"]})
    kept = set(params.excluded.ids if params.excluded else ())
    version_ids = [each for each in dict.fromkeys(chosen) if each not in kept]
    replacements = params.replacements(call, [])
    return _remove(call, params.id, version_ids=version_ids, replacements=replacements)


def _remove(
    call: Call,
    content_view_id: ContentViewId,
    *,
    environment_ids: list[EnvironmentId] | None = None,
    version_ids: list[ContentViewVersionId] | None = None,
    destroy_content_view: bool = False,
    replacements: Replacements = NONE,
) -> TaskId:
    view = check_removal(
        call.tx,
        actor=call.actor,
        content_view_id=content_view_id,
        environment_ids=environment_ids or [],
        version_ids=version_ids or [],
        destroy_content_view=destroy_content_view,
        replacements=replacements,
    )
    task = remove_versions_task(
        view,
        environment_ids=environment_ids or [],
        version_ids=version_ids or [],
        destroy_content_view=destroy_content_view,
        replacements=replacements,
        user_id=call.actor.user_id,
        user=call.actor.login,
    )
    return enqueue(call.tx, task)


def _found_versions(
    call: Call, content_view_id: ContentViewId, search: str
) -> list[ContentViewVersionId]:
    found = page(
        call.tx,
        query(call.actor, content_view_id=content_view_id),
        catalog=VERSIONS,
        window=Window(search=search, per_page=None),
        clock=call.services.clock,
        strict=True,
    )
    return [cast("ContentViewVersionId", row.id) for row in found.rows]
