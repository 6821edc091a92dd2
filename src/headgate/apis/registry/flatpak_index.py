"""`/index/static` and `/index/dynamic`: what flatpak shows of a remote (container.md 1.7).

`/index/ORG/ENV/CV/index/static` is the same for one content view environment: two of them may
serve two builds of one application, between which flatpak cannot choose. What comes before
`index/static` is the address of the remote, so `flatpak remote-add` takes it.

flatpak shows no credentials when it asks for an index, only when it pulls. So an environment may
announce its flatpaks to everybody (`registry_unauthenticated_index`) and keep the images to users.
"""

import gzip
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from headgate.apis.content.answers import Headers
from headgate.apis.registry.addresses import service_of
from headgate.apis.registry.admission import Door
from headgate.apis.registry.requests import JSON, Request
from headgate.content.container.flatpaks.queries import IndexQuery
from headgate.content.container.flatpaks.served import FlatpakShelf, ServedFlatpaks, render_index
from headgate.domain.registry_errors import NameUnknownError
from headgate.stores.db import Transaction
from headgate.stores.db.changes import Stamp

_GZIP: Final = re.compile(r"(?:^|,)\s*(?:gzip|\*)\s*(?:$|,|;\s*q=(?!0(?:\.0*)?\s*(?:$|,)))")
_LEVEL: Final = 4
_KEPT_BYTES: Final = 32 << 20
_MOST_KEPT: Final = 1_024


@dataclass(frozen=True, slots=True)
class _Index:
    body: bytes
    etag: bytes
    compressed: bool


class FlatpakIndex:
    """Answers with what the caller may pull; one for each process and event loop."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._shelf = FlatpakShelf()
        self._served: tuple[Stamp, Sequence[ServedFlatpaks]] | None = None
        # Content sets are named by their digests: what was made of them never gets old.
        self._kept: dict[tuple[object, ...], _Index] = {}
        self._kept_bytes = 0

    async def index(self, request: Request, place: str | None) -> None:
        """GET, HEAD of an index; an unknown place is no different from a forbidden one."""
        query = IndexQuery.read(request.query)
        stamp = await self._door.changes.stamp()
        caller = await self._door.callers.identify(request.scope, stamp)
        served = [
            each
            for each in await self._all(stamp)
            if (place is None or each.place == place)
            and caller.is_shown(each.named, announced=each.announced)
        ]
        if place is not None and not served:
            raise NameUnknownError(
                f"There are no flatpaks for you in the content view environment '{place[:300]}';"
                " these are named as ORG/Library or ORG/ENVIRONMENT/VIEW, by labels"
            )
        await self._reply(request, await self._index(request, served, query, stamp))

    async def _all(self, stamp: Stamp) -> Sequence[ServedFlatpaks]:
        known = self._served
        if known is not None and known[0] == stamp:
            return known[1]
        served = await self._door.reading_once(("flatpaks", stamp), self._shelf.read)
        self._served = (stamp, served)
        return served

    async def _index(
        self, request: Request, served: Sequence[ServedFlatpaks], query: IndexQuery, stamp: Stamp
    ) -> _Index:
        base_url = f"{request.scope['scheme']}://{service_of(request.scope)}/"
        names = sha256()
        for each in served:
            names.update(f"{each.named.name}\0".encode() + each.digest)
        compressed = _GZIP.search(request.header(b"accept-encoding") or "") is not None
        key = (base_url, query.key, names.digest(), compressed)
        kept = self._kept.get(key)
        if kept is None:

            def make(tx: Transaction) -> _Index:
                return _made(render_index(tx, base_url, served, query), compressed=compressed)

            kept = await self._door.reading_once(("index", key, stamp), make)
            self._keep(key, kept)
        return kept

    def _keep(self, key: tuple[object, ...], index: _Index) -> None:
        if key not in self._kept:
            self._kept[key] = index
            self._kept_bytes += len(index.body)
        while self._kept_bytes > _KEPT_BYTES or len(self._kept) > _MOST_KEPT:
            self._kept_bytes -= len(self._kept.pop(next(iter(self._kept))).body)

    async def _reply(self, request: Request, index: _Index) -> None:
        headers: Headers = [
            (b"etag", index.etag),
            (b"cache-control", b"private, no-cache"),
            (b"vary", b"authorization, accept-encoding"),
        ]
        if index.etag in _tags(request):
            await request.reply(304, extra=headers)
            return
        if index.compressed:
            headers.append((b"content-encoding", b"gzip"))
        await request.reply(200, index.body, JSON, extra=headers)


def _made(body: bytes, *, compressed: bool) -> _Index:
    """Return the index as it is sent: labels are text, and icons among them base64."""
    state = sha256(body).hexdigest()
    if compressed:
        return _Index(gzip.compress(body, _LEVEL, mtime=0), f'"{state}-gzip"'.encode(), compressed)
    return _Index(body, f'"{state}"'.encode(), compressed)


def _tags(request: Request) -> set[bytes]:
    """Return the states that the client has (RFC 9110, section 13.1.2)."""
    given = b",".join(request.headers(b"if-none-match"))
    return {tag.strip().removeprefix(b"W/") for tag in given.split(b",")}
