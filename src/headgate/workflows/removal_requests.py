"""Asking for removals: of products and keys, and of versions of views with what leads to them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from headgate.domain.ids import OrganizationId, UserId
from headgate.engine.port import NewTask
from headgate.services.hosts.leaving import NONE, Replacements


def remove_product_task(
    product: Row[Any], repository_ids: Sequence[int], *, user_id: UserId | None
) -> NewTask:
    """Delete the product once nothing works on its repositories."""
    return NewTask(
        workflow="remove_product",
        label="Actions::Katello::Product::Destroy",
        action=f"Delete product '{product.name}'",
        input={
            "product_id": product.id,
            "product": {"id": product.id, "name": product.name},
        },
        user_id=user_id,
        organization_id=OrganizationId(product.organization_id),
        exclusive=[f"repository:{each}" for each in repository_ids],
    )


def remove_key_task(key: Row[Any], *, user_id: UserId | None) -> NewTask:
    """Delete the activation key."""
    return NewTask(
        workflow="remove_activation_key",
        label="Actions::Katello::ActivationKey::Destroy",
        action=f"Delete activation key '{key.name}'",
        input={
            "activation_key_id": key.id,
            "activation_key": {"id": key.id, "name": key.name},
        },
        user_id=user_id,
        organization_id=OrganizationId(key.organization_id),
        exclusive=[f"activation_key:{key.id}"],
    )


def remove_versions_task(
    view: Row[Any],
    *,
    version_ids: Sequence[int],
    environment_ids: Sequence[int] = (),
    destroy_content_view: bool = False,
    replacements: Replacements = NONE,
    user_id: UserId | None,
    user: str,
) -> NewTask:
    """Take the view out of environments, then delete versions, then the view itself if asked.

    Hosts and keys that are without content then are given the replacements.
    """
    label, action = _words(view, version_ids, destroy_content_view=destroy_content_view)
    return NewTask(
        workflow="remove_versions",
        label=label,
        action=action,
        input={
            "content_view": {"id": view.id, "name": view.name},
            "content_view_id": view.id,
            "version_ids": list(version_ids),
            "environment_ids": list(environment_ids),
            "destroy_content_view": destroy_content_view,
            "host_replacement_id": replacements.for_hosts,
            "key_replacement_id": replacements.for_keys,
            "user": user,
        },
        user_id=user_id,
        organization_id=OrganizationId(view.organization_id),
        exclusive=[
            f"content_view:{view.id}",
            *(f"content_view_version:{each}" for each in version_ids),
            *(f"content_view_environment:{view.id}:{each}" for each in environment_ids),
        ],
    )


def _words(
    view: Row[Any], version_ids: Sequence[int], *, destroy_content_view: bool
) -> tuple[str, str]:
    if destroy_content_view:
        return "Actions::Katello::ContentView::Destroy", f"Delete content view '{view.name}'"
    if version_ids:
        count = len(version_ids)
        versions = "a version" if count == 1 else f"{count} versions"
        return "Actions::Katello::ContentView::Remove", f"Delete {versions} of '{view.name}'"
    return (
        "Actions::Katello::ContentView::RemoveFromEnvironment",
        f"Remove content view '{view.name}' from environments",
    )
