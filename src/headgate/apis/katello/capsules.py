"""`/katello/api/capsules`: smart proxies as Katello sees them, and what content they are to have.

They are records: whatever would be done on a proxy is answered by 501.
"""

from typing import Any, Final

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc
from headgate.apis.katello.environments import environment_object
from headgate.apis.katello.shapes import named_all
from headgate.apis.katello.smart_proxies import links, smart_proxy_object
from headgate.domain.ids import (
    ContentViewId,
    EnvironmentId,
    LocationId,
    OrganizationId,
    RepositoryId,
    SmartProxyId,
)
from headgate.services.access import AnyRow
from headgate.services.listing import page
from headgate.services.organizations.capsules import (
    MANAGE,
    VIEW,
    add_environment,
    environments_of,
    load_mirror,
    remove_environment,
    views_in,
)
from headgate.services.organizations.environment_records import beside
from headgate.services.organizations.smart_proxies import SMART_PROXIES, load_smart_proxy, query
from headgate.services.related import Grouped

capsules = Resource("capsules", "Capsules")
capsule_content = Resource("capsule_content", "Capsule content")

_PATH: Final = "/katello/api/capsules"
_ONE: Final = f"{_PATH}/{{id}}"
_CONTENT: Final = f"{_ONE}/content"
_ENVIRONMENTS: Final = f"{_CONTENT}/lifecycle_environments"
_LACKS: Final = "Mirroring content to smart proxies, which are records,"


class Index(ListParams):
    """List all smart proxies that have content."""

    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    location_id: LocationId | None = doc("Location ID", default=None)
    name: str | None = doc("Name of the smart proxy", default=None)


@capsules.action("index", "GET", _PATH, permission="view_smart_proxies")
def index(call: Call, params: Index) -> Listing:
    """List them, this server among them."""
    found = query(
        call.actor,
        name=params.name,
        organization_id=params.organization_id,
        location_id=params.location_id,
    )
    listed = page(
        call.tx, found, catalog=SMART_PROXIES, window=params.window, clock=call.services.clock
    )
    users, places = links(call, listed.rows)
    return Listing.of(listed, lambda row: smart_proxy_object(row, users, places))


class Show(Params):
    """Show the smart proxy details."""

    id: SmartProxyId = doc("Smart proxy ID")


@capsules.action("show", "GET", _ONE, permission="view_smart_proxies")
def show(call: Call, params: Show) -> dict[str, Any]:
    """Show one with its environments."""
    row = load_smart_proxy(call.tx, call.actor, params.id)
    chosen: list[AnyRow] = []
    if not row.internal:
        chosen = environments_of(call.tx, call.actor, params.id, added=True)
    return {
        **smart_proxy_object(row, *links(call, [row])),
        "lifecycle_environments": named_all(chosen, "label", "library", "organization_id"),
    }


class One(Params):
    """Which smart proxy."""

    id: SmartProxyId = doc("ID of the smart proxy")


class Environments(One):
    """List the lifecycle environments attached to the smart proxy."""

    organization_id: OrganizationId | None = doc("ID of the organization", default=None)


@capsule_content.action("lifecycle_environments", "GET", _ENVIRONMENTS, permission=VIEW)
def lifecycle_environments(call: Call, params: Environments) -> dict[str, Any]:
    """List what it is to mirror."""
    return _listed(call, params.id, params.organization_id, added=True)


class AvailableEnvironments(Environments):
    """List the lifecycle environments not attached to the smart proxy."""


@capsule_content.action(
    "available_lifecycle_environments",
    "GET",
    f"{_CONTENT}/available_lifecycle_environments",
    permission=MANAGE,
)
def available_lifecycle_environments(call: Call, params: AvailableEnvironments) -> dict[str, Any]:
    """List what could be added."""
    return _listed(call, params.id, params.organization_id, added=False)


class AddEnvironment(One):
    """Add a lifecycle environment to the smart proxy."""

    environment_id: EnvironmentId = doc("ID of the lifecycle environment")


@capsule_content.action(
    "add_lifecycle_environment", "POST", _ENVIRONMENTS, permission=MANAGE, status=200
)
def add_lifecycle_environment(call: Call, params: AddEnvironment) -> dict[str, Any]:
    """Record it; nothing is mirrored."""
    add_environment(
        call.tx, actor=call.actor, proxy_id=params.id, environment_id=params.environment_id
    )
    return _listed(call, params.id, None, added=True)


class RemoveEnvironment(AddEnvironment):
    """Remove a lifecycle environment from the smart proxy."""


@capsule_content.action(
    "remove_lifecycle_environment",
    "DELETE",
    f"{_ENVIRONMENTS}/{{environment_id}}",
    permission=MANAGE,
)
def remove_lifecycle_environment(call: Call, params: RemoveEnvironment) -> dict[str, Any]:
    """Forget it."""
    remove_environment(
        call.tx, actor=call.actor, proxy_id=params.id, environment_id=params.environment_id
    )
    return _listed(call, params.id, None, added=True)


class Counts(One):
    """List content counts for the smart proxy."""


@capsule_content.action("counts", "GET", f"{_CONTENT}/counts", permission=VIEW)
def counts(call: Call, params: Counts) -> dict[str, Any]:
    """Count nothing: nothing has been mirrored to it."""
    load_mirror(call.tx, call.actor, params.id)
    return {"content_view_versions": {}}


class SyncStatus(One):
    """Get current smart proxy synchronization status."""

    organization_id: OrganizationId | None = doc("ID of the organization", default=None)


@capsule_content.action("sync_status", "GET", f"{_CONTENT}/sync", permission=VIEW)
def sync_status(call: Call, params: SyncStatus) -> dict[str, Any]:
    """Show that it has never been synchronized, and what it is to have."""
    row = load_mirror(call.tx, call.actor, params.id)
    chosen = environments_of(
        call.tx, call.actor, params.id, organization_id=params.organization_id, added=True
    )
    views = views_in(call.tx, [each.id for each in chosen])
    return {
        "id": row.id,
        "name": row.name,
        "url": row.url,
        "download_policy": row.download_policy,
        "last_sync_time": None,
        "last_sync_words": None,
        "active_sync_tasks": [],
        "last_failed_sync_tasks": [],
        "last_failed_reclaim_tasks": [],
        "unsyncable_content_types": [],
        "lifecycle_environments": [_waiting(each, views) for each in chosen],
        "content_counts": None,
    }


class Sync(One):
    """Synchronize the content to the smart proxy."""

    environment_id: EnvironmentId | None = doc("Only this lifecycle environment", default=None)
    content_view_id: ContentViewId | None = doc("Only this content view", default=None)
    repository_id: RepositoryId | None = doc("Only this repository", default=None)
    skip_metadata_check: bool = doc("Look at metadata that has not changed, too", default=False)


class UpdateCounts(One):
    """Update content counts for the smart proxy."""

    environment_id: EnvironmentId | None = doc("Only this lifecycle environment", default=None)
    content_view_id: ContentViewId | None = doc("Only this content view", default=None)
    repository_id: RepositoryId | None = doc("Only this repository", default=None)


class VerifyChecksum(UpdateCounts):
    """Check the checksums of the content of the smart proxy."""


class CancelSync(One):
    """Cancel running smart proxy synchronization."""


class ReclaimSpace(One):
    """Reclaim space from all on demand repositories of a smart proxy."""


capsule_content.unbacked(
    "cancel_sync", "DELETE", f"{_CONTENT}/sync", CancelSync, lacks=_LACKS, permission=MANAGE
)
for _name, _params in (
    ("sync", Sync),
    ("update_counts", UpdateCounts),
    ("reclaim_space", ReclaimSpace),
    ("verify_checksum", VerifyChecksum),
):
    capsule_content.unbacked(
        _name, "POST", f"{_CONTENT}/{_name}", _params, lacks=_LACKS, permission=MANAGE
    )


def _listed(
    call: Call, proxy_id: SmartProxyId, organization_id: OrganizationId | None, *, added: bool
) -> dict[str, Any]:
    rows = environments_of(
        call.tx, call.actor, proxy_id, organization_id=organization_id, added=added
    )
    around = beside(call.tx, rows)
    total = len(rows)
    return {
        "total": total,
        "subtotal": total,
        "selectable": total,
        "page": 1,
        "per_page": total,
        "error": None,
        "search": None,
        "sort": {"by": "name", "order": "asc"},
        "results": [environment_object(call, row, around) for row in rows],
    }


def _waiting(environment: AnyRow, views: Grouped) -> dict[str, Any]:
    """Show an environment of which nothing has come yet."""
    return {
        "id": environment.id,
        "name": environment.name,
        "label": environment.label,
        "library": environment.library,
        "organization": {"id": environment.organization_id, "name": environment.organization_name},
        "last_sync": None,
        "content_views": [
            {
                "id": view.id,
                "name": view.name,
                "label": view.label,
                "composite": view.composite,
                "default": view.default,
                "version": None if view.version_id is None else f"{view.major}.{view.minor}",
                "cvenv_id": view.distribution_id,
                "up_to_date": False,
                "counts": {},
                "repositories": [],
            }
            for view in views.get(environment.id, [])
        ],
    }
