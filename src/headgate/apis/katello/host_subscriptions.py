"""`/api/hosts/:host_id/subscriptions`: hosts as clients of content."""

from typing import Any, Final, NoReturn

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc
from headgate.apis.katello.host_objects import host_object
from headgate.apis.katello.host_shapes import (
    NO_SUBSCRIPTIONS,
    ContentOverride,
    overrides_from,
)
from headgate.apis.katello.hosts import ID, ProductAttributes, products_from
from headgate.apis.katello.offered_content import (
    OfferedContent,
    Subscription,
    list_content,
    no_releases,
)
from headgate.apis.katello.unlisted import nothing_listed
from headgate.domain.errors import BadRequestError
from headgate.domain.ids import ContentViewId, DistributionId, EnvironmentId, HostId
from headgate.services.access import load
from headgate.services.hosts.content import enabled_content, found_labels
from headgate.services.hosts.host_records import beside, load_host
from headgate.services.hosts.hosts import HostChanges, load_to_edit
from headgate.services.hosts.overrides import OF_HOSTS, override_content, override_of
from headgate.services.hosts.registrations import (
    organization_of_content,
    register_host,
    unregister_host,
)
from headgate.services.hosts.view_environments import HOSTS, Wanted
from headgate.stores.db.tables import hosts as table

host_subscriptions = Resource("host_subscriptions", "Host Subscriptions")

_PATH: Final = "/api/hosts/{host_id}/subscriptions"
_VIEW: Final = "view_hosts"
_EDIT: Final = "edit_hosts"


class _OfHost(Params):
    host_id: HostId = doc(ID, by_name=True)


class Index(ListParams):
    """List the subscriptions of a host."""

    host_id: HostId = doc(ID, by_name=True)


@host_subscriptions.action("index", "GET", _PATH, permission=_VIEW)
def index(call: Call, params: Index) -> Listing:
    """List none: with simple content access hosts need none."""
    load(call.tx, call.actor, table, params.host_id)
    return nothing_listed(call, params)


class Create(Params):
    """Register a host as a client of content."""

    name: str = doc("Name of the host", max_length=255)
    uuid: str | None = doc("UUID of the host; else one is made up", default=None, max_length=64)
    facts: dict[str, object] | None = doc("Facts about the host", default=None)
    hypervisor_guest_uuids: list[str] | None = doc(
        "UUIDs of the guests that run on it", default=None, max_length=1_000
    )
    installed_products: list[ProductAttributes] | None = doc(
        "Products that are installed on it", default=None, max_length=1_000
    )
    release_version: str | None = doc("Release version", default=None, max_length=64)
    service_level: str | None = doc("Service level", default=None, max_length=255)
    lifecycle_environment_id: EnvironmentId | None = doc(
        "Environment, together with the content view", default=None
    )
    content_view_id: ContentViewId | None = doc(
        "Content view, together with the environment", default=None
    )
    content_view_environment_ids: list[DistributionId] | None = doc(
        "Content view environments in the place of these two", default=None, max_length=50
    )


@host_subscriptions.action("create", "POST", "/api/hosts/subscriptions")
def create(call: Call, params: Create) -> dict[str, Any]:
    """Register it in the organization of its content."""
    given = params.changes(
        "lifecycle_environment_id", "content_view_id", "content_view_environment_ids"
    )
    organization_id = organization_of_content(
        call.tx, call.actor, params.content_view_id, params.content_view_environment_ids
    )
    names = ("hypervisor_guest_uuids", "release_version", "service_level")
    host_id = register_host(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        organization_id=organization_id,
        name=params.name,
        uuid=params.uuid,
        changes=HostChanges(
            values=params.changes(*names),
            wanted=Wanted.of(given, environment="lifecycle_environment_id"),
            products=products_from(params.installed_products),
        ),
        facts=params.facts,
    )
    return _one(call, host_id)


class Destroy(_OfHost):
    """Unregister a host as a client of content."""


@host_subscriptions.action("destroy", "DELETE", _PATH, permission=_EDIT)
def destroy(call: Call, params: Destroy) -> dict[str, Any]:
    """Let it be a record alone."""
    unregister_host(call.tx, actor=call.actor, clock=call.services.clock, host_id=params.host_id)
    return _one(call, params.host_id)


class _Subscriptions(_OfHost):
    subscriptions: list[Subscription] = doc("Subscriptions", default=[], max_length=1_000)


class AddSubscriptions(_Subscriptions):
    """Add subscriptions to a host: answered by why that is not done."""


class RemoveSubscriptions(_Subscriptions):
    """Remove subscriptions from a host: answered by why that is not done."""


@host_subscriptions.action("add_subscriptions", "PUT", f"{_PATH}/add_subscriptions")
def add_subscriptions(call: Call, params: AddSubscriptions) -> NoReturn:
    """Refuse."""
    load_to_edit(call.tx, call.actor, params.host_id)
    raise BadRequestError(NO_SUBSCRIPTIONS)


@host_subscriptions.action("remove_subscriptions", "PUT", f"{_PATH}/remove_subscriptions")
def remove_subscriptions(call: Call, params: RemoveSubscriptions) -> NoReturn:
    """Refuse."""
    load_to_edit(call.tx, call.actor, params.host_id)
    raise BadRequestError(NO_SUBSCRIPTIONS)


class ProductContent(OfferedContent):
    """Show the content that a host may enable."""

    host_id: HostId = doc(ID, by_name=True)


@host_subscriptions.action("product_content", "GET", f"{_PATH}/product_content", permission=_VIEW)
def product_content(call: Call, params: ProductContent) -> Listing:
    """List repositories, with what the host says of each."""
    host = load(call.tx, call.actor, table, params.host_id)
    return list_content(call, params, HOSTS, OF_HOSTS, host, served=params.served)


class OverridesSearch(Params):
    """Content that is found."""

    search: str | None = doc("Search string for content", default=None, max_length=20_000)
    enabled: bool | None = doc("Whether it is enabled", default=None)
    limit_to_env: bool = doc("Only content of its content view environments", default=False)
    remove: bool = doc("Remove the override", default=False)


class ContentOverrides(ListParams):
    """Set content overrides of a host."""

    host_id: HostId = doc(ID, by_name=True)
    value: bool | None = doc("Whether the content is enabled", default=None, hidden=True)
    content_overrides: list[ContentOverride] = doc(
        "Content overrides to set or to remove", default=[], max_length=1_000
    )
    content_overrides_search: OverridesSearch | None = doc(
        "Content to enable or disable, by a search", default=None
    )


@host_subscriptions.action("content_override", "PUT", f"{_PATH}/content_override", permission=_EDIT)
def content_override(call: Call, params: ContentOverrides) -> Listing:
    """Set and remove some; list what the host may enable afterwards."""
    host = load_to_edit(call.tx, call.actor, params.host_id)
    overrides = overrides_from(params.content_overrides)
    asked = params.content_overrides_search
    if asked is not None:
        value = params.value if asked.enabled is None else asked.enabled
        labels = found_labels(
            call.tx,
            call.actor,
            host,
            search=asked.search,
            served=asked.limit_to_env,
            clock=call.services.clock,
        )
        overrides += [override_of(each, "enabled", value, remove=asked.remove) for each in labels]
    if not overrides:
        raise BadRequestError("No content overrides have been specified.")
    override_content(
        call.tx, actor=call.actor, owner=OF_HOSTS, key=params.host_id, overrides=overrides
    )
    return list_content(call, params, HOSTS, OF_HOSTS, host, served=False)


class AvailableReleaseVersions(_OfHost):
    """Show the release versions that a host could ask for."""


@host_subscriptions.action(
    "available_release_versions", "GET", f"{_PATH}/available_release_versions", permission=_VIEW
)
def available_release_versions(call: Call, params: AvailableReleaseVersions) -> dict[str, Any]:
    """List none."""
    load(call.tx, call.actor, table, params.host_id)
    return no_releases()


class EnabledRepositories(_OfHost):
    """Show the repositories that are enabled on a host."""


@host_subscriptions.action(
    "enabled_repositories", "GET", f"{_PATH}/enabled_repositories", permission=_VIEW
)
def enabled_repositories(call: Call, params: EnabledRepositories) -> dict[str, Any]:
    """List those of its content view environments that it enables."""
    host = load(call.tx, call.actor, table, params.host_id)
    rows = enabled_content(call.tx, call.actor, host)
    results = [
        {
            "id": row.id,
            "name": row.name,
            "label": row.label,
            "content_type": row.content_type,
            "content_label": row.content_label,
            "product": {"id": row.product_id, "name": row.product_name},
        }
        for row in rows
    ]
    return {"results": results, "total": len(results), "subtotal": len(results)}


def _one(call: Call, host_id: HostId) -> dict[str, Any]:
    row = load_host(call.tx, call.actor, host_id)
    return host_object(call, row, beside(call.tx, [row]))
