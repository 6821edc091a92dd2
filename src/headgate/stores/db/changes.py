"""Seeing, per request and across processes, whether the database has changed.

The data plane keeps resolved paths in memory and may not serve an old one after a promotion has
committed. Each request therefore asks for a *stamp*: an equal stamp means that no transaction has
committed in between, anywhere.

- SQLite: `PRAGMA data_version` on a connection of its own; reads shared memory, some
  microseconds. Requests of the same round of the event loop share one.
- PostgreSQL: `pg_current_snapshot()`: which transactions are visible is written in its text, so
  any commit changes it. One query at a time is under way; requests that come meanwhile share the
  next, so each stamp was asked for after its request had come. NOTIFY would not do: it arrives
  some time after the commit, and a client that saw its task end could be given the old content.
"""

import asyncio
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
        self._shared: Stamp | None = None

    async def stamp(self) -> Stamp:
        """Return the version of the file's content as this connection sees it.

        An event loop runs callbacks in the order in which they were scheduled. So what runs
        before `_expire` was scheduled before it: its request had come when the version was read,
        as long as each request is a task of its own.
        """
        if self._shared is None:
            self._shared = self._ask("PRAGMA data_version").fetchone()[0]
            asyncio.get_running_loop().call_soon(self._expire)
        return self._shared

    def _expire(self) -> None:
        self._shared = None

    async def close(self) -> None:
        """Close its connection."""
        self._connection.close()
