"""The registry's door in this process: who asks, and `/v2/token`, without the rest of it."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from ssl import PEM_cert_to_DER_cert
from typing import Any, Final
from urllib.parse import urlencode

from headgate.apis.certificates import CertificateCheck
from headgate.apis.registry.callers import Caller, Callers, Upload
from headgate.apis.registry.tokens import TokenEndpoint
from headgate.apis.scope import CLIENT_CERTIFICATE
from headgate.pki.authority import Authority, Issued
from headgate.pki.clients import ClientCertificates
from headgate.services.accounts.authentication import SignIn
from headgate.services.containers.tokens import RegistryTokens
from headgate.services.organizations import certificates
from support.control import PASSWORD, Control

HOST: Final = "registry.test:8443"
KEY: Final = b"\x09" * 32


def basic(login: str, password: str = PASSWORD) -> str:
    """Return the header of basic authentication."""
    return "Basic " + b64encode(f"{login}:{password}".encode()).decode()


def bearer(token: str) -> str:
    """Return the header that brings a token."""
    return f"Bearer {token}"


@dataclass(slots=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(slots=True)
class Door:
    """Asks as clients do; each question has an event loop of its own."""

    control: Control
    authority: Authority
    life: timedelta = timedelta(minutes=10)
    sign_in: SignIn = field(init=False)
    tokens: RegistryTokens = field(init=False)

    def __post_init__(self) -> None:
        """Make what outlives a question."""
        database, clock = self.control.database, self.control.clock
        self.sign_in = SignIn(database, clock=clock, secret=KEY)
        self.tokens = RegistryTokens(KEY, life=lambda: self.life)

    def ask(self, *, upload: Upload | None = None, **request: Any) -> Caller:
        """Return who a request is from."""

        async def asked(callers: Callers) -> Caller:
            return await callers.identify(request_of(**request), 1, upload=upload)

        return self.within(asked)

    def token(self, authorization: str | None = None, **request: Any) -> str:
        """Return a token; the request must be granted."""
        answer = self.request_token(authorization, **request)
        assert answer.status == 200, answer.body
        return str(answer.body["token"])

    def request_token(
        self,
        authorization: str | None = None,
        *,
        method: str = "GET",
        scope: Sequence[str] = (),
        form: Mapping[str, str] | None = None,
        media_type: str = "application/x-www-form-urlencoded",
        **more: Any,
    ) -> Answer:
        """Ask `/v2/token`."""
        fields = [*(form or {}).items(), *(("scope", each) for each in scope)]
        posted = method == "POST"
        request = request_of(
            authorization,
            method=method,
            query="" if posted else urlencode(fields),
            headers={"content-type": media_type} if posted else {},
            **more,
        )
        body = urlencode(fields).encode() if posted else b""
        messages: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            messages.append(message)

        async def asked(callers: Callers) -> None:
            endpoint = TokenEndpoint(
                self.control.database,
                callers=callers,
                tokens=self.tokens,
                clock=self.control.clock,
            )
            await endpoint(request, receive, send, 1)

        self.within(asked)
        start, content = messages
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], headers, json.loads(content["body"] or b"null"))

    def within(self, function: Any) -> Any:
        """Run a coroutine function with fresh `Callers`."""

        async def run() -> Any:
            callers = self.callers()
            try:
                return await function(callers)
            finally:
                callers.close()

        return asyncio.run(run())

    def callers(self) -> Callers:
        """Return what identifies callers, to be closed by who asked."""
        database, clock = self.control.database, self.control.clock

        def is_revoked(serial: str) -> bool:
            with database.read() as tx:
                return certificates.is_revoked(tx, serial)

        return Callers(
            database,
            sign_in=self.sign_in,
            tokens=self.tokens,
            certificates=CertificateCheck(
                ClientCertificates(self.authority.certificate), is_revoked=is_revoked, clock=clock
            ),
            clock=clock,
            secret=KEY,
        )


def request_of(
    authorization: str | None = None,
    *,
    host: str | None = HOST,
    scheme: str = "https",
    method: str = "GET",
    query: str = "",
    headers: Mapping[str, str] | None = None,
    certificate: Issued | None = None,
    address: str = "192.0.2.1",
) -> dict[str, Any]:
    """Return the ASGI scope of a request."""
    given = dict(headers or {})
    if host is not None:
        given["host"] = host
    if authorization is not None:
        given["authorization"] = authorization
    made: dict[str, Any] = {
        "type": "http",
        "method": method,
        "scheme": scheme,
        "path": "/v2/token",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
        "client": (address, 40_000),
        "server": ("127.0.0.1", 8443),
    }
    if certificate is not None:
        made[CLIENT_CERTIFICATE] = PEM_cert_to_DER_cert(certificate.certificate)
    return made
