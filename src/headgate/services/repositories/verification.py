"""Reading blobs again: are they what their digests say, and what becomes of those that are not."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, select, update

from headgate.domain.content import Content
from headgate.domain.errors import NotFoundError
from headgate.domain.ids import ContentSetId
from headgate.plugin import ContentType, UnitFile
from headgate.services.storage.blob_references import referencing_columns
from headgate.services.units.content_sets import load_content
from headgate.stores.blobs import BlobStore, Digest
from headgate.stores.db import Transaction
from headgate.stores.db.statements import batched
from headgate.stores.db.tables import (
    blobs,
    content_view_version_repositories,
    publication_files,
    publications,
    repositories,
    repository_versions,
)


@dataclass(frozen=True, slots=True)
class Holding:
    """What a version serves of a repository."""

    repository_id: int
    content_set_id: int
    publication_id: int


def holdings_of_repository(tx: Transaction, repository_id: int) -> list[Holding]:
    """Return what the repository's latest version and all content view versions serve of it."""
    frozen = content_view_version_repositories.c
    latest = (
        select(repository_versions.c.content_set_id, repository_versions.c.publication_id)
        .join(repositories, repositories.c.latest_version_id == repository_versions.c.id)
        .where(repositories.c.id == repository_id)
    )
    published = select(frozen.content_set_id, frozen.publication_id).where(
        frozen.repository_id == repository_id, frozen.publication_id.is_not(None)
    )
    rows = {(row[0], row[1]) for row in tx.execute(latest.union(published))}
    return [Holding(repository_id, *row) for row in sorted(rows)]


def latest_holding(tx: Transaction, repository_id: int) -> tuple[Holding, str] | None:
    """Return what the repository's latest version serves, with its publication's key."""
    version = repository_versions.c
    row = tx.execute(
        select(version.content_set_id, version.publication_id, publications.c.options)
        .join(repositories, repositories.c.latest_version_id == version.id)
        .join(publications, publications.c.id == version.publication_id)
        .where(repositories.c.id == repository_id)
    ).one_or_none()
    if row is None:
        return None
    return Holding(repository_id, row.content_set_id, row.publication_id), row.options


def holdings_of_version(tx: Transaction, version_id: int) -> list[Holding]:
    """Return what a content view version serves."""
    frozen = content_view_version_repositories.c
    rows = tx.execute(
        select(frozen.repository_id, frozen.content_set_id, frozen.publication_id)
        .where(frozen.version_id == version_id, frozen.publication_id.is_not(None))
        .order_by(frozen.repository_id)
    )
    return [Holding(*row) for row in rows]


def repositories_by_id(tx: Transaction, holdings: Iterable[Holding]) -> dict[int, Row[Any]]:
    """Return the rows of the repositories; those that have been deleted are left out."""
    ids = {holding.repository_id for holding in holdings}
    rows = tx.execute(select(repositories).where(repositories.c.id.in_(ids)))
    return {row.id: row for row in rows}


def unit_files_of(
    tx: Transaction, content_type: ContentType, holdings: Iterable[Holding]
) -> list[UnitFile]:
    """Return the files of all units that the holdings hold, each once."""
    return list(content_type.files_of(tx, content_of(tx, holdings)))


def content_of(tx: Transaction, holdings: Iterable[Holding]) -> Content:
    """Return all that the holdings hold."""
    content = Content()
    for content_set_id in {holding.content_set_id for holding in holdings}:
        content |= load_content(tx, ContentSetId(content_set_id))
    return content


def metadata_blobs_of(tx: Transaction, holdings: Iterable[Holding]) -> set[int]:
    """Return the blobs of published metadata."""
    ids = {holding.publication_id for holding in holdings}
    found: set[int] = set()
    for batch in batched(ids):
        files = publication_files.c
        found.update(tx.scalars(select(files.blob_id).where(files.publication_id.in_(batch))))
    return found


def digests_of(tx: Transaction, blob_ids: Iterable[int]) -> dict[int, tuple[Digest, int]]:
    """Return digest and size in bytes of each blob that is still registered."""
    found: dict[int, tuple[Digest, int]] = {}
    for batch in batched(blob_ids):
        query = select(blobs.c.id, blobs.c.digest, blobs.c.size).where(blobs.c.id.in_(batch))
        found.update({row.id: (Digest(row.digest), row.size) for row in tx.execute(query)})
    return found


def damaged_among(
    store: BlobStore, wanted: Mapping[int, tuple[Digest, int]], *, read: Callable[[int], None]
) -> list[int]:
    """Return those of the blobs whose bytes are gone or wrong; `read` is told of each piece."""
    damaged: list[int] = []
    for blob_id, (digest, _) in wanted.items():
        found = sha256()
        try:
            for chunk in store.read(digest):
                found.update(chunk)
                read(len(chunk))
        except NotFoundError:
            damaged.append(blob_id)
            continue
        if found.digest() != digest.raw:
            damaged.append(blob_id)
    return damaged


def give_up(tx: Transaction, store: BlobStore, blob_ids: Sequence[int]) -> None:
    """Take wrong bytes out of service, for everybody: units forget that their bytes are here.

    The files go before the commit: killed in between, bytes are gone that rows still name, which
    the next look finds; wrong bytes are never named again. Metadata keeps its rows, which cannot
    be without; its files are made anew.
    """
    query = select(blobs.c.id, blobs.c.digest).where(blobs.c.id.in_(blob_ids)).order_by(blobs.c.id)
    rows = tx.execute(query.with_for_update()).all()
    for row in rows:
        store.drop(Digest(row.digest))
    ids = [row.id for row in rows]
    for column in referencing_columns():
        if column.nullable:
            tx.execute(update(column.table).where(column.in_(ids)).values({column.name: None}))
