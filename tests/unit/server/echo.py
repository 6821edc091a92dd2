"""A web process that answers with what its listeners say of the client; run by the tests."""

import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

from headgate.apis.scope import is_behind_proxy, presented_certificate
from headgate.server.asgi import Receive, Scope, Send
from headgate.server.listeners import open_listeners
from headgate.server.settings import Listening
from headgate.server.tls import server_context
from headgate.server.web import run_web


class Echo:
    """Answers every request with the scope's own words."""

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        yield

    async def asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        certificate = presented_certificate(scope)
        body = json.dumps(
            {
                "certificate": sha256(certificate).hexdigest() if certificate else None,
                "behind_proxy": is_behind_proxy(scope),
                "scheme": scope["scheme"],
                "client": scope["client"][0] if scope["client"] else None,
                "headers": sorted({name.decode() for name, _ in scope["headers"]}),
            }
        ).encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def main(folder: Path, port: int, http_port: int) -> int:
    """Serve on all three kinds of listeners with the certificates in `folder`."""
    listening = Listening(
        address="127.0.0.1", port=port, http_port=http_port, proxy_socket=folder / "proxy.sock"
    )

    def ready() -> None:
        (folder / "ready").touch()

    return run_web(
        Echo(),
        listeners=open_listeners(listening),
        context=server_context(folder / "server.pem", folder / "server.pem", folder / "ca.crt"),
        grace=1,
        ready=ready,
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
