"""Names that are valid and free, told in the words of the field before the database refuses."""

from typing import Any

from sqlalchemy import Table, func, select

from headgate.domain.errors import ValidationError
from headgate.domain.names import check_label, check_name, label_of
from headgate.stores.db import Transaction


def free_names(
    tx: Transaction, table: Table, *, name: str, label: str | None, **scope: Any
) -> dict[str, Any]:
    """Return the columns of a new thing: name, label (made from the name unless given), scope.

    ValidationError unless both are valid and free within the scope.
    """
    label = check_label(label or label_of(check_name(name)))
    require_unique(tx, table, name=name, **scope)
    require_unique(tx, table, label=label, **scope)
    return {"name": name, "label": label, **scope}


def free_name(
    tx: Transaction, table: Table, name: str, *, except_id: int | None = None, **scope: Any
) -> str:
    """Return the name; ValidationError unless it is valid and free but for this one thing."""
    require_unique(tx, table, except_id=except_id, name=check_name(name), **scope)
    return name


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
