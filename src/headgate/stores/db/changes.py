"""Seeing, per request and across processes, whether the database has changed.

The data plane keeps resolved paths in memory and may not serve an old one after a promotion has
committed. Each request therefore asks for a *stamp*: an equal stamp means that no transaction has
committed in between, anywhere.

- SQLite: `PRAGMA data_version` on a connection of its own; reads shared memory, 2 microseconds.
- PostgreSQL: `pg_current_snapshot()`: which transactions are visible is written in its text, so
  any commit changes it. One query at a time is under way; requests that come meanwhile share the
  next, so each stamp was asked for after its request had come. NOTIFY would not do: it arrives
  some time after the commit, and a client that saw its task end could be given the old content.
"""

import sqlite3
from typing import Protocol
from urllib.parse import quote

from headgate.stores.db.database import Database

Stamp = object


class Changes(Protocol):
    """A source of stamps for one event loop."""

    async def stamp(self) -> Stamp:
        """Return what stays equal as long as no transaction commits."""
        ...

    async def close(self) -> None:
        """Close its connection."""
        ...


def watch_changes(database: Database) -> Changes:
    """Return the source of stamps that fits the database."""
    if database.is_sqlite:
        return SqliteChanges(database)
    # psycopg takes as long to import as the whole data plane: only those who need it do.
    from headgate.stores.db.postgres_changes import PostgresChanges  # noqa: PLC0415

    return PostgresChanges(database)


class SqliteChanges:
    """Stamps of a SQLite file."""

    def __init__(self, database: Database) -> None:
        path = f"file:{quote(database.url.database or '')}?mode=ro"
        self._connection = sqlite3.connect(
            path, uri=True, isolation_level=None, check_same_thread=False
        )
        self._ask = self._connection.cursor().execute

    async def stamp(self) -> Stamp:
        """Return the version of the file's content as this connection sees it."""
        return self._ask("PRAGMA data_version").fetchone()[0]

    async def close(self) -> None:
        """Close its connection."""
        self._connection.close()
