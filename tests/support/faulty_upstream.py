"""An upstream over HTTP that misbehaves on request."""

import asyncio
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import unquote

Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked, header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Fault:
    """One answer out of the ordinary; without a status it is the file, maltreated."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    cut_after: int | None = None  # bytes of the body, then the connection breaks
    stall_after: int | None = None  # bytes of the body, then nothing until the client goes
    held_by: threading.Event | None = None  # the answer waits for this


@dataclass(slots=True)
class File:
    """What a path holds."""

    body: bytes
    etag: str | None = '"one"'
    last_modified: str | None = "Fri, 20 Nov 2026 08:00:00 GMT"
    ranges: bool = True


class FaultyUpstream:
    """Serves files from memory on 127.0.0.1, in a thread; faults are used up in their order."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, password: str | None = None) -> None:
        self.files: dict[str, File] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.always: dict[str, Fault] = {}
        self.requests: list[Request] = []
        self.password = password  # the value of the Authorization header that it wants
        self.client_certificates: list[Mapping[str, object] | None] = []
        self.port = 0
        self.connections = 0  # so far
        self.most_at_once = 0  # answers that were under way at the same time
        self._at_once = 0
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._news = threading.Condition()

    @property
    def url(self) -> str:
        """Its address, ending with a slash."""
        return f"{'https' if self._tls else 'http'}://localhost:{self.port}/"

    def serve(self, path: str, body: bytes, **properties: object) -> None:
        """Put a file at a path such as `/a/b`."""
        self.files[path] = File(body, **properties)  # pyright: ignore[reportArgumentType]

    def fail(self, path: str, *faults: Fault) -> None:
        """Answer the next requests for the path with these faults, then well again."""
        self.faults.setdefault(path, []).extend(faults)

    def asked(self, path: str) -> list[Request]:
        """Return the requests for a path so far."""
        return [request for request in self.requests if unquote(request.target) == path]

    def wait_for(self, count: int) -> None:
        """Wait until so many requests have come."""
        with self._news:
            self._news.wait_for(lambda: len(self.requests) >= count, timeout=20)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        pending = asyncio.all_tasks(self._loop)
        for task in pending:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        asyncio.set_event_loop(None)

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self._tls)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while request := await _read_request(reader):
                with self._news:
                    self.requests.append(request)
                    self._news.notify_all()
                self.client_certificates.append(writer.get_extra_info("peercert"))
                self._at_once += 1
                self.most_at_once = max(self.most_at_once, self._at_once)
                try:
                    if not await self._answer(request, writer):
                        break
                finally:
                    self._at_once -= 1
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer, and say whether the connection stays open."""
        path = unquote(request.target.partition("?")[0])
        if self.password and request.headers.get("authorization") != self.password:
            return await self._send(writer, 401, {}, b"")
        fault = self.always.get(path)
        if waiting := self.faults.get(path):
            fault = waiting.pop(0)
        if fault and fault.held_by:
            await asyncio.to_thread(fault.held_by.wait, 20)
        if fault and fault.status:
            return await self._send(writer, fault.status, fault.headers, fault.body, fault)
        file = self.files.get(path)
        if file is None:
            return await self._send(writer, 404, {}, b"")
        status, headers, body = _answer_for(file, request)
        if fault:
            headers |= fault.headers
            body = fault.body or body
        return await self._send(writer, status, headers, body, fault)

    async def _send(
        self,
        writer: asyncio.StreamWriter,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        fault: Fault | None = None,
    ) -> bool:
        lines = [f"HTTP/1.1 {status} Word"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if status != 304 and "Content-Length" not in headers:
            lines.append(f"Content-Length: {len(body)}")
        writer.write("\r\n".join([*lines, "", ""]).encode())
        if fault and fault.stall_after is not None:
            writer.write(body[: fault.stall_after])
            await writer.drain()
            await self._stop.wait()
        cut = fault.cut_after if fault else None
        writer.write(body[:cut])
        await writer.drain()
        return cut is None


def _answer_for(file: File, request: Request) -> tuple[int, Headers, bytes]:
    headers: Headers = {}
    if file.etag:
        headers["ETag"] = file.etag
    if file.last_modified:
        headers["Last-Modified"] = file.last_modified
    if file.etag and request.headers.get("if-none-match") == file.etag:
        return 304, headers, b""
    wanted = request.headers.get("range")
    unchanged = request.headers.get("if-range") in (None, file.etag, file.last_modified)
    if file.ranges and wanted and unchanged:
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        total = len(file.body)
        headers["Content-Range"] = f"bytes {start}-{total - 1}/{total}"
        return 206, headers, file.body[start:]
    return 200, headers, file.body


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    pairs: Sequence[tuple[str, str, str]] = [line.partition(":") for line in head[1:] if line]
    return Request(method, target, {name.lower(): value.strip() for name, _, value in pairs})
