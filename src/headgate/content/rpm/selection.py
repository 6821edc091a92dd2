"""Which segments hold the packages of a content set, and reading them from the blob store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyroaring import BitMap
from sqlalchemy import Text, cast, func, select

from headgate.content.rpm.metadata.cuts import Cut
from headgate.content.rpm.metadata.packages import Fragments
from headgate.content.rpm.metadata.segments import (
    FILES,
    Codec,
    Kind,
    Layout,
    Place,
    read_fragments,
)
from headgate.content.rpm.tables import rpm_packages, rpm_packs, rpm_segments
from headgate.domain.errors import InvalidContentError, NotFoundError
from headgate.stores.blobs import BlobStore, Digest
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.statements import LISTED, batched, tuples_of
from headgate.stores.db.tables import blobs


@dataclass(frozen=True, slots=True)
class PackReader:
    """Reads parts of packs; used by several threads at once."""

    store: BlobStore
    digests: dict[tuple[int, Kind, Codec], Digest]

    def __call__(self, pack: int, kind: Kind, codec: Codec, place: Place) -> bytes:
        """Return the bytes at a place of one file of a pack.

        InvalidContentError when they are gone.
        """
        digest = self.digests[pack, kind, codec]
        try:
            return b"".join(self.store.read(digest, place.offset, place.length))
        except NotFoundError as error:
            raise InvalidContentError(
                f"The metadata of some packages is gone: {error.message}. Verify the checksums of"
                " the repository, which restores what can be had"
            ) from error


def cuts_of(tx: Transaction, packages: BitMap) -> list[Cut]:
    """Return the parts of segments that hold these packages, in the order of the segments."""
    wanted = _positions_of(tx, packages)
    columns = [rpm_segments.c.pack_id, rpm_segments.c.id, rpm_segments.c.layout]
    segments = [
        (pack_id, segment_id, Layout.decode(bytes(layout)))
        for pack_id, segment_id, layout in tuples_of(tx, columns, rpm_segments.c.id, BitMap(wanted))
    ]
    segments.sort(key=lambda segment: segment[:2])
    return [
        Cut(pack_id, layout, _unless_all(wanted[segment_id], layout))
        for pack_id, segment_id, layout in segments
    ]


def pack_reader(tx: Transaction, store: BlobStore, packs: set[int]) -> PackReader:
    """Return a reader of these packs."""
    columns = [rpm_packs.c[f"{kind}_{codec}"] for kind, codec in FILES]
    rows = list(tuples_of(tx, [rpm_packs.c.id, *columns], rpm_packs.c.id, BitMap(packs)))
    wanted = BitMap(blob_id for row in rows for blob_id in row[1:])
    found = dict(tuples_of(tx, [blobs.c.id, blobs.c.digest], blobs.c.id, wanted))
    return PackReader(
        store,
        {
            (row[0], kind, codec): Digest(bytes(found[blob_id]))
            for row in rows
            for (kind, codec), blob_id in zip(FILES, row[1:], strict=True)
        },
    )


def fragments_of(tx: Transaction, store: BlobStore, package_id: int) -> Fragments | None:
    """Return what the repository said of one package, None if there is no such package."""
    row = tx.execute(
        select(rpm_packages.c.position, rpm_segments.c.pack_id, rpm_segments.c.layout)
        .join(rpm_segments, rpm_segments.c.id == rpm_packages.c.segment_id)
        .where(rpm_packages.c.id == package_id)
    ).one_or_none()
    if row is None:
        return None
    reader = pack_reader(tx, store, {row.pack_id})
    found = read_fragments(
        Layout.decode(row.layout),
        [row.position],
        lambda kind, codec, place: reader(row.pack_id, kind, codec, place),
    )
    return found[0]


def _positions_of(tx: Transaction, packages: BitMap) -> Mapping[int, Sequence[int]]:
    """Return where in their segments these packages are, ascending, by segment.

    The database joins the positions of a segment: a row of each package takes three times as long.
    """
    joined = func.aggregate_strings(cast(rpm_packages.c.position, Text), ",")
    query = select(rpm_packages.c.segment_id, joined).group_by(rpm_packages.c.segment_id)
    found: dict[int, list[int]] = {}
    for batch in batched(packages, LISTED):
        for segment_id, positions in tx.execute(query.where(among(tx, rpm_packages.c.id, batch))):
            found.setdefault(segment_id, []).extend(map(int, positions.split(",")))
    return {segment_id: sorted(positions) for segment_id, positions in found.items()}


def _unless_all(positions: Sequence[int], layout: Layout) -> Sequence[int] | None:
    return None if len(positions) == layout.count else positions
