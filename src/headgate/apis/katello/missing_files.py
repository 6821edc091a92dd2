"""What repositories and content view versions lack: file, address and reason."""

from typing import Any

from headgate.apis.actions import Call, Listing, ListParams, doc
from headgate.apis.katello.content_view_versions import content_view_versions
from headgate.apis.katello.repositories import repositories
from headgate.domain.ids import ContentViewVersionId, RepositoryId
from headgate.services.listing import page
from headgate.services.related import AnyRow
from headgate.services.repositories.missing_records import (
    MISSING_FILES,
    missing_in_repository,
    missing_in_version,
)
from headgate.services.repositories.repository_records import load_repository
from headgate.services.views.version_records import load_version


class OfRepository(ListParams):
    """List the files that an incomplete repository lacks."""

    id: RepositoryId = doc("Repository ID")


@repositories.action(
    "missing_files",
    "GET",
    "/katello/api/repositories/{id}/missing_files",
    permission="view_products",
)
def of_repository(call: Call, params: OfRepository) -> Listing:
    """List them by path."""
    row = load_repository(call.tx, call.actor, params.id)
    found = missing_in_repository(row.id)
    return _listed(call, params, found)


class OfVersion(ListParams):
    """List the files that the repositories of a content view version lack."""

    id: ContentViewVersionId = doc("Content view version ID")


@content_view_versions.action(
    "missing_files",
    "GET",
    "/katello/api/content_view_versions/{id}/missing_files",
    permission="view_content_views",
)
def of_version(call: Call, params: OfVersion) -> Listing:
    """List them by path."""
    row = load_version(call.tx, call.actor, params.id)
    return _listed(call, params, missing_in_version(row.id))


def _listed(call: Call, params: ListParams, found: Any) -> Listing:
    listed = page(
        call.tx, found, catalog=MISSING_FILES, window=params.window, clock=call.services.clock
    )
    return Listing.of(listed, _shown)


def _shown(row: AnyRow) -> dict[str, Any]:
    return {
        "path": row.path,
        "type": row.unit_type,
        "size": row.size,
        "checksum": row.checksum,
        "url": row.url,
        "mirror": _mirror(row.url, row.path),
        "code": row.code,
        "reason": row.reason,
        "tried_at": row.tried_at,
        "repository": {"id": row.repository_id, "name": row.repository_name},
    }


def _mirror(url: str | None, path: str) -> str | None:
    """Return the address of the upstream or mirror whose file this is."""
    return url.removesuffix(path) if url and url.endswith(path) else url
