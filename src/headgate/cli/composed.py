"""Commands that hammer has and the API has not: several requests each."""

from collections.abc import Mapping, Sequence
from typing import Any

from headgate.cli.client import Api
from headgate.cli.errors import FAILED, OK, UsageError
from headgate.cli.options import require
from headgate.cli.run import Job, apply_defaults, is_task
from headgate.cli.tasks import follow

Json = Mapping[str, Any]

_KEPT_VERSIONS = 3
_ALL = 4294967296
_FILTERS = "/katello/api/content_view_filters"


def add_view_repository(job: Job) -> int:
    """`content-view add-repository`."""
    return _change_repositories(job, "/katello/api/content_views", add=True)


def remove_view_repository(job: Job) -> int:
    """`content-view remove-repository`."""
    return _change_repositories(job, "/katello/api/content_views", add=False)


def add_component(job: Job) -> int:
    """`content-view component add`."""
    api, values = _ready(job, "composite_content_view_id")
    given = job.given.values
    view: int | None = job.resolver(api).value("component_content_view_id")
    version = given.get("component_content_view_version_id")
    if version is None and (number := given.get("component_content_view_version")) is not None:
        listed = api.get(
            "/katello/api/content_view_versions", content_view_id=view, version=number
        )["results"]
        if view is None or not listed:
            raise UsageError(f"the component's content view has no version {number}")
        version = listed[0]["id"]
    chosen = {
        "content_view_id": view,
        "content_view_version_id": version,
        "latest": given.get("latest"),
    }
    component = {name: value for name, value in chosen.items() if value is not None}
    path = f"/katello/api/content_views/{values['composite_content_view_id']}"
    changed = api.put(f"{path}/content_view_components/add", {"components": [component]})
    job.output.changed("Component added to content view", changed)
    return OK


def update_incrementally(job: Job) -> int:
    """`content-view version incremental-update`, with the options that hammer has for it."""
    api, values = _ready(job, "content_view_version_id", "environment_ids")
    given = job.given.values
    content = {name: given[name] for name in ("errata_ids", "package_ids") if name in given}
    told = ("description", "resolve_dependencies", "propagate_all_composites")
    body: dict[str, Any] = {
        "content_view_version_environments": [
            {
                "content_view_version_id": values["content_view_version_id"],
                "environment_ids": values["environment_ids"] or [],
            }
        ],
        "add_content": content,
        **{name: given[name] for name in told if name in given},
    }
    path = "/katello/api/content_view_versions/incremental_update"
    return follow(job, api, api.request("POST", path, body=body).json())


def add_filter_repository(job: Job) -> int:
    """`content-view filter add-repository`."""
    return _change_repositories(job, _FILTERS, add=True)


def remove_filter_repository(job: Job) -> int:
    """`content-view filter remove-repository`."""
    return _change_repositories(job, _FILTERS, add=False)


def purge_versions(job: Job) -> int:
    """`content-view purge`: delete all versions in no environment but the newest ones."""
    api, values = _ready(job, "id")
    keep = job.given.values.get("count", _KEPT_VERSIONS)
    listed = api.get(
        "/katello/api/content_view_versions", content_view_id=values["id"], per_page=_ALL
    )
    unused = [version for version in listed["results"] if not version.get("environments")]
    unused.sort(key=lambda version: version["id"], reverse=True)
    for version in unused[keep:]:
        answer = api.request("DELETE", f"/katello/api/content_view_versions/{version['id']}").json()
        if is_task(answer) and follow(job, api, answer) != OK:
            return FAILED
    if not unused[keep:] and not job.output.quiet:
        job.output.line("No versions to delete")
    return OK


def watch_task(job: Job) -> int:
    """`task progress`."""
    api, values = _ready(job, "id")
    return follow(job, api, api.get(f"/foreman_tasks/api/tasks/{values['id']}"))


def _change_repositories(job: Job, path: str, *, add: bool) -> int:
    api, values = _ready(job, "id", "repository_id")
    shown: Json = api.get(f"{path}/{values['id']}")
    chosen: int = values["repository_id"]
    held: Sequence[Json] = shown.get("repositories") or []
    before: list[int] = [repository["id"] for repository in held]
    if (chosen in before) is add:
        job.output.changed("Nothing to change", shown)
        return OK
    after = [*before, chosen] if add else [each for each in before if each != chosen]
    if not after and path == _FILTERS:
        raise UsageError(
            "it is the filter's only repository, and without any it would apply to all of its"
            " view: delete the filter instead"
        )
    changed = api.put(f"{path}/{values['id']}", {"repository_ids": after})
    job.output.changed(f"Repository {'added' if add else 'removed'}", changed)
    return OK


def _ready(job: Job, *names: str) -> tuple[Api, dict[str, Any]]:
    """Return the API and these parameters, all of them given or found."""
    apply_defaults(job.command.options, job.given)
    require(job.command.options, job.given)
    api = job.api()
    resolver = job.resolver(api)
    return api, {name: resolver.value(name) for name in names}
