"""Reading users and their tokens."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import Row, Select, select

from headgate.domain.ids import UserId
from headgate.search import Field, Fields
from headgate.services.access import Actor, AnyRow, find, load, scoped
from headgate.services.accounts.authentication import actor_of
from headgate.services.listing import Catalog
from headgate.services.organizations import taxonomies
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    personal_access_tokens,
    user_organizations,
    user_permissions,
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


def query(actor: Actor, *, organization_id: int | None = None) -> Select[Any]:
    """Select the users that the actor may see: all, or those of the same organizations."""
    found = scoped(select(users), actor, users)
    if organization_id is None:
        return found
    members = select(user_organizations.c.user_id).where(
        user_organizations.c.organization_id == organization_id
    )
    return found.where(users.c.id.in_(members))


def load_user(tx: Transaction, actor: Actor, user_id: UserId) -> Row[Any]:
    """Return one user; the actor needs a permission on users for anybody else."""
    row = load(tx, actor, users, user_id)
    if row.id != actor.user_id and not actor.may("create_users"):
        actor.require("view_users")
    return row


def actor_named(tx: Transaction, actor: Actor, login: str) -> Actor:
    """Return who a user would be; for anybody but oneself the actor may view users."""
    row = find(tx, actor, users, login=login)
    if row.id != actor.user_id:
        actor.require("view_users")
    return actor_of(tx, row)


def organizations_of(
    tx: Transaction, actor: Actor, user_ids: Collection[int]
) -> Mapping[int, list[AnyRow]]:
    """Return for each user its organizations (id, name) as far as the actor sees them."""
    found = taxonomies.organizations_of(tx, actor, user_organizations.c.user_id, user_ids)
    return {user_id: found.get(user_id, []) for user_id in user_ids}


def permissions_of(tx: Transaction, user_id: int) -> list[str]:
    """Return the names of a user's permissions in order."""
    return list(
        tx.scalars(
            select(user_permissions.c.permission)
            .where(user_permissions.c.user_id == user_id)
            .order_by(user_permissions.c.permission)
        )
    )


def tokens_of(user_id: UserId) -> Select[Any]:
    """Select a user's tokens; whether the actor may see that user is checked before."""
    return select(personal_access_tokens).where(personal_access_tokens.c.user_id == user_id)
