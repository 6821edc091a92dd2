"""Reading user groups, with their users, groups and roles."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Row, Select, select

from headgate.domain.ids import UsergroupId
from headgate.search import Field, Fields, Related
from headgate.services.access import Actor, load, scoped
from headgate.services.listing import Catalog
from headgate.services.organizations.taxonomies import linked_rows
from headgate.services.related import Grouped
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    roles,
    usergroup_members,
    usergroup_roles,
    usergroup_users,
    usergroups,
    users,
)

USERGROUPS: Final = Catalog(
    key=usergroups.c.id,
    fields=Fields(
        {
            "id": Field(usergroups.c.id, "integer"),
            "name": Field(usergroups.c.name, default=True),
            "admin": Field(usergroups.c.admin, "boolean"),
            "role": Field(
                roles.c.name,
                within=Related(
                    usergroups.c.id,
                    usergroup_roles.c.usergroup_id,
                    [(roles, roles.c.id == usergroup_roles.c.role_id)],
                ),
            ),
        }
    ),
)


def query(actor: Actor, *, name: str | None = None) -> Select[Any]:
    """Select the groups that the actor may see: of users of the own organizations."""
    found = scoped(select(usergroups), actor, usergroups)
    return found if name is None else found.where(usergroups.c.name == name)


def load_usergroup(tx: Transaction, actor: Actor, usergroup_id: UsergroupId) -> Row[Any]:
    """Return one group; NotFoundError as for every id."""
    return load(tx, actor, usergroups, usergroup_id)


def users_of(tx: Transaction, actor: Actor, usergroup_ids: Iterable[int]) -> Grouped:
    """Return by group its users (login), as far as the actor sees them."""
    return linked_rows(tx, actor, usergroup_users.c.usergroup_id, usergroup_ids, users.c.login)


def members_of(tx: Transaction, actor: Actor, usergroup_ids: Iterable[int]) -> Grouped:
    """Return by group the groups (name) that are in it, as far as the actor sees them."""
    own = usergroup_members.c.usergroup_id
    return linked_rows(tx, actor, own, usergroup_ids, usergroups.c.name)


def roles_of(tx: Transaction, actor: Actor, usergroup_ids: Iterable[int]) -> Grouped:
    """Return by group its roles (name), as far as the actor sees them."""
    return linked_rows(tx, actor, usergroup_roles.c.usergroup_id, usergroup_ids, roles.c.name)
