"""A web process: one event loop that serves every listener."""

import asyncio
import contextlib
import signal
import ssl
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Protocol

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from headgate.server.asgi import Receive, Scope, Send
from headgate.server.listeners import Kind, Listener
from headgate.server.protocols import ProxyProtocol, PublicProtocol

_HANDSHAKE_SECONDS = 10
_KEEP_ALIVE_SECONDS = 75  # dnf and nginx reuse connections between requests


class Served(Protocol):
    """What requests are answered by."""

    async def asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        ...

    def running(self) -> AbstractAsyncContextManager[None]:
        """Hold open what requests need."""
        ...


class WebServer(uvicorn.Server):
    """uvicorn on several listeners of different kinds at once."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        listeners: Sequence[Listener],
        context: ssl.SSLContext,
        ready: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._listeners = listeners
        self._context = context
        self._ready = ready

    async def startup(self, sockets: object = None) -> None:
        """Serve every listener, then say so."""
        del sockets
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.handle_exit, signal.SIGTERM, None)
        await self.on_tick(0)  # sets the Date header, which the first answer has too
        self.servers = [
            await loop.create_server(
                partial(self._protocol, PROTOCOLS[listener.kind]),
                sock=listener.socket,
                ssl=self._context if listener.kind is Kind.TLS else None,
                ssl_handshake_timeout=_HANDSHAKE_SECONDS if listener.kind is Kind.TLS else None,
                backlog=self.config.backlog,
            )
            for listener in self._listeners
        ]
        self.started = True
        self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals to the event loop: the supervisor decides what they mean."""
        yield

    def _protocol(self, kind: type[HttpToolsProtocol]) -> HttpToolsProtocol:
        return kind(self.config, self.server_state, {})


PROTOCOLS: dict[Kind, type[HttpToolsProtocol]] = {
    Kind.TLS: PublicProtocol,
    Kind.PLAIN: PublicProtocol,
    Kind.PROXY: ProxyProtocol,
}


def run_web(
    application: Served,
    *,
    listeners: Sequence[Listener],
    context: ssl.SSLContext,
    grace: int,
    ready: Callable[[], None],
) -> int:
    """Serve until SIGTERM; requests that run then get `grace` seconds to end."""
    config = uvicorn.Config(
        application.asgi,
        interface="asgi3",
        loop="uvloop",
        http=PublicProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=grace,
    )
    server = WebServer(config, listeners=listeners, context=context, ready=ready)

    async def serve() -> None:
        async with application.running():
            await server.serve()

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(serve())
    return 0
