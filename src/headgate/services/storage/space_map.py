"""Which blobs each unit needs, drawn from the foreign keys: new tables are counted, too.

The rules are those by which collection gives space back. A unit needs the blobs that its row, or a
row that goes with it, names; and those of what its row leads to, such as the pack that holds its
metadata, which go with the last unit that leads there. Most blobs belong to one unit alone: these
are counted as a weight of the unit, so that a bitmap of units need not be turned into one of blobs.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pyroaring import BitMap
from sqlalchemy import Column, Select, Table, func, or_, select

from headgate.plugin import ContentType
from headgate.services.storage.blob_references import referencing_columns
from headgate.stores.db import Transaction
from headgate.stores.db.tables import blob_pins, blobs, publication_files

Units = Mapping[str, BitMap]  # by the name of the units' table


@dataclass(slots=True)
class Held:
    """Units by the name of their table, and blobs that are held without being a unit's."""

    units: dict[str, BitMap] = field(default_factory=dict[str, BitMap])
    blobs: BitMap = field(default_factory=BitMap)

    def add(self, other: "Held") -> None:
        """Take in what another holds."""
        for table, ids in other.units.items():
            self.units[table] = self.units.get(table, BitMap()) | ids
        self.blobs = self.blobs | other.blobs


@dataclass(slots=True)
class UnitMap:
    """The blobs of the units of one table."""

    weights: "array[int]"  # by unit id: bytes of the blobs that it alone needs
    shared: dict[int, list[int]] = field(default_factory=dict[int, list[int]])  # its other blobs
    sharing: BitMap = field(default_factory=BitMap)  # the keys of `shared`
    led: list[tuple[BitMap, BitMap]] = field(default_factory=list[tuple[BitMap, BitMap]])
    _last: tuple[BitMap, int] = field(default_factory=lambda: (BitMap(), 0))

    def weight(self, units: BitMap) -> int:
        """Return the bytes of the blobs that these units need and no other unit.

        Versions of a view follow each other here and differ by little: only that is counted.
        """
        last, weight = self._last
        came, gone = units - last, last - units
        if len(came) + len(gone) < len(units):
            weight += self.sum(came) - self.sum(gone)
        else:
            weight = self.sum(units)
        self._last = (units, weight)
        return weight

    def sum(self, units: BitMap) -> int:
        """As `weight`, counted anew."""
        return sum(map(self.weights.__getitem__, units))

    def shared_blobs(self, units: BitMap) -> BitMap:
        """Return the blobs that these units need, and perhaps others."""
        found = BitMap(blob for unit in units & self.sharing for blob in self.shared[unit])
        for led, needed in self.led:
            if units.intersect(led):
                found |= needed
        return found


@dataclass(slots=True)
class SpaceMap:
    """The blobs of all units, and the sizes of those blobs."""

    sizes: "array[int]"  # by blob id; 0 for ids that are no more
    by_table: dict[str, UnitMap]
    total: int  # bytes of all blobs

    def size(self, blob_ids: Iterable[int]) -> int:
        """Return the bytes of blobs."""
        return sum(map(self.sizes.__getitem__, blob_ids))

    def bytes_of(self, held: Held) -> int:
        """Return the bytes of everything that is held, each blob once."""
        needed = held.blobs | self.shared_blobs(held.units)
        return self.weight(held.units) + self.size(needed)

    def weight(self, units: Units) -> int:
        """Return the bytes of the blobs that these units need and no other unit."""
        return sum(self.by_table[table].weight(ids) for table, ids in units.items())

    def few(self, units: Units) -> int:
        """As `weight`, for units that have nothing to do with those asked for before."""
        return sum(self.by_table[table].sum(ids) for table, ids in units.items())

    def shared_blobs(self, units: Units) -> BitMap:
        """Return the blobs that these units need, and perhaps others."""
        return BitMap.union(
            BitMap(), *(self.by_table[table].shared_blobs(ids) for table, ids in units.items())
        )


def unit_tables(content_types: Iterable[ContentType]) -> dict[str, Table]:
    """Return the table of each unit type by its name."""
    return {
        name: unit_type.table
        for content_type in content_types
        for name, unit_type in content_type.unit_types.items()
    }


def load_map(tx: Transaction, tables: Iterable[Table]) -> SpaceMap:
    """Read which blobs the units of these tables need; costs a few columns of every row."""
    sizes = array("Q")
    total = 0
    for blob_id, size in tx.execute(select(blobs.c.id, blobs.c.size).order_by(blobs.c.id)):
        sizes.extend([0] * (blob_id + 1 - len(sizes)))
        sizes[blob_id] = size
        total += size
    distinct = {table.name: table for table in tables}
    pairs = {name: _pairs(tx, table) for name, table in distinct.items()}
    led = {name: _led(tx, table) for name, table in distinct.items()}
    columns = (
        publication_files.c.blob_id,
        blob_pins.c.blob_id,
        *uncounted_columns(tuple(distinct.values())),
    )
    several = _needed_otherwise(tx, pairs.values(), led.values(), columns)
    by_table = {
        name: _unit_map(_weights(tx, table), pairs[name], led[name], sizes, several)
        for name, table in distinct.items()
    }
    return SpaceMap(sizes, by_table, total)


def units_leading_to(tx: Transaction, table: Table, blob_ids: Sequence[int]) -> BitMap:
    """Return the units of the table that need any of these blobs."""
    found = BitMap()
    for unit, blob in _own_columns(table):
        found |= BitMap(tx.scalars(select(unit).where(blob.in_(blob_ids))))
    for path in _paths(table):
        named = or_(*(column.in_(blob_ids) for column in path.blob_columns))
        found |= BitMap(row[0] for row in tx.execute(path.select(table).where(named)))
    return found


@cache
def uncounted_columns(tables: tuple[Table, ...]) -> tuple[Column[int], ...]:
    """Return the columns that refer to blobs by another way than units and publications."""
    counted = {publication_files.c.blob_id}
    for table in tables:
        for _, column in _own_columns(table):
            counted.add(column)
        for path in _paths(table):
            counted.update(path.blob_columns)
    return tuple(column for column in referencing_columns() if column not in counted)


@dataclass(frozen=True, slots=True)
class _Path:
    """A way by foreign keys from a unit to a row that names blobs."""

    steps: tuple[Column[Any], ...]
    end: Table

    @property
    def blob_columns(self) -> list[Column[int]]:
        return _columns_to(self.end, blobs)

    def select(self, table: Table) -> Select[int, int]:
        source: Any = table
        for step in self.steps:
            (target,) = step.foreign_keys
            source = source.join(target.column.table, target.column == step)
        return select(table.c.id, self.end.c.id).select_from(source)


def _own_columns(table: Table) -> list[tuple[Column[int], Column[int]]]:
    """Return pairs of columns, unit id and blob id, of rows that live and die with the unit."""
    own = [(table.c.id, column) for column in _columns_to(table, blobs)]
    for child in table.metadata.sorted_tables:
        for link in _columns_to(child, table):
            (key,) = link.foreign_keys
            if child is not table and key.ondelete == "CASCADE":
                own += [(link, column) for column in _columns_to(child, blobs)]
    return own


def _paths(table: Table, steps: tuple[Column[Any], ...] = ()) -> Iterator[_Path]:
    for column in table.columns:
        for key in column.foreign_keys:
            target = key.column.table
            if target is not blobs and target is not table:
                further = (*steps, column)
                if _columns_to(target, blobs):
                    yield _Path(further, target)
                yield from _paths(target, further)


def _columns_to(table: Table, target: Table) -> list[Column[int]]:
    return [
        column
        for column in table.columns
        if any(key.references(target) for key in column.foreign_keys)
    ]


def _pairs(tx: Transaction, table: Table) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for unit, blob in _own_columns(table):
        rows = tx.execute(select(unit, blob).where(blob.is_not(None)))
        found.extend((unit_id, blob_id) for unit_id, blob_id in rows)
    return found


def _led(tx: Transaction, table: Table) -> list[tuple[BitMap, BitMap]]:
    found: list[tuple[BitMap, BitMap]] = []
    for path in _paths(table):
        groups: dict[int, list[int]] = {}
        for unit_id, end in tx.execute(path.select(table)):
            groups.setdefault(end, []).append(unit_id)
        for end, *blob_ids in tx.execute(select(path.end.c.id, *path.blob_columns)):
            if end in groups:
                needed = BitMap(each for each in blob_ids if each is not None)
                found.append((BitMap(groups[end]), needed))
    return found


def _needed_otherwise(
    tx: Transaction,
    pairs: Iterable[Sequence[tuple[int, int]]],
    led: Iterable[Sequence[tuple[BitMap, BitMap]]],
    columns: Iterable[Column[int]],
) -> BitMap:
    """Return the blobs that are not just one unit's; `columns` refer to blobs without units."""
    uses = Counter(blob for each in pairs for _, blob in each)
    found = BitMap(blob for blob, count in uses.items() if count > 1)
    for each in led:
        found |= BitMap.union(BitMap(), *(needed for _, needed in each))
    for column in columns:
        found |= BitMap(tx.scalars(select(column).where(column.is_not(None)).distinct()))
    return found


def _weights(tx: Transaction, table: Table) -> "array[int]":
    highest = tx.scalar(select(func.max(table.c.id))) or 0
    return array("Q", bytes(8 * (highest + 1)))


def _unit_map(
    weights: "array[int]",
    pairs: Sequence[tuple[int, int]],
    led: list[tuple[BitMap, BitMap]],
    sizes: "array[int]",
    several: BitMap,
) -> UnitMap:
    made = UnitMap(weights, led=led)
    for unit, blob in pairs:
        if blob in several:
            made.shared.setdefault(unit, []).append(blob)
        else:
            weights[unit] += sizes[blob]
    made.sharing = BitMap(made.shared)
    return made
