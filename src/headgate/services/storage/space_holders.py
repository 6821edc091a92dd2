"""Who holds content: for each holder the units and blobs that its rows lead to.

A holder is a repository (its latest content), a content view version, or the server itself for
what belongs to nobody. They are found by the foreign keys to content sets and publications, so a
new table that keeps content is counted without being named here.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, NamedTuple

from pyroaring import BitMap
from sqlalchemy import Column, Table, select

from headgate.services.storage.space_map import Held, uncounted_columns
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    blob_pins,
    content_set_members,
    content_sets,
    content_view_versions,
    content_views,
    organizations,
    publication_files,
    publications,
    repositories,
    tasks,
    unit_pins,
)

Kind = Literal["version", "repository", "view", "organization", "server"]


class Holder(NamedTuple):
    """Whoever holds content."""

    kind: Kind
    id: int


SERVER: Final = Holder("server", 0)

# A row belongs to the first of these that it refers to.
_OWNERS: Final[tuple[tuple[Kind, Table], ...]] = (
    ("version", content_view_versions),
    ("repository", repositories),
    ("view", content_views),
    ("organization", organizations),
)


def holders(tx: Transaction, tables: Mapping[str, Table]) -> dict[Holder, Held]:
    """Return what everybody holds; `tables` maps unit types to their tables."""
    sets, files, set_of = _set_contents(tx, tables), _publication_blobs(tx), _sets_of(tx)
    found: dict[Holder, Held] = {}
    taken: set[tuple[Holder, str, int]] = set()
    for holder, kind, key in _holdings(tx):
        if (holder, kind, key) in taken:
            continue
        taken.add((holder, kind, key))
        held = found.setdefault(holder, Held())
        set_id = key
        if kind == "publication":
            held.blobs |= files.get(key, BitMap())
            set_id = set_of[key]
        held.add(Held(sets.get(set_id, {})))
    for holder, blob_id in _direct(tx, tables):
        found.setdefault(holder, Held()).blobs.add(blob_id)
    return found


def pinned_by_tasks(tx: Transaction, tables: Mapping[str, Table]) -> Held:
    """Return what tasks and uploads under way keep."""
    held = Held(blobs=BitMap(tx.scalars(select(blob_pins.c.blob_id).distinct())))
    unended = select(tasks.c.id).where(tasks.c.ended_at.is_(None))
    pins = select(unit_pins.c.unit_type, unit_pins.c.units)
    for unit_type, units in tx.execute(pins.where(unit_pins.c.holder.in_(unended))):
        held.add(Held({tables[unit_type].name: BitMap.deserialize(units)}))
    return held


def organizations_of(tx: Transaction, found: Iterable[Holder]) -> dict[Holder, int | None]:
    """Return the organization of each holder; None for the server."""
    versions = select(content_view_versions.c.id, content_views.c.organization_id).join(
        content_views, content_views.c.id == content_view_versions.c.content_view_id
    )
    queries: dict[Kind, Any] = {
        "version": versions,
        "repository": select(repositories.c.id, repositories.c.organization_id),
        "view": select(content_views.c.id, content_views.c.organization_id),
        "organization": select(organizations.c.id, organizations.c.id.label("organization_id")),
    }
    by_kind: dict[str, dict[int, int]] = {
        kind: {row.id: row.organization_id for row in tx.execute(query)}
        for kind, query in queries.items()
    }
    return {holder: by_kind.get(holder.kind, {}).get(holder.id) for holder in found}


def _holdings(tx: Transaction) -> Iterable[tuple[Holder, str, int]]:
    """Yield who holds which content set or publication, for each foreign key to these."""
    for kind, target in (("set", content_sets), ("publication", publications)):
        for column in _keeping_columns(target):
            if column.table is publications:
                continue
            for owner, key in _owned(tx, column):
                yield owner, kind, key


def _keeping_columns(target: Table) -> list[Column[int]]:
    """Return the columns that keep a row of the target; those that go with it do not."""
    return [
        key.parent
        for table in target.metadata.sorted_tables
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name)
        if key.references(target) and key.ondelete is None
    ]


def _owned(tx: Transaction, column: Column[int]) -> Iterable[tuple[Holder, int]]:
    table = column.table
    for kind, owner in _OWNERS:
        links = [each for each in table.foreign_keys if each.references(owner)]
        if links:
            rows = tx.execute(select(links[0].parent, column).where(column.is_not(None)))
            return [(Holder(kind, each), key) for each, key in rows]
    return [(SERVER, key) for key in tx.scalars(select(column).where(column.is_not(None)))]


def _direct(tx: Transaction, tables: Mapping[str, Table]) -> Iterable[tuple[Holder, int]]:
    distinct = {table.name: table for table in tables.values()}
    for column in uncounted_columns(tuple(distinct.values())):
        yield from _owned(tx, column)


def _set_contents(tx: Transaction, tables: Mapping[str, Table]) -> dict[int, dict[str, BitMap]]:
    found: dict[int, dict[str, BitMap]] = {}
    for set_id, unit_type, units in tx.execute(select(content_set_members)):
        name, ids = tables[unit_type].name, BitMap.deserialize(units)
        by_table = found.setdefault(set_id, {})
        by_table[name] = by_table[name] | ids if name in by_table else ids
    return found


def _publication_blobs(tx: Transaction) -> dict[int, BitMap]:
    found: dict[int, BitMap] = {}
    rows = tx.execute(select(publication_files.c.publication_id, publication_files.c.blob_id))
    for publication_id, blob_id in rows:
        found.setdefault(publication_id, BitMap()).add(blob_id)
    return found


def _sets_of(tx: Transaction) -> dict[int, int]:
    return dict(tx.execute(select(publications.c.id, publications.c.content_set_id)).all())
