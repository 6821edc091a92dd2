"""A small forward proxy: absolute requests and CONNECT, with or without a password."""

import asyncio
from base64 import b64encode
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from support.loops import LoopThread
from support.ports import free_port

_CHUNK = 65536


@dataclass(slots=True)
class Proxy:
    """A running proxy and the request lines that it saw."""

    port: int
    credentials: str | None = None
    """NAME:PASSWORD that it asks for."""
    asked: list[str] = field(default_factory=list[str])
    # Nothing else refers to a connection that waits for both of its ends.
    _answers: set[asyncio.Task[None] | None] = field(
        default_factory=set[asyncio.Task[None] | None], repr=False
    )

    @property
    def url(self) -> str:
        """Its address, without credentials."""
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection with one request."""
        task = asyncio.current_task()
        self._answers.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            line, _, rest = head.decode("latin-1").partition("\r\n")
            self.asked.append(line)
            if not self._allowed(rest):
                writer.write(
                    b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                    b'Proxy-Authenticate: Basic realm="proxy"\r\n'
                    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
                )
                await writer.drain()
                return
            await _forward(line, rest, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            # The client went away; so do we.
            return
        finally:
            self._answers.discard(task)
            writer.close()

    def _allowed(self, headers: str) -> bool:
        if self.credentials is None:
            return True
        expected = b64encode(self.credentials.encode()).decode()
        return f"proxy-authorization: basic {expected}".lower() in headers.lower()


@contextmanager
def proxy(*, credentials: str | None = None) -> Generator[Proxy]:
    """Run a proxy on a free loopback port until the block ends."""
    with LoopThread() as loop:
        running = Proxy(free_port(), credentials)
        server = loop.run(asyncio.start_server(running.answer, "127.0.0.1", running.port))
        try:
            yield running
        finally:
            server.close()


async def _forward(
    line: str, headers: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    method, target, _ = line.split(" ", 2)
    if method == "CONNECT":
        host, _, port = target.rpartition(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    else:
        url = urlsplit(target)
        far_reader, far_writer = await asyncio.open_connection(url.hostname, url.port or 80)
        path = url.path + (f"?{url.query}" if url.query else "")
        kept = [
            each
            for each in headers.split("\r\n")
            if each and not each.lower().startswith(("proxy-", "connection:"))
        ]
        request = [f"{method} {path} HTTP/1.1", *kept, "Connection: close", "", ""]
        far_writer.write("\r\n".join(request).encode("latin-1"))
    try:
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
    finally:
        far_writer.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while chunk := await source.read(_CHUNK):
        sink.write(chunk)
        await sink.drain()
    if sink.can_write_eof():
        sink.write_eof()
