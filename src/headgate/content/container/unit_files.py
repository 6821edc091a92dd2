"""The files that container units are made of: manifests, configurations, layers.

Below a repository's path they are `manifests/DIGEST` and `blobs/DIGEST`, as below its upstream.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from pyroaring import BitMap
from sqlalchemy import select, update

from headgate.content.container.digests import algorithm_of, is_digest
from headgate.content.container.finding import Holding
from headgate.content.container.manifests import SCHEMA1_SIGNED
from headgate.content.container.tables import (
    container_manifest_blobs,
    container_manifests,
)
from headgate.content.container.units import LISTING, MANIFEST
from headgate.domain.content import Content
from headgate.domain.ids import ContentSetId, UnitId
from headgate.plugin import Located, Source, UnitFile
from headgate.stores.db import Transaction
from headgate.stores.db.statements import batched, rows_of

BLOBS: Final = "blobs/"
MANIFESTS: Final = "manifests/"
BLOB_MEDIA_TYPE: Final = "application/octet-stream"

_own, _named = container_manifests.c, container_manifest_blobs.c


def located(tx: Transaction, content_set_id: ContentSetId, path: str) -> Located | None:
    """Return the blob or the manifest of the set that a path names."""
    folder, _, digest = path.partition("/")
    if not is_digest(digest):
        return None
    holding = Holding(tx, content_set_id)
    if folder == "manifests":
        manifest = holding.manifest(digest)
        if manifest is None:
            return None
        kind, key = (LISTING if manifest.listing else MANIFEST), UnitId(manifest.id)
        return Located(manifest.size, manifest.media_type, manifest.stored, None, kind, key)
    blob = holding.blob(digest, None) if folder == "blobs" else None
    if blob is None or blob.manifest_id is None:
        return None
    source = Source(path, algorithm_of(digest), bytes.fromhex(digest.partition(":")[2]))
    # Schema 1 does not tell sizes.
    size = None if blob.stored is None and blob.size == 0 else blob.size
    return Located(size, BLOB_MEDIA_TYPE, blob.stored, source, MANIFEST, UnitId(blob.manifest_id))


def arrived(tx: Transaction, path: str, blob_id: int, manifests: Iterable[int]) -> None:
    """Remember that the bytes of an on-demand blob are here now, for these manifests."""
    digest = path.removeprefix(BLOBS)
    for batch in batched(manifests):
        tx.execute(
            update(container_manifest_blobs)
            .where(_named.digest == digest, _named.manifest_id.in_(batch))
            .values(blob_id=blob_id)
        )


def manifests_naming(tx: Transaction, digest: str, among: BitMap) -> list[int]:
    """Return those of the manifests that name a blob."""
    naming = tx.scalars(select(_named.manifest_id).where(_named.digest == digest).distinct())
    return [manifest_id for manifest_id in naming if manifest_id in among]


def files_of(tx: Transaction, content: Content) -> Iterator[UnitFile]:
    """Yield the manifests and, for each, its blobs; what is nowhere in a registry is left out."""
    for unit_type in (MANIFEST, LISTING):
        columns = [_own.name, _own.size, _own.blob_id, _own.media_type]
        for row in rows_of(tx, columns, _own.id, content[unit_type]):
            owner = (unit_type, row.key_)
            file = _file(owner, MANIFESTS, row.name, size=row.size, blob_id=row.blob_id)
            # The digest of signed schema 1 is not that of its bytes.
            if row.media_type == SCHEMA1_SIGNED:
                file = replace(file, checksum_type=None, checksum=None)
            yield file
        for batch in batched(content[unit_type]):
            query = select(container_manifest_blobs).where(
                _named.manifest_id.in_(batch), ~_named.foreign | _named.blob_id.is_not(None)
            )
            for row in tx.execute(query):
                owner = (unit_type, row.manifest_id)
                yield _file(owner, BLOBS, row.digest, size=row.size, blob_id=row.blob_id)


def forget_bytes(tx: Transaction, content: Content) -> None:
    """Let blobs be fetched again; manifests stay, for nothing but them says what they are."""
    for batch in batched(content[MANIFEST]):
        gone = update(container_manifest_blobs).where(_named.manifest_id.in_(batch))
        tx.execute(gone.values(blob_id=None))


def _file(
    owner: tuple[str, int], folder: str, digest: str, *, size: int, blob_id: int | None
) -> UnitFile:
    algorithm, _, digits = digest.partition(":")
    path = folder + digest
    # Schema 1 does not tell the sizes of layers.
    known = size if size or blob_id is not None else None
    return UnitFile(*owner, path, known, algorithm, bytes.fromhex(digits), blob_id, source=path)
