"""The roles that every installation has, and what became of permissions given before roles."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, insert, inspect, select, text

from headgate.domain.clock import Clock
from headgate.services.accounts.permissions import PERMISSIONS, install_permissions
from headgate.services.accounts.roles import add_filters
from headgate.stores.db import Transaction
from headgate.stores.db.statements import batched
from headgate.stores.db.tables import (
    permissions,
    role_filter_permissions,
    role_filters,
    roles,
    user_roles,
)

DEFAULT_ROLE: Final = "Default role"
_FORMER_TABLE: Final = "user_permissions"

_VIEW: Final = frozenset(name for name in PERMISSIONS if name.startswith("view_"))
# What concerns the installation and not what is in it.
_SYSTEM: Final = frozenset(
    name
    for name in PERMISSIONS
    if name.endswith(("_settings", "_authenticators", "_roles", "_filters", "_smart_proxies"))
)
_PEOPLE: Final = frozenset(name for name in PERMISSIONS if name.endswith(("_users", "_usergroups")))
_CONTENT_VIEWS: Final = frozenset(
    {
        "view_organizations",
        "view_lifecycle_environments",
        "view_content_views",
        "view_products",
        "view_content_credentials",
        "view_foreman_tasks",
    }
)
_REGISTERING: Final = frozenset(
    {
        "register_hosts",
        "view_hosts",
        "create_hosts",
        "view_activation_keys",
        "view_host_collections",
        "view_organizations",
        "view_locations",
        "view_lifecycle_environments",
        "view_content_views",
        "view_smart_proxies",
    }
)

# Name: what the role is for, and what it holds.
_INSTALLED: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "Viewer": ("Sees everything and changes nothing", _VIEW),
    "Manager": (
        "Does everything but what only administrators may: users, roles, the installation",
        PERMISSIONS - ((_SYSTEM | _PEOPLE | {"create_organizations"}) - _VIEW),
    ),
    "Organization admin": (
        "Does everything within organizations; clone it and give the clone the organizations",
        PERMISSIONS
        - {
            "create_organizations",
            "destroy_organizations",
            "edit_settings",
            "create_smart_proxies",
            "edit_smart_proxies",
            "destroy_smart_proxies",
            "create_authenticators",
            "edit_authenticators",
            "destroy_authenticators",
        },
    ),
    "Site manager": (
        "Sees everything, and looks after hosts, their activation keys and collections",
        _VIEW
        | frozenset(
            name
            for name in PERMISSIONS
            if name.endswith(("_hosts", "_activation_keys", "_host_collections"))
        ),
    ),
    "System admin": (
        "Looks after the installation and its users, without changing content",
        _VIEW
        | _SYSTEM
        | _PEOPLE
        | {
            "create_organizations",
            "edit_organizations",
            "destroy_organizations",
            "create_locations",
            "edit_locations",
            "destroy_locations",
            "edit_foreman_tasks",
            "edit_recurring_logics",
            "manage_capsule_content",
        },
    ),
    "Content Exporter": ("Exports content", _CONTENT_VIEWS | {"export_content"}),
    "Content Importer": ("Imports content", _CONTENT_VIEWS | {"import_content"}),
    "Register hosts": ("Registers hosts", _REGISTERING),
    "Edit hosts": (
        "Sees and changes hosts",
        _REGISTERING - {"register_hosts", "create_hosts"} | {"edit_hosts", "destroy_hosts"},
    ),
}
# What every user starts with; administrators may change it.
_EVERYONES: Final = frozenset({"view_bookmarks"})


def install_roles(tx: Transaction, *, clock: Clock) -> None:
    """Make the permissions and roles of this version; those that are so already stay untouched."""
    ids = install_permissions(tx)
    now = clock()
    rows = tx.execute(select(roles.c.id, roles.c.name, roles.c.locked, roles.c.for_everyone)).all()
    held = _held(tx)
    stale = {
        row.id: _INSTALLED[row.name][1]
        for row in rows
        if row.locked and row.name in _INSTALLED and held.get(row.id) != _INSTALLED[row.name][1]
    }
    tx.execute(delete(role_filters).where(role_filters.c.role_id.in_(sorted(stale))))
    taken = {row.name for row in rows}
    new = [_row(name, now, locked=True) for name in _INSTALLED if name not in taken]
    if not any(row.for_everyone for row in rows):
        new.append(_row(DEFAULT_ROLE, now, for_everyone=True))
    if new:
        tx.execute(insert(roles), new)
        made = tx.execute(
            select(roles.c.id, roles.c.name).where(roles.c.name.in_([row["name"] for row in new]))
        )
        stale |= {
            row.id: _INSTALLED[row.name][1] if row.name in _INSTALLED else _EVERYONES
            for row in made
        }
    if stale:
        add_filters(tx, stale, permission_ids=ids, now=now)


def former_permissions(tx: Transaction) -> Mapping[int, frozenset[str]]:
    """Return by user the permissions of a schema in which users held them one by one."""
    if not inspect(tx).has_table(_FORMER_TABLE):
        return {}
    found: dict[int, set[str]] = {}
    for user_id, name in tx.execute(text("SELECT user_id, permission FROM user_permissions")):
        found.setdefault(user_id, set()).add(name)
    return {user_id: frozenset(names & PERMISSIONS) for user_id, names in found.items()}


def give_roles(tx: Transaction, held: Mapping[int, frozenset[str]], *, clock: Clock) -> None:
    """Make a role of each distinct set of permissions, and give it to the users who held the set.

    They are called `Permissions 1`, ... and are for all organizations, as the permissions were.
    """
    sets = sorted({names for names in held.values() if names}, key=sorted)
    if not sets:
        return
    now = clock()
    named = {f"Permissions {number}": names for number, names in enumerate(sets, 1)}
    tx.execute(insert(roles), [_row(name, now) for name in named])
    made = tx.execute(select(roles.c.id, roles.c.name).where(roles.c.name.in_(list(named)))).all()
    ids = install_permissions(tx)
    add_filters(tx, {row.id: named[row.name] for row in made}, permission_ids=ids, now=now)
    role_of = {named[row.name]: row.id for row in made}
    links = [
        {"user_id": user_id, "role_id": role_of[names]} for user_id, names in held.items() if names
    ]
    for batch in batched(links):
        tx.execute(insert(user_roles), batch)


def _row(
    name: str, now: datetime, *, locked: bool = False, for_everyone: bool = False
) -> dict[str, Any]:
    return {
        "name": name,
        "description": _INSTALLED[name][0] if name in _INSTALLED else None,
        "locked": locked,
        "for_all": True,
        "for_everyone": for_everyone,
        "created_at": now,
        "updated_at": now,
    }


def _held(tx: Transaction) -> dict[int, frozenset[str]]:
    """Return what each locked role holds."""
    rows = tx.execute(
        select(role_filters.c.role_id, permissions.c.name)
        .join(roles, roles.c.id == role_filters.c.role_id)
        .join(role_filter_permissions, role_filter_permissions.c.filter_id == role_filters.c.id)
        .join(permissions, permissions.c.id == role_filter_permissions.c.permission_id)
        .where(roles.c.locked)
    )
    found: dict[int, set[str]] = {}
    for role_id, name in rows:
        found.setdefault(role_id, set()).add(name)
    return {role_id: frozenset(names) for role_id, names in found.items()}
