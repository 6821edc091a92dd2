"""Content views and their versions as the API shows them (katello.md 1.5)."""

from typing import Any

from headgate.apis.actions import Call
from headgate.apis.katello.repository_shapes import content_counts
from headgate.apis.katello.shapes import named_all, organization_of, permissions
from headgate.services import content_view_records, version_records
from headgate.services.related import AnyRow

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
        "component_ids": [],
        "components": [],
        "content_view_components": [],
        "activation_keys": [],
        "hosts": [],
        "permissions": permissions(call, row.organization_id, *_PERMISSIONS),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def version_object(call: Call, row: AnyRow, around: version_records.Beside) -> dict[str, Any]:
    """Return what lists and `show` have in common of a version."""
    number = f"{row.major}.{row.minor}"
    environments = around.environments.get(row.id, [])
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
        "composite_content_views": [],
        "composite_content_view_versions": [],
        "published_in_composite_content_views": [],
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
        "permissions": {
            "deletable": not environments
            and call.actor.may("destroy_content_views", organization_id=row.organization_id)
        },
        "created_at": row.created_at,
        "updated_at": row.created_at,
    }


def _versions(served: list[AnyRow]) -> list[dict[str, Any]]:
    """Return each version once, the oldest first, with the environments that it serves."""
    versions: dict[int, dict[str, Any]] = {}
    for row in served:
        shown = versions.setdefault(
            row.id,
            {
                "id": row.id,
                "version": f"{row.major}.{row.minor}",
                "published": row.created_at,
                "description": row.description,
                "environment_ids": [],
                "filters_applied": bool(row.filters),
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
