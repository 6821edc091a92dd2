"""`/api/usergroups/:id/external_usergroups`: groups of the provider that stand for user groups."""

from typing import Any, Final

from headgate.apis.actions import (
    Call,
    Listing,
    ListParams,
    Params,
    Resource,
    doc,
    list_page,
    wrapped,
)
from headgate.apis.katello.auth_sources import shown_source
from headgate.domain.ids import ExternalUsergroupId, UsergroupId
from headgate.services.access import AnyRow
from headgate.services.accounts.external_usergroups import (
    EXTERNAL_USERGROUPS,
    load_external,
    map_external,
    query,
    rename_external,
    unmap_external,
)

external_usergroups = Resource("external_usergroups", "External user groups", dialect="foreman")

_PATH: Final = "/api/usergroups/{usergroup_id}/external_usergroups"
_ONE: Final = f"{_PATH}/{{id}}"
_VIEW: Final = "view_usergroups"
_EDIT: Final = "edit_usergroups"


class Index(ListParams):
    """List all external user groups for user group."""

    usergroup_id: UsergroupId = doc("User group ID")


@external_usergroups.action("index", "GET", _PATH, permission=_VIEW)
def index(call: Call, params: Index) -> Listing:
    """List the provider's groups that stand for a user group."""
    found = query(call.actor, params.usergroup_id)
    return list_page(call, params, found, catalog=EXTERNAL_USERGROUPS, show=_shown)


class Show(Params):
    """Show an external user group for user group."""

    usergroup_id: UsergroupId = doc("User group ID")
    id: ExternalUsergroupId = doc("External user group ID")


@external_usergroups.action("show", "GET", _ONE, permission=_VIEW)
def show(call: Call, params: Show) -> dict[str, Any]:
    """Show one."""
    return _one(call, params.usergroup_id, params.id)


class CreateFields(Params):
    """What stands for a user group."""

    name: str = doc("Name of the group at the provider", max_length=255)
    auth_source_id: int = doc("Authentication source: 2 External")


class Create(Params):
    """Create an external user group linked to a user group."""

    usergroup_id: UsergroupId = doc("User group ID")
    external_usergroup: CreateFields = wrapped("External user group")


@external_usergroups.action("create", "POST", _PATH, permission=_EDIT)
def create(call: Call, params: Create) -> dict[str, Any]:
    """Map one."""
    fields = params.external_usergroup
    made = map_external(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        usergroup_id=params.usergroup_id,
        name=fields.name,
        auth_source_id=fields.auth_source_id,
    )
    return _one(call, params.usergroup_id, made)


class UpdateFields(Params):
    """What can be changed."""

    name: str | None = doc("Name of the group at the provider", default=None, max_length=255)
    auth_source_id: int | None = doc("Authentication source: 2 External", default=None)


class Update(Params):
    """Update external user group."""

    usergroup_id: UsergroupId = doc("User group ID")
    id: ExternalUsergroupId = doc("External user group ID")
    external_usergroup: UpdateFields = wrapped("External user group")


@external_usergroups.action("update", "PUT", _ONE, permission=_EDIT)
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change what is given."""
    fields = params.external_usergroup
    row = load_external(call.tx, call.actor, params.usergroup_id, params.id)
    source = fields.auth_source_id
    rename_external(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        usergroup_id=params.usergroup_id,
        external_id=params.id,
        name=row.name if fields.name is None else fields.name,
        auth_source_id=row.auth_source_id if source is None else source,
    )
    return _one(call, params.usergroup_id, params.id)


class Refresh(Params):
    """Refresh external user group."""

    usergroup_id: UsergroupId = doc("User group ID")
    id: ExternalUsergroupId = doc("External user group ID")


@external_usergroups.action("refresh", "PUT", f"{_ONE}/refresh", permission=_EDIT)
def refresh(call: Call, params: Refresh) -> dict[str, Any]:
    """Show one: a provider tells the groups of a user at each login, and of nobody else."""
    return _one(call, params.usergroup_id, params.id)


class Destroy(Params):
    """Delete an external user group."""

    usergroup_id: UsergroupId = doc("User group ID")
    id: ExternalUsergroupId = doc("External user group ID")


@external_usergroups.action("destroy", "DELETE", _ONE, permission=_EDIT)
def destroy(call: Call, params: Destroy) -> dict[str, Any]:
    """Delete one and show it a last time."""
    shown = _one(call, params.usergroup_id, params.id)
    unmap_external(
        call.tx, actor=call.actor, usergroup_id=params.usergroup_id, external_id=params.id
    )
    return shown


def _one(call: Call, usergroup_id: UsergroupId, external_id: ExternalUsergroupId) -> dict[str, Any]:
    return _shown(load_external(call.tx, call.actor, usergroup_id, external_id))


def _shown(row: AnyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "usergroup_id": row.usergroup_id,
        "auth_source_id": row.auth_source_id,
        "auth_source_external": shown_source(row.auth_source_id),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
