"""Inserting units: what is known by its digest is found, what is new gets a row."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import LargeBinary, Table

from headgate.stores.db import Transaction
from headgate.stores.db.statements import batched, upsert

# SQLite allows 32,766 bound values in a statement, PostgreSQL 65,535.
_BOUND_VALUES: Final = 32_000
# Digests in one statement; equal statements are prepared once.
_LOOKUP: Final = 1_000


def known_ids(tx: Transaction, table: Table, digests: Sequence[bytes]) -> dict[bytes, int]:
    """Return the ids of the units that have a row.

    Every package of a first sync is asked for: the driver alone takes a third of Core's time.
    """
    quote = tx.dialect.identifier_preparer
    found: dict[bytes, int] = {}
    for batch in batched(digests, _LOOKUP):
        query = (
            f"SELECT digest, id FROM {quote.format_table(table)}"  # noqa: S608 - a name of the schema
            f" WHERE digest IN ({_marks(tx, len(batch))})"
        )
        rows = tx.exec_driver_sql(query, tuple(batch))
        found.update((bytes(digest), unit_id) for digest, unit_id in rows)
    return found


def insert_units(
    tx: Transaction, table: Table, rows: Sequence[Mapping[str, Any]]
) -> dict[bytes, int]:
    """Insert the units that have no row yet; return the ids of all by digest.

    Another task may insert the same unit at the same time: both get the one row.
    """
    if not rows:
        return {}
    if _is_plain(tx, table, tuple(rows[0])):
        return insert_plain_units(tx, table, tuple(rows[0]), [tuple(row.values()) for row in rows])
    insert_missing(tx, table, rows)
    return known_ids(tx, table, [row["digest"] for row in rows])


def insert_plain_units(
    tx: Transaction, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> dict[bytes, int]:
    """As `insert_units`, for values that the driver takes as they are (no JSON, no times).

    Many rows go into one statement. The time is a fifth of that of Core, which looks at every
    value of every row, and SQLite works it off without the interpreter's lock.
    """
    if not _is_plain(tx, table, columns):
        raise TypeError(f"{table.name} has columns whose values need conversion")
    key = columns.index("digest")
    ids: dict[bytes, int] = {}
    for batch in batched(rows, _BOUND_VALUES // len(columns)):
        statement = _insert_many(tx, table, columns, len(batch))
        values = tuple(value for row in batch for value in row)
        ids.update((bytes(row[0]), row[1]) for row in tx.exec_driver_sql(statement, values))
    return ids | known_ids(tx, table, [row[key] for row in rows if row[key] not in ids])


def insert_missing(tx: Transaction, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows whose keys are not there yet; all rows have the same columns."""
    statement = upsert(tx, table).on_conflict_do_nothing()
    for batch in batched(rows, 1_000):
        tx.execute(statement, [dict(row) for row in batch])


def _insert_many(tx: Transaction, table: Table, columns: Sequence[str], count: int) -> str:
    """Return an INSERT of so many rows that returns digest and id of those that are new."""
    quote = tx.dialect.identifier_preparer
    row = f"({_marks(tx, len(columns))})"
    names = ", ".join(quote.format_column(table.c[column]) for column in columns)
    return (
        f"INSERT INTO {quote.format_table(table)} ({names})"  # noqa: S608 - names of the schema
        f" VALUES {', '.join([row] * count)} ON CONFLICT DO NOTHING RETURNING digest, id"
    )


def _marks(tx: Transaction, count: int) -> str:
    """Return so many places for values, in the driver's own style."""
    return ", ".join(["?" if tx.dialect.paramstyle == "qmark" else "%s"] * count)


def _is_plain(tx: Transaction, table: Table, columns: Sequence[str]) -> bool:
    """Whether no column needs the conversions of its type."""
    return all(
        isinstance(table.c[column].type, LargeBinary)
        or table.c[column].type.dialect_impl(tx.dialect).bind_processor(tx.dialect) is None
        for column in columns
    )
