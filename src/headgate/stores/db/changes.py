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

import asyncio
import sqlite3
from typing import Any, Protocol
from urllib.parse import quote

import psycopg

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
    return SqliteChanges(database) if database.is_sqlite else PostgresChanges(database)


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


class PostgresChanges:
    """Stamps of a PostgreSQL database."""

    def __init__(self, database: Database) -> None:
        self._conninfo = database.url.set(drivername="postgresql").render_as_string(
            hide_password=False
        )
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._next: asyncio.Future[Stamp] | None = None
        self._asking: asyncio.Task[None] | None = None

    async def stamp(self) -> Stamp:
        """Return the text of a snapshot taken after this call."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        waiting = self._next
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        return await asyncio.shield(waiting)

    async def close(self) -> None:
        """Close its connection."""
        if self._asking:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        await self._disconnect()

    async def _ask(self) -> None:
        while (waiting := self._next) is not None:
            self._next = None
            try:
                waiting.set_result(await self._snapshot())
            except psycopg.Error:
                # Equal to nothing: whoever asked looks everything up, and meets the error there.
                waiting.set_result(object())
                await self._disconnect()
            except BaseException:
                waiting.cancel()
                raise

    async def _snapshot(self) -> Stamp:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(
                self._conninfo, autocommit=True
            )
        cursor = await self._connection.execute("SELECT pg_current_snapshot()::text")
        row = await cursor.fetchone()
        return None if row is None else row[0]

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            await connection.close()
