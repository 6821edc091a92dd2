"""Inserting units: what is known by its digest is found, what is new gets a row."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import LargeBinary, Table, select
from sqlalchemy.sql.compiler import SQLCompiler

from headgate.stores.db import Transaction
from headgate.stores.db.statements import batched, upsert


def known_ids(tx: Transaction, table: Table, digests: Sequence[bytes]) -> dict[bytes, int]:
    """Return the ids of the units that have a row."""
    found: dict[bytes, int] = {}
    for batch in batched(digests):
        rows = tx.execute(select(table.c.digest, table.c.id).where(table.c.digest.in_(batch)))
        found.update((bytes(digest), unit_id) for digest, unit_id in rows)
    return found


def insert_units(
    tx: Transaction, table: Table, rows: Sequence[Mapping[str, Any]]
) -> dict[bytes, int]:
    """Insert the units that have no row yet; return the ids of all by digest.

    Another task may insert the same unit at the same time: both get the one row.
    """
    insert_missing(tx, table, rows)
    return known_ids(tx, table, [row["digest"] for row in rows])


def insert_missing(tx: Transaction, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows whose keys are not there yet; all rows have the same columns."""
    if not rows:
        return
    statement = upsert(tx, table).on_conflict_do_nothing()
    if not _goes_to_the_driver_as_it_is(tx, table, rows[0]):
        for batch in batched(rows, 1_000):
            tx.execute(statement, [dict(row) for row in batch])
        return
    # A third of the time of Core's way, which looks at every value of every row.
    compiled = statement.compile(dialect=tx.dialect, column_keys=list(rows[0]))
    assert isinstance(compiled, SQLCompiler)  # noqa: S101 - what statements compile to
    order = compiled.positiontup or list(rows[0])
    if compiled.positiontup is None:
        tx.exec_driver_sql(str(compiled), [dict(row) for row in rows])
    else:
        tx.exec_driver_sql(str(compiled), [tuple(row[key] for key in order) for row in rows])


def _goes_to_the_driver_as_it_is(tx: Transaction, table: Table, row: Mapping[str, Any]) -> bool:
    """Whether no column of the row needs the conversions of its type (JSON, times)."""
    return all(
        isinstance(table.c[column].type, LargeBinary)
        or table.c[column].type.dialect_impl(tx.dialect).bind_processor(tx.dialect) is None
        for column in row
    )
