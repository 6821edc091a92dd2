"""The composition root of a web process: stores and planes, and which request goes where."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from headgate.apis.app import control_plane
from headgate.apis.content import ContentApp, OnDemand
from headgate.apis.ports import Services
from headgate.apis.registry.app import RegistryApp
from headgate.domain.sessions import SessionRules
from headgate.engine import TASKS_TOPIC, Wakeup
from headgate.server.asgi import Asgi, Message, Receive, Scope, Send
from headgate.server.identity import consumer_rules, provider_rules
from headgate.server.live_settings import fixed_settings
from headgate.server.log import bind_request_id, new_request_id
from headgate.server.metrics import RequestMetrics, exposition
from headgate.server.parts import Parts
from headgate.server.planes import content_app, on_demand_of, registry_app
from headgate.services.accounts.authentication import SignIn

_CONTENT = "/pulp/content/"
_REGISTRY = ("/v2", "/v1/", "/index/", "/extensions/v2/")
_AUTHORITY = "/pub/katello-server-ca.crt"  # where hosts of Katello look for it
_log = logging.getLogger(__name__)


class Application:
    """One process's share of the server: `asgi` answers requests while `running()`."""

    def __init__(self, parts: Parts, *, workers: Sequence[Wakeup]) -> None:
        self._parts = parts
        self._workers = workers
        self._metrics = RequestMetrics()
        self._logs_requests = parts.settings.logging.requests
        services = _services(parts)
        self._sign_in = SignIn(parts.database, clock=parts.clock, secret=services.secret)
        self._control = control_plane(services, sign_in=self._sign_in)
        # Made in `running`: it belongs to the event loop.
        self._content: ContentApp | None = None
        self._registry: RegistryApp | None = None
        parts.database.subscribe(TASKS_TOPIC, self._wake_workers)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Hold open what requests need."""
        on_demand: OnDemand = on_demand_of(self._parts)
        self._content = content_app(self._parts, on_demand)
        self._registry = registry_app(self._parts, on_demand, self._sign_in)
        try:
            yield
        finally:
            await self._registry.close()
            await self._content.close()
            self._parts.close()

    async def asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        offered = next((value for name, value in scope["headers"] if name == b"x-request-id"), None)
        current = new_request_id(offered.decode("latin-1") if offered else None)
        scope["headgate.request_id"] = current
        bind_request_id(current)
        plane, app = self._route(scope["path"])
        status = 500
        started = time.perf_counter()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await app(scope, receive, noted)
        finally:
            seconds = time.perf_counter() - started
            self._metrics.note(plane, status, seconds)
            if self._logs_requests and plane == "control":
                _log.info(
                    "%s %s answered %d",
                    scope["method"],
                    scope["path"],
                    status,
                    extra={"milliseconds": round(seconds * 1000, 1)},
                )

    def _route(self, path: str) -> tuple[str, Asgi]:
        if path.startswith(_CONTENT) and self._content is not None:
            return "content", self._content
        if path.startswith(_REGISTRY) and self._registry is not None:
            return "registry", self._registry
        if path == "/healthz":
            return "server", self._health
        if path == "/metrics":
            return "server", self._expose
        if path == _AUTHORITY:
            return "server", self._offer_authority
        return "control", self._control

    def _wake_workers(self) -> None:
        for worker in self._workers:
            worker.signal()

    async def _health(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer 200 when the database answers, else 503: for load balancers and monitoring."""
        try:
            await asyncio.to_thread(self._ask_database)
        except SQLAlchemyError:
            _log.exception("The database does not answer")
            await _reply(send, 503, b"application/json", b'{"status": "database unreachable"}')
        else:
            await _reply(send, 200, b"application/json", b'{"status": "ok"}')

    def _ask_database(self) -> None:
        with self._parts.database.read() as tx:
            tx.execute(text("SELECT 1"))

    async def _expose(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        body = await asyncio.to_thread(exposition)
        await _reply(send, 200, b"text/plain; version=0.0.4; charset=utf-8", body)

    async def _offer_authority(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer with our CA's certificate, for those who compare its fingerprint and trust it."""
        certificate = await asyncio.to_thread(self._parts.keys.authority_file.read_bytes)
        await _reply(send, 200, b"application/x-pem-file", certificate)


def _services(parts: Parts) -> Services:
    return Services(
        database=parts.database,
        blobs=parts.blobs,
        secret=parts.sealer.derived_key("credentials in memory"),
        seal=parts.sealer.seal,
        unseal=parts.sealer.unseal,
        uploads=parts.home.uploads,
        authority=parts.keys.authority,
        clock=parts.clock,
        content_types=parts.content_types,
        sessions=SessionRules(
            idle=timedelta(minutes=max(parts.settings.access.idle_minutes, 1)),
            lasts=timedelta(hours=max(parts.settings.access.session_hours, 1)),
        ),
        provider=provider_rules(parts.settings.oidc),
        consumer=consumer_rules(parts.settings.oauth),
        downloads=parts.downloads,
        fixed_settings=fixed_settings(parts.settings),
    )


async def _reply(send: Send, status: int, kind: bytes, body: bytes) -> None:
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
