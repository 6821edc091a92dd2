"""Uniqueness, told in the words of the field before the database would refuse."""

from typing import Any

from sqlalchemy import Table, func, select

from headgate.domain.errors import ValidationError
from headgate.stores.db import Transaction


def require_unique(
    tx: Transaction, table: Table, *, except_id: int | None = None, **values: Any
) -> None:
    """Raise ValidationError if a row has these values; the first one named is at fault.

    The write transaction is serial on SQLite; on PostgreSQL a race is caught by the constraint
    and answered the same way by `apis/errors.py`.
    """
    conditions = [table.c[column] == value for column, value in values.items()]
    if except_id is not None:
        conditions.append(table.c.id != except_id)
    if tx.scalar(select(func.count()).select_from(table).where(*conditions)):
        raise ValidationError({next(iter(values)): ["has already been taken"]})
