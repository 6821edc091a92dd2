"""Reading what repositories and versions lack: one row for each missing file."""

from typing import Any, Final

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, select

from headgate.search import Field, Fields
from headgate.services.listing import Catalog
from headgate.stores.db.tables import (
    content_view_version_repositories,
    missing_files,
    repositories,
    repository_versions,
)

_M = missing_files.c

MISSING_FILES: Final = Catalog(
    key=_M.path,
    fields=Fields(
        {
            "path": Field(_M.path, default=True),
            "type": Field(_M.unit_type),
            "code": Field(_M.code),
            "reason": Field(_M.reason),
            "url": Field(_M.url),
            "repository": Field(repositories.c.name),
        }
    ),
    default_sort=("path", "asc"),
)


def missing_in_repository(repository_id: int) -> Select[Any]:
    """Select what the repository's latest version lacks; the caller has loaded it."""
    latest = (
        select(repository_versions.c.publication_id)
        .join(repositories, repositories.c.latest_version_id == repository_versions.c.id)
        .where(repositories.c.id == repository_id)
    )
    return _rows().where(_M.publication_id.in_(latest))


def missing_in_version(version_id: int) -> Select[Any]:
    """Select what the repositories of a content view version lack; the caller has loaded it."""
    held = content_view_version_repositories.c
    return _rows().where(
        _M.publication_id.in_(select(held.publication_id).where(held.version_id == version_id))
    )


def missing_count(publication_id: ColumnElement[int]) -> ScalarSelect[int]:
    """Return how many files a publication of the statement around this lacks."""
    lacks = missing_files.c.publication_id == publication_id
    return select(func.count()).select_from(missing_files).where(lacks).scalar_subquery()


def _rows() -> Select[Any]:
    return select(missing_files, repositories.c.name.label("repository_name")).join(
        repositories, repositories.c.id == _M.repository_id
    )
