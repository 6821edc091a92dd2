"""The data plane alone, behind a real uvicorn, and a client that sends targets as written."""

import asyncio
import http.client
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from headgate.apis.content import ContentApp, ContentRules, Guard, OnDemand, Vouching
from headgate.content.file.content import FileType
from headgate.domain.clock import utc_now
from headgate.plugin import ContentType
from headgate.stores.blobs import BlobStore
from headgate.stores.db import Database
from headgate.upstream import AddressRules, DownloadLimits, DownloadRules

DOWNLOADS = DownloadRules(
    limits=DownloadLimits(attempts=2, first_pause=0.001, read_timeout=0.5),
    addresses=AddressRules.allowing(["127.0.0.0/8", "::1/128"]),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class ContentServer:
    """A running data plane."""

    port: int

    def get(
        self, path: str, headers: Mapping[str, str] | None = None, *, method: str = "GET"
    ) -> Answer:
        """Ask for a target below `/pulp/content/`, sent exactly as it is written."""
        return self.request(method, f"/pulp/content/{path}", headers)

    def request(self, method: str, target: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask for any target."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()


class _Server(uvicorn.Server):
    """Says when it listens, and leaves signals to the tests."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@contextmanager
def content_server(
    database: Database,
    store: BlobStore,
    *,
    guard: Guard,
    locks: Path,
    rules: ContentRules | None = None,
    content_types: Mapping[str, ContentType] | None = None,
    vouching: Vouching | None = None,
) -> Generator[ContentServer]:
    """Serve until the block ends; files, unless other content types are given."""
    types = content_types or {"file": FileType()}
    servers: list[_Server] = []
    made = threading.Event()

    async def serve() -> None:
        on_demand = OnDemand(
            database,
            store,
            types,
            downloads=DOWNLOADS,
            unseal=bytes,
            clock=utc_now,
            locks=locks,
        )
        app = ContentApp(
            database,
            store,
            types,
            guard=guard,
            on_demand=on_demand,
            vouching=vouching,
            rules=rules,
        )
        config = uvicorn.Config(
            app,
            interface="asgi3",
            host="127.0.0.1",
            port=0,
            log_config=None,
            access_log=False,
            lifespan="off",
        )
        servers.append(_Server(config))
        made.set()
        await servers[0].serve()
        await app.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    made.wait(20)
    server = servers[0]
    server.listening.wait(20)
    try:
        yield ContentServer(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(20)
