"""`/katello/api/content_view_versions/incremental_update` (katello.md, appendix)."""

from typing import Any

from headgate.apis.actions import Call, Params, doc
from headgate.apis.katello.content_view_versions import content_view_versions
from headgate.content.rpm.solving.solve import require_solver
from headgate.content.rpm.tables import errata, rpm_packages
from headgate.domain.errors import BadRequestError, NotFoundError
from headgate.domain.ids import ContentViewVersionId, EnvironmentId, TaskId, UnitId
from headgate.engine import enqueue
from headgate.services.access import load
from headgate.services.units.units import UnitRows, UnitScope, find_unit
from headgate.services.views.incremental_updates import Target, plan_update
from headgate.services.views.publish_plans import begin_publish
from headgate.stores.db import tables
from headgate.workflows.incremental_requests import incremental_update_task

__all__ = ["content_view_versions"]

_ERRATA = UnitRows("erratum", errata, key=errata.c.errata_id)
_PACKAGES = UnitRows("rpm", rpm_packages)


class VersionEnvironments(Params):
    """A version, and the environments that hold it and get its update."""

    content_view_version_id: ContentViewVersionId = doc("Content view version ID to update")
    environment_ids: list[EnvironmentId] = doc(
        "Lifecycle environments in which the update takes the version's place", default=[]
    )


class AddContent(Params):
    """What to add."""

    errata_ids: list[str] = doc("Errata to add with their packages: ids or errata ids", default=[])
    package_ids: list[UnitId] = doc("Packages to add", default=[])
    deb_ids: list[UnitId] = doc("Deb packages to add", default=[], hidden=True)


class UpdateHosts(Params):
    """Hosts to update."""

    included: dict[str, Any] | None = doc("These hosts: ids or search", default=None)
    excluded: dict[str, Any] | None = doc("Not these hosts: ids", default=None)


class IncrementalUpdate(Params):
    """Perform an incremental update of content view versions."""

    content_view_version_environments: list[VersionEnvironments] = doc(
        "The versions to update, and where their updates are to be served", default=[]
    )
    description: str | None = doc("Description of the new versions", default=None)
    resolve_dependencies: bool = doc(
        "Add what the added packages require from the views' repositories", default=False
    )
    propagate_all_composites: bool = doc(
        "Update the composite views' versions in use that hold a named version, too", default=False
    )
    add_content: AddContent | None = doc("The content to add", default=None)
    update_hosts: UpdateHosts | None = doc("Hosts to update afterwards", default=None, hidden=True)


@content_view_versions.action(
    "incremental_update",
    "POST",
    "/katello/api/content_view_versions/incremental_update",
    async_task=True,
)
def incremental_update(call: Call, params: IncrementalUpdate) -> TaskId:
    """Make the next minor version of each, with the content added."""
    errata_ids, package_ids = _content(call, params)
    if not params.content_view_version_environments:
        raise BadRequestError("At least one Content View Version must be specified.")
    if params.resolve_dependencies:
        require_solver()
    planned = plan_update(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        targets=[
            Target(each.content_view_version_id, each.environment_ids)
            for each in params.content_view_version_environments
        ],
        description=params.description,
        propagate=params.propagate_all_composites,
    )
    view = load(call.tx, call.actor, tables.content_views, planned[0].content_view_id)
    task = incremental_update_task(
        planned,
        errata_ids=errata_ids,
        package_ids=package_ids,
        resolve_dependencies=params.resolve_dependencies,
        organization_id=view.organization_id,
        user_id=call.actor.user_id,
        user=call.actor.login,
    )
    task_id = enqueue(call.tx, task)
    for each in planned:
        begin_publish(call.tx, version_id=each.version_id, task_id=task_id)
    return task_id


def _content(call: Call, params: IncrementalUpdate) -> tuple[list[str], list[int]]:
    """Return the names of the advisories and the ids of the packages, all within reach."""
    hosts = params.update_hosts.included if params.update_hosts else None
    if hosts and any(hosts.values()):
        raise BadRequestError(
            "Hosts cannot be updated along with a version: remote execution is not a part of this"
            " server. Leave update_hosts out, and update the hosts with dnf."
        )
    content = params.add_content
    if content is None or not (content.errata_ids or content.package_ids or content.deb_ids):
        raise BadRequestError("Nothing to add: give errata_ids or package_ids in add_content.")
    found = [_find(call, _ERRATA, each) for each in content.errata_ids]
    packages = [_find(call, _PACKAGES, str(each)) for each in content.package_ids]
    for each in content.deb_ids:
        raise NotFoundError(f"Could not find deb with id {each}: there are no deb repositories")
    errata_ids = dict.fromkeys(row.errata_id for row in found)
    return list(errata_ids), list(dict.fromkeys(row.id for row in packages))


def _find(call: Call, kind: UnitRows, name: str) -> Any:
    return find_unit(call.tx, call.actor, kind, UnitScope(), name)
