"""Sending the bytes of a blob."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from typing import NamedTuple

from headgate.apis.content.answers import Headers, Message, Part, Send
from headgate.stores.blobs.files import read_at

# One read for what is small; for the rest, what a socket buffer takes in a few turns.
CHUNK = 256 * 1024


class Start(NamedTuple):
    """How an answer begins, and which part of the file follows."""

    status: int
    headers: Headers
    part: Part

    def message(self) -> Message:
        """Return the ASGI message."""
        return {
            "type": "http.response.start",
            "status": self.status,
            "headers": self.headers,
        }


class _ClientGoneError(Exception):
    """The client has left; nobody wants the rest."""


async def send_head(send: Send, status: int, headers: Headers) -> None:
    """Answer without a body."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


@contextlib.contextmanager
def watched(receive: Callable[[], Awaitable[Message]], send: Send) -> Generator[Send]:
    """Stop sending a big file when its client has left: uvicorn's `send` does not tell."""
    watch = asyncio.ensure_future(_until_gone(receive))

    async def send_on(message: Message) -> None:
        if watch.done():
            raise _ClientGoneError
        await send(message)

    try:
        with contextlib.suppress(_ClientGoneError):
            yield send_on
    finally:
        watch.cancel()


async def send_bytes(send: Send, content: bytes, begin: Start) -> None:
    """Answer with a part of what is in memory."""
    start, length = begin.part
    await send(begin.message())
    await send({"type": "http.response.body", "body": content[start : start + length]})


async def send_file(send: Send, path: str, begin: Start) -> None:
    """Answer with a part of a file; FileNotFoundError comes before anything was sent.

    Bytes that are in the page cache are read at once; what the disk must bring is read in a
    thread, so that one cold file does not hold up every client.
    """
    start, length = begin.part
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        chunk = await read_at(fd, min(length, CHUNK), start)
        await send(begin.message())
        sent = len(chunk)
        while sent < length and chunk:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            chunk = await read_at(fd, min(length - sent, CHUNK), start + sent)
            sent += len(chunk)
        if sent < length:
            raise OSError(f"{path} is shorter than registered")
        await send({"type": "http.response.body", "body": chunk})
    finally:
        os.close(fd)


async def send_stream(send: Send, chunks: AsyncIterator[bytes | bytearray], begin: Start) -> None:
    """Answer with what a store without files gives; its errors come before anything was sent."""
    chunk: bytes | bytearray = await anext(chunks, b"")
    await send(begin.message())
    async for following in chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
        chunk = following
    await send({"type": "http.response.body", "body": chunk})


async def _until_gone(receive: Callable[[], Awaitable[Message]]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
