"""Giving space back: what no version names any more goes, rows first, bytes after.

`collect_content` removes publications, content sets and units that nothing refers to; the blobs
that only these referred to are then taken by `services/storage/blob_collection.py`. What a
deletion would free is told by the ledger (`services/storage/space.py`), which follows the same
references.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pyroaring import BitMap
from sqlalchemy import ColumnElement, Select, delete, func, insert, select, union_all

from headgate.domain.clock import Clock
from headgate.domain.content import Content
from headgate.plugin import ContentType
from headgate.services.storage.blob_collection import void_holders
from headgate.services.storage.collection_lock import begin_collection, hold_off_collection
from headgate.stores.db import Transaction
from headgate.stores.db.statements import batched
from headgate.stores.db.tables import (
    collection_requests,
    content_set_members,
    content_sets,
    content_view_version_repositories,
    publications,
    repository_versions,
    tasks,
    unit_pins,
)

# Content sets that are read at once.
_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Collected:
    """How many rows went."""

    publications: int
    content_sets: int
    units: int


def collect_content(tx: Transaction, content_types: Sequence[ContentType]) -> Collected:
    """Remove what nothing refers to; running it again finds nothing."""
    begin_collection(tx)
    loose = _stale_pins(tx)
    gone_publications = _delete_where(tx, _unused_publications())
    gone_sets = list(tx.scalars(select(content_sets.c.id).where(*_unused_content_sets())))
    for batch in batched(gone_sets):
        for unit_type, units in tx.execute(
            select(content_set_members.c.content_type, content_set_members.c.units).where(
                content_set_members.c.content_set_id.in_(batch)
            )
        ):
            loose.setdefault(unit_type, BitMap()).update(BitMap.deserialize(units))
        tx.execute(delete(content_sets).where(content_sets.c.id.in_(batch)))
    units = _drop_units(tx, content_types, loose)
    return Collected(gone_publications, len(gone_sets), units)


def request_collection(tx: Transaction, clock: Clock) -> None:
    """Let the collector run soon: this transaction lets go of content."""
    tx.execute(insert(collection_requests).values(created_at=clock()))


def requested(tx: Transaction, *, clock: Clock) -> int | None:
    """Return the newest request, 0 when only pins are left over, None with nothing to collect."""
    newest = tx.scalar(select(func.max(collection_requests.c.id)))
    if newest is not None:
        return newest
    alive = _unended()
    left = select(unit_pins.c.holder).where(unit_pins.c.holder.not_in(alive))
    return 0 if tx.execute(left.limit(1)).first() or void_holders(tx, clock=clock) else None


def fulfil(tx: Transaction, request: int) -> None:
    """Forget the requests that a collection, now done, has answered."""
    tx.execute(delete(collection_requests).where(collection_requests.c.id <= request))


def pin_units(tx: Transaction, *, holder: str, units: Mapping[str, Iterable[int]]) -> None:
    """Keep units until `unpin_units`, or until the task that holds them has ended.

    Units that were found, not made, must be looked up after `hold_off_collection`.
    """
    hold_off_collection(tx)
    rows = [
        {"holder": holder, "unit_type": unit_type, "units": BitMap(ids).serialize()}
        for unit_type, ids in units.items()
        if ids
    ]
    if rows:
        tx.execute(unit_pins.insert(), rows)


def unpin_units(tx: Transaction, *, holder: str, saved: Content | None = None) -> None:
    """Let go of every unit that this task keeps, or of those only that it has saved.

    What it made and then left out is best kept until the task has ended: nothing else tells the
    collector of it.
    """
    own = unit_pins.c.holder == holder
    loose: dict[str, BitMap] = {}
    if saved is not None:
        for unit_type, units in tx.execute(
            select(unit_pins.c.unit_type, unit_pins.c.units).where(own)
        ):
            left = BitMap.deserialize(units) - saved[unit_type]
            loose.setdefault(unit_type, BitMap()).update(left)
    tx.execute(delete(unit_pins).where(own))
    pin_units(tx, holder=holder, units=loose)


def _unused_publications() -> tuple[ColumnElement[bool], ...]:
    named = select(repository_versions.c.publication_id).union_all(
        select(content_view_version_repositories.c.publication_id).where(
            content_view_version_repositories.c.publication_id.is_not(None)
        )
    )
    return (publications.c.id.not_in(named),)


def _unused_content_sets() -> tuple[ColumnElement[bool], ...]:
    named = union_all(
        select(repository_versions.c.content_set_id),
        select(content_view_version_repositories.c.content_set_id),
        select(publications.c.content_set_id),
    )
    return (content_sets.c.id.not_in(named),)


def _delete_where(tx: Transaction, conditions: tuple[ColumnElement[bool], ...]) -> int:
    return tx.execute(delete(publications).where(*conditions)).rowcount


def _stale_pins(tx: Transaction) -> dict[str, BitMap]:
    """Drop the pins of ended tasks; return the units that they held."""
    loose: dict[str, BitMap] = {}
    stale = unit_pins.c.holder.not_in(_unended())
    for unit_type, units in tx.execute(
        select(unit_pins.c.unit_type, unit_pins.c.units).where(stale)
    ):
        loose.setdefault(unit_type, BitMap()).update(BitMap.deserialize(units))
    tx.execute(delete(unit_pins).where(stale))
    return loose


def _unended() -> Select[str]:
    return select(tasks.c.id).where(tasks.c.ended_at.is_(None))


def _drop_units(
    tx: Transaction, content_types: Sequence[ContentType], loose: Mapping[str, BitMap]
) -> int:
    dropped = 0
    for content_type in content_types:
        units = {
            name: garbage
            for name in content_type.unit_types
            if name in loose and (garbage := _unused(tx, name, loose[name]))
        }
        if units:
            content_type.drop(tx, units)
            dropped += sum(len(garbage) for garbage in units.values())
    return dropped


def _unused(tx: Transaction, unit_type: str, loose: BitMap) -> BitMap:
    """Return those of the units that no content set holds and no task has pinned.

    The newest content sets are asked first: they hold nearly all of what was let go of elsewhere,
    so that of a thousand a few are read.
    """
    garbage = loose.copy()
    for units in tx.scalars(select(unit_pins.c.units).where(unit_pins.c.unit_type == unit_type)):
        garbage -= BitMap.deserialize(units)
    member = content_set_members.c
    holding = member.content_type == unit_type
    ids = tx.scalars(
        select(member.content_set_id).where(holding).order_by(member.content_set_id.desc())
    ).all()
    for batch in batched(ids, _AT_ONCE):
        if not garbage:
            break
        held = select(member.units).where(holding, member.content_set_id.in_(batch))
        for units in tx.scalars(held):
            garbage -= BitMap.deserialize(units)
    return garbage
