"""`/katello/api/content_view_environments`: pairs of a content view and an environment."""

from typing import Any

from headgate.apis.actions import Call, Listing, ListParams, Resource, doc, list_page
from headgate.apis.katello.shapes import organization_of
from headgate.domain.content_views import view_environment_label
from headgate.domain.ids import (
    ActivationKeyId,
    ContentViewId,
    DistributionId,
    EnvironmentId,
    HostId,
    OrganizationId,
)
from headgate.services.access import load
from headgate.services.hosts.view_environments import HOSTS, KEYS, of_owner
from headgate.services.related import AnyRow
from headgate.services.views.version_records import CONTENT_VIEW_ENVIRONMENTS, environments_query
from headgate.stores.db.tables import activation_keys, hosts

content_view_environments = Resource("content_view_environments", "Content View Environments")


class Index(ListParams):
    """List content view environments."""

    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    lifecycle_environment_id: EnvironmentId | None = doc("Environment ID", default=None)
    content_view_id: ContentViewId | None = doc("Content view ID", default=None)
    id: DistributionId | None = doc("Content view environment ID", default=None)
    activation_key_id: ActivationKeyId | None = doc(
        "Those that an activation key gives to hosts", default=None
    )
    host_id: HostId | None = doc("Those that a host has", default=None)


@content_view_environments.action(
    "index", "GET", "/katello/api/content_view_environments", permission="view_content_views"
)
def index(call: Call, params: Index) -> Listing:
    """List them."""
    found = environments_query(
        call.actor,
        organization_id=params.organization_id,
        environment_id=params.lifecycle_environment_id,
        content_view_id=params.content_view_id,
        id=params.id,
    )
    for holders, table, owner_id in (
        (KEYS, activation_keys, params.activation_key_id),
        (HOSTS, hosts, params.host_id),
    ):
        if owner_id is not None:
            load(call.tx, call.actor, table, owner_id)
            found = of_owner(found, holders, owner_id)
    return list_page(
        call, params, found, catalog=CONTENT_VIEW_ENVIRONMENTS, show=lambda row: _shown(call, row)
    )


def _shown(call: Call, row: AnyRow) -> dict[str, Any]:
    default = row.content_view_default
    environment = {"id": row.environment_id, "name": row.environment_name}
    version = None
    if row.version_id is not None:
        version = {"id": row.version_id, "version": f"{row.major}.{row.minor}"}
    return {
        "id": row.id,
        "label": view_environment_label(
            row.environment_label, row.content_view_label, default=default
        ),
        "name": view_environment_label(
            row.environment_name, row.content_view_name, default=default
        ),
        "default": default,
        "organization": organization_of(row),
        "content_view": {"id": row.content_view_id, "name": row.content_view_name},
        "content_view_version": version,
        "lifecycle_environment": environment,
        "environment": environment,
        "hosts_count": row.host_count,
        "published_at": f"{call.base_url}/pulp/content/{row.base_path}/",
        "updated_at": row.updated_at,
    }
