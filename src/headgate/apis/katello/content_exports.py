"""`/katello/api/content_exports`, `.../content_export_incrementals` and `.../content_imports`.

Declared for the clients that ask for them; no export or import can be made yet.
"""

from typing import Any, Final, Literal

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc
from headgate.apis.katello.unlisted import nothing_listed
from headgate.domain.ids import (
    ContentViewId,
    ContentViewVersionId,
    OrganizationId,
    RepositoryId,
)

content_exports = Resource("content_exports", "Content exports")
content_export_incrementals = Resource("content_export_incrementals", "Incremental content exports")
content_imports = Resource("content_imports", "Content imports")

_EXPORTS: Final = "/katello/api/content_exports"
_INCREMENTALS: Final = "/katello/api/content_export_incrementals"
_IMPORTS: Final = "/katello/api/content_imports"
_EXPORT: Final = "Exporting content"
_IMPORT: Final = "Importing content"

Format = Literal["syncable", "importable"]
Kind = Literal["complete", "incremental"]


class _History(ListParams):
    content_view_version_id: ContentViewVersionId | None = doc(
        "Content view version ID", default=None
    )
    content_view_id: ContentViewId | None = doc("Content view ID", default=None)
    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    type: Kind | None = doc("Whether complete ones or incremental ones", default=None)


class ListExports(_History):
    """List exports."""

    id: int | None = doc("Export ID", default=None)
    destination_server: str | None = doc("Server that the export was meant for", default=None)


@content_exports.action("index", "GET", _EXPORTS, permission="export_content")
def index_exports(call: Call, params: ListExports) -> Listing:
    """List none."""
    return nothing_listed(call, params)


class ListImports(_History):
    """List imports."""

    id: int | None = doc("Import ID", default=None)


@content_imports.action("index", "GET", _IMPORTS, permission="import_content")
def index_imports(call: Call, params: ListImports) -> Listing:
    """List none."""
    return nothing_listed(call, params)


class _Export(Params):
    chunk_size_gb: float | None = doc("Split the export into files of this size", default=None)
    format: Format | None = doc("What to export: for import, or for sync", default=None)


class _Guarded(_Export):
    destination_server: str | None = doc("Server that the export is meant for", default=None)
    fail_on_missing_content: bool = doc(
        "Whether to fail if content cannot be exported", default=False
    )


class _Incremental(Params):
    from_history_id: int | None = doc("Export that this one adds to", default=None)


class ExportVersion(_Guarded):
    """Export a content view version."""

    id: ContentViewVersionId = doc("Content view version ID")


class ExportLibrary(_Guarded):
    """Export all of an organization's Library."""

    organization_id: OrganizationId = doc("Organization ID")


class ExportRepository(_Export):
    """Export a repository."""

    id: RepositoryId = doc("Repository ID")


class ExportVersionSince(ExportVersion, _Incremental):
    """Export what a content view version adds to an earlier export."""


class ExportLibrarySince(ExportLibrary, _Incremental):
    """Export what an organization's Library adds to an earlier export."""


class ExportRepositorySince(ExportRepository, _Incremental):
    """Export what a repository adds to an earlier export."""


_COMPLETE: Final[dict[str, type[Params]]] = {
    "version": ExportVersion,
    "library": ExportLibrary,
    "repository": ExportRepository,
}
_SINCE: Final[dict[str, type[Params]]] = {
    "version": ExportVersionSince,
    "library": ExportLibrarySince,
    "repository": ExportRepositorySince,
}
for _resource, _base, _all in (
    (content_exports, _EXPORTS, _COMPLETE),
    (content_export_incrementals, _INCREMENTALS, _SINCE),
):
    for _name, _params in _all.items():
        _resource.unbacked(
            _name,
            "POST",
            f"{_base}/{_name}",
            _params,
            lacks=_EXPORT,
            permission="export_content",
        )


class _Import(Params):
    organization_id: OrganizationId = doc("Organization ID")
    path: str = doc("Folder on the server, or address, that holds the export")
    metadata: dict[str, Any] = doc("What the export's metadata.json says")


class ImportVersion(_Import):
    """Import a content view version."""


class ImportLibrary(_Import):
    """Import into an organization's Library."""


class ImportRepository(_Import):
    """Import a repository."""


for _name, _params in (
    ("version", ImportVersion),
    ("library", ImportLibrary),
    ("repository", ImportRepository),
):
    content_imports.unbacked(
        _name,
        "POST",
        f"{_IMPORTS}/{_name}",
        _params,
        lacks=_IMPORT,
        permission="import_content",
    )
