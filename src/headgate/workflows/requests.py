"""Asking for workflows: under which name, in which words, holding which resources."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from headgate.domain.ids import OrganizationId, UserId
from headgate.engine.port import NewTask


def sync_task(
    repository: Row[Any],
    *,
    user_id: UserId | None,
    full: bool = False,
    accept_older: bool = False,
) -> NewTask:
    """Synchronize one repository; two syncs of it never overlap."""
    return NewTask(
        workflow="sync",
        label="Actions::Katello::Repository::Sync",
        action=f"Synchronize repository '{repository.name}'",
        input={
            "repository_id": repository.id,
            "repository": {"id": repository.id, "name": repository.name},
            "full": full,
            "accept_older": accept_older,
        },
        user_id=user_id,
        organization_id=OrganizationId(repository.organization_id),
        exclusive=[f"repository:{repository.id}"],
    )


def sync_product_task(
    product: Row[Any],
    repository_ids: Sequence[int],
    *,
    user_id: UserId | None,
    full: bool = False,
) -> NewTask:
    """Synchronize the product's repositories, each in a sub-task."""
    return NewTask(
        workflow="sync_many",
        label="Actions::BulkAction",
        action=f"Synchronize product '{product.name}'",
        input={
            "product_id": product.id,
            "repository_ids": list(repository_ids),
            "full": full,
        },
        user_id=user_id,
        organization_id=OrganizationId(product.organization_id),
        exclusive=[f"repository:{repository_id}" for repository_id in repository_ids],
    )


def publish_task(
    view: Row[Any],
    *,
    version_id: int,
    number: str,
    environment_ids: Sequence[int],
    user_id: UserId | None,
    user: str,
) -> NewTask:
    """Publish a planned version; publishing a view never waits for a sync."""
    return NewTask(
        workflow="publish",
        label="Actions::Katello::ContentView::Publish",
        action=f"Publish content view '{view.name}' version {number}",
        input={
            "content_view": {"id": view.id, "name": view.name},
            "version_id": version_id,
            "content_view_version_id": version_id,
            "environment_ids": list(environment_ids),
            "user": user,
        },
        user_id=user_id,
        organization_id=OrganizationId(view.organization_id),
        exclusive=[f"content_view:{view.id}"],
    )


def promote_task(
    view: Row[Any],
    version: Row[Any],
    *,
    environment_ids: Sequence[int],
    description: str | None,
    user_id: UserId | None,
    user: str,
) -> NewTask:
    """Promote a version; only promotions of the view to the same environment wait."""
    return NewTask(
        workflow="promote",
        label="Actions::Katello::ContentView::Promote",
        action=f"Promote content view '{view.name}' version {version.major}.{version.minor}",
        input={
            "content_view": {"id": view.id, "name": view.name},
            "version_id": version.id,
            "environment_ids": list(environment_ids),
            "description": description,
            "user": user,
        },
        user_id=user_id,
        organization_id=OrganizationId(view.organization_id),
        exclusive=[f"content_view_environment:{view.id}:{each}" for each in environment_ids],
        shared=[f"content_view_version:{version.id}"],
    )
