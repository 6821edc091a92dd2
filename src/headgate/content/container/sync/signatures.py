"""Simple signatures: where upstream keeps them, and what comes of them (containers/image).

Either a tree of files beside the registry, `NAME@sha256=HEX/signature-N` from 1 on until one is
absent, or an extension of the registry, which its answers announce. What a signature says is for
clients, who have the keys; here it is bytes that belong to a manifest.
"""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec
from yarl import URL

from headgate.content.container.json_values import is_list, is_object
from headgate.domain.errors import InvalidContentError
from headgate.upstream import Downloader, Expected, MemorySink, Remote, UpstreamAbsentError

# Announced by registries that have the extension.
HEADER: Final = "X-Registry-Supports-Signatures"
_MOST: Final = 32  # of one manifest
_MOST_BYTES: Final = 64 << 10  # of one signature
_ATOMIC: Final = "atomic"


class Signatures:
    """The signatures of one repository upstream."""

    def __init__(self, downloader: Downloader, remote: Remote, settings: Mapping[str, Any]) -> None:
        self._downloader = downloader
        self._remote = remote
        self._url: str | None = settings.get("sigstore_url")
        self._name: str = settings.get("docker_upstream_name") or ""
        self._extension = False

    def note(self, headers: Mapping[str, str]) -> None:
        """Learn from an answer of the registry whether it has the extension."""
        self._extension = headers.get(HEADER) == "1"

    @property
    def are_kept(self) -> bool:
        """Whether upstream has a place for signatures at all."""
        return bool(self._url) or self._extension

    async def of(self, digest: str) -> list[bytes]:
        """Return the signatures of a manifest; UpstreamError or InvalidContentError if broken."""
        return await self._files(digest) if self._url else await self._listed(digest)

    async def _files(self, digest: str) -> list[bytes]:
        beside = _beside(self._remote, self._url or "")
        folder = f"{self._name}@{digest.replace(':', '=')}"
        found: list[bytes] = []
        for number in range(1, _MOST + 1):
            sink = MemorySink()
            expected = Expected(most_bytes=_MOST_BYTES)
            path = f"{folder}/signature-{number}"
            try:
                fetched = await self._downloader.fetch(beside, path, sink, expected=expected)
            except UpstreamAbsentError:
                break
            if not sink.data:
                raise InvalidContentError(f"The signature at {fetched.url} is empty")
            found.append(bytes(sink.data))
        return found

    async def _listed(self, digest: str) -> list[bytes]:
        own = URL(self._remote.url)
        before, _, name = own.path.rpartition("/v2/")
        address = str(own.with_path(f"{before}/extensions/v2/{name}/signatures/{digest}"))
        sink = MemorySink()
        expected = Expected(most_bytes=_MOST * _MOST_BYTES * 2)
        await self._downloader.fetch(self._remote, address, sink, expected=expected)
        return _read(bytes(sink.data), address)


def _beside(remote: Remote, url: str) -> Remote:
    """Return the remote of the tree; the credentials are for the registry's origin alone."""
    if remote.trusts(URL(url)):
        return replace(remote, url=url, token_scope=None)
    return replace(
        remote,
        url=url,
        username=None,
        password=None,
        client_certificate=None,
        client_key=None,
        token_scope=None,
    )


def _read(answer: bytes, where: str) -> list[bytes]:
    try:
        body: Any = msgspec.json.decode(answer)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        body = None
    listed: Any = body.get("signatures") if is_object(body) else None
    if not is_list(listed) or len(listed) > _MOST:
        raise InvalidContentError(f"What is at {where} is no list of at most {_MOST} signatures")
    found: list[bytes] = []
    for each in listed:
        if not is_object(each) or each.get("type") != _ATOMIC:
            continue
        try:
            content = b64decode(each.get("content") or "", validate=True)
        except (TypeError, ValueError):
            raise InvalidContentError(f"A signature at {where} is not in base64") from None
        if not 0 < len(content) <= _MOST_BYTES:
            raise InvalidContentError(f"A signature at {where} is empty or too large")
        found.append(content)
    return found
