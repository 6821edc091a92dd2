"""Content views and their versions as the API shows them (katello.md 1.5)."""

from collections.abc import Mapping
from typing import Any

from headgate.apis.actions import Call
from headgate.apis.katello.repository_shapes import content_counts
from headgate.apis.katello.shapes import named_all, organization_of, permissions
from headgate.services.related import AnyRow
from headgate.services.views import content_view_records, version_records
from headgate.services.views.version_users import composites_among, environments_among

_PERMISSIONS = (
    "view_content_views",
    "edit_content_views",
    "destroy_content_views",
    "publish_content_views",
    "promote_or_remove_content_views",
)


def view_object(call: Call, row: AnyRow, around: content_view_records.Beside) -> dict[str, Any]:
    """Return what lists and `show` have in common of a content view."""
    served = around.versions.get(row.id, [])
    components = around.components.get(row.id, [])
    versions = _versions(served)
    latest = versions[-1] if versions else None
    repositories = around.repositories.get(row.id, [])
    return {
        "id": row.id,
        "name": row.name,
        "label": row.label,
        "description": row.description,
        "organization_id": row.organization_id,
        "organization": organization_of(row),
        "default": row.default,
        "composite": row.composite,
        "rolling": row.rolling,
        "auto_publish": row.auto_publish,
        "solve_dependencies": row.solve_dependencies,
        "import_only": row.import_only,
        "generated_for": row.generated_for,
        "filtered": row.filtered,
        "version_count": len(versions),
        "latest_version": latest and latest["version"],
        "latest_version_id": latest and latest["id"],
        "latest_version_environments": _environments(
            [each for each in served if latest and each.id == latest["id"]]
        ),
        "next_version": f"{row.next_major}.0",
        "last_published": latest and latest["published"],
        "versions": versions,
        "environments": _environments(served),
        "repositories": named_all(repositories, "label", "content_type"),
        "repository_ids": [each.id for each in repositories],
        "component_ids": [each.version_id for each in components if each.version_id is not None],
        "components": [_component_version(each) for each in components if each.version_id],
        "content_view_components": [component_object(each, {}) for each in components],
        "retention": {"keep_versions": row.keep_versions, "keep_days": row.keep_days},
        "activation_key_count": row.activation_key_count,
        "host_count": row.host_count,
        "content_host_count": row.host_count,
        "permissions": permissions(call, row.organization_id, *_PERMISSIONS),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def component_object(row: AnyRow, around: Mapping[int, list[AnyRow]]) -> dict[str, Any]:
    """Return a component of a composite view; `around` has the environments of its version."""
    version = None
    if row.version_id is not None:
        environments = around.get(row.version_id, [])
        version = {
            **_component_version(row),
            "environments": named_all(environments),
            "environment_ids": [each.id for each in environments],
        }
    return {
        "id": row.id,
        "latest": row.latest,
        "composite_content_view": {
            "id": row.composite_id,
            "name": row.composite_name,
            "label": row.composite_label,
        },
        "content_view": {
            "id": row.content_view_id,
            "name": row.name,
            "label": row.label,
            "description": row.description,
            "next_version": f"{row.next_major}.0",
        },
        "content_view_version": version,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def _component_version(row: AnyRow) -> dict[str, Any]:
    number = f"{row.major}.{row.minor}"
    return {
        "id": row.version_id,
        "name": f"{row.name} {number}",
        "version": number,
        "content_view_id": row.content_view_id,
        "content_view": {"id": row.content_view_id, "name": row.name, "label": row.label},
        "published": row.published,
    }


def version_object(call: Call, row: AnyRow, around: version_records.Beside) -> dict[str, Any]:
    """Return what lists and `show` have in common of a version."""
    number = f"{row.major}.{row.minor}"
    users = around.users.get(row.id, [])
    environments, composites = environments_among(users), composites_among(users)
    held = around.repositories.get(row.id, [])
    totals: dict[str, int] = {}
    for repository in held:
        for unit_type, count in content_counts(
            call, repository.content_type, repository.counts
        ).items():
            totals[unit_type] = totals.get(unit_type, 0) + count
    return {
        "id": row.id,
        "version": number,
        "major": row.major,
        "minor": row.minor,
        "name": f"{row.content_view_name} {number}",
        "description": row.description,
        "default": False,
        "content_view_id": row.content_view_id,
        "content_view": {
            "id": row.content_view_id,
            "name": row.content_view_name,
            "label": row.content_view_label,
        },
        "organization_id": row.organization_id,
        **_composites(composites),
        "environments": named_all(environments, "label"),
        "environment_ids": [each.id for each in environments],
        "repositories": [
            {
                "id": each.id,
                "name": each.name,
                "label": each.label,
                "content_type": each.content_type,
                "library_instance_id": each.id,
                "relative_path": each.relative_path,
                "product": {"id": each.product_id, "name": each.product_name},
                "content_counts": content_counts(call, each.content_type, each.counts),
                "missing_files_count": each.missing_files_count,
            }
            for each in held
        ],
        "repository_type_counts_map": _types_of(held),
        "content_counts": totals,
        "package_count": totals.get("rpm", 0),
        "srpm_count": totals.get("srpm", 0),
        "package_group_count": totals.get("package_group", 0),
        "module_stream_count": totals.get("module_stream", 0),
        "file_count": totals.get("file", 0),
        "erratum_count": totals.get("erratum", 0),
        "filters_applied": bool(row.filters),
        "incomplete": any(each.missing_files_count for each in held),
        "missing_files_count": sum(each.missing_files_count for each in held),
        "pinned": row.pinned,
        "triggered_by_id": row.triggered_by_id,
        "permissions": {
            "deletable": not users
            and call.actor.may("destroy_content_views", organization_id=row.organization_id)
        },
        "created_at": row.created_at,
        "updated_at": row.created_at,
    }


def _composites(rows: list[AnyRow]) -> dict[str, Any]:
    """Return the composite views that take a version, and their versions made from it."""
    chosen = [each for each in rows if each.composite_version_id is None]
    published = [each for each in rows if each.composite_version_id is not None]
    views = {each.id: each for each in published}
    return {
        "composite_content_views": [{"id": each.id, "name": each.name} for each in chosen],
        "composite_content_view_versions": [
            {
                "id": each.composite_version_id,
                "version": f"{each.major}.{each.minor}",
                "content_view": {"id": each.id, "name": each.name},
            }
            for each in published
        ],
        "published_in_composite_content_views": [
            {"id": each.id, "name": each.name} for each in views.values()
        ],
    }


def _versions(served: list[AnyRow]) -> list[dict[str, Any]]:
    """Return each version once, the oldest first, with the environments that it serves."""
    versions: dict[int, dict[str, Any]] = {}
    for row in served:
        if row.id is None:  # an environment of a rolling view
            continue
        shown = versions.setdefault(
            row.id,
            {
                "id": row.id,
                "version": f"{row.major}.{row.minor}",
                "published": row.created_at,
                "description": row.description,
                "environment_ids": [],
                "filters_applied": row.filtered,
            },
        )
        if row.environment_id is not None:
            shown["environment_ids"].append(row.environment_id)
    return list(versions.values())


def _environments(served: list[AnyRow]) -> list[dict[str, Any]]:
    return [
        {"id": row.environment_id, "name": row.environment_name, "label": row.environment_label}
        for row in sorted(served, key=lambda row: row.environment_id or 0)
        if row.environment_id is not None
    ]


def _types_of(held: list[AnyRow]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in held:
        key = f"{row.content_type}_repository_count"
        counts[key] = counts.get(key, 0) + 1
    return counts
