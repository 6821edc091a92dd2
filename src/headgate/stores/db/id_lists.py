"""Conditions over long lists of ids, as one bound value: longer than an IN list may be."""

import json
from collections.abc import Iterable

from sqlalchemy import Column, ColumnElement, Integer, String, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from headgate.stores.db.database import Transaction


def among(tx: Transaction, column: Column[int], ids: Iterable[int]) -> ColumnElement[bool]:
    """Return `column IN (ids)` for any number of ids, on the transaction's database."""
    if tx.dialect.name == "sqlite":
        values = func.json_each(json.dumps(list(ids))).table_valued("value")
        return column.in_(select(values.c.value))
    return column == any_(literal(list(ids), ARRAY(Integer)))


def among_texts(
    tx: Transaction, column: ColumnElement[str], texts: Iterable[str]
) -> ColumnElement[bool]:
    """As `among`, for a column of texts."""
    if tx.dialect.name == "sqlite":
        values = func.json_each(json.dumps(list(texts))).table_valued("value")
        return column.in_(select(values.c.value))
    return column == any_(literal(list(texts), ARRAY(String)))
