"""`/katello/api/activation_keys`."""

from typing import Any

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc
from headgate.apis.katello.host_shapes import (
    ByList,
    ContentOverride,
    environments_shown,
    only_environment,
    only_view,
    override_object,
    overrides_from,
)
from headgate.apis.katello.shapes import named_all, organization_of, permissions
from headgate.domain.ids import (
    ActivationKeyId,
    ContentViewId,
    DistributionId,
    EnvironmentId,
    HostCollectionId,
    OrganizationId,
    TaskId,
)
from headgate.engine import enqueue
from headgate.services.access import AnyRow
from headgate.services.hosts.activation_key_records import (
    ACTIVATION_KEYS,
    Beside,
    beside,
    hosts_of,
    load_key,
    query,
)
from headgate.services.hosts.activation_keys import (
    PLAIN,
    add_collections,
    copy_key,
    create_key,
    remove_collections,
    require_deletable_key,
    update_key,
)
from headgate.services.hosts.overrides import OF_KEYS, override_content, overrides_of
from headgate.services.hosts.view_environments import Wanted
from headgate.services.listing import page
from headgate.workflows.removal_requests import remove_key_task

activation_keys = Resource("activation_keys", "Activation Keys")

_FLAT = "/katello/api/activation_keys"
_ONE = f"{_FLAT}/{{id}}"
_VIEW = "view_activation_keys"
_LIMITS = ("max_hosts", "unlimited_hosts")
_MOST_COLLECTIONS = 1_000


class Index(ListParams):
    """List activation keys."""

    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    environment_id: EnvironmentId | None = doc("Environment ID", default=None)
    content_view_id: ContentViewId | None = doc("Content view ID", default=None)
    name: str | None = doc("Activation key name to filter by", default=None)
    content_view_environments: list[str] | None = doc(
        "Labels of content view environments, one of which the keys have", default=None
    )
    content_view_environment_ids: list[DistributionId] | None = doc(
        "IDs of content view environments, one of which the keys have", default=None
    )


@activation_keys.action(
    "index",
    "GET",
    _FLAT,
    also=[
        "/katello/api/environments/{environment_id}/activation_keys",
        "/katello/api/organizations/{organization_id}/activation_keys",
    ],
    permission=_VIEW,
)
def index(call: Call, params: Index) -> Listing:
    """List them."""
    found = query(
        call.actor,
        organization_id=params.organization_id,
        environment_id=params.environment_id,
        content_view_id=params.content_view_id,
        labels=params.content_view_environments,
        ids=params.content_view_environment_ids,
        name=params.name,
    )
    clock = call.services.clock
    listed = page(call.tx, found, catalog=ACTIVATION_KEYS, window=params.window, clock=clock)
    around = beside(call.tx, listed.rows)
    return Listing.of(listed, lambda row: _shown(call, row, around))


class Show(Params):
    """Show an activation key."""

    id: ActivationKeyId = doc("Activation key ID")
    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    show_hosts: bool = doc("Show hosts associated to the activation key", default=False)


@activation_keys.action("show", "GET", _ONE, permission=_VIEW)
def show(call: Call, params: Show) -> dict[str, Any]:
    """Show one."""
    shown = _one(call, params.id, organization_id=params.organization_id)
    if params.show_hosts:
        shown["hosts"] = named_all(hosts_of(call.tx, params.id))
    return shown


class _Fields(ByList):
    description: str | None = doc("Description", default=None)
    max_hosts: int | None = doc(
        "Most hosts that can be registered with it", default=None, minimum=1, maximum=2**31 - 1
    )
    unlimited_hosts: bool | None = doc("Whether any number of hosts can be", default=None)
    release_version: str | None = doc("Release version of the content", default=None, max_length=64)
    service_level: str | None = doc("Service level", default=None, max_length=255)
    auto_attach: bool | None = doc(
        "Kept for clients that send it; nothing is attached", default=None
    )
    purpose_usage: str | None = doc("System purpose usage", default=None, max_length=255)
    purpose_role: str | None = doc("System purpose role", default=None, max_length=255)
    purpose_addons: list[str] | None = doc("System purpose add-ons", default=None, max_length=100)
    # Its key is not declared: hammer would put the key's own id there, which has the same name.
    environment: dict[str, int | None] | None = doc(
        "The only environment as an object with its id", default=None, hidden=True
    )
    environment_id: EnvironmentId | None = doc(
        "ID of the only environment, together with its content view", default=None
    )

    @property
    def wanted(self) -> Wanted:
        """The content view environments that are asked for."""
        given = self.changes()
        if self.environment is not None:
            given = {"environment_id": self.environment.get("id"), **given}
        return Wanted.of(given)


class Create(_Fields):
    """Create an activation key."""

    organization_id: OrganizationId = doc("Organization ID")
    name: str = doc("Name")


@activation_keys.action("create", "POST", _FLAT)
def create(call: Call, params: Create) -> dict[str, Any]:
    """Make one."""
    key_id = create_key(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        organization_id=params.organization_id,
        name=params.name,
        values=params.changes(*PLAIN, *_LIMITS),
        wanted=params.wanted,
    )
    return _one(call, key_id)


class Update(_Fields):
    """Update an activation key."""

    id: ActivationKeyId = doc("Activation key ID")
    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    name: str | None = doc("Name", default=None)


@activation_keys.action("update", "PUT", _ONE)
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change what is given; hosts that are registered already keep what they have."""
    load_key(call.tx, call.actor, params.id, organization_id=params.organization_id)
    update_key(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        key_id=params.id,
        changes=params.changes("name", *PLAIN, *_LIMITS),
        wanted=params.wanted,
    )
    return _one(call, params.id)


class Destroy(Params):
    """Destroy an activation key."""

    id: ActivationKeyId = doc("Activation key ID")


@activation_keys.action("destroy", "DELETE", _ONE, async_task=True)
def destroy(call: Call, params: Destroy) -> TaskId:
    """Delete it."""
    row = require_deletable_key(call.tx, actor=call.actor, key_id=params.id)
    return enqueue(call.tx, remove_key_task(row, user_id=call.actor.user_id))


class Copy(Params):
    """Copy an activation key."""

    id: ActivationKeyId = doc("Activation key ID")
    new_name: str = doc("Name of new activation key")
    organization_id: OrganizationId | None = doc("Organization ID", default=None)


@activation_keys.action("copy", "POST", f"{_ONE}/copy")
def copy(call: Call, params: Copy) -> dict[str, Any]:
    """Make one that gives hosts the same."""
    load_key(call.tx, call.actor, params.id, organization_id=params.organization_id)
    copy_id = copy_key(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        key_id=params.id,
        name=params.new_name,
    )
    return _one(call, copy_id)


class Collections(Params):
    """Which host collections."""

    id: ActivationKeyId = doc("Activation key ID")
    host_collection_ids: list[HostCollectionId] = doc(
        "List of host collection IDs", max_length=_MOST_COLLECTIONS
    )


class AddHostCollections(Collections):
    """Associate host collections with an activation key."""


@activation_keys.action("add_host_collections", "POST", f"{_ONE}/host_collections")
def add(call: Call, params: AddHostCollections) -> dict[str, Any]:
    """Let hosts that are registered with it become members."""
    add_collections(
        call.tx,
        actor=call.actor,
        key_id=params.id,
        collection_ids=params.host_collection_ids,
    )
    return _one(call, params.id)


class RemoveHostCollections(Collections):
    """Disassociate host collections from an activation key."""


@activation_keys.action("remove_host_collections", "PUT", f"{_ONE}/host_collections")
def remove(call: Call, params: RemoveHostCollections) -> dict[str, Any]:
    """Let hosts that are registered with it become members no more."""
    remove_collections(
        call.tx,
        actor=call.actor,
        key_id=params.id,
        collection_ids=params.host_collection_ids,
    )
    return _one(call, params.id)


class Overrides(Params):
    """Override content for an activation key."""

    id: ActivationKeyId = doc("Activation key ID")
    content_overrides: list[ContentOverride] = doc(
        "Content overrides to set or to remove", max_length=1_000
    )


@activation_keys.action("content_override", "PUT", f"{_ONE}/content_override")
def content_override(call: Call, params: Overrides) -> dict[str, Any]:
    """Set and remove some; the others stay."""
    override_content(
        call.tx,
        actor=call.actor,
        owner=OF_KEYS,
        key=params.id,
        overrides=overrides_from(params.content_overrides),
    )
    return _one(call, params.id)


def _one(
    call: Call, key_id: ActivationKeyId, *, organization_id: OrganizationId | None = None
) -> dict[str, Any]:
    row = load_key(call.tx, call.actor, key_id, organization_id=organization_id)
    said = overrides_of(call.tx, OF_KEYS, [row.id]).get(row.id, [])
    return {
        **_shown(call, row, beside(call.tx, [row])),
        "content_overrides": [override_object(each) for each in said],
    }


def _shown(call: Call, row: AnyRow, around: Beside) -> dict[str, Any]:
    environments = around.environments.get(row.id, [])
    collections = around.collections.get(row.id, [])
    view, environment = only_view(environments), only_environment(environments)
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "organization_id": row.organization_id,
        "organization": organization_of(row),
        **environments_shown(environments),
        "content_view": view,
        "content_view_id": view and view["id"],
        "environment": environment,
        "environment_id": environment and environment["id"],
        "usage_count": row.usage_count,
        "max_hosts": row.max_hosts,
        "unlimited_hosts": row.max_hosts is None,
        "user_id": row.user_id,
        "release_version": row.release_version,
        "service_level": row.service_level,
        "auto_attach": row.auto_attach,
        "purpose_usage": row.purpose_usage,
        "purpose_role": row.purpose_role,
        "purpose_addons": row.purpose_addons,
        "host_collections": named_all(collections),
        "host_collection_ids": [each.id for each in collections],
        "permissions": permissions(
            call,
            row.organization_id,
            "view_activation_keys",
            "edit_activation_keys",
            "destroy_activation_keys",
        ),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
