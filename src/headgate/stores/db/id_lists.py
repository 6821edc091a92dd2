"""Conditions over long lists of ids, as one bound value: longer than an IN list may be."""

import json
from collections.abc import Iterable

from pyroaring import BitMap
from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    String,
    and_,
    any_,
    false,
    func,
    literal,
    not_,
    select,
)

from headgate.stores.db.database import Transaction


def among(tx: Transaction, column: ColumnElement[int], ids: Iterable[int]) -> ColumnElement[bool]:
    """Return `column IN (ids)` for any number of ids, on the transaction's database."""
    if tx.dialect.name == "sqlite":
        values = func.json_each(json.dumps(list(ids))).table_valued("value")
        return column.in_(select(values.c.value))
    from sqlalchemy.dialects.postgresql import ARRAY  # noqa: PLC0415 - not for SQLite

    return column == any_(literal(list(ids), ARRAY(Integer)))


def among_texts(
    tx: Transaction, column: ColumnElement[str], texts: Iterable[str]
) -> ColumnElement[bool]:
    """As `among`, for a column of texts."""
    if tx.dialect.name == "sqlite":
        values = func.json_each(json.dumps(list(texts))).table_valued("value")
        return column.in_(select(values.c.value))
    from sqlalchemy.dialects.postgresql import ARRAY  # noqa: PLC0415 - not for SQLite

    return column == any_(literal(list(texts), ARRAY(String)))


def within(tx: Transaction, column: Column[int], ids: BitMap) -> ColumnElement[bool]:
    """Return `column IN (ids)`; a set that fills most of its range is bound as range and gaps.

    Units are numbered as they come, so what one sync brought is nearly a range: a list of a
    million units costs two bound numbers instead of seven megabytes.
    """
    if not ids:
        return false()
    low, high = ids.min(), ids.max()
    if high - low + 1 < 2 * len(ids):
        between = column.between(low, high)
        gaps = ids.flip(low, high + 1)
        return and_(between, not_(among(tx, column, gaps))) if gaps else between
    return among(tx, column, ids)
