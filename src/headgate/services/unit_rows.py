"""Inserting units: what is known by its digest is found, what is new gets a row."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite

from headgate.stores.db import Transaction
from headgate.stores.db.statements import batched


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
    """Insert the rows whose keys are not there yet."""
    insert = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    for batch in batched(rows, 1_000):
        tx.execute(insert(table).on_conflict_do_nothing(), [dict(row) for row in batch])
