"""Statements that every use case repeats."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Table, insert

from headgate.stores.db.database import Transaction

T = TypeVar("T")

# SQLite allows 32,766 bound values in a statement, PostgreSQL 65,535.
IN_LIST = 5_000


def insert_row(tx: Transaction, table: Table, values: Mapping[str, Any]) -> int:
    """Insert one row and return its id."""
    key = tx.execute(insert(table).values(**values)).inserted_primary_key
    if key is None:
        raise TypeError(f"{table.name} has no primary key")
    return int(key[0])


def batched(items: Iterable[T], size: int = IN_LIST) -> Iterator[Sequence[T]]:
    """Cut into lists that fit the bound values of one statement."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
