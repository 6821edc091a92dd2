"""Reading users and their tokens."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Column, Row, Select, select

from headgate.domain.ids import UserId
from headgate.search import Field, Fields, Related
from headgate.services.access import Actor, AnyRow, find, load, scoped
from headgate.services.accounts.actors import actor_of
from headgate.services.listing import Catalog
from headgate.services.organizations import taxonomies
from headgate.services.related import Grouped
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.tables import (
    personal_access_tokens,
    roles,
    user_locations,
    user_organizations,
    user_roles,
    usergroup_members,
    usergroup_users,
    usergroups,
    users,
)

USERS: Final = Catalog(
    key=users.c.id,
    fields=Fields(
        {
            "id": Field(users.c.id, "integer"),
            "login": Field(users.c.login, default=True),
            "firstname": Field(users.c.firstname, default=True),
            "lastname": Field(users.c.lastname, default=True),
            "mail": Field(users.c.mail, default=True),
            "admin": Field(users.c.admin, "boolean"),
            "disabled": Field(users.c.disabled, "boolean"),
            "last_login_on": Field(users.c.last_login_on, "datetime"),
            "role": Field(
                roles.c.name,
                within=Related(
                    users.c.id, user_roles.c.user_id, [(roles, roles.c.id == user_roles.c.role_id)]
                ),
            ),
            "usergroup": Field(
                usergroups.c.name,
                within=Related(
                    users.c.id,
                    usergroup_users.c.user_id,
                    [(usergroups, usergroups.c.id == usergroup_users.c.usergroup_id)],
                ),
            ),
        }
    ),
    default_sort=("login", "asc"),
)

TOKENS: Final = Catalog(
    key=personal_access_tokens.c.id,
    fields=Fields(
        {
            "id": Field(personal_access_tokens.c.id, "integer"),
            "name": Field(personal_access_tokens.c.name, default=True),
            "expires_at": Field(personal_access_tokens.c.expires_at, "datetime"),
            "last_used_at": Field(personal_access_tokens.c.last_used_at, "datetime"),
            "revoked": Field(personal_access_tokens.c.revoked, "boolean"),
        }
    ),
)


def query(
    actor: Actor,
    *,
    organization_id: int | None = None,
    location_id: int | None = None,
    role_id: int | None = None,
    usergroup_id: int | None = None,
) -> Select[Any]:
    """Select the users that the actor may see: all, or those of the same organizations.

    The ids narrow them to users of an organization or a location, to those to whom a role is
    given, to those whom a group has.
    """
    found = scoped(select(users), actor, users)
    narrowed = {
        user_organizations.c.organization_id: organization_id,
        user_locations.c.location_id: location_id,
        user_roles.c.role_id: role_id,
        usergroup_users.c.usergroup_id: usergroup_id,
    }
    for column, wanted in narrowed.items():
        if wanted is not None:
            found = found.where(users.c.id.in_(_linked_with(column, wanted)))
    return found


def load_user(tx: Transaction, actor: Actor, user_id: UserId) -> Row[Any]:
    """Return one user: the actor, or one whom `view_users` lets the actor see."""
    return load(tx, actor, users, user_id)


def actor_named(tx: Transaction, actor: Actor, login: str) -> Actor:
    """Return who a user would be: the actor, or one whom `view_users` lets the actor see."""
    return actor_of(tx, find(tx, actor, users, login=login))


def organizations_of(
    tx: Transaction, actor: Actor, user_ids: Collection[int]
) -> Mapping[int, list[AnyRow]]:
    """Return for each user its organizations (id, name) as far as the actor sees them."""
    found = taxonomies.organizations_of(tx, actor, user_organizations.c.user_id, user_ids)
    return {user_id: found.get(user_id, []) for user_id in user_ids}


def locations_of(tx: Transaction, actor: Actor, user_ids: Collection[int]) -> Grouped:
    """Return by user its locations as far as the actor sees them."""
    return taxonomies.locations_of(tx, actor, user_locations.c.user_id, user_ids)


def roles_of(tx: Transaction, actor: Actor, user_ids: Collection[int]) -> Grouped:
    """Return by user the roles (name) given to it, as far as the actor sees them."""
    return taxonomies.linked_rows(tx, actor, user_roles.c.user_id, user_ids, roles.c.name)


def usergroups_of(tx: Transaction, actor: Actor, user_ids: Collection[int]) -> Grouped:
    """Return by user the groups (name) that have it, as far as the actor sees them."""
    own = usergroup_users.c.user_id
    return taxonomies.linked_rows(tx, actor, own, user_ids, usergroups.c.name)


def all_usergroups_of(tx: Transaction, actor: Actor, user_id: int) -> Sequence[AnyRow]:
    """Return the groups (name) around a user, and those around them, as far as the actor sees."""
    of, members = usergroup_users.c, usergroup_members.c
    around = select(of.usergroup_id.label("id")).where(of.user_id == user_id)
    around = around.cte("around", recursive=True)
    around = around.union(
        select(members.usergroup_id).join(around, around.c.id == members.member_id)
    )
    found = select(usergroups.c.id, usergroups.c.name).where(
        usergroups.c.id.in_(select(around.c.id))
    )
    return tx.execute(scoped(found, actor, usergroups).order_by(usergroups.c.name)).all()


def administrators_by_group(tx: Transaction, user_ids: Collection[int]) -> frozenset[int]:
    """Return which of these users are administrators because a group around them is."""
    given = select(usergroups.c.id.label("id")).where(usergroups.c.admin).cte("g", recursive=True)
    given = given.union(
        select(usergroup_members.c.member_id).join(
            given, given.c.id == usergroup_members.c.usergroup_id
        )
    )
    found = select(usergroup_users.c.user_id).where(
        usergroup_users.c.usergroup_id.in_(select(given.c.id)),
        among(tx, usergroup_users.c.user_id, user_ids),
    )
    return frozenset(tx.scalars(found))


def tokens_of(user_id: UserId) -> Select[Any]:
    """Select a user's tokens; whether the actor may see that user is checked before."""
    return select(personal_access_tokens).where(personal_access_tokens.c.user_id == user_id)


def _linked_with(column: Column[int], key: int) -> Select[int]:
    return select(column.table.c.user_id).where(column == key)
