"""`/katello/api/environments`: lifecycle environments."""

from typing import Any

from sqlalchemy import Row

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc
from headgate.apis.katello.shapes import named, named_all, organization_of, permissions
from headgate.domain.ids import EnvironmentId, OrganizationId
from headgate.services.listing import page
from headgate.services.organizations.environment_records import (
    ENVIRONMENTS,
    PERMISSION_TYPES,
    Beside,
    beside,
    load_environment,
    paths,
    query,
)
from headgate.services.organizations.environments import (
    create_environment,
    delete_environment,
    update_environment,
)

environments = Resource("lifecycle_environments", "Lifecycle Environments")

_FLAT = "/katello/api/environments"
_NESTED = "/katello/api/organizations/{organization_id}/environments"
_VIEW = "view_lifecycle_environments"
_PATTERN = (
    "How the registry names the container images that the environment serves, such as"
    " <%= organization.label %>/<%= product.label %>/<%= repository.label %>"
)
_EVERYBODY = "Whether everybody may pull its container images, without logging in"
_EVERYBODY_SEES = (
    "Whether everybody may see which flatpaks it serves, also where pulling them takes a login:"
    " flatpak does not log in to look"
)


class Index(ListParams):
    """List environments in an organization."""

    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    id: EnvironmentId | None = doc("Environment ID", default=None)
    library: bool | None = doc(
        "Set true if you want to see only library environments", default=None
    )
    name: str | None = doc("Name of the environment", default=None)
    label: str | None = doc("Label of the environment", default=None)


@environments.action("index", "GET", _FLAT, also=[_NESTED], permission=_VIEW)
def index(call: Call, params: Index) -> Listing:
    """List them."""
    found = query(
        call.actor,
        organization_id=params.organization_id,
        library=params.library,
        id=params.id,
        name=params.name,
        label=params.label,
    )
    listed = page(
        call.tx, found, catalog=ENVIRONMENTS, window=params.window, clock=call.services.clock
    )
    around = beside(call.tx, listed.rows)
    return Listing.of(listed, lambda row: environment_object(call, row, around))


class One(Params):
    """Show an environment."""

    id: EnvironmentId = doc("Environment ID", aliases=["environment_id"])
    organization_id: OrganizationId | None = doc("Organization ID", default=None)


@environments.action(
    "show", "GET", f"{_FLAT}/{{id}}", also=[f"{_NESTED}/{{environment_id}}"], permission=_VIEW
)
def show(call: Call, params: One) -> dict[str, Any]:
    """Show one."""
    return _one(call, params.id, organization_id=params.organization_id)


class Create(Params):
    """Create an environment."""

    organization_id: OrganizationId = doc("Organization ID")
    name: str = doc("Name of the environment")
    label: str | None = doc("Label, made from the name unless given", default=None)
    description: str | None = doc("Description of the environment", default=None)
    registry_name_pattern: str | None = doc(_PATTERN, default=None)
    registry_unauthenticated_pull: bool = doc(_EVERYBODY, default=False)
    registry_unauthenticated_index: bool = doc(_EVERYBODY_SEES, default=False)
    prior_id: EnvironmentId = doc("ID of the environment that this one follows", aliases=["prior"])


@environments.action("create", "POST", _FLAT, also=[_NESTED])
def create(call: Call, params: Create) -> dict[str, Any]:
    """Make one."""
    environment_id = create_environment(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        organization_id=params.organization_id,
        name=params.name,
        label=params.label,
        description=params.description,
        prior_id=params.prior_id,
        registry_name_pattern=params.registry_name_pattern,
        registry_unauthenticated_pull=params.registry_unauthenticated_pull,
        registry_unauthenticated_index=params.registry_unauthenticated_index,
    )
    return _one(call, environment_id)


class Update(Params):
    """Update an environment."""

    id: EnvironmentId = doc("Environment ID")
    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    new_name: str | None = doc("New name to be given to the environment", default=None)
    description: str | None = doc("New description to be given to the environment", default=None)
    registry_name_pattern: str | None = doc(f"{_PATTERN}; empty: none", default=None)
    registry_unauthenticated_pull: bool | None = doc(_EVERYBODY, default=None)
    registry_unauthenticated_index: bool | None = doc(_EVERYBODY_SEES, default=None)


@environments.action("update", "PUT", f"{_FLAT}/{{id}}", also=[f"{_NESTED}/{{id}}"])
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change what is given."""
    load_environment(call.tx, call.actor, params.id, organization_id=params.organization_id)
    changes = params.changes(
        "description", "registry_unauthenticated_pull", "registry_unauthenticated_index"
    )
    changes = {field: value for field, value in changes.items() if value is not None}
    if params.new_name is not None:
        changes["name"] = params.new_name
    update_environment(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        environment_id=params.id,
        changes=changes | params.changes("registry_name_pattern"),
    )
    return _one(call, params.id)


class Destroy(One):
    """Destroy an environment."""


@environments.action("destroy", "DELETE", f"{_FLAT}/{{id}}", also=[f"{_NESTED}/{{id}}"])
def destroy(call: Call, params: Destroy) -> dict[str, Any]:
    """Delete it; return it as it was."""
    shown = _one(call, params.id, organization_id=params.organization_id)
    delete_environment(call.tx, actor=call.actor, environment_id=params.id)
    return shown


class Paths(Params):
    """List environment paths."""

    organization_id: OrganizationId = doc("Organization ID")
    permission_type: str | None = doc(
        "'promotable': only where the caller may promote to", default=None, enum=PERMISSION_TYPES
    )


@environments.action("paths", "GET", f"{_NESTED}/paths", permission=_VIEW)
def list_paths(call: Call, params: Paths) -> dict[str, Any]:
    """List every path from Library on."""
    found = paths(
        call.tx,
        call.actor,
        params.organization_id,
        promotable=params.permission_type == "promotable",
    )
    around = beside(call.tx, [row for path in found for row in path])
    results = [
        {"environments": [environment_object(call, row, around) for row in path]} for path in found
    ]
    return {"total": len(results), "subtotal": len(results), "results": results}


def environment_object(call: Call, row: Row[Any], around: Beside) -> dict[str, Any]:
    """Return an environment (a row of `environment_records.query`) with what stands beside it."""
    views = around.views.get(row.id, [])
    prior = {"id": row.prior_id, "name": row.prior_name} if row.prior_id else None
    return {
        "id": row.id,
        "name": row.name,
        "label": row.label,
        "description": row.description,
        "organization_id": row.organization_id,
        "organization": organization_of(row),
        "library": row.library,
        "registry_name_pattern": row.registry_name_pattern,
        "registry_unauthenticated_pull": row.registry_unauthenticated_pull,
        "registry_unauthenticated_index": row.registry_unauthenticated_index,
        "prior": prior,
        "successor": named(next(iter(around.successors.get(row.id, [])), None)),
        "content_views": named_all(views),
        "counts": {"content_hosts": row.host_count, "content_views": len(views)},
        "permissions": permissions(
            call,
            row.organization_id,
            "create_lifecycle_environments",
            "view_lifecycle_environments",
            "edit_lifecycle_environments",
            "destroy_lifecycle_environments",
            "promote_or_remove_content_views_to_environments",
        ),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def _one(
    call: Call, environment_id: EnvironmentId, *, organization_id: OrganizationId | None = None
) -> dict[str, Any]:
    row = load_environment(call.tx, call.actor, environment_id, organization_id=organization_id)
    return environment_object(call, row, beside(call.tx, [row]))
