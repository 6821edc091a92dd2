"""An upstream server that a test controls: what it asks for, what it serves, how it fails."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from support.certificates import Authority, Pair
from support.loops import LoopThread
from support.ports import free_ports

USERNAME = "mirror"
PASSWORD = "correct horse"  # noqa: S105 - guards the fixtures of a test

Fault = Callable[[web.Request, Path], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    tls: bool


class Upstream:
    """Serves a folder on two origins (plain and TLS) and remembers what it was asked for.

    Below the root of each origin: the folder itself; `private/` the same for who knows USERNAME
    and PASSWORD; `guarded/` the same for client certificates of `ca`; `moved/` redirects to the
    other origin, which must not see the credentials of this one.
    """

    def __init__(self, root: Path, authority: Authority) -> None:
        self.root = root
        port, tls_port = free_ports(2)
        self.url = f"http://127.0.0.1:{port}/"
        self.tls_url = f"https://localhost:{tls_port}/"
        self.ca = authority.certificate
        self.client: Pair = authority.client("mirror")
        self.asked: list[Asked] = []
        self._ports = (port, tls_port)
        self._server = authority.server("localhost", "127.0.0.1")
        self._faults: dict[str, list[Fault]] = {}

    def fail(self, path: str, *faults: Fault) -> None:
        """Answer the next requests for a path with these, one each; then serve it again."""
        self._faults.setdefault(path, []).extend(faults)

    def paths(self) -> list[str]:
        """Return the paths asked for so far, in order."""
        return [each.path for each in self.asked]

    async def start(self) -> web.AppRunner:
        """Listen on both origins."""
        application = web.Application()
        application.router.add_route("*", "/private/{path:.*}", self._private)
        application.router.add_route("*", "/guarded/{path:.*}", self._guarded)
        application.router.add_route("*", "/moved/{path:.*}", self._moved)
        application.router.add_route("*", "/{path:.*}", self._file)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self._ports[0]).start()
        await web.TCPSite(runner, "127.0.0.1", self._ports[1], ssl_context=self._tls()).start()
        return runner

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.ca)
        context.load_cert_chain(self._server.certificate, self._server.key)
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    async def _private(self, request: web.Request) -> web.StreamResponse:
        expected = "Basic " + b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
        if request.headers.get("Authorization") != expected:
            self._remember(request)
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="mirror"'})
        return await self._file(request)

    async def _guarded(self, request: web.Request) -> web.StreamResponse:
        transport = request.transport
        if transport is None or not transport.get_extra_info("peercert"):
            self._remember(request)
            return web.Response(status=403)
        return await self._file(request)

    async def _moved(self, request: web.Request) -> web.StreamResponse:
        self._remember(request)
        other = self.url if request.secure else self.tls_url
        raise web.HTTPFound(other + request.match_info["path"])

    async def _file(self, request: web.Request) -> web.StreamResponse:
        self._remember(request)
        relative = request.match_info["path"]
        faults = self._faults.get(relative)
        path = self.root / relative
        if faults:
            return await faults.pop(0)(request, path)
        if not path.is_file() or not path.resolve().is_relative_to(self.root.resolve()):
            return web.Response(status=404, text=f"no {relative} here")
        return web.FileResponse(path)

    def _remember(self, request: web.Request) -> None:
        headers = dict(request.headers)
        self.asked.append(Asked(request.method, request.path, headers, tls=request.secure))


@contextmanager
def upstream(root: Path, folder: Path) -> Generator[Upstream]:
    """Serve `root` until the block ends; keys and certificates go to `folder`."""
    with LoopThread() as loop:
        serving = Upstream(root, Authority(folder))
        runner = loop.run(serving.start())
        try:
            yield serving
        finally:
            loop.run(runner.cleanup())


def status(code: int) -> Fault:
    """Answer with an error."""

    async def fault(request: web.Request, path: Path) -> web.StreamResponse:
        del request, path
        return web.Response(status=code, text="not now", headers={"Retry-After": "0"})

    return fault


def body(content: bytes) -> Fault:
    """Answer with other bytes than the file's."""

    async def fault(request: web.Request, path: Path) -> web.StreamResponse:
        del request, path
        return web.Response(body=content)

    return fault


def cut(after: int) -> Fault:
    """Promise the whole file and hang up after so many bytes of it."""

    async def fault(request: web.Request, path: Path) -> web.StreamResponse:
        content = await asyncio.to_thread(path.read_bytes)
        response = web.StreamResponse(headers={"Content-Length": str(len(content))})
        await response.prepare(request)
        await response.write(content[:after])
        if request.transport:
            request.transport.abort()
        return response

    return fault


def slow(chunk: int, pause: float) -> Fault:
    """Serve the file, but so many bytes at a time with a pause (seconds) after each."""

    async def fault(request: web.Request, path: Path) -> web.StreamResponse:
        content = await asyncio.to_thread(path.read_bytes)
        response = web.StreamResponse(headers={"Content-Length": str(len(content))})
        await response.prepare(request)
        for start in range(0, len(content), chunk):
            await response.write(content[start : start + chunk])
            await asyncio.sleep(pause)
        return response

    return fault


def held(until: asyncio.Event) -> Fault:
    """Do not answer before the event is set (from the server's loop)."""

    async def fault(request: web.Request, path: Path) -> web.StreamResponse:
        del request
        await until.wait()
        return web.FileResponse(path)

    return fault
