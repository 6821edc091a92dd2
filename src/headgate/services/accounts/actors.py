"""From a user's row to who asks: the grants of the roles that the user holds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
    Executable,
    Integer,
    Row,
    Select,
    String,
    Text,
    and_,
    bindparam,
    case,
    cast,
    literal,
    null,
    or_,
    select,
    union_all,
)

from headgate.domain.ids import UserId
from headgate.services.access import AnyRow, AnySelect
from headgate.services.actor import OF_NO_ORGANIZATION, Actor, Grant
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    permissions,
    role_filter_organizations,
    role_filter_permissions,
    role_filters,
    role_organizations,
    roles,
    user_organizations,
    user_roles,
    usergroup_members,
    usergroup_roles,
    usergroup_users,
    usergroups,
    users,
)

_NO_NUMBER = cast(null(), Integer)
_NO_TEXT = cast(null(), Text)


def load_actor(tx: Transaction, user_id: UserId) -> Actor | None:
    """Return the user as an actor; None if there is no such user or it is disabled."""
    row = tx.execute(select(users).where(users.c.id == user_id)).one_or_none()
    return None if row is None or row.disabled else actor_of(tx, row)


def actor_of(tx: Transaction, user: Row[Any]) -> Actor:
    """Return the actor that a user's row makes, with one statement more.

    Administrators, who need none, are those who are marked so and the users of groups that are.
    """
    user_id = UserId(user.id)
    if user.admin:
        return Actor(user_id=user_id, login=user.login, admin=True)
    read = _Read()
    for row in tx.execute(_of_user(), {"user_id": user_id}):
        read.take(row)
    if read.admin:
        return Actor(user_id=user_id, login=user.login, admin=True)
    everywhere, limited = _sorted(read.grants())
    return Actor(
        user_id=user_id,
        login=user.login,
        organization_ids=frozenset(read.organization_ids),
        permissions=everywhere,
        limited=limited,
    )


def grants_of_roles(tx: Transaction, role_ids: Iterable[int]) -> list[Grant]:
    """Return what these roles give to whoever holds them."""
    held = select(roles.c.id.label("role_id")).where(roles.c.id.in_(sorted(set(role_ids))))
    read = _Read()
    for row in tx.execute(union_all(*_of_roles(held.cte("held")))):
        read.take(row)
    return read.grants()


@dataclass(slots=True)
class _Filter:
    """A filter as its rows are read."""

    role_id: int
    search: str | None
    scope: str  # all, own (the filter's organizations) or role (the role's)
    permissions: set[str] = field(default_factory=set[str])


@dataclass(slots=True)
class _Read:
    """What the one statement says."""

    admin: bool = False
    organization_ids: set[int] = field(default_factory=set[int])
    filters: dict[int, _Filter] = field(default_factory=dict[int, _Filter])
    by_filter: dict[int, set[int]] = field(default_factory=dict[int, set[int]])
    by_role: dict[int, set[int]] = field(default_factory=dict[int, set[int]])

    def take(self, row: AnyRow) -> None:
        """Take one row of the statement: what it is of, one or two ids, and texts."""
        if row.what == "member":
            self.organization_ids.add(row.first)
        elif row.what == "admin":
            self.admin = True
        elif row.what == "filter organization":
            self.by_filter.setdefault(row.first, set()).add(row.second)
        elif row.what == "role organization":
            self.by_role.setdefault(row.first, set()).add(row.second)
        else:
            found = self.filters.get(row.first)
            if found is None:
                found = self.filters[row.first] = _Filter(row.second, row.search, row.what)
            found.permissions.add(row.name)

    def grants(self) -> list[Grant]:
        """Return the grants that were read."""
        return [self._grant(key, each) for key, each in self.filters.items()]

    def _grant(self, key: int, each: _Filter) -> Grant:
        held = frozenset(each.permissions)
        if each.scope == "all":
            return Grant(held, search=each.search)
        if each.scope == "own":
            within = self.by_filter.get(key, set())
        else:
            within = self.by_role.get(each.role_id, set())
        return Grant(held - OF_NO_ORGANIZATION, frozenset(within), each.search)


def _sorted(grants: Sequence[Grant]) -> tuple[frozenset[str], tuple[Grant, ...]]:
    """Return the permissions that hold everywhere, and the grants that add something to them."""
    whole = [each for each in grants if each.search is None and each.organization_ids is None]
    everywhere = frozenset[str]().union(*(each.permissions for each in whole))
    limited = tuple(
        each for each in grants if each not in whole and not each.permissions <= everywhere
    )
    return everywhere, limited


@cache
def _of_user() -> Executable:
    """Select all that the rights of `user_id` come from, as rows for `_Read.take`.

    Every request of a user asks it, and putting it together takes longer than running it.
    """
    user_id: BindParameter[int] = bindparam("user_id")
    groups = groups_of_user(user_id)
    held = (
        select(user_roles.c.role_id)
        .where(user_roles.c.user_id == user_id)
        .union(
            select(usergroup_roles.c.role_id).where(
                usergroup_roles.c.usergroup_id.in_(select(groups.c.id))
            ),
            select(roles.c.id).where(roles.c.for_everyone),
        )
        .cte("held")
    )
    member = _row("member", user_organizations.c.organization_id).where(
        user_organizations.c.user_id == user_id
    )
    admin = _row("admin", usergroups.c.id).where(
        usergroups.c.admin, usergroups.c.id.in_(select(groups.c.id))
    )
    return union_all(member, admin, *_of_roles(held))


def groups_of_user(user_id: UserId | BindParameter[int]) -> CTE:
    """Return the groups (id) that a user is in, directly or through groups within groups."""
    direct = select(usergroup_users.c.usergroup_id.label("id")).where(
        usergroup_users.c.user_id == user_id
    )
    return around(direct)


def around(inner: Select[Any]) -> CTE:
    """Return these groups (id) and all that they are members of, through any number of groups."""
    found = inner.cte("around", recursive=True)
    return found.union(
        select(usergroup_members.c.usergroup_id).join(
            found, found.c.id == usergroup_members.c.member_id
        )
    )


def _of_roles(held: CTE) -> list[AnySelect]:
    chosen = select(held.c.role_id)
    scope = _scope()
    of_filters = (
        select(
            scope.label("what"),
            role_filters.c.id.label("first"),
            role_filters.c.role_id.label("second"),
            permissions.c.name.label("name"),
            role_filters.c.search.label("search"),
        )
        .join(roles, roles.c.id == role_filters.c.role_id)
        .join(role_filter_permissions, role_filter_permissions.c.filter_id == role_filters.c.id)
        .join(permissions, permissions.c.id == role_filter_permissions.c.permission_id)
        .where(role_filters.c.role_id.in_(chosen))
    )
    own = role_filter_organizations.c
    of_own = (
        _row("filter organization", own.filter_id, own.organization_id)
        .join(role_filters, role_filters.c.id == own.filter_id)
        .where(role_filters.c.role_id.in_(chosen))
    )
    shared = role_organizations.c
    of_role = _row("role organization", shared.role_id, shared.organization_id).where(
        shared.role_id.in_(chosen)
    )
    return [of_filters, of_own, of_role]


def _scope() -> Any:
    """Say where a filter's organizations stand: `all`, `own` or `role`."""
    everywhere = or_(
        and_(role_filters.c.override, role_filters.c.for_all),
        and_(~role_filters.c.override, roles.c.for_all),
    )
    return case((everywhere, "all"), (role_filters.c.override, "own"), else_="role")


def _row(what: str, first: Any, second: Any = _NO_NUMBER) -> AnySelect:
    return select(
        literal(what, String).label("what"),
        first.label("first"),
        second.label("second"),
        _NO_TEXT.label("name"),
        _NO_TEXT.label("search"),
    )
