"""`/api/permissions`: what roles can give."""

from typing import Any

from sqlalchemy import Row

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc, list_page
from headgate.domain.ids import PermissionId
from headgate.services.accounts.permissions import RESOURCE_TYPES
from headgate.services.accounts.role_records import (
    PERMISSION_NAMES,
    load_permission,
    permissions_of,
    query_permissions,
)

permissions = Resource("permissions", "Permissions", dialect="foreman")

_PATH = "/api/permissions"


class Index(ListParams):
    """List all permissions."""

    name: str | None = doc("Name of the permission", default=None)
    resource_type: str | None = doc("Resource type that it is about", default=None)


@permissions.action("index", "GET", _PATH)
def index(call: Call, params: Index) -> Listing:
    """List those that there are."""
    found = query_permissions(name=params.name, resource_type=params.resource_type)
    return list_page(call, params, found, catalog=PERMISSION_NAMES, show=_shown)


class ResourceTypes(Params):
    """List available resource types."""


@permissions.action("resource_types", "GET", f"{_PATH}/resource_types")
def resource_types(_call: Call, params: ResourceTypes) -> dict[str, Any]:
    """List their names."""
    del params
    return _whole([{"name": name} for name in RESOURCE_TYPES])


class CurrentPermissions(Params):
    """List permissions of the current user."""


@permissions.action("current_permissions", "GET", f"{_PATH}/current_permissions")
def current_permissions(call: Call, params: CurrentPermissions) -> dict[str, Any]:
    """List what the caller holds, be it for some things alone."""
    del params
    return _whole([_shown(row) for row in permissions_of(call.tx, call.actor)])


class Show(Params):
    """Show a permission."""

    id: PermissionId = doc("Permission ID")


@permissions.action("show", "GET", f"{_PATH}/{{id}}")
def show(call: Call, params: Show) -> dict[str, Any]:
    """Show one."""
    return _shown(load_permission(call.tx, params.id))


def _shown(row: Row[Any]) -> dict[str, Any]:
    return {"id": row.id, "name": row.name, "resource_type": row.resource_type}


def _whole(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a list that has no pages."""
    count = len(results)
    return {"total": count, "subtotal": count, "page": 1, "per_page": count, "results": results}
