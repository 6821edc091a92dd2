"""`/katello/api/content_views`."""

from typing import Any

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc
from headgate.apis.katello.chosen_packages import MOST_CHOSEN, chosen_packages
from headgate.apis.katello.content_view_shapes import view_object
from headgate.apis.katello.shapes import named_all, task_summary
from headgate.content.rpm.solving.solve import require_solver
from headgate.domain.content_views import Kind
from headgate.domain.errors import BadRequestError
from headgate.domain.ids import (
    ContentViewId,
    ContentViewVersionId,
    EnvironmentId,
    FilterId,
    OrganizationId,
    RepositoryId,
    TaskId,
)
from headgate.engine import enqueue
from headgate.services.hosts.view_environments import HOSTS, KEYS, users_of_view
from headgate.services.listing import page
from headgate.services.related import last_task
from headgate.services.views.components import take_versions
from headgate.services.views.content_view_records import (
    CONTENT_VIEWS,
    beside,
    load_view,
    needs_publish,
    query,
)
from headgate.services.views.content_views import (
    create_content_view,
    require_deletable_view,
    update_content_view,
)
from headgate.services.views.filter_records import require_filters_of
from headgate.services.views.filters import delete_filter
from headgate.services.views.publish_plans import (
    begin_publish,
    check_publish_names,
    check_publish_targets,
    plan_publish,
)
from headgate.services.views.rolling_views import serve_rolling
from headgate.services.views.version_removal import version_ids_of
from headgate.services.views.view_copies import copy_content_view
from headgate.services.work.busy import require_free
from headgate.workflows.removal_requests import remove_versions_task
from headgate.workflows.requests import publish_task

content_views = Resource("content_views", "Content Views")

_FLAT = "/katello/api/content_views"
_NESTED = "/katello/api/organizations/{organization_id}/content_views"
_ONE = f"{_FLAT}/{{id}}"
_VIEW = "view_content_views"
_FLAGS = ("composite", "rolling", "import_only", "auto_publish", "solve_dependencies")


class Index(ListParams):
    """List content views."""

    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    environment_id: EnvironmentId | None = doc("Environment ID", default=None)
    id: ContentViewId | None = doc("Content view ID", default=None)
    nondefault: bool = doc("Filter out default content views", default=False)
    noncomposite: bool = doc("Filter out composite content views", default=False)
    composite: bool | None = doc("Filter only composite content views", default=None)
    without: list[ContentViewId] = doc("Do not include these content views", default=[])
    name: str | None = doc("Name of the content view", default=None)
    label: str | None = doc("Label of the content view", default=None)
    include_generated: bool = doc("Include content views made by exports", default=False)


@content_views.action("index", "GET", _FLAT, also=[_NESTED], permission=_VIEW)
def index(call: Call, params: Index) -> Listing:
    """List them."""
    found = query(
        call.actor,
        organization_id=params.organization_id,
        environment_id=params.environment_id,
        without=params.without,
        id=params.id,
        name=params.name,
        label=params.label,
        default=False if params.nondefault else None,
        composite=False if params.noncomposite else params.composite,
        generated_for=None if params.include_generated else "none",
    )
    listed = page(
        call.tx, found, catalog=CONTENT_VIEWS, window=params.window, clock=call.services.clock
    )
    around = beside(call.tx, listed.rows)
    return Listing.of(listed, lambda row: view_object(call, row, around))


class One(Params):
    """Show a content view."""

    id: ContentViewId = doc("Content view ID")


@content_views.action("show", "GET", _ONE, permission=_VIEW)
def show(call: Call, params: One) -> dict[str, Any]:
    """Show one."""
    return _one(call, params.id)


class Create(Params):
    """Create a content view."""

    organization_id: OrganizationId = doc("Organization ID")
    name: str = doc("Name of the content view")
    label: str | None = doc("Label, made from the name unless given", default=None)
    description: str | None = doc("Description of the content view", default=None)
    repository_ids: list[RepositoryId] = doc("List of repository IDs", default=[])
    composite: bool = doc("Make a composite content view", default=False)
    rolling: bool = doc(
        "Make a rolling content view: it serves what its repositories hold now", default=False
    )
    environment_ids: list[EnvironmentId] = doc(
        "Lifecycle environments of a rolling content view", default=[]
    )
    component_ids: list[ContentViewVersionId] = doc(
        "List of component content view version IDs for composite views", default=[]
    )
    auto_publish: bool = doc("Publish a composite view when a component is", default=False)
    solve_dependencies: bool = doc("Solve RPM dependencies on publish", default=False)
    import_only: bool = doc(
        "Designate this content view for importing from upstream servers only", default=False
    )


@content_views.action("create", "POST", _FLAT, also=[_NESTED])
def create(call: Call, params: Create) -> dict[str, Any]:
    """Make one."""
    view_id = create_content_view(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        organization_id=params.organization_id,
        name=params.name,
        label=params.label,
        description=params.description,
        repository_ids=params.repository_ids,
        kind=Kind(
            composite=params.composite,
            rolling=params.rolling,
            import_only=params.import_only,
            auto_publish=params.auto_publish,
            solve_dependencies=params.solve_dependencies,
        ),
    )
    if params.component_ids:
        _take_components(call, view_id, params.component_ids)
    if params.environment_ids:
        _serve_rolling(call, view_id, params.environment_ids)
    return _one(call, view_id)


class Update(Params):
    """Update a content view."""

    id: ContentViewId = doc("Content view ID")
    name: str | None = doc("New name of the content view", default=None)
    description: str | None = doc("Description of the content view", default=None)
    repository_ids: list[RepositoryId] | None = doc("List of repository IDs", default=None)
    environment_ids: list[EnvironmentId] | None = doc(
        "Lifecycle environments of a rolling content view", default=None
    )
    component_ids: list[ContentViewVersionId] | None = doc(
        "List of component content view version IDs for composite views", default=None
    )
    auto_publish: bool | None = doc("Publish a composite view when a component is", default=None)
    solve_dependencies: bool | None = doc("Solve RPM dependencies on publish", default=None)
    import_only: bool | None = doc("Cannot be changed", default=None, hidden=True)
    composite: bool | None = doc("Cannot be changed", default=None, hidden=True)
    rolling: bool | None = doc("Cannot be changed", default=None, hidden=True)


@content_views.action("update", "PUT", _ONE)
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change what is given."""
    given = params.changes("name", "repository_ids", *_FLAGS)
    changes = {name: value for name, value in given.items() if value is not None}
    changes |= params.changes("description")
    update_content_view(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        content_view_id=params.id,
        changes=changes,
    )
    if params.component_ids is not None:
        _take_components(call, params.id, params.component_ids)
    if params.environment_ids is not None:
        _serve_rolling(call, params.id, params.environment_ids)
    return _one(call, params.id)


class Destroy(One):
    """Delete a content view."""


@content_views.action("destroy", "DELETE", _ONE, async_task=True)
def destroy(call: Call, params: Destroy) -> TaskId:
    """Delete it with its versions and filters."""
    view = require_deletable_view(call.tx, actor=call.actor, content_view_id=params.id)
    require_free(call.tx, f"content_view:{view.id}", name=f"Content view '{view.name}'")
    task = remove_versions_task(
        view,
        version_ids=version_ids_of(call.tx, view.id),
        destroy_content_view=True,
        user_id=call.actor.user_id,
        user=call.actor.login,
    )
    return enqueue(call.tx, task)


class ReposUnits(Params):
    """What is taken of a repository."""

    label: str = doc("Label of the repository", max_length=128)
    rpm_filenames: list[str] = doc("Names of the files of packages", max_length=MOST_CHOSEN)


class Publish(Params):
    """Publish a content view."""

    id: ContentViewId = doc("Content view ID")
    description: str | None = doc("Description for the new version", default=None)
    major: int | None = doc("Override the major version number", default=None, minimum=0)
    minor: int | None = doc("Override the minor version number", default=None, minimum=0)
    environment_ids: list[EnvironmentId] = doc(
        "Lifecycle environments to promote to at once", default=[]
    )
    is_force_promote: bool = doc("Promote out of the order of the paths", default=False)
    publish_only_if_needed: bool = doc(
        "Only publish if something has changed since the last version", default=False
    )
    plan_digest: str | None = doc(
        "Digest of a preview: publish exactly what it showed, or refuse", default=None
    )
    repos_units: list[ReposUnits] = doc(
        "Take only these packages of these repositories", default=[], max_length=1_000
    )


@content_views.action("publish", "POST", f"{_ONE}/publish", async_task=True)
def publish(call: Call, params: Publish) -> TaskId:
    """Freeze what the repositories hold now, as the next version, and promote it to Library."""
    if (params.major is None) != (params.minor is None):
        raise BadRequestError("Both major and minor must be given to override a version number.")
    clock = call.services.clock
    check_publish_targets(
        call.tx,
        actor=call.actor,
        content_view_id=params.id,
        environment_ids=params.environment_ids,
        force=params.is_force_promote,
    )
    chosen = chosen_packages(
        call, params.id, [(each.label, each.rpm_filenames) for each in params.repos_units]
    )
    plan = plan_publish(
        call.tx,
        actor=call.actor,
        clock=clock,
        content_view_id=params.id,
        description=params.description,
        major=params.major,
        minor=params.minor,
        only_if_needed=params.publish_only_if_needed,
        plan_digest=params.plan_digest,
        chosen=chosen,
    )
    if plan.unchanged:
        raise BadRequestError(
            "Content view does not need a publish since there are no changes since the last"
            f" publish (version {plan.number})."
        )
    check_publish_names(call.tx, version_id=plan.version_id, environment_ids=params.environment_ids)
    view = load_view(call.tx, call.actor, params.id)
    if view.solve_dependencies:
        require_solver()
    task = publish_task(
        view,
        version_id=plan.version_id,
        number=plan.number,
        environment_ids=params.environment_ids,
        user_id=call.actor.user_id,
        user=call.actor.login,
    )
    task_id = enqueue(call.tx, task)
    begin_publish(call.tx, version_id=plan.version_id, task_id=task_id)
    return task_id


class RemoveFilters(Params):
    """Delete multiple filters from a content view."""

    id: ContentViewId = doc("Content view ID")
    filter_ids: list[FilterId] = doc("Filter IDs")


@content_views.action("remove_filters", "PUT", f"{_ONE}/remove_filters")
def remove_filters(call: Call, params: RemoveFilters) -> dict[str, Any]:
    """Delete these filters of it."""
    require_filters_of(call.tx, call.actor, params.id, params.filter_ids)
    for filter_id in dict.fromkeys(params.filter_ids):
        delete_filter(call.tx, actor=call.actor, filter_id=filter_id)
    return _one(call, params.id)


class Copy(Params):
    """Make a copy of a content view."""

    id: ContentViewId = doc("Content view ID")
    name: str = doc("New content view name")


@content_views.action("copy", "POST", f"{_ONE}/copy")
def copy(call: Call, params: Copy) -> dict[str, Any]:
    """Make one with the same repositories and filters."""
    copy_id = copy_content_view(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        content_view_id=params.id,
        name=params.name,
    )
    return _one(call, copy_id)


def _one(call: Call, content_view_id: ContentViewId) -> dict[str, Any]:
    row = load_view(call.tx, call.actor, content_view_id)
    return {
        **view_object(call, row, beside(call.tx, [row])),
        "activation_keys": named_all(users_of_view(call.tx, call.actor, KEYS, row)),
        "hosts": named_all(users_of_view(call.tx, call.actor, HOSTS, row)),
        "last_task": task_summary(last_task(call.tx, f"content_view:{row.id}")),
        "needs_publish": needs_publish(call.tx, row),
    }


def _take_components(
    call: Call, content_view_id: ContentViewId, version_ids: list[ContentViewVersionId]
) -> None:
    take_versions(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        composite_id=content_view_id,
        version_ids=version_ids,
    )


def _serve_rolling(
    call: Call, content_view_id: ContentViewId, environment_ids: list[EnvironmentId]
) -> None:
    serve_rolling(
        call.tx,
        load_view(call.tx, call.actor, content_view_id),
        actor=call.actor,
        clock=call.services.clock,
        environment_ids=environment_ids,
    )
