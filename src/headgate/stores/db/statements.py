"""Statements that every use case repeats."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeVar

from pyroaring import BitMap
from sqlalchemy import ColumnElement, LargeBinary, Select, Table, insert, select
from sqlalchemy.dialects import sqlite

from headgate.stores.db.database import Transaction
from headgate.stores.db.id_lists import among, within

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

T = TypeVar("T")

# SQLite allows 32,766 bound values in a statement, PostgreSQL 65,535.
IN_LIST = 5_000
# Rows fetched at once: one by one takes three times as long.
_FETCHED = 1_000
# Ids looked up at once as one bound value, and the part of a range that makes it quicker to read
# the whole: of 100 rows, 80 in a list take as long as all 100 in a range.
LISTED = 20_000
_DENSE = 0.8


def insert_row(tx: Transaction, table: Table, values: Mapping[str, Any]) -> int:
    """Insert one row and return its id."""
    key = tx.execute(insert(table).values(**values)).inserted_primary_key
    if key is None:
        raise TypeError(f"{table.name} has no primary key")
    return int(key[0])


def upsert(tx: Transaction, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """Return an INSERT that can be told what to do about a row that is there already."""
    if tx.dialect.name == "sqlite":
        return sqlite.insert(table)
    # A twentieth of a second of every start and 2 MB, which SQLite need not pay.
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415

    return postgresql.insert(table)


def batched(items: Iterable[T], size: int = IN_LIST) -> Iterator[Sequence[T]]:
    """Cut into lists that fit the bound values of one statement."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def rows_of(
    tx: Transaction, columns: Sequence[ColumnElement[Any]], key: ColumnElement[int], ids: BitMap
) -> Iterator[Any]:
    """Return the columns, then the key, of the rows whose key is in the bitmap, in no order.

    A bitmap that fills nearly all of its range (a fresh sync) is read as one range of the key, a
    scattered one in lists: rows that nobody wants cost as much as others. Nothing is read before
    it is asked for.
    """
    return chain.from_iterable(_lists_of(tx, select(*columns, key.label("key_")), key, ids))


def tuples_of(
    tx: Transaction, columns: Sequence[ColumnElement[Any]], key: ColumnElement[int], ids: BitMap
) -> Iterator[tuple[Any, ...]]:
    """Yield the columns of the rows whose key is in the bitmap, as the driver gives them.

    TypeError for columns whose values need conversion (no JSON, no times). Rows of ten thousands
    of units take a third of the time of `rows_of`, where most goes into making objects of them.
    """
    if not all(_is_plain(tx, column) for column in columns):
        raise TypeError("There are columns whose values need conversion")
    query = select(*columns)
    conditions = (
        [within(tx, key, ids)]
        if _is_dense(ids)
        else (among(tx, key, batch) for batch in batched(ids, LISTED))
    )
    for condition in conditions:
        cursor = tx.execute(query.where(condition)).cursor
        if cursor is not None:
            yield from cursor.fetchall()


def _is_dense(ids: BitMap) -> bool:
    """Whether a bitmap fills nearly all of its range."""
    return bool(ids) and (ids.max() - ids.min() + 1) * _DENSE <= len(ids)


def _is_plain(tx: Transaction, column: ColumnElement[Any]) -> bool:
    implementation = column.type.dialect_impl(tx.dialect)
    return isinstance(column.type, LargeBinary) or (
        implementation.result_processor(tx.dialect, None) is None
    )


def _lists_of(
    tx: Transaction, query: Select[*tuple[Any, ...]], key: ColumnElement[int], ids: BitMap
) -> Iterator[Sequence[Any]]:
    if _is_dense(ids):
        rows = tx.execute(query.where(key.between(ids.min(), ids.max())))
        for some in rows.partitions(_FETCHED):
            yield [row for row in some if row[-1] in ids]
        return
    for batch in batched(ids, LISTED):
        yield from tx.execute(query.where(among(tx, key, batch))).partitions(_FETCHED)
