"""Long lists of ids as one bound value: longer than an IN list may be. And lists within columns."""

import json
from collections.abc import Iterable
from typing import Any, Final

from pyroaring import BitMap
from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    String,
    UnaryExpression,
    and_,
    any_,
    column,
    false,
    func,
    literal,
    not_,
    select,
    true,
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


def bound_pairs(tx: Transaction, pairs: Iterable[tuple[int, int]]) -> FromClause:
    """Return pairs of ids as something to select from, with the columns `first` and `second`."""
    if tx.dialect.name == "sqlite":
        values = func.json_each(json.dumps(list(pairs))).table_valued(column("value", JSON))
        first, second = (func.json_extract(values.c.value, f"$[{at}]") for at in (0, 1))
        return select(
            first.cast(Integer).label("first"), second.cast(Integer).label("second")
        ).subquery()
    from sqlalchemy.dialects.postgresql import ARRAY  # noqa: PLC0415 - not for SQLite

    firsts, seconds = zip(*pairs, strict=True) if (pairs := list(pairs)) else ((), ())
    both = (literal(list(each), ARRAY(Integer)) for each in (firsts, seconds))
    named = (column(name, Integer) for name in ("first", "second"))
    return func.unnest(*both).table_valued(*named).render_derived()


def elements(tx: Transaction, listed: Column[Any]) -> Select[str]:
    """Select the texts in a column of JSON lists, of all rows of its table unless narrowed."""
    expand = func.json_each if tx.dialect.name == "sqlite" else func.json_array_elements_text
    values = expand(listed).table_valued(column("value", String), joins_implicitly=True)
    return select(values.c.value).select_from(listed.table.join(values, true()))


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
