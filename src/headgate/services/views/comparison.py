"""What two points of a content view differ in, unit by unit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pyroaring import BitMap
from sqlalchemy import Row, func, select

from headgate.plugin import ContentType, UnitType
from headgate.services.views.version_inputs import inputs_of
from headgate.services.views.view_contents import PLANNED, ViewContent, content_at, planned_content
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import within
from headgate.stores.db.statements import rows_of

Change = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Item:
    """Units of one family that came, went or took each other's place, by their titles."""

    change: Change
    family: str
    before: Sequence[str]
    after: Sequence[str]


@dataclass(frozen=True, slots=True)
class TypeComparison:
    """What differs in the units of one type."""

    unit_type: str
    added: int
    removed: int
    kept: int
    bytes_added: int
    bytes_removed: int
    bytes_to_fetch: int  # of what is added, not here yet
    items: Sequence[Item]  # as many as were asked for, by family


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two points."""

    before: ViewContent | None  # None: nothing was published yet
    after: ViewContent
    types: Sequence[TypeComparison]


def compare(
    tx: Transaction,
    content_types: Mapping[str, ContentType],
    view: Row[Any],
    *,
    before: str,
    after: str,
    most: int,
) -> Comparison:
    """Compare two points of the view (`view_contents.content_at`); list at most so many items."""
    sides = [_point(tx, content_types, view, each) for each in (before, after)]
    return compared(tx, content_types, sides[0], sides[1], most)


def compared(
    tx: Transaction,
    content_types: Mapping[str, ContentType],
    before: ViewContent | None,
    after: ViewContent,
    most: int,
) -> Comparison:
    """Compare what two points hold; `before` is None where nothing was published yet."""
    kinds = {
        unit_type.name: unit_type
        for side in (before, after)
        if side is not None
        for name, _ in side.contents.values()
        for unit_type in content_types[name].unit_types.values()
        if unit_type.counted
    }
    types = [
        _compared_type(tx, kinds[name], _units(before, name), _units(after, name), most)
        for name in sorted(kinds)
    ]
    return Comparison(before, after, types)


def shown(found: Comparison) -> dict[str, Any]:
    """Return the comparison as JSON."""
    return {
        "before": _side(found.before),
        "after": _side(found.after),
        "content_types": [asdict(each) for each in found.types],
    }


def _point(
    tx: Transaction, content_types: Mapping[str, ContentType], view: Row[Any], point: str
) -> ViewContent:
    if point == PLANNED:
        return planned_content(tx, content_types, inputs_of(tx, view))
    return content_at(tx, view, point)


def _side(side: ViewContent | None) -> dict[str, Any] | None:
    if side is None:
        return None
    return {"name": side.name, "content_view_version_id": side.version_id}


def _units(side: ViewContent | None, unit_type: str) -> BitMap:
    contents = side.contents.values() if side is not None else ()
    return BitMap.union(BitMap(), *(content[unit_type] for _, content in contents))


def _compared_type(
    tx: Transaction, unit_type: UnitType, before: BitMap, after: BitMap, most: int
) -> TypeComparison:
    added, removed = after - before, before - after
    added_bytes, to_fetch = _sizes(tx, unit_type, added)
    return TypeComparison(
        unit_type=unit_type.name,
        added=len(added),
        removed=len(removed),
        kept=len(before & after),
        bytes_added=added_bytes,
        bytes_removed=_sizes(tx, unit_type, removed)[0],
        bytes_to_fetch=to_fetch,
        items=_items(tx, unit_type, removed, added, most),
    )


def _sizes(tx: Transaction, unit_type: UnitType, units: BitMap) -> tuple[int, int]:
    """Return the bytes of the units' files, and of those of them that are not here."""
    columns = unit_type.table.c
    if not units or "size" not in columns or "blob_id" not in columns:
        return 0, 0
    size = func.sum(columns.size)
    total, absent = tx.execute(
        select(size, size.filter(columns.blob_id.is_(None))).where(within(tx, columns.id, units))
    ).one()
    return int(total or 0), int(absent or 0)


def _items(
    tx: Transaction, unit_type: UnitType, removed: BitMap, added: BitMap, most: int
) -> list[Item]:
    # Where all came or all went, nothing took another's place: only what is listed is read.
    alone = not removed or not added
    before = _titles(tx, unit_type, removed, most if alone else None)
    after = _titles(tx, unit_type, added, most if alone else None)
    items: list[Item] = []
    for family in sorted(before.keys() | after.keys())[:most]:
        gone, come = before.get(family, []), after.get(family, [])
        change: Change = "changed" if gone and come else "added" if come else "removed"
        items.append(Item(change, family, sorted(gone), sorted(come)))
    return items


def _titles(
    tx: Transaction, unit_type: UnitType, units: BitMap, most: int | None
) -> dict[str, list[str]]:
    """Return the titles of units by family; with `most` of the first units by family only."""
    found: dict[str, list[str]] = {}
    if not units or unit_type.title is None or unit_type.family is None:
        return found
    family, title = unit_type.family.label("family"), unit_type.title.label("title")
    key = unit_type.table.c.id
    rows: Iterable[Any] = (
        rows_of(tx, [family, title], key, units)
        if most is None
        else tx.execute(
            select(family, title).where(within(tx, key, units)).order_by(family, title).limit(most)
        )
    )
    for row in rows:
        found.setdefault(row[0], []).append(row[1])
    return found
