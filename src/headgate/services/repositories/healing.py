"""Making up for what is missing: from what else the organization has, without asking upstream."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyroaring import BitMap
from sqlalchemy import Row, select

from headgate.plugin import ContentType, MissingFile, UnitFile
from headgate.services.repositories.missing import missing_of
from headgate.services.storage.blobs import claim
from headgate.services.storage.collection_lock import hold_off_collection
from headgate.services.units.content_sets import union_of
from headgate.services.units.unit_files import note_arrival
from headgate.stores.blobs import BlobStore, Digest
from headgate.stores.db import Transaction
from headgate.stores.db.statements import batched
from headgate.stores.db.tables import (
    blobs,
    content_view_version_repositories,
    missing_files,
    publications,
    repositories,
    repository_versions,
)


@dataclass(frozen=True, slots=True)
class Gap:
    """An incomplete publication of a repository."""

    publication_id: int
    content_set_id: int
    options: str
    repository: Row[Any]
    missing: Sequence[MissingFile]


def gaps_of(tx: Transaction, organization_id: int) -> list[Gap]:
    """Return the incomplete publications of an organization."""
    rows = tx.execute(
        select(publications, missing_files.c.repository_id)
        .join(missing_files, missing_files.c.publication_id == publications.c.id)
        .join(repositories, repositories.c.id == missing_files.c.repository_id)
        .where(repositories.c.organization_id == organization_id)
        .distinct()
        .order_by(publications.c.id)
    ).all()
    found: list[Gap] = []
    for row in rows:
        repository = tx.execute(
            select(repositories).where(repositories.c.id == row.repository_id)
        ).one()
        missing = missing_of(tx, row.id)
        found.append(Gap(row.id, row.content_set_id, row.options, repository, missing))
    return found


def borrow(
    tx: Transaction,
    store: BlobStore,
    content_types: Mapping[str, ContentType],
    files: Sequence[tuple[ContentType, UnitFile]],
    *,
    organization_id: int,
    holder: str,
) -> int:
    """Let files whose SHA-256 the organization has elsewhere share those bytes; return how many.

    Bytes of other tenants are not shared: who knows a checksum would have what it is of.
    """
    hold_off_collection(tx)
    wanted: dict[Digest, list[tuple[ContentType, UnitFile]]] = {}
    for content_type, file in files:
        if file.checksum_type == "sha256" and file.checksum is not None:
            wanted.setdefault(Digest(file.checksum), []).append((content_type, file))
    known = _known(tx, wanted)
    owned = _owned(tx, known, content_types, organization_id)
    here = claim(
        tx, store, [digest for digest in wanted if known.get(digest) in owned], holder=holder
    )
    for digest, blob_id in here.items():
        for content_type, file in wanted[digest]:
            note_arrival(content_type)(tx, file, blob_id)
    return sum(len(wanted[digest]) for digest in here)


def content_sets_of(tx: Transaction, organization_id: int) -> set[int]:
    """Return the content sets that versions of the organization's repositories and views hold."""
    held = content_view_version_repositories.c
    own = select(repositories.c.id).where(repositories.c.organization_id == organization_id)
    found = select(repository_versions.c.content_set_id).where(
        repository_versions.c.repository_id.in_(own)
    )
    frozen = select(held.content_set_id).where(held.repository_id.in_(own))
    return set(tx.scalars(found.union(frozen)))


def _known(tx: Transaction, digests: Iterable[Digest]) -> dict[Digest, int]:
    known: dict[Digest, int] = {}
    for batch in batched(digests):
        query = select(blobs.c.digest, blobs.c.id).where(
            blobs.c.digest.in_([digest.raw for digest in batch])
        )
        known.update({Digest(raw): blob_id for raw, blob_id in tx.execute(query)})
    return known


def _owned(
    tx: Transaction,
    known: Mapping[Digest, int],
    content_types: Mapping[str, ContentType],
    organization_id: int,
) -> set[int]:
    """Return those of the blobs that units of the organization are made of."""
    if not known:
        return set()
    sets = content_sets_of(tx, organization_id)
    owned: set[int] = set()
    for content_type in content_types.values():
        for unit_type in content_type.unit_types.values():
            table = unit_type.table
            if "blob_id" not in table.c:
                continue
            held: BitMap | None = None
            for batch in batched(known.values()):
                query = select(table.c.id, table.c.blob_id).where(table.c.blob_id.in_(batch))
                for unit_id, blob_id in tx.execute(query):
                    held = union_of(tx, sets, unit_type.name) if held is None else held
                    if unit_id in held:
                        owned.add(blob_id)
    return owned
