"""The permissions that roles are made of, by Katello's names (katello.md 1.13).

Each is about the things of one resource type, which has Katello's or Foreman's name, too. The
database repeats them, because clients name permissions by ids.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import insert, select

from headgate.domain.errors import ValidationError
from headgate.domain.ids import PermissionId
from headgate.stores.db import Transaction
from headgate.stores.db.tables import permissions

_FOUR: Final = ("view", "create", "edit", "destroy")


def _on(subject: str, *verbs: str) -> tuple[str, ...]:
    return tuple(f"{verb}_{subject}" for verb in (*_FOUR, *verbs))


_OF_TYPE: Final[Mapping[str, tuple[str, ...]]] = {
    "Organization": (*_on("organizations"), "export_content", "import_content"),
    "Location": _on("locations"),
    "Katello::KTEnvironment": (
        *_on("lifecycle_environments"),
        "promote_or_remove_content_views_to_environments",
    ),
    "Katello::ContentCredential": _on("content_credentials"),
    "Katello::Product": _on("products", "sync"),
    "Katello::SyncPlan": _on("sync_plans", "sync"),
    "Katello::FlatpakRemote": _on("flatpak_remotes"),
    "Katello::ContentView": _on("content_views", "publish", "promote_or_remove"),
    "Katello::AlternateContentSource": _on("alternate_content_sources"),
    "Katello::Subscription": (
        "view_subscriptions",
        "import_manifest",
        "delete_manifest",
        "manage_subscription_allocations",
    ),
    "Katello::ActivationKey": _on("activation_keys"),
    "Katello::HostCollection": _on("host_collections"),
    "Host": (*_on("hosts"), "register_hosts"),
    "SmartProxy": (*_on("smart_proxies"), "view_capsule_content", "manage_capsule_content"),
    "HttpProxy": _on("http_proxies"),
    "User": _on("users"),
    "Usergroup": _on("usergroups"),
    "Role": _on("roles"),
    "Filter": _on("filters"),
    "PersonalAccessToken": _on("personal_access_tokens"),
    "AuthSource": _on("authenticators"),
    "Setting": ("view_settings", "edit_settings"),
    "Bookmark": _on("bookmarks"),
    "Audit": ("view_audit_logs",),
    "ForemanTasks::Task": ("view_foreman_tasks", "edit_foreman_tasks"),
    "ForemanTasks::RecurringLogic": ("view_recurring_logics", "edit_recurring_logics"),
}

TYPE_OF: Final[Mapping[str, str]] = {
    name: resource_type for resource_type, names in _OF_TYPE.items() for name in names
}
PERMISSIONS: Final = frozenset(TYPE_OF)
RESOURCE_TYPES: Final = tuple(sorted(_OF_TYPE))


def by_type(names: Iterable[str]) -> dict[str, list[str]]:
    """Return permissions by the resource type that they are about, both in order."""
    found: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda name: (TYPE_OF[name], name)):
        found.setdefault(TYPE_OF[name], []).append(name)
    return found


def install_permissions(tx: Transaction) -> Mapping[str, int]:
    """Add to the database what it lacks of the permissions; return the id of each."""
    known = _ids(tx)
    rows = [
        {"name": name, "resource_type": resource_type}
        for name, resource_type in TYPE_OF.items()
        if name not in known
    ]
    if not rows:
        return known
    tx.execute(insert(permissions), rows)
    return _ids(tx)


def load_permissions(tx: Transaction, permission_ids: Iterable[PermissionId]) -> list[Any]:
    """Return the permissions (id, name, resource_type) with these ids, in the order of names.

    ValidationError if an id is none's, or if they are about more than one resource type: a filter
    is about things of one.
    """
    wanted = set(permission_ids)
    # There are but a hundred, and an id may be any number.
    every = tx.execute(select(permissions).order_by(permissions.c.name)).all()
    rows = [row for row in every if row.id in wanted and row.name in PERMISSIONS]
    unknown = sorted(wanted - {row.id for row in rows})
    if unknown:
        words = ", ".join(str(each) for each in unknown[:10])
        raise ValidationError({"permission_ids": [f"name no permission: {words[:200]}"]})
    if len({row.resource_type for row in rows}) > 1:
        raise ValidationError({"permission_ids": ["must all be about the same resource type"]})
    return rows


def _ids(tx: Transaction) -> dict[str, int]:
    rows = tx.execute(select(permissions.c.name, permissions.c.id)).all()
    return {row.name: row.id for row in rows if row.name in PERMISSIONS}
