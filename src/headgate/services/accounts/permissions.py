"""The permissions that a user may hold, by Katello's names (katello.md 1.13)."""

from collections.abc import Iterable
from typing import Final

from headgate.domain.errors import ValidationError

_FOUR: Final = ("view", "create", "edit", "destroy")


def _on(subject: str, *verbs: str) -> frozenset[str]:
    return frozenset(f"{verb}_{subject}" for verb in (*_FOUR, *verbs))


PERMISSIONS: Final = frozenset[str]().union(
    _on("organizations"),
    _on("lifecycle_environments"),
    {"promote_or_remove_content_views_to_environments"},
    _on("content_credentials"),
    _on("products", "sync"),
    _on("sync_plans", "sync"),
    _on("flatpak_remotes"),
    _on("content_views", "publish", "promote_or_remove"),
    _on("users"),
    _on("http_proxies"),
    _on("locations"),
    _on("smart_proxies"),
    _on("personal_access_tokens"),
    {"view_audit_logs"},
    {"view_foreman_tasks", "edit_foreman_tasks"},
    {"view_recurring_logics", "edit_recurring_logics"},
    {"export_content", "import_content"},
    _on("alternate_content_sources"),
    {"view_subscriptions", "import_manifest", "delete_manifest", "manage_subscription_allocations"},
)


def check_permissions(names: Iterable[str]) -> frozenset[str]:
    """Return the names; ValidationError if one is no permission."""
    chosen = frozenset(names)
    unknown = sorted(chosen - PERMISSIONS)
    if unknown:
        raise ValidationError({"permissions": [f"are unknown: {', '.join(unknown)[:200]}"]})
    return chosen
