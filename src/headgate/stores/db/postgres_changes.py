"""Stamps of a PostgreSQL database (`changes.py` says what they are for)."""

import asyncio
from typing import Any

import psycopg

from headgate.stores.db.changes import Stamp
from headgate.stores.db.database import Database


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
