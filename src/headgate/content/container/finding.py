"""What a reference names in a content set: a manifest by tag or digest, a blob, referrers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from pyroaring import BitMap
from sqlalchemy import Column, Select, bindparam, select

from headgate.content.container.digests import is_digest
from headgate.content.container.tables import (
    container_manifest_blobs,
    container_manifests,
    container_pushed_blobs,
    container_signatures,
    container_tags,
)
from headgate.content.container.units import LISTING, MANIFEST, SIGNATURE, TAG
from headgate.domain.ids import ContentSetId
from headgate.services.access import AnyRow
from headgate.services.units.content_sets import load_units
from headgate.stores.blobs import Digest
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among, within
from headgate.stores.db.tables import blobs

_tag, _manifest = container_tags.c, container_manifests.c
_named, _pushed = container_manifest_blobs.c, container_pushed_blobs.c

# Said once: a registry answers many of these.
_TAGS = select(_tag.id.label("key_"), _tag.manifest).where(_tag.name == bindparam("name"))
_MANIFEST = (
    select(
        _manifest.id,
        _manifest.name,
        _manifest.media_type,
        _manifest.listing,
        _manifest.size,
        blobs.c.digest.label("stored"),
    )
    .join(blobs, blobs.c.id == _manifest.blob_id)
    .where(_manifest.name == bindparam("name"))
)
_NAMING = (
    select(
        _named.manifest_id.label("key_"),
        _named.size,
        _named.foreign,
        _named.blob_id,
        blobs.c.digest.label("stored"),
        blobs.c.size.label("stored_size"),
    )
    .outerjoin(blobs, blobs.c.id == _named.blob_id)
    .where(_named.digest == bindparam("digest"))
)
_PUSHED = (
    select(_pushed.blob_id, blobs.c.digest.label("stored"), blobs.c.size)
    .join(blobs, blobs.c.id == _pushed.blob_id)
    .where(
        _pushed.repository_id == bindparam("repository_id"),
        _pushed.digest == bindparam("digest"),
    )
)
# Of what is named alike this much is looked through before the database does it.
_FEW: Final = 100
# A list of referrers is at most as long as a manifest that every client takes (4 MiB), and the
# annotations of a manifest are no longer than itself.
_MOST_LIST_BYTES: Final = 4 << 20
_DESCRIPTOR_BYTES: Final = 512
_BATCH: Final = 1_000
_REFERRING = (
    select(_manifest.id, _manifest.name, _manifest.artifact_type, _manifest.size)
    .where(_manifest.subject == bindparam("subject"), _manifest.name > bindparam("after"))
    .order_by(_manifest.name)
    .limit(_BATCH)
)


@dataclass(frozen=True, slots=True)
class FoundManifest:
    """A manifest that a content set holds."""

    id: int
    digest: str
    media_type: str
    listing: bool
    size: int  # bytes
    stored: Digest


@dataclass(frozen=True, slots=True)
class FoundBlob:
    """A blob that a repository may give out."""

    digest: str
    size: int  # bytes; as announced while they are not here
    stored: Digest | None  # None: not here yet
    manifest_id: int | None = None  # one that names it
    blob_id: int | None = None  # None: not here yet


class Holding:
    """The content set of a repository, asked bit by bit; for one transaction."""

    def __init__(self, tx: Transaction, content_set_id: ContentSetId | None) -> None:
        self._tx = tx
        self._content_set_id = content_set_id

    @cached_property
    def tags(self) -> BitMap:
        """The tags that it holds."""
        return self._units(TAG)

    @cached_property
    def manifests(self) -> BitMap:
        """The manifests and lists of manifests that it holds."""
        return self._units(MANIFEST) | self._units(LISTING)

    def manifest(self, reference: str) -> FoundManifest | None:
        """Return the manifest with this digest or tag."""
        digest = reference if is_digest(reference) else self.target_of(reference)
        row = None if digest is None else self._tx.execute(_MANIFEST, {"name": digest}).first()
        if row is None or row.id not in self.manifests:
            return None
        return FoundManifest(
            row.id, row.name, row.media_type, bool(row.listing), row.size, Digest(row.stored)
        )

    def target_of(self, tag: str) -> str | None:
        """Return the digest to which a tag points."""
        rows = self._held(_TAGS, {"name": tag}, _tag.id, self.tags)
        return rows[0].manifest if rows else None

    def blob(self, digest: str, pushed_to: int | None) -> FoundBlob | None:
        """Return the blob if a manifest held here names it, or it was pushed to the repository.

        `pushed_to` is the repository whose latest content this is; None for what a version froze.
        """
        if pushed_to is not None:
            keys = {"repository_id": pushed_to, "digest": digest}
            row = self._tx.execute(_PUSHED, keys).first()
            if row is not None:
                return FoundBlob(digest, row.size, Digest(row.stored), None, row.blob_id)
        rows = self._held(_NAMING, {"digest": digest}, _named.manifest_id, self.manifests)
        row = min(rows, key=lambda row: (row.stored is None, row.foreign), default=None)
        if row is None or (row.foreign and row.stored is None):
            return None
        if row.stored is None:
            return FoundBlob(digest, row.size, None, row.key_)
        return FoundBlob(digest, row.stored_size, Digest(row.stored), row.key_, row.blob_id)

    def signatures(self, digest: str) -> list[bytes]:
        """Return the simple signatures of a manifest, in the order of their coming."""
        signed = container_signatures.c
        held = self._units(SIGNATURE)
        query = select(signed.id, signed.content).where(signed.manifest == digest)
        rows = self._tx.execute(query.order_by(signed.id))
        return [row.content for row in rows if row.id in held]

    def tags_of(self, digest: str) -> Sequence[tuple[int, str]]:
        """Return id and name of the tags that point to a manifest."""
        rows = self._tx.execute(select(_tag.id, _tag.name).where(_tag.manifest == digest))
        return [(row.id, row.name) for row in rows if row.id in self.tags]

    def tag_names(self, *, after: str, most: int) -> list[str]:
        """Return names of tags in the order of their characters, those behind `after`."""
        query = select(_tag.name).where(within(self._tx, _tag.id, self.tags))
        return sorted(name for name in self._tx.scalars(query) if name > after)[:most]

    def referrers(
        self, subject: str, *, after: str, artifact_type: str | None, most: int
    ) -> tuple[Sequence[AnyRow], bool]:
        """Return manifests that refer to a subject and whether there are more of them.

        They come in the order of their digests, those behind `after`: `most` of them, or fewer if
        these would be more than a client takes in one answer.
        """
        ids: list[int] = []
        length = 0
        for row in self._referring(subject, after):
            if artifact_type not in (None, row.artifact_type):
                continue
            length += row.size + _DESCRIPTOR_BYTES
            if len(ids) == most or (ids and length > _MOST_LIST_BYTES):
                return self._described(ids), True
            ids.append(row.id)
        return self._described(ids), False

    def _referring(self, subject: str, after: str) -> Iterator[AnyRow]:
        while True:
            rows = self._tx.execute(_REFERRING, {"subject": subject, "after": after}).all()
            yield from (row for row in rows if row.id in self.manifests)
            if len(rows) < _BATCH:
                return
            after = rows[-1].name

    def _described(self, ids: list[int]) -> Sequence[AnyRow]:
        """Return what descriptors say; annotations are long, so of those alone that are shown."""
        query = select(
            _manifest.name,
            _manifest.media_type,
            _manifest.size,
            _manifest.artifact_type,
            _manifest.annotations,
        ).where(among(self._tx, _manifest.id, ids))
        return self._tx.execute(query.order_by(_manifest.name)).all()

    def _held(
        self,
        query: Select[*tuple[Any, ...]],
        asked: Mapping[str, str],
        key: Column[int],
        held: BitMap,
    ) -> list[AnyRow]:
        """Return rows whose `key_` is held: all or a few of them, for there may be very many.

        Every repository may have a tag `latest`, and every artifact an empty configuration.
        """
        rows = self._tx.execute(query.limit(_FEW), asked).all()
        found = [row for row in rows if row.key_ in held]
        if not found and len(rows) == _FEW:
            query = query.where(within(self._tx, key, held)).limit(_FEW)
            found = list(self._tx.execute(query, asked))
        return found

    def _units(self, unit_type: str) -> BitMap:
        if self._content_set_id is None:
            return BitMap()
        return load_units(self._tx, self._content_set_id, unit_type)
