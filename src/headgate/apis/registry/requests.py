"""A request to the registry, read as far as it is needed, and the short answers to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping, Sequence
from functools import cached_property
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from headgate.apis.content.answers import SAFETY, Headers
from headgate.domain.errors import BadRequestError
from headgate.domain.registry_errors import (
    BlobUploadInvalidError,
    ClientSilentError,
    ManifestTooLargeError,
)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

API_VERSION: Final = (b"docker-distribution-api-version", b"registry/2.0")
JSON: Final = b"application/json"
SILENCE: Final = 60.0  # seconds
_FIELDS: Final = 200
_MOST_LENGTH: Final = 20  # digits


class ClientGoneError(Exception):
    """The client has left in the middle of what it sent."""


class Request:
    """One request; headers and query are looked at when they are asked for."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.receive = receive
        self._send = send
        self.method: str = scope["method"]
        self.path: str = scope["path"]

    @property
    def head(self) -> bool:
        """Whether only headers are wanted."""
        return self.method == "HEAD"

    def header(self, name: bytes) -> str | None:
        """Return the value of a header, the first if it comes more than once."""
        found = next((value for key, value in self.scope["headers"] if key == name), None)
        return None if found is None else found.decode("latin-1")

    def headers(self, name: bytes) -> tuple[bytes, ...]:
        """Return every value of a header."""
        return tuple(value for key, value in self.scope["headers"] if key == name)

    @cached_property
    def query(self) -> Mapping[str, Sequence[str]]:
        """The parameters; BadRequestError if they are no form in UTF-8."""
        try:
            text = self.scope["query_string"].decode("ascii")
            return parse_qs(text, keep_blank_values=True, max_num_fields=_FIELDS, errors="strict")
        except ValueError as error:
            raise BadRequestError("The parameters are not a valid form in UTF-8") from error

    def parameter(self, name: str) -> str | None:
        """Return a parameter, the first if it comes more than once."""
        values = self.query.get(name, ())
        return values[0] if values else None

    @property
    def length(self) -> int | None:
        """How many bytes the body has, if the client says so."""
        text = self.header(b"content-length")
        if text is None:
            return None
        if not text.isascii() or not text.isdecimal() or len(text) > _MOST_LENGTH:
            raise BlobUploadInvalidError("Content-Length is no number of bytes")
        return int(text)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes; ClientGoneError if it ends before it is whole.

        ClientSilentError if nothing comes for a minute: what it writes to would stay locked.
        """
        more = True
        while more:
            try:
                async with asyncio.timeout(SILENCE):
                    message = await self.receive()
            except TimeoutError:
                raise ClientSilentError(
                    f"Nothing has come for {SILENCE:.0f} s; what came before is kept: ask for the"
                    " upload's status and go on there"
                ) from None
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            more = message.get("more_body", False)
            if chunk := message.get("body", b""):
                yield chunk

    async def body(self, most: int) -> bytes:
        """Return the whole body; ManifestTooLargeError if it has more bytes than `most`."""
        if (self.length or 0) > most:
            raise _too_large(most)
        found = bytearray()
        async for chunk in self.chunks():
            found += chunk
            if len(found) > most:
                raise _too_large(most)
        return bytes(found)

    async def reply(
        self, status: int, body: bytes = b"", kind: bytes = JSON, extra: Headers | None = None
    ) -> None:
        """Answer with a short body."""
        headers: Headers = [API_VERSION, (b"content-length", str(len(body)).encode()), *SAFETY]
        if body:
            headers.append((b"content-type", kind))
        headers += extra or ()
        await self.send_headers(status, headers)
        content = b"" if self.head else body
        await self._send({"type": "http.response.body", "body": content})

    async def reply_json(self, status: int, value: Any, extra: Headers | None = None) -> None:
        """Answer with JSON."""
        await self.reply(status, msgspec.json.encode(value), extra=extra)

    async def send_headers(self, status: int, headers: Headers) -> None:
        """Begin an answer."""
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def send(self, message: Message) -> None:
        """Send a part of an answer."""
        await self._send(message)


def _too_large(most: int) -> ManifestTooLargeError:
    return ManifestTooLargeError(f"A manifest may have at most {most} bytes")
