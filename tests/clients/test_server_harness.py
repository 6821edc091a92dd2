"""The server that clients are tested against is a started one, with TLS, in its own processes."""

import httpx2
import pytest

from support.server import Server


def test_it_answers_over_tls_and_plain(server: Server) -> None:
    with server.client() as client:
        assert client.get("/healthz").json() == {"status": "ok"}
    assert httpx2.get(f"{server.http_url}/healthz", trust_env=False).is_success


def test_nobody_else_signed_its_certificate(server: Server) -> None:
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{server.url}/healthz", trust_env=False)
