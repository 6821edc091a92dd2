"""Repositories as the API shows them (katello.md 1.3)."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from headgate.apis.actions import Call
from headgate.apis.katello.container_settings import container_shown
from headgate.apis.katello.repository_sources import source_shown
from headgate.apis.katello.shapes import (
    organization_of,
    permissions,
    task_summary,
    words_since,
)
from headgate.domain.container_repositories import CONTAINER
from headgate.services.related import AnyRow
from headgate.services.repositories.products import CREDENTIAL_KINDS
from headgate.services.repositories.repository_sources import name_of_proxy


def summary(call: Call, row: AnyRow, sync: AnyRow | None) -> dict[str, Any]:
    """Return what a list shows of a repository."""
    shown: dict[str, Any] = {
        "id": row.id,
        "name": row.name,
        "label": row.label,
        "description": row.description,
        "content_type": row.content_type,
        "content_label": row.content_label,
        "content_id": row.content_id,
        "backend_identifier": row.content_label,
        "relative_path": f"{row.organization_label}/Library/{row.relative_path}",
        "full_path": full_path(call, row),
        "url": row.url,
        "arch": row.arch,
        "os_versions": row.os_versions or [],
        "major": None,
        "minor": None,
        "unprotected": row.unprotected,
        "container_repository_name": row.container_repository_name,
        "download_policy": row.download_policy,
        "mirroring_policy": row.mirroring_policy,
        "missing_files_policy": row.missing_files_policy,
        "snapshot_days": row.snapshot_days,
        "incomplete": bool(row.missing_files_count),
        "missing_files_count": row.missing_files_count,
        "checksum_type": row.checksum_type,
        "metadata_compression": row.metadata_compression,
        "is_container_push": row.push_name is not None,
        **container_shown(row),
        "package_signature_policy": row.package_signature_policy,
        "metadata_signature_policy": row.metadata_signature_policy,
        "replay_policy": row.replay_policy,
        "unchanged_warning_days": row.unchanged_warning_days,
        "signing_key_id": row.signing_key_id,
        "content_counts": content_counts(call, row.content_type, row.content_counts),
        "product": {
            "id": row.product_id,
            "cp_id": row.product_cp_id,
            "name": row.product_name,
            "label": row.product_label,
            "orphaned": False,
            "redhat": False,
            "sync_plan": None,
        },
        "organization_id": row.organization_id,
        "organization": organization_of(row),
        "library_instance_id": None,
        "last_sync": task_summary(sync),
        "last_sync_words": words_since(sync),
        "last_contents_changed": row.content_changed_at,
        "version_href": _version_href(row),
    }
    for column in CREDENTIAL_KINDS:
        name = column.removesuffix("_id")
        shown[column] = getattr(row, column)
        shown[name] = {"id": getattr(row, column), "name": getattr(row, f"{name}_name")}
    shown |= {"created_at": row.created_at, "updated_at": row.updated_at}
    return shown


def full(call: Call, row: AnyRow, sync: AnyRow | None, holding: Sequence[AnyRow]) -> dict[str, Any]:
    """Return what `show` shows; `holding` are the view versions that hold the repository."""
    versions = {
        each.id: {
            "id": each.id,
            "version": f"{each.major}.{each.minor}",
            "content_view_id": each.content_view_id,
            "content_view_name": each.content_view_name,
        }
        for each in holding
    }
    places = [
        {
            "id": each.distribution_id,
            "label": f"{each.environment_label}/{each.content_view_label}",
            "lifecycle_environment": {"id": each.environment_id, "name": each.environment_name},
            "content_view": {"id": each.content_view_id, "name": each.content_view_name},
        }
        for each in holding
        if each.environment_id is not None
    ]
    return {
        **summary(call, row, sync),
        "promoted": any(each.library is False for each in holding),
        "content_view_versions": list(versions.values()),
        "content_view_environments": places,
        "upstream_username": row.upstream_username,
        "upstream_password_exists": row.upstream_password is not None,
        "verify_ssl_on_sync": row.verify_ssl_on_sync,
        **source_shown(row, name_of_proxy(call.tx, row.http_proxy_id)),
        "http_proxy_url_exists": row.http_proxy_url is not None,
        "permissions": permissions(
            call,
            row.organization_id,
            "view_products",
            "edit_products",
            "destroy_products",
            "sync_products",
        )
        | {"deletable": call.actor.may("destroy_products", organization_id=row.organization_id)},
    }


def content_counts(
    call: Call, content_type: str, counts: Mapping[str, int] | None
) -> dict[str, int]:
    """Return numbers of units by type, zeros included: clients read them without looking."""
    known = call.services.content_types.get(content_type)
    if known is None:
        return dict(counts or {})
    counted = (unit.name for unit in known.unit_types.values() if unit.counted)
    return {name: (counts or {}).get(name, 0) for name in counted}


def full_path(call: Call, row: AnyRow) -> str | None:
    """Return where the repository is served for Library's default view; containers have a name."""
    if row.content_type == CONTAINER:
        name = row.container_repository_name
        return name and f"{urlsplit(call.base_url).netloc}/{name}"
    return f"{call.base_url}/pulp/content/{row.organization_label}/Library/{row.relative_path}/"


def _version_href(row: AnyRow) -> str | None:
    if row.version_number is None:
        return None
    return f"/katello/api/repositories/{row.id}/versions/{row.version_number}/"
