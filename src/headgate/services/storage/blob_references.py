"""What refers to blobs: every foreign key but that of pins, those of new tables included."""

from functools import cache

from sqlalchemy import Column, ColumnElement, and_, exists

from headgate.stores.db import metadata
from headgate.stores.db.tables import blob_pins, blobs


@cache
def referencing_columns() -> tuple[Column[int], ...]:
    """Return every column with a foreign key to `blobs`, but for pins; new tables included."""
    return tuple(
        key.parent
        for table in metadata.sorted_tables
        if table is not blob_pins
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name)
        if key.references(blobs)
    )


@cache  # ten subqueries take a millisecond to say
def unreferenced() -> ColumnElement[bool]:
    """Return the condition that nothing refers to a blob, for statements over `blobs`."""
    return and_(*(~exists().where(column == blobs.c.id) for column in referencing_columns()))


@cache
def unpinned() -> ColumnElement[bool]:
    """Return the condition that nobody pins a blob, for statements over `blobs`."""
    return ~exists().where(blob_pins.c.blob_id == blobs.c.id)
