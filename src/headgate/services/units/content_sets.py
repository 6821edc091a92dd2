"""Content sets in the database: equal content is the same row."""

from collections.abc import Iterable, Mapping

from pyroaring import BitMap
from sqlalchemy import Table, bindparam, insert, select

from headgate.domain.clock import Clock
from headgate.domain.content import Content, digest_of
from headgate.domain.errors import ConflictError
from headgate.domain.ids import ContentSetId
from headgate.plugin import UnitType
from headgate.services.storage.collection_lock import hold_off_collection
from headgate.stores.db import Transaction
from headgate.stores.db.statements import batched, tuples_of, upsert
from headgate.stores.db.tables import content_set_members, content_sets

# Put together once: content requests wait for it.
_UNITS = select(content_set_members.c.units).where(
    content_set_members.c.content_set_id == bindparam("content_set_id"),
    content_set_members.c.content_type == bindparam("unit_type"),
)


def save_content(
    tx: Transaction, *, clock: Clock, content: Content, unit_types: Mapping[str, UnitType]
) -> ContentSetId:
    """Return the content set that holds exactly these units, making its row if it is new."""
    hold_off_collection(tx)
    digest = digest_of(
        {name: unit_digests(tx, unit_types[name].table, ids) for name, ids in content.units.items()}
    )
    known = tx.scalar(select(content_sets.c.id).where(content_sets.c.digest == digest))
    if known is not None:
        return ContentSetId(known)
    row = {"digest": digest, "counts": content.counts, "created_at": clock()}
    # Another may insert it after that look: then this waits for it, and finds its row.
    insertion = upsert(tx, content_sets).values(**row).on_conflict_do_nothing()
    content_set_id = tx.scalar(insertion.returning(content_sets.c.id))
    if content_set_id is None:
        return save_content(tx, clock=clock, content=content, unit_types=unit_types)
    for unit_type, units in content.units.items():
        tx.execute(
            insert(content_set_members).values(
                content_set_id=content_set_id,
                content_type=unit_type,
                units=_serialised(units),
            )
        )
    return ContentSetId(content_set_id)


def load_content(tx: Transaction, content_set_id: ContentSetId) -> Content:
    """Return the units of a content set."""
    rows = tx.execute(
        select(content_set_members.c.content_type, content_set_members.c.units).where(
            content_set_members.c.content_set_id == content_set_id
        )
    )
    return Content({unit_type: BitMap.deserialize(units) for unit_type, units in rows})


def load_units(tx: Transaction, content_set_id: ContentSetId, unit_type: str) -> BitMap:
    """Return the units of one type of a content set."""
    units = tx.scalar(_UNITS, {"content_set_id": content_set_id, "unit_type": unit_type})
    return BitMap() if units is None else BitMap.deserialize(units)


def union_of(tx: Transaction, content_set_ids: Iterable[int], unit_type: str) -> BitMap:
    """Return the units of one type that any of the content sets holds."""
    bitmaps: list[BitMap] = []
    for batch in batched(set(content_set_ids)):
        rows = tx.scalars(
            select(content_set_members.c.units).where(
                content_set_members.c.content_set_id.in_(batch),
                content_set_members.c.content_type == unit_type,
            )
        )
        bitmaps.extend(BitMap.deserialize(units) for units in rows)
    return BitMap.union(*bitmaps) if bitmaps else BitMap()


def unit_digests(tx: Transaction, table: Table, ids: BitMap) -> list[bytes]:
    """Return the digests of units, in no order; ConflictError if one of them is gone.

    Units go only when no content set and no pin holds them, so this tells of a missing pin.
    """
    digests = [bytes(row[0]) for row in tuples_of(tx, [table.c.digest], table.c.id, ids)]
    if len(digests) != len(ids):
        raise ConflictError(f"{len(ids) - len(digests)} units of {table.name} are gone")
    return digests


def _serialised(units: BitMap) -> bytes:
    compact = units.copy()
    compact.run_optimize()
    return compact.serialize()
