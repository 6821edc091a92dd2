"""What refers to blobs: every foreign key, those of new tables included.

Rows that go with a blob (`ondelete="CASCADE"`) do not keep it: pins, which are asked for apart, and
what is only noted of its bytes.
"""

from functools import cache

from sqlalchemy import Column, ColumnElement, and_, exists

from headgate.stores.db import metadata
from headgate.stores.db.tables import blob_pins, blobs


@cache
def referencing_columns() -> tuple[Column[int], ...]:
    """Return every column with a foreign key to `blobs` that keeps one."""
    return tuple(
        key.parent
        for table in metadata.sorted_tables
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name)
        if key.references(blobs) and key.ondelete != "CASCADE"
    )


@cache  # ten subqueries take a millisecond to say
def unreferenced() -> ColumnElement[bool]:
    """Return the condition that nothing refers to a blob, for statements over `blobs`."""
    return and_(*(~exists().where(column == blobs.c.id) for column in referencing_columns()))


@cache
def unpinned() -> ColumnElement[bool]:
    """Return the condition that nobody pins a blob, for statements over `blobs`."""
    return ~exists().where(blob_pins.c.blob_id == blobs.c.id)
