"""Serving `/pulp/content/`: who may have what is there, and in which form."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import DBAPIError

from headgate.apis.content.answers import (
    Headers,
    Part,
    Send,
    UnsatisfiableRangeError,
    asked_part,
    conditions_of,
    not_modified,
    part_headers,
    refuse,
    reply,
)
from headgate.apis.content.bodies import (
    CHUNK,
    Start,
    send_bytes,
    send_file,
    send_head,
    send_stream,
    watched,
)
from headgate.apis.content.guard import Guard
from headgate.apis.content.listings import render
from headgate.apis.content.lookup import Entry, Found, Lookup
from headgate.apis.content.on_demand import OnDemand
from headgate.apis.content.paths import ContentPath, read_path
from headgate.apis.content.vouching import Vouching
from headgate.apis.content.waking import PATIENCE, DormantError, Waking
from headgate.apis.errors import translated
from headgate.apis.scope import is_behind_proxy
from headgate.domain.errors import (
    HeadgateError,
    NotFoundError,
    StorageFullError,
    UntrustedContentError,
    UpstreamError,
)
from headgate.plugin import ContentType
from headgate.services.serving.paths import list_above, list_folder
from headgate.stores.blobs import BlobStore
from headgate.stores.db import Database
from headgate.stores.db.changes import Stamp, watch_changes
from headgate.upstream import UpstreamTimeoutError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

_NOTHING_THERE = "nothing is published at this path"
_MOST_LISTED = 10_000
# What changes under one name is never left to nginx, which judges by size and second of change
# whether a client has a file: two versions of one second can be of one size.
INDEXES: Final = ("/repomd.xml", "/repomd.xml.asc", "/PULP_MANIFEST", "/.treeinfo", "/treeinfo")
_TAKEN_BY_NGINX: Final = {
    b"content-type",
    b"content-disposition",
    b"cache-control",
    b"accept-ranges",
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ContentRules:
    """What settings decide about serving."""

    accel_prefix: str | None = None  # nginx's internal location of `accel_root`
    accel_root: Path | None = None
    patience: float = PATIENCE  # seconds that a request waits for metadata to be written


class ContentApp:
    """A plain ASGI application; one per process and event loop. Close it at the end."""

    def __init__(
        self,
        database: Database,
        store: BlobStore,
        content_types: Mapping[str, ContentType],
        *,
        guard: Guard,
        on_demand: OnDemand | None = None,
        vouching: Vouching | None = None,
        rules: ContentRules | None = None,
    ) -> None:
        self._database = database
        self._store = store
        self._content_types = content_types
        self._guard = guard
        self._on_demand = on_demand
        self._rules = rules or ContentRules()
        self._changes = watch_changes(database)
        self._waking = Waking(database, patience=self._rules.patience)
        self._vouching = vouching
        self._lookup = Lookup(database, store, content_types, vouching=vouching)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        head = scope["method"] == "HEAD"
        if not head and scope["method"] != "GET":
            allow = [(b"allow", b"GET, HEAD")]
            await refuse(send, 405, "content is read-only here", extra=allow)
            return
        raw: bytes = scope["raw_path"]
        stamp = await self._changes.stamp()
        entry = self._lookup.known(raw, stamp)
        try:
            if entry is None:
                await self._look_up(scope, receive, send, stamp)
            elif not await self._is_denied(entry, scope, stamp, send):
                await self._send(entry, scope, receive, send)
        except (FileNotFoundError, NotFoundError):
            # Collected between its look-up and now, or lost: another look tells which.
            self._lookup.forget(raw)
            await asyncio.sleep(0)  # the stamp of this round may be older than the collection
            await self._look_up(scope, receive, send, await self._changes.stamp(), again=True)

    async def close(self) -> None:
        """Close connections and end threads."""
        await self._changes.close()
        await self._waking.close()
        if self._on_demand:
            await self._on_demand.close()
        self._lookup.close()

    async def _is_denied(self, entry: Entry, scope: Scope, stamp: Stamp, send: Send) -> bool:
        return not entry.current.served.unprotected and await self._refuse_if_denied(
            scope, entry.path, stamp, send
        )

    async def _refuse_if_denied(self, scope: Scope, path: str, stamp: Stamp, send: Send) -> bool:
        denied = self._guard(scope, path, stamp)
        if denied is None:
            return False
        await refuse(send, 403, denied.reason, head=scope["method"] == "HEAD")
        return True

    async def _look_up(
        self, scope: Scope, receive: Receive, send: Send, stamp: Stamp, *, again: bool = False
    ) -> None:
        """Answer a request whose answer is not in memory."""
        head = scope["method"] == "HEAD"
        path = read_path(scope["raw_path"])
        if path is None:
            await refuse(send, 404, _NOTHING_THERE, head=head)
            return
        try:
            found = await self._lookup.find(scope["raw_path"], path, stamp)
            if found is None:
                await self._list_above(path, scope, stamp, send)
                return
            if not found.served.unprotected and await self._refuse_if_denied(
                scope, f"/{path.text}", stamp, send
            ):
                return
            if found.refusal is not None:
                raise UntrustedContentError(found.refusal)
            if found.entry is None and found.file is not None:
                bring = self._woken if found.file.dormant else self._brought
                found = await bring(found, path, scope["raw_path"], stamp)
        except UpstreamError as error:
            await _refuse_for_upstream(send, error, path, head=head)
        except NotFoundError:
            await refuse(send, 404, _NOTHING_THERE, head=head)
        except (HeadgateError, DBAPIError, OSError) as error:
            await _refuse_for_trouble(send, error, head=head)
        else:
            await self._answer(found, path, scope, receive, send, again=again)

    async def _answer(
        self,
        found: Found,
        path: ContentPath,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        again: bool,
    ) -> None:
        if found.entry is None:
            await self._list_folder(found, path, scope, send)
            return
        if not again:
            await self._send(found.entry, scope, receive, send)
            return
        try:
            await self._send(found.entry, scope, receive, send)
        except (FileNotFoundError, NotFoundError):
            _log.exception("A blob is registered but its file is gone: %s", found.entry.digest)
            reason = "the server has lost the bytes of this file: verify the repository's checksums"
            await refuse(send, 503, reason, head=scope["method"] == "HEAD")

    async def _woken(self, found: Found, path: ContentPath, raw: bytes, _stamp: Stamp) -> Found:
        """Have the metadata of an earlier version written again."""
        await self._waking.wait_for(found.served)
        awake = await self._lookup.find(raw, path, await self._changes.stamp())
        if awake is None:
            raise NotFoundError(_NOTHING_THERE)
        if awake.file is not None and awake.file.dormant:
            raise self._waking.failure(found.served)
        return awake

    async def _brought(self, found: Found, path: ContentPath, raw: bytes, stamp: Stamp) -> Found:
        """Fetch the file from upstream."""
        located = found.file.located if found.file else None
        if self._on_demand is None or located is None or located.source is None:
            raise NotFoundError(_NOTHING_THERE)
        brought = await self._on_demand.bring(found.served, found.rest, located)
        file, content = brought.file, brought.content
        if (vouching := self._vouching) is not None:
            refusal = await self._lookup.in_thread(
                lambda: vouching.refusal(found.served, file, arrived=True, content=content)
            )
            if refusal is not None:
                raise UntrustedContentError(refusal)
        return self._lookup.found(raw, path, found.served, file, stamp, content=content)

    async def _send(self, entry: Entry, scope: Scope, receive: Receive, send: Send) -> None:
        file, asked = entry.headers, conditions_of(scope["headers"])
        if asked and not_modified(file, asked):
            await send_head(send, 304, file.shared)
            return
        by_proxy = is_behind_proxy(scope) and not entry.path.endswith(INDEXES)
        if self._rules.accel_prefix and entry.disk and by_proxy and entry.content is None:
            await send_head(send, 200, self._accel_headers(entry, entry.disk))
            return
        begin = Start(200, file.whole, Part(0, file.size))
        if b"range" in asked:
            try:
                wanted = asked_part(file, asked)
            except UnsatisfiableRangeError:
                extra = [(b"content-range", f"bytes */{file.size}".encode())]
                await refuse(send, 416, f"the file has {file.size} bytes", extra=extra)
                return
            if wanted:
                begin = Start(206, part_headers(file, wanted), wanted)
        if scope["method"] == "HEAD":
            await send_head(send, begin.status, begin.headers)
        elif entry.content is not None:
            await send_bytes(send, entry.content, begin)
        elif entry.disk and begin.part.length <= CHUNK:
            await send_file(send, entry.disk, begin)
        else:
            await self._send_big(entry, receive, send, begin)

    async def _send_big(self, entry: Entry, receive: Receive, send: Send, begin: Start) -> None:
        with watched(receive, send) as send_on:
            if entry.disk:
                await send_file(send_on, entry.disk, begin)
            else:
                chunks = self._store.stream(entry.digest, *begin.part)
                await send_stream(send_on, chunks, begin)

    def _accel_headers(self, entry: Entry, disk: str) -> Headers:
        """Let nginx send the file: it does conditions and ranges itself.

        Of an answer with this header it takes over those that are given here, and no others
        (`redirect` in its ngx_http_upstream_headers_in).
        """
        if entry.accel is None:
            root = self._rules.accel_root
            below = str(Path(disk).relative_to(root)) if root else disk
            prefix = (self._rules.accel_prefix or "").rstrip("/")
            entry.accel = [
                *(header for header in entry.headers.shared if header[0] in _TAKEN_BY_NGINX),
                (b"x-accel-redirect", f"{prefix}/{below}".encode()),
                (b"content-length", b"0"),
            ]
        return entry.accel

    async def _list_folder(self, found: Found, path: ContentPath, scope: Scope, send: Send) -> None:
        # A file that is not there is asked for more often than a folder without its slash, and
        # listing costs much more than looking up: what has the dot of a suffix is no folder.
        if found.rest and not path.is_folder and "." in found.rest.rpartition("/")[2]:
            await refuse(send, 404, _NOTHING_THERE, head=scope["method"] == "HEAD")
            return

        def names() -> list[str]:
            folder = f"{found.rest}/" if found.rest else ""
            with self._database.read() as tx:
                return list_folder(tx, found.served, folder, self._content_types)

        await self._reply_listing(path, await self._lookup.in_thread(names), scope, send)

    async def _list_above(self, path: ContentPath, scope: Scope, stamp: Stamp, send: Send) -> None:
        """List a folder above repositories: only what leads to some that the client may read."""

        def repositories() -> list[tuple[str, bool]]:
            with self._database.read() as tx:
                return list_above(tx, path.as_folder, most=_MOST_LISTED)

        below = await self._lookup.in_thread(repositories)
        visible = {
            "".join(base[len(path.as_folder) :].partition("/")[:2])
            for base, unprotected in below
            if unprotected or self._guard(scope, f"/{base}", stamp) is None
        }
        folders = sorted(name if name.endswith("/") else f"{name}/" for name in visible)
        await self._reply_listing(path, folders, scope, send)

    async def _reply_listing(
        self, path: ContentPath, names: list[str], scope: Scope, send: Send
    ) -> None:
        head = scope["method"] == "HEAD"
        if not names:
            await refuse(send, 404, _NOTHING_THERE, head=head)
        elif not path.is_folder:
            location = [(b"location", scope["raw_path"] + b"/")]
            await refuse(send, 301, "this is a folder", head=head, extra=location)
        else:
            page = await self._lookup.in_thread(lambda: render(path.as_folder, names))
            await reply(send, 200, page, b"text/html; charset=utf-8", head=head)


async def _refuse_for_upstream(
    send: Send, error: UpstreamError, path: ContentPath, *, head: bool
) -> None:
    """Say what failed, without the upstream's address: that is the tenant's own."""
    _log.warning("On-demand fetch of %s failed: %s (%s)", path.text, error.message, error.url)
    status = 504 if isinstance(error, UpstreamTimeoutError) else 502
    reason = f"the upstream of this repository failed: {error.message}"
    await refuse(send, status, reason, head=head, extra=[(b"retry-after", b"3")])


async def _refuse_for_trouble(
    send: Send, error: HeadgateError | DBAPIError | OSError, *, head: bool
) -> None:
    """Say what the server lacks; where on its disks is for its log."""
    told = translated(error)
    if isinstance(told, StorageFullError):
        _log.warning("Content cannot be brought: %s", told.message)
        await refuse(send, 507, "the server has no room left to store this file", head=head)
    elif isinstance(error, DBAPIError):
        _log.error("The database does not answer", exc_info=error)
        await refuse(send, 503, "the database does not answer, try again later", head=head)
    elif isinstance(error, DormantError):
        await refuse(send, 503, error.message, head=head, extra=[(b"retry-after", b"5")])
    elif isinstance(error, UntrustedContentError):
        await refuse(send, 403, error.message, head=head)
    elif isinstance(error, HeadgateError):
        _log.warning("Content cannot be given: %s", error.message)
        await refuse(send, 503, "the server cannot store this file now", head=head)
    else:
        _log.error("The server's own files are in disorder", exc_info=error)
        await refuse(send, 500, "the server cannot store this file; its log tells why", head=head)
