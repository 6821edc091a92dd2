"""A relay before a server that breaks off a connection, as bad networks do."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from support.loops import LoopThread
from support.ports import free_port

_CHUNK = 65536


@dataclass(slots=True)
class Relay:
    """Passes bytes on to a port; a connection that sends more than `limit` bytes is broken off.

    That happens as often as `cuts` says, which counts down.
    """

    port: int
    target: int
    limit: int
    cuts: int
    _tasks: set[asyncio.Task[None] | None] = field(
        default_factory=set[asyncio.Task[None] | None], repr=False
    )

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        task = asyncio.current_task()
        self._tasks.add(task)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        back = asyncio.create_task(_pass_on(far_reader, writer))
        try:
            with suppress(ConnectionError):
                await self._pass_until_cut(reader, far_writer)
        finally:
            self._tasks.discard(task)
            back.cancel()
            for each in (writer, far_writer):
                each.transport.abort()

    async def _pass_until_cut(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        passed = 0
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
            passed += len(chunk)
            if passed > self.limit and self.cuts:
                self.cuts -= 1
                return


@contextmanager
def relay(target: int, *, limit: int, cuts: int = 1) -> Generator[Relay]:
    """Run a relay to a loopback port on a free one until the block ends."""
    with LoopThread() as loop:
        running = Relay(free_port(), target, limit, cuts)
        server = loop.run(asyncio.start_server(running.answer, "127.0.0.1", running.port))
        try:
            yield running
        finally:
            server.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
        # The server has said all: the client is to know.
        if writer.can_write_eof():
            writer.write_eof()
