"""Which repository, publication and blob a served path names.

A path is ORG/ENV/CV or ORG/Library (a row of `distributions`), then the repository's relative
path, then a file. Where there is an archived version, ORG/content_views/CV/VERSION comes first.
Behind the repository, `@2026-11-01` asks for what it served then
(`services/serving/history.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, or_, select

from headgate.plugin import ContentType, Located
from headgate.services.platform.setting_values import in_force
from headgate.services.serving.history import read_moment, served_then
from headgate.services.serving.served import (
    SERVED_BY_PATH,
    ServedRepository,
    of_latest,
    of_version,
)
from headgate.stores.blobs import Digest
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    blobs,
    content_view_repositories,
    content_view_version_repositories,
    content_view_versions,
    content_views,
    distributions,
    dormant_files,
    organizations,
    publication_files,
    repositories,
)

_ARCHIVE = "content_views"
# ORG/content_views/CV/VERSION/content/dist/... : nobody has longer ones.
_MOST_SEGMENTS = 24
_BASE_SEGMENTS = (3, 2)  # ORG/ENV/CV, ORG/Library

# What content requests ask is put together once: that takes SQLAlchemy longer than running it.
_DISTRIBUTIONS = select(
    distributions.c.base_path,
    distributions.c.organization_id,
    distributions.c.content_view_id,
    distributions.c.version_id,
).where(
    or_(
        distributions.c.base_path == bindparam("long"),
        distributions.c.base_path == bindparam("short"),
    )
)
_PUBLISHED_FILE = (
    select(publication_files.c.content_type, blobs.c.digest, blobs.c.size)
    .join(blobs, blobs.c.id == publication_files.c.blob_id)
    .where(
        publication_files.c.publication_id == bindparam("publication_id"),
        publication_files.c.path == bindparam("path"),
    )
)
_BLOB = select(blobs.c.size, blobs.c.created_at).where(blobs.c.digest == bindparam("digest"))


@dataclass(frozen=True, slots=True)
class ServedFile:
    """What a path in a served repository names; `located` is set unless it is metadata."""

    size: int | None  # bytes
    media_type: str
    digest: Digest | None  # None: not here yet
    changed_at: datetime
    located: Located | None
    dormant: bool = False  # its publication has let go of it, and can be woken


def find_repository(tx: Transaction, path: str) -> ServedRepository | None:
    """Return the repository whose base path begins `path`, the longest if there are several."""
    segments = path.split("/")[:_MOST_SEGMENTS]
    long, short = ("/".join(segments[:length]) for length in _BASE_SEGMENTS)
    for number, segment in enumerate(segments):
        until = read_moment(segment)
        if until is not None:
            return served_then(tx, (long, short), segments[:number], segment, until)
    found: list[ServedRepository] = []
    rows = tx.execute(_DISTRIBUTIONS, {"long": long, "short": short}).all()
    for row in sorted(rows, key=lambda row: len(row.base_path), reverse=True):
        found = found or _served_below(tx, row, segments)
    if not found and len(segments) > 4 and segments[1] == _ARCHIVE:
        found = _archived(tx, segments)
    return max(found, key=lambda served: len(served.base), default=None)


def find_file(
    tx: Transaction,
    served: ServedRepository,
    path: str,
    content_types: Mapping[str, ContentType],
) -> ServedFile | None:
    """Return what `path`, relative to the repository, names."""
    row = tx.execute(
        _PUBLISHED_FILE, {"publication_id": served.publication_id, "path": path}
    ).first()
    if row:
        digest = Digest(row.digest)
        return ServedFile(row.size, row.content_type, digest, served.published_at, None)
    content_type = content_types.get(served.content_type)
    located = content_type.located(tx, served.content_set_id, path) if content_type else None
    if located is None:
        return _dormant_file(tx, served, path) if served.dormant else None
    if located.digest is None:
        return ServedFile(located.size, located.media_type, None, served.published_at, located)
    here = tx.execute(_BLOB, {"digest": located.digest.raw}).one()
    return ServedFile(here.size, located.media_type, located.digest, here.created_at, located)


def list_folder(
    tx: Transaction,
    served: ServedRepository,
    folder: str,
    content_types: Mapping[str, ContentType],
) -> list[str]:
    """Return the names in a folder (`` or `a/b/`) of the repository; folders end with `/`."""
    paths = publication_files.c.path
    rows = tx.scalars(
        select(paths).where(
            publication_files.c.publication_id == served.publication_id,
            paths.startswith(folder, autoescape=True),
        )
    )
    names = {"".join(path[len(folder) :].partition("/")[:2]) for path in rows}
    if served.dormant:
        names |= _dormant_names(tx, served, folder)
    content_type = content_types.get(served.content_type)
    if content_type:
        names |= set(content_type.listed(tx, served.content_set_id, folder))
    return sorted(names - {""})


def list_above(tx: Transaction, folder: str, *, most: int) -> list[tuple[str, bool]]:
    """Return the base paths of repositories below a folder such as `ORG/` or `ORG/ENV/CV/`.

    With each goes whether it is unprotected; no more than `most` are returned. Organizations are
    not listed: the folder names one.
    """
    first = folder.split("/", maxsplit=1)[0]
    statement = (
        select(distributions.c.base_path, repositories.c.relative_path, repositories.c.unprotected)
        .join(organizations, organizations.c.id == distributions.c.organization_id)
        .join(content_views, content_views.c.id == distributions.c.content_view_id)
        .join(
            repositories,
            or_(
                and_(
                    distributions.c.version_id.is_(None),
                    repositories.c.organization_id == organizations.c.id,
                    or_(
                        content_views.c.default,
                        repositories.c.id.in_(
                            select(content_view_repositories.c.repository_id).where(
                                content_view_repositories.c.content_view_id == content_views.c.id
                            )
                        ),
                    ),
                ),
                repositories.c.id.in_(
                    select(content_view_version_repositories.c.repository_id).where(
                        content_view_version_repositories.c.version_id == distributions.c.version_id
                    )
                ),
            ),
        )
        .where(
            organizations.c.label == first,
            repositories.c.latest_version_id.is_not(None),
            SERVED_BY_PATH,
        )
        .order_by(distributions.c.base_path, repositories.c.relative_path)
        .limit(most)
    )
    below = [
        (f"{base}/{relative}", bool(unprotected))
        for base, relative, unprotected in tx.execute(statement)
    ]
    return [(base, unprotected) for base, unprotected in below if base.startswith(folder)]


def _dormant_file(tx: Transaction, served: ServedRepository, path: str) -> ServedFile | None:
    gone = dormant_files.c
    row = tx.execute(
        select(gone.size, gone.content_type).where(
            gone.publication_id == served.publication_id, gone.path == path
        )
    ).first()
    if row is None:
        return None
    return ServedFile(row.size, row.content_type, None, served.published_at, None, dormant=True)


def _dormant_names(tx: Transaction, served: ServedRepository, folder: str) -> set[str]:
    gone = dormant_files.c
    rows = tx.scalars(
        select(gone.path).where(
            gone.publication_id == served.publication_id,
            gone.path.startswith(folder, autoescape=True),
        )
    )
    return {"".join(path[len(folder) :].partition("/")[:2]) for path in rows}


def _served_below(
    tx: Transaction, distribution: Row[*tuple[Any, ...]], segments: Sequence[str]
) -> list[ServedRepository]:
    base: str = distribution.base_path
    rest = segments[base.count("/") + 1 :]
    if distribution.version_id is not None:
        return of_version(tx, distribution.version_id, base, rest)
    return of_latest(tx, distribution.organization_id, distribution.content_view_id, base, rest)


def _archived(tx: Transaction, segments: Sequence[str]) -> list[ServedRepository]:
    organization, _, view, number = segments[:4]
    major, _, minor = number.partition(".")
    if not (major.isascii() and major.isdecimal() and minor.isascii() and minor.isdecimal()):
        return []
    if not in_force(tx, "distribute_archived_cvv"):
        return []
    version_id = tx.scalar(
        select(content_view_versions.c.id)
        .join(content_views, content_views.c.id == content_view_versions.c.content_view_id)
        .join(organizations, organizations.c.id == content_views.c.organization_id)
        .where(
            organizations.c.label == organization,
            content_views.c.label == view,
            content_view_versions.c.major == int(major[:9]),
            content_view_versions.c.minor == int(minor[:9]),
            content_view_versions.c.published.is_(True),
        )
    )
    if version_id is None:
        return []
    return of_version(tx, version_id, "/".join(segments[:4]), segments[4:])
