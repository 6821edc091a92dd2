"""Which files that are here have pieces that a new one may copy, and noting those of new ones.

The row of a file's pieces goes with its blob and does not keep it: whatever is copied may be gone
between the look and the copy, and is compressed then.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from headgate.content.rpm.metadata.cuts import Cut
from headgate.content.rpm.metadata.pieces import (
    Earlier,
    Found,
    Piece,
    anchors_of,
    encode,
    unknown,
)
from headgate.content.rpm.metadata.segments import KINDS, Codec, Kind, Place
from headgate.content.rpm.selection import PackReader
from headgate.content.rpm.tables import rpm_pieces
from headgate.stores.blobs import BlobStore, Digest
from headgate.stores.db import Transaction
from headgate.stores.db.statements import upsert
from headgate.stores.db.tables import blobs

# Files looked into for each new one: those of a repository, its views and their last versions.
_FILES: Final = 16
# Pieces that take less are compressed as quickly as they are found.
_LEAST_BYTES: Final = 256 << 10


@dataclass(frozen=True, slots=True)
class Noted:
    """The pieces of a file that is a blob by now."""

    blob_id: int
    anchor: bytes
    pieces: Sequence[Piece]


@dataclass(frozen=True, slots=True)
class Files:
    """Earlier files that have much in common with one of each kind."""

    anchors: dict[Kind, bytes]  # of the new files; kinds without packages are absent
    earlier: Earlier


def earlier_files(
    tx: Transaction, store: BlobStore, codec: Codec, cuts: Sequence[Cut], packs: PackReader
) -> Files:
    """Return what may be copied into the three files that list the packages of these cuts."""

    def identify(pack: int, kind: Kind, codec: Codec) -> bytes:
        return packs.digests[pack, kind, codec].raw

    def read(file: bytes, place: Place) -> bytes:
        return b"".join(store.read(Digest(file), place.offset, place.length))

    anchors: dict[Kind, bytes] = {}
    found: dict[bytes, Found] = {}
    for kind in KINDS:
        wanted = anchors_of(kind, codec, cuts, identify)
        if wanted:
            anchors[kind] = wanted[0]
            _find(tx, wanted, found)
    return Files(anchors, Earlier(identify, read, found))


def note(tx: Transaction, files: Iterable[Noted]) -> None:
    """Let later files copy the pieces of these; their blobs are pinned or referred to."""
    rows = [
        {"blob_id": file.blob_id, "anchor": file.anchor, "pieces": encode(file.pieces)}
        for file in files
        if sum(piece.length for piece in file.pieces) >= _LEAST_BYTES
    ]
    if rows:
        tx.execute(upsert(tx, rpm_pieces).on_conflict_do_nothing(), rows)


def _find(tx: Transaction, anchors: Sequence[bytes], found: dict[bytes, Found]) -> None:
    query = (
        select(blobs.c.digest, rpm_pieces.c.pieces)
        .join(blobs, blobs.c.id == rpm_pieces.c.blob_id)
        .where(rpm_pieces.c.anchor.in_(anchors))
        .order_by(rpm_pieces.c.blob_id.desc())
        .limit(_FILES)
    )
    # The newest first: what lies end to end there does so here, too.
    for digest, pieces in tx.execute(query):
        found |= {piece.name: Found(digest, piece) for piece in unknown(pieces, found)}
