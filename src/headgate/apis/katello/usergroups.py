"""`/api/usergroups`: users, and groups of them, that hold roles together."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc, wrapped
from headgate.apis.katello.shapes import named_all
from headgate.domain.ids import RoleId, UsergroupId, UserId
from headgate.services.accounts.external_usergroups import standing_for
from headgate.services.accounts.usergroup_records import (
    USERGROUPS,
    load_usergroup,
    members_of,
    query,
    roles_of,
    users_of,
)
from headgate.services.accounts.usergroups import (
    create_usergroup,
    delete_usergroup,
    update_usergroup,
)
from headgate.services.listing import page

usergroups = Resource("usergroups", "User groups", dialect="foreman")

_PATH = "/api/usergroups"
_ONE = f"{_PATH}/{{id}}"


class Index(ListParams):
    """List all user groups."""

    name: str | None = doc("Name of the user group", default=None)


@usergroups.action("index", "GET", _PATH, permission="view_usergroups")
def index(call: Call, params: Index) -> Listing:
    """List groups with what is in them, in three statements more."""
    listed = page(
        call.tx,
        query(call.actor, name=params.name),
        catalog=USERGROUPS,
        window=params.window,
        clock=call.services.clock,
        strict=True,
    )
    return Listing(listed, _shown(call, listed.rows))


class Show(Params):
    """Show a user group."""

    id: UsergroupId = doc("User group ID")


@usergroups.action("show", "GET", _ONE, permission="view_usergroups")
def show(call: Call, params: Show) -> dict[str, Any]:
    """Show one."""
    return _full(call, params.id)


class CreateFields(Params):
    """What a user group is made of."""

    name: str = doc("Name")
    admin: bool = doc("Whether its users are administrators", default=False)
    user_ids: list[UserId] = doc("Users in the group", default=[])
    usergroup_ids: list[UsergroupId] = doc("Groups whose users are in the group", default=[])
    role_ids: list[RoleId] = doc("Roles that its users hold", default=[])


class Create(Params):
    """Create a user group."""

    usergroup: CreateFields = wrapped("User group")


@usergroups.action("create", "POST", _PATH, permission="create_usergroups")
def create(call: Call, params: Create) -> dict[str, Any]:
    """Make one."""
    fields = params.usergroup
    usergroup_id = create_usergroup(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        name=fields.name,
        admin=fields.admin,
        user_ids=fields.user_ids,
        usergroup_ids=fields.usergroup_ids,
        role_ids=fields.role_ids,
    )
    return _full(call, usergroup_id)


class UpdateFields(Params):
    """What can be changed of a user group."""

    name: str | None = doc("Name", default=None)
    admin: bool | None = doc("Whether its users are administrators", default=None)
    user_ids: list[UserId] | None = doc("Users in the group", default=None)
    usergroup_ids: list[UsergroupId] | None = doc(
        "Groups whose users are in the group", default=None
    )
    role_ids: list[RoleId] | None = doc("Roles that its users hold", default=None)


class Update(Params):
    """Update a user group."""

    id: UsergroupId = doc("User group ID")
    usergroup: UpdateFields = wrapped("User group")


@usergroups.action("update", "PUT", _ONE, permission="edit_usergroups")
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change what is given."""
    fields = params.usergroup
    given = {"name": fields.name, "admin": fields.admin}
    update_usergroup(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        usergroup_id=params.id,
        changes={key: value for key, value in given.items() if value is not None},
        user_ids=fields.user_ids,
        usergroup_ids=fields.usergroup_ids,
        role_ids=fields.role_ids,
    )
    return _full(call, params.id)


class Destroy(Params):
    """Delete a user group."""

    id: UsergroupId = doc("User group ID")


@usergroups.action("destroy", "DELETE", _ONE, permission="destroy_usergroups")
def destroy(call: Call, params: Destroy) -> dict[str, Any]:
    """Delete it; return it as it was."""
    shown = _full(call, params.id)
    delete_usergroup(call.tx, actor=call.actor, usergroup_id=params.id)
    return shown


def _full(call: Call, usergroup_id: UsergroupId) -> dict[str, Any]:
    (shown,) = _shown(call, [load_usergroup(call.tx, call.actor, usergroup_id)])
    external = standing_for(call.tx, call.actor, usergroup_id)
    return {**shown, "external_usergroups": named_all(external)}


def _shown(call: Call, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    ids = [row.id for row in rows]
    users = users_of(call.tx, call.actor, ids)
    members = members_of(call.tx, call.actor, ids)
    roles = roles_of(call.tx, call.actor, ids)
    return [
        {
            "id": row.id,
            "name": row.name,
            "admin": row.admin,
            "users": [{"id": each.id, "login": each.login} for each in users.get(row.id, [])],
            "usergroups": named_all(members.get(row.id, [])),
            "roles": named_all(roles.get(row.id, [])),
            "created_at": row.created_at,
            "updated_at": row.updated_at,
        }
        for row in rows
    ]
