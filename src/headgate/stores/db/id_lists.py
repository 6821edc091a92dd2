"""Conditions over long lists of ids, as one bound value: longer than an IN list may be."""

import json
from collections.abc import Iterable
from typing import Any, Final

from pyroaring import BitMap
from sqlalchemy import (
    ColumnElement,
    Integer,
    String,
    UnaryExpression,
    and_,
    any_,
    false,
    func,
    literal,
    not_,
    select,
)
from sqlalchemy.sql.operators import custom_op

from headgate.stores.db.database import Transaction

# No index is used for what has a sign (https://www.sqlite.org/optoverview.html, "unary +").
_PLUS: Final[custom_op[Any]] = custom_op("+")


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


def within(
    tx: Transaction, column: ColumnElement[int], ids: BitMap, *, tested: bool = False
) -> ColumnElement[bool]:
    """Return `column IN (ids)`; a set that fills most of its range is bound as range and gaps.

    Units are numbered as they come, so what one sync brought is nearly a range: a list of a
    million units costs two bound numbers instead of seven megabytes. SQLite would look for the
    rows by such a condition; one that is `tested` only leaves it to go by the order of the list.
    """
    if not ids:
        return false()
    key = UnaryExpression(column, operator=_PLUS, type_=column.type) if tested else column
    low, high = ids.min(), ids.max()
    if high - low + 1 < 2 * len(ids):
        between = key.between(low, high)
        gaps = ids.flip(low, high + 1)
        return and_(between, not_(among(tx, key, gaps))) if gaps else between
    return among(tx, key, ids)
