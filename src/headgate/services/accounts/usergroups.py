"""User groups: users and groups that hold roles together."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, delete, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import PermissionDeniedError, ValidationError
from headgate.domain.ids import RoleId, UsergroupId, UserId
from headgate.services.access import Actor, load
from headgate.services.accounts.actors import around
from headgate.services.accounts.roles import require_may_give
from headgate.services.organizations.taxonomies import set_links
from headgate.services.uniqueness import free_name
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    roles,
    user_organizations,
    usergroup_members,
    usergroup_roles,
    usergroup_users,
    usergroups,
    users,
)

_USERS: Final = usergroup_users.c.usergroup_id
_MEMBERS: Final = usergroup_members.c.usergroup_id
_ROLES: Final = usergroup_roles.c.usergroup_id


def create_usergroup(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    name: str,
    admin: bool = False,
    user_ids: Sequence[UserId] = (),
    usergroup_ids: Sequence[UsergroupId] = (),
    role_ids: Sequence[RoleId] = (),
) -> UsergroupId:
    """Make a group; administrators alone make one without users."""
    actor.require("create_usergroups")
    if admin:
        actor.require_admin()
    _require_users(actor, user_ids)
    now = clock()
    row = {
        "name": free_name(tx, usergroups, name),
        "admin": admin,
        "created_at": now,
        "updated_at": now,
    }
    usergroup_id = UsergroupId(insert_row(tx, usergroups, row))
    set_links(tx, actor, _USERS, usergroup_id, users, user_ids)
    set_links(tx, actor, _MEMBERS, usergroup_id, usergroups, usergroup_ids)
    set_links(tx, actor, _ROLES, usergroup_id, roles, role_ids)
    _require_may_have_made(tx, actor, usergroup_id)
    return usergroup_id


def update_usergroup(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    usergroup_id: UsergroupId,
    changes: Mapping[str, Any],
    user_ids: Sequence[UserId] | None = None,
    usergroup_ids: Sequence[UsergroupId] | None = None,
    role_ids: Sequence[RoleId] | None = None,
) -> None:
    """Change what is given of name and admin, users, groups and roles.

    ValidationError if a group would be within itself.
    """
    row = load_to_change(tx, actor, usergroup_id, "edit_usergroups")
    values = {key: changes[key] for key in ("name", "admin") if key in changes}
    if values.get("name", row.name) != row.name:
        free_name(tx, usergroups, values["name"], except_id=row.id)
    if values.get("admin", row.admin) != row.admin:
        actor.require_admin()
    tx.execute(
        update(usergroups).where(usergroups.c.id == row.id).values(**values, updated_at=clock())
    )
    if user_ids is not None:
        _require_users(actor, user_ids)
        set_links(tx, actor, _USERS, row.id, users, user_ids)
    if usergroup_ids is not None:
        _refuse_circle(tx, usergroup_id, usergroup_ids)
        set_links(tx, actor, _MEMBERS, row.id, usergroups, usergroup_ids)
    if role_ids is not None:
        set_links(tx, actor, _ROLES, row.id, roles, role_ids)
    _require_may_have_made(tx, actor, usergroup_id)


def delete_usergroup(tx: Transaction, *, actor: Actor, usergroup_id: UsergroupId) -> None:
    """Delete a group; its users stay, without what it gave them."""
    row = load_to_change(tx, actor, usergroup_id, "destroy_usergroups")
    tx.execute(delete(usergroups).where(usergroups.c.id == row.id))


def load_to_change(
    tx: Transaction, actor: Actor, usergroup_id: UsergroupId, permission: str
) -> Row[Any]:
    """Return a group whose rights the actor may give; PermissionDeniedError if they are more."""
    row = load(tx, actor, usergroups, usergroup_id)
    actor.require(permission)
    _require_may_have_made(tx, actor, usergroup_id)
    return row


def _require_users(actor: Actor, user_ids: Sequence[UserId]) -> None:
    """Groups are seen by their users: without any it would leave the actor's sight."""
    if not (actor.admin or user_ids):
        raise ValidationError({"user_ids": ["can't be blank"]})


def _require_may_have_made(tx: Transaction, actor: Actor, usergroup_id: UsergroupId) -> None:
    """Refuse a group that gives more than the actor has, or to users of other organizations.

    What it gives comes from all groups around it, too; whom it is given to are also the users of
    all groups within it.
    """
    if actor.admin:
        return
    outer = around(select(usergroups.c.id).where(usergroups.c.id == usergroup_id))
    ids = list(tx.scalars(select(outer.c.id)))
    if tx.scalar(select(usergroups.c.id).where(usergroups.c.id.in_(ids), usergroups.c.admin)):
        actor.require_admin()
    given = select(usergroup_roles.c.role_id).where(usergroup_roles.c.usergroup_id.in_(ids))
    require_may_give(tx, actor, tx.scalars(given))
    inner = _within(usergroup_id)
    elsewhere = (
        select(user_organizations.c.user_id)
        .join(usergroup_users, usergroup_users.c.user_id == user_organizations.c.user_id)
        .where(
            usergroup_users.c.usergroup_id.in_(inner),
            user_organizations.c.organization_id.not_in(sorted(actor.organization_ids)),
        )
        .limit(1)
    )
    if tx.scalar(elsewhere) is not None:
        raise PermissionDeniedError(
            "Access denied: users of this group belong to organizations that you do not belong to"
        )


def _within(usergroup_id: UsergroupId) -> Any:
    """Select the group and all groups that are its members, through any number of groups."""
    found = select(usergroups.c.id).where(usergroups.c.id == usergroup_id)
    inner = found.cte("inner_groups", recursive=True)
    inner = inner.union(
        select(usergroup_members.c.member_id).join(
            inner, inner.c.id == usergroup_members.c.usergroup_id
        )
    )
    return select(inner.c.id)


def _refuse_circle(
    tx: Transaction, usergroup_id: UsergroupId, member_ids: Sequence[UsergroupId]
) -> None:
    outer = around(select(usergroups.c.id).where(usergroups.c.id == usergroup_id))
    if set(tx.scalars(select(outer.c.id))) & set(member_ids):
        raise ValidationError(
            {"usergroup_ids": ["has the group itself, or one that the group is within"]}
        )
