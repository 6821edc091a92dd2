"""From the units that filter rules name to what stays true when upstream writes them anew.

A group or stream gets another row when a word of it changes. A rule goes on to mean it: by the id
in comps, or by name, stream, version, context and architecture.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pyroaring import BitMap
from sqlalchemy import select

from headgate.content.rpm.filters.source import Stream
from headgate.content.rpm.tables import module_documents, package_groups
from headgate.stores.db import Transaction
from headgate.stores.db.statements import rows_of


def group_with_uuid(tx: Transaction, groups: BitMap, uuid: str) -> Any:
    """Return `group_id` and `name` of the group that the API shows with this uuid; None if none.

    `groups` are those that the caller may see.
    """
    try:
        digest = bytes.fromhex(uuid)
    except ValueError:
        return None
    table = package_groups.c
    query = select(table.id, table.group_id, table.name).where(
        table.digest == digest, table.kind == "group"
    )
    return next((row for row in tx.execute(query) if row.id in groups), None)


def stream_keys(tx: Transaction, streams: Sequence[int]) -> Mapping[int, str]:
    """Return name:stream:version:context:arch of module streams."""
    columns = [module_documents.c[name] for name in Stream._fields[:6]]
    rows = rows_of(tx, columns, module_documents.c.id, BitMap(streams))
    return {row.id: ":".join(row[1:6]) for row in rows}
