"""`/api/hosts/bulk`: one action on many hosts of an organization."""

from collections.abc import Callable
from typing import Any, Final, NoReturn

from headgate.apis.actions import Call, Listing, Params, Resource, doc
from headgate.apis.katello.host_shapes import (
    NO_SUBSCRIPTIONS,
    ByList,
    ContentOverride,
    module_stream_object,
    overrides_from,
    trace_object,
)
from headgate.apis.katello.offered_content import Subscription
from headgate.domain.errors import BadRequestError
from headgate.domain.ids import (
    ContentViewId,
    EnvironmentId,
    HostCollectionId,
    HostId,
    OrganizationId,
    SmartProxyId,
    TaskId,
)
from headgate.engine import enqueue
from headgate.services.access import AnyRow, AnySelect
from headgate.services.hosts.bulk import (
    MOST,
    Change,
    Meant,
    change_hosts,
    check_content_source,
    chosen_hosts,
    delete_hosts,
    gather,
    organization_of,
    scatter,
)
from headgate.services.hosts.overrides import check_labels
from headgate.services.hosts.profile_records import (
    STREAM_NAMES,
    TRACES,
    module_streams_of_all,
    traces_of,
)
from headgate.services.hosts.view_environments import Wanted, chosen
from headgate.services.listing import Catalog, Window, page
from headgate.workflows.hosts import change_hosts_task, delete_hosts_task

hosts_bulk_actions = Resource("hosts_bulk_actions", "Hosts Bulk Actions")

_PATH: Final = "/api/hosts/bulk"
_EDIT: Final = "edit_hosts"


class Included(Params):
    """Which hosts are meant."""

    search: str | None = doc("Search string for hosts", default=None, max_length=20_000)
    ids: list[HostId] | None = doc("List of host IDs", default=None, max_length=MOST)


class Excluded(Params):
    """Which hosts are not meant."""

    ids: list[HostId] | None = doc("List of host IDs", default=None, max_length=MOST)


class Chosen(Params):
    """Which hosts."""

    organization_id: OrganizationId = doc("Organization ID")
    included: Included = doc("Which hosts are meant")
    excluded: Excluded | None = doc("Which of these are not", default=None)

    def hosts(self, call: Call, permission: str = _EDIT) -> list[int]:
        """Return the hosts that are meant."""
        meant = Meant(
            organization_id=self.organization_id,
            search=self.included.search,
            ids=self.included.ids,
            excluded=(self.excluded.ids if self.excluded else None) or (),
        )
        clock = call.services.clock
        return chosen_hosts(call.tx, call.actor, meant, clock=clock, permission=permission)


class BulkDestroy(Chosen):
    """Delete hosts at once."""


@hosts_bulk_actions.action("bulk_destroy", "DELETE", _PATH, permission="destroy_hosts")
def bulk_destroy(call: Call, params: BulkDestroy) -> dict[str, Any]:
    """Delete them before the answer is sent."""
    found = params.hosts(call, "destroy_hosts")
    count = delete_hosts(call.tx, organization_id=params.organization_id, host_ids=found)
    return {"message": f"Deleted {count} host(s)"}


class DestroyHosts(Chosen):
    """Delete hosts in a task."""


@hosts_bulk_actions.action(
    "destroy_hosts", "PUT", f"{_PATH}/destroy", async_task=True, permission="destroy_hosts"
)
def destroy_hosts(call: Call, params: DestroyHosts) -> TaskId:
    """Delete them."""
    found = params.hosts(call, "destroy_hosts")
    task = delete_hosts_task(params.organization_id, found, user_id=call.actor.user_id)
    return enqueue(call.tx, task)


class _Collections(Chosen):
    host_collection_ids: list[HostCollectionId] = doc("Host collections", max_length=1_000)


class AddHostCollections(_Collections):
    """Add one or more host collections to one or more hosts."""


@hosts_bulk_actions.action(
    "bulk_add_host_collections", "PUT", f"{_PATH}/add_host_collections", permission=_EDIT
)
def bulk_add_host_collections(call: Call, params: AddHostCollections) -> dict[str, Any]:
    """Put all of them into each collection that has room for them."""
    found = params.hosts(call)
    errors = gather(
        call.tx,
        actor=call.actor,
        organization_id=params.organization_id,
        host_ids=found,
        collection_ids=params.host_collection_ids,
    )
    done = len(set(params.host_collection_ids)) - len(errors)
    told = [f"Successfully added {len(found)} host(s) to {done} host collection(s)"]
    return {"displayMessages": {"success": told if done else [], "error": errors}}


class RemoveHostCollections(_Collections):
    """Remove one or more host collections from one or more hosts."""


@hosts_bulk_actions.action(
    "bulk_remove_host_collections", "PUT", f"{_PATH}/remove_host_collections", permission=_EDIT
)
def bulk_remove_host_collections(call: Call, params: RemoveHostCollections) -> dict[str, Any]:
    """Take all of them out of these collections."""
    found = params.hosts(call)
    scatter(
        call.tx,
        actor=call.actor,
        organization_id=params.organization_id,
        host_ids=found,
        collection_ids=params.host_collection_ids,
    )
    done = len(set(params.host_collection_ids))
    told = [f"Successfully removed {len(found)} host(s) from {done} host collection(s)"]
    return {"displayMessages": {"success": told, "error": []}}


class ContentOverrides(Chosen):
    """Set content overrides of hosts."""

    content_overrides: list[ContentOverride] = doc(
        "Content overrides to set or to remove", max_length=1_000
    )


@hosts_bulk_actions.action(
    "content_overrides", "PUT", f"{_PATH}/content_overrides", async_task=True, permission=_EDIT
)
def content_overrides(call: Call, params: ContentOverrides) -> TaskId:
    """Set and remove some; the others stay."""
    change = Change(overrides=overrides_from(params.content_overrides))
    return _ask(call, params, change, "override content")


class EnvironmentContentView(Chosen):
    """Assign the environment and content view to one or more hosts."""

    environment_id: EnvironmentId | None = doc("Environment ID", default=None)
    content_view_id: ContentViewId | None = doc("Content view ID", default=None)


@hosts_bulk_actions.action(
    "environment_content_view",
    "PUT",
    f"{_PATH}/environment_content_view",
    async_task=True,
    permission=_EDIT,
)
def environment_content_view(call: Call, params: EnvironmentContentView) -> TaskId:
    """Let it be the only one that they have."""
    pair = {"content_view_id": params.content_view_id, "environment_id": params.environment_id}
    return _assign(call, params, Wanted(pair=pair))


class AssignContentViewEnvironments(ByList, Chosen):
    """Assign content view environments to one or more hosts."""


@hosts_bulk_actions.action(
    "assign_content_view_environments",
    "PUT",
    f"{_PATH}/assign_content_view_environments",
    async_task=True,
    permission=_EDIT,
)
def assign_content_view_environments(call: Call, params: AssignContentViewEnvironments) -> TaskId:
    """Let these be all that they have."""
    names = ("content_view_environments", "content_view_environment_ids")
    return _assign(call, params, Wanted.of(params.changes(*names)))


class ReleaseVersion(Chosen):
    """Set the release version of one or more hosts."""

    release_version: str | None = doc("Release version", default=None, max_length=64)


@hosts_bulk_actions.action(
    "release_version", "PUT", f"{_PATH}/release_version", async_task=True, permission=_EDIT
)
def release_version(call: Call, params: ReleaseVersion) -> TaskId:
    """Set it, or take it away."""
    change = Change(columns={"release_version": params.release_version or None})
    return _ask(call, params, change, "set release version")


class SystemPurpose(Chosen):
    """Set the system purpose of one or more hosts."""

    service_level: str | None = doc("Service level", default=None, max_length=255)
    purpose_role: str | None = doc("System purpose role", default=None, max_length=255)
    purpose_usage: str | None = doc("System purpose usage", default=None, max_length=255)
    purpose_addons: list[str] | None = doc("System purpose add-ons", default=None, max_length=100)


@hosts_bulk_actions.action(
    "system_purpose", "PUT", f"{_PATH}/system_purpose", async_task=True, permission=_EDIT
)
def system_purpose(call: Call, params: SystemPurpose) -> TaskId:
    """Set what is given; an empty text takes it away."""
    names = ("service_level", "purpose_role", "purpose_usage")
    columns = {name: value or None for name, value in params.changes(*names).items()}
    if params.purpose_addons is not None:
        columns["purpose_addons"] = params.purpose_addons
    if not columns:
        raise BadRequestError("No system purpose has been specified.")
    return _ask(call, params, Change(columns=columns), "set system purpose")


class Traces(Chosen):
    """List the traces of one or more hosts."""


@hosts_bulk_actions.action(
    "traces", "POST", f"{_PATH}/traces", permission="view_hosts", writes=False
)
def traces(call: Call, params: Traces) -> Listing:
    """List all of them."""
    found = params.hosts(call, "view_hosts")
    return _all(call, traces_of(call.tx, found), TRACES, trace_object)


class ModuleStreams(Chosen):
    """List the module streams that one or more hosts know."""


@hosts_bulk_actions.action(
    "module_streams", "POST", f"{_PATH}/module_streams", permission="view_hosts", writes=False
)
def module_streams(call: Call, params: ModuleStreams) -> Listing:
    """List each name and stream once."""
    found = params.hosts(call, "view_hosts")
    return _all(call, module_streams_of_all(call.tx, found), STREAM_NAMES, module_stream_object)


class ChangeContentSource(Params):
    """Update the content source of one or more hosts, with what they get from it."""

    host_ids: list[HostId] = doc("Hosts", max_length=MOST)
    environment_id: EnvironmentId = doc("Environment ID")
    content_view_id: ContentViewId = doc("Content view ID")
    content_source_id: SmartProxyId = doc("Smart proxy ID")


@hosts_bulk_actions.action(
    "change_content_source", "PUT", f"{_PATH}/change_content_source", permission=_EDIT
)
def change_content_source(call: Call, params: ChangeContentSource) -> dict[str, Any]:
    """Change the records; the hosts themselves are not told."""
    owner = organization_of(call.tx, call.actor, params.host_ids)
    pair = {"content_view_id": params.content_view_id, "environment_id": params.environment_id}
    places = chosen(call.tx, call.actor, Wanted(pair=pair), organization_id=owner)
    source = check_content_source(call.tx, call.actor, params.content_source_id)
    count = change_hosts(
        call.tx,
        clock=call.services.clock,
        organization_id=owner,
        host_ids=params.host_ids,
        change=Change(columns={"content_source_id": source}, environments=places),
    )
    told = [f"Successfully changed the content source of {count} host(s)"]
    return {"displayMessages": {"success": told, "error": []}}


class _Subscriptions(Chosen):
    subscriptions: list[Subscription] = doc("Subscriptions", default=[], max_length=1_000)


class AddSubscriptions(_Subscriptions):
    """Add subscriptions to one or more hosts: answered by why that is not done."""


class RemoveSubscriptions(_Subscriptions):
    """Remove subscriptions from one or more hosts: answered by why that is not done."""


@hosts_bulk_actions.action("add_subscriptions", "PUT", f"{_PATH}/add_subscriptions")
def add_subscriptions(call: Call, params: AddSubscriptions) -> NoReturn:
    """Refuse."""
    params.hosts(call)
    raise BadRequestError(NO_SUBSCRIPTIONS)


@hosts_bulk_actions.action("remove_subscriptions", "PUT", f"{_PATH}/remove_subscriptions")
def remove_subscriptions(call: Call, params: RemoveSubscriptions) -> NoReturn:
    """Refuse."""
    params.hosts(call)
    raise BadRequestError(NO_SUBSCRIPTIONS)


class ApplicableErrata(Chosen):
    """List the errata that apply to one or more hosts."""


class InstallableErrata(Chosen):
    """List the errata that one or more hosts could install."""


class AvailableIncrementalUpdates(Chosen):
    """List the versions that would have to be updated for errata to be installable."""

    errata_ids: list[str] = doc("Errata", max_length=1_000)


class ResolveTraces(Chosen):
    """Start anew what traces of one or more hosts name."""

    trace_ids: list[int] = doc("Traces", max_length=MOST)


_APPLICABILITY: Final = "Finding out which errata apply to hosts"
for _name, _params in (
    ("applicable_errata", ApplicableErrata),
    ("installable_errata", InstallableErrata),
    ("available_incremental_updates", AvailableIncrementalUpdates),
):
    hosts_bulk_actions.unbacked(
        _name, "POST", f"{_PATH}/{_name}", _params, lacks=_APPLICABILITY, permission="view_hosts"
    )
hosts_bulk_actions.unbacked(
    "resolve_traces",
    "PUT",
    f"{_PATH}/resolve_traces",
    ResolveTraces,
    lacks="Running commands on hosts",
    permission=_EDIT,
)


def _all(
    call: Call, found: AnySelect, catalog: Catalog, show: Callable[[AnyRow], dict[str, Any]]
) -> Listing:
    everything = Window(per_page=None)
    listed = page(call.tx, found, catalog=catalog, window=everything, clock=call.services.clock)
    return Listing.of(listed, show)


def _assign(call: Call, params: Chosen, wanted: Wanted) -> TaskId:
    places = chosen(call.tx, call.actor, wanted, organization_id=params.organization_id)
    if places is None:
        raise BadRequestError("No content view environments have been specified.")
    return _ask(call, params, Change(environments=places), "assign content view environments")


def _ask(call: Call, params: Chosen, change: Change, words: str) -> TaskId:
    found = params.hosts(call)
    check_labels(call.tx, change.overrides, organization_id=params.organization_id)
    task = change_hosts_task(
        params.organization_id, found, change, words=words, user_id=call.actor.user_id
    )
    return enqueue(call.tx, task)
