"""How connections become requests: uvicorn's HTTP protocol, told who is at the other end.

What identifies the client is put into the scope here and nowhere else (`apis.scope`): from TLS on
the public listeners, from headers on the socket of the local proxy alone. On every other listener
those headers are mere headers that nobody reads.
"""

import asyncio
import ssl
from base64 import b64decode
from typing import Any
from urllib.parse import unquote_to_bytes

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from headgate.apis.scope import BEHIND_PROXY, CLIENT_CERTIFICATE

# Set by nginx to `$ssl_client_escaped_cert`: PEM, percent-encoded; empty without a certificate.
CERTIFICATE_HEADER = b"x-client-cert"
_ADDRESS_HEADER = b"x-forwarded-for"
_SCHEME_HEADER = b"x-forwarded-proto"
_TRUSTED = frozenset({CERTIFICATE_HEADER, _ADDRESS_HEADER, _SCHEME_HEADER})


class PublicProtocol(HttpToolsProtocol):
    """A client's own connection; over TLS it may have presented a certificate."""

    _certificate: bytes | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the certificate once per connection."""
        super().connection_made(transport)
        tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        if tls is not None:
            self._certificate = tls.getpeercert(binary_form=True)

    def on_message_begin(self) -> None:
        """Start a request."""
        super().on_message_begin()
        if self._certificate is not None:
            _extend(self.scope, {CLIENT_CERTIFICATE: self._certificate})


class ProxyProtocol(HttpToolsProtocol):
    """A connection of the local proxy, whose word about the client is taken.

    A header that comes twice, or in a spelling with underscores, was not set by the proxy's
    configuration: it passes for absent.
    """

    def on_headers_complete(self) -> None:
        """Move the proxy's word from the headers to the scope, then go on."""
        told = _taken_out(self.headers)
        extension: dict[str, Any] = {BEHIND_PROXY: True}
        escaped = told.get(CERTIFICATE_HEADER)
        certificate = _der(escaped) if escaped else None
        if certificate is not None:
            extension[CLIENT_CERTIFICATE] = certificate
        scheme = told.get(_SCHEME_HEADER)
        if scheme in {b"http", b"https"}:
            extension["scheme"] = scheme.decode()
        address = told.get(_ADDRESS_HEADER, b"").decode("latin-1").rpartition(",")[2].strip()
        if address:
            extension["client"] = (address, 0)
        _extend(self.scope, extension)
        super().on_headers_complete()


def _extend(scope: Any, extension: dict[str, Any]) -> None:
    scope.update(extension)


def _taken_out(headers: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Remove the proxy's word from the headers and return it; what is said twice is not said."""
    told: dict[bytes, bytes | None] = {}
    others: list[tuple[bytes, bytes]] = []
    for header in headers:
        name = header[0]
        dashed = name.replace(b"_", b"-") if b"_" in name else name
        if dashed not in _TRUSTED:
            others.append(header)
        elif name == dashed:
            told[name] = None if name in told else header[1]
    headers[:] = others
    return {name: value for name, value in told.items() if value is not None}


def _der(escaped: bytes) -> bytes | None:
    """Return the DER bytes of a percent-encoded PEM certificate, None if it is not one."""
    lines = unquote_to_bytes(escaped).split()
    # "-----BEGIN CERTIFICATE-----" splits at its space.
    if lines[:2] != [b"-----BEGIN", b"CERTIFICATE-----"] or b"-----END" not in lines:
        return None
    try:
        return b64decode(b"".join(lines[2 : lines.index(b"-----END")]), validate=True)
    except ValueError:
        return None
