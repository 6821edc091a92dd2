"""Reading from the registry: manifests, blobs, lists of tags, referrers."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec

from headgate.apis.content.answers import (
    SAFETY,
    FileHeaders,
    Headers,
    UnsatisfiableRangeError,
    asked_part,
    conditions_of,
    not_modified,
    part_headers,
)
from headgate.apis.content.answers import Part as FilePart
from headgate.apis.content.bodies import Start, send_bytes, send_file, send_stream, watched
from headgate.apis.registry.admission import Admitted, Door
from headgate.apis.registry.requests import API_VERSION, Request
from headgate.apis.scope import is_behind_proxy
from headgate.content.container.digests import is_digest, is_tag
from headgate.content.container.finding import FoundBlob, FoundManifest, Holding
from headgate.content.container.manifests import LISTS, OCI_INDEX, OLD_MEDIA_TYPES
from headgate.content.container.unit_files import BLOBS, located
from headgate.domain.errors import BadRequestError, NotFoundError
from headgate.domain.registry_errors import (
    BlobUnknownError,
    DigestInvalidError,
    ManifestUnknownError,
)
from headgate.services.containers.names import Named
from headgate.services.serving.served import ServedRepository
from headgate.stores.blobs import Digest
from headgate.stores.db import Transaction

MOST_TAGS: Final = 10_000
_MOST_REFERRERS: Final = 1_000
_MOST_KNOWN: Final = 4_096
_KEPT_BYTES: Final = 32 << 20
_DIGEST_HEADER: Final = b"docker-content-digest"
# Podman asks for the signatures of what it pulls where this is announced.
SUPPORTS_SIGNATURES: Final = (b"x-registry-supports-signatures", b"1")
_BLOB_TYPE: Final = "application/octet-stream"

# What is held, named by its digest; tag or digest.
_Key = tuple[bytes | None, str]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A manifest as it is answered."""

    content: bytes
    media_type: str
    digest: str
    headers: Headers
    etag: bytes


class Pulls:
    """Answers requests that read; what names mean is remembered until the database changes."""

    def __init__(self, door: Door, *, accel_prefix: str | None, accel_root: Path | None) -> None:
        self._door = door
        self._accel_prefix = accel_prefix
        self._accel_root = accel_root
        self._ready: dict[_Key, _Ready] = {}
        self._kept = 0  # bytes

    async def manifest(self, request: Request, name: str, reference: str) -> None:
        """GET, HEAD of a manifest by tag or digest."""
        admitted = await self._door.to_pull(request, name)
        named = admitted.named
        key = (named.content_digest, reference)
        ready = self._ready.get(key)
        if ready is None:
            ready = await self._prepare(admitted, reference)
            self._remember(key, ready)
        _require_accepted(request, ready, reference)
        if ready.etag in request.headers(b"if-none-match"):
            await request.reply(304, extra=[(b"etag", ready.etag)])
            return
        await request.send_headers(200, ready.headers)
        content = b"" if request.head else ready.content
        await request.send({"type": "http.response.body", "body": content})

    async def blob(self, request: Request, name: str, digest: str) -> None:
        """GET, HEAD of a blob; HEAD reads nothing of it."""
        _require_digest(digest)
        admitted = await self._door.to_pull(request, name)
        named = admitted.named

        def find(tx: Transaction) -> FoundBlob | None:
            pushed_to = named.repository_id if named.latest else None
            return Holding(tx, named.content_set_id).blob(digest, pushed_to)

        key = ("blob", named.content_set_id, named.repository_id, digest, admitted.stamp)
        found = await self._door.reading_once(key, find)
        # What was pushed and has been lost can be had from nobody: so it can be pushed again.
        if found is None or (found.stored is None and named.pushed):
            raise BlobUnknownError(f"'{name}' has no blob {digest}", detail={"digest": digest})
        content = None
        if found.stored is None and not request.head:
            found, content = await self._brought(named, found)
        await self._send_blob(request, found, content)

    async def tags(self, request: Request, name: str) -> None:
        """List tags, `n` of them behind `last`."""
        admitted = await self._door.to_pull(request, name)
        most, after = page_of(request, MOST_TAGS), request.parameter("last") or ""
        held = admitted.named.content_set_id
        names = await self._door.reading(
            lambda tx: Holding(tx, held).tag_names(after=after, most=most + 1)
        )
        more = next_link(request, names[most - 1], most) if 0 < most < len(names) else []
        extra = [*more, SUPPORTS_SIGNATURES]
        await request.reply_json(200, {"name": name, "tags": names[:most]}, extra)

    async def referrers(self, request: Request, name: str, digest: str) -> None:
        """List what refers to a manifest, be it here or not (`last`: behind that digest)."""
        _require_digest(digest)
        admitted = await self._door.to_pull(request, name)
        held, after = admitted.named.content_set_id, request.parameter("last") or ""
        wanted = request.parameter("artifactType")
        most = page_of(request, _MOST_REFERRERS) or _MOST_REFERRERS
        if after:
            _require_digest(after)
        rows, more = await self._door.reading(
            lambda tx: Holding(tx, held).referrers(
                digest, after=after, artifact_type=wanted or None, most=most
            )
        )
        extra = next_link(request, rows[-1].name, most) if more else []
        if wanted:
            extra.append((b"oci-filters-applied", b"artifactType"))
        body = {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [_descriptor(row) for row in rows],
        }
        await request.reply(200, msgspec.json.encode(body), OCI_INDEX.encode(), extra=extra)

    async def signatures(self, request: Request, name: str, digest: str) -> None:
        """List the simple signatures of a manifest (containers/image, "docker/signature")."""
        _require_digest(digest)
        admitted = await self._door.to_pull(request, name)
        held = admitted.named.content_set_id

        def find(tx: Transaction) -> list[bytes] | None:
            holding = Holding(tx, held)
            return None if holding.manifest(digest) is None else holding.signatures(digest)

        found = await self._door.reading(find)
        if found is None:
            raise ManifestUnknownError(f"'{name}' has no manifest {digest}")
        signatures = [
            {
                "schemaVersion": 2,
                "name": f"{digest}@{sha256(each).hexdigest()[:32]}",
                "type": "atomic",
                "content": b64encode(each).decode(),
            }
            for each in found
        ]
        await request.reply_json(200, {"signatures": signatures})

    async def _prepare(self, admitted: Admitted, reference: str) -> _Ready:
        if not (is_digest(reference) or is_tag(reference)):
            raise ManifestUnknownError(f"{reference[:150]!r} is neither a tag nor a digest")
        held, store = admitted.named.content_set_id, self._door.store

        def find(tx: Transaction) -> tuple[FoundManifest, bytes] | None:
            found = Holding(tx, held).manifest(reference)
            return None if found is None else (found, b"".join(store.read(found.stored)))

        found = await self._door.reading_once(("manifest", held, reference, admitted.stamp), find)
        if found is None:
            raise ManifestUnknownError(
                f"'{admitted.named.name}' has no manifest {reference}", detail={"tag": reference}
            )
        return _ready(*found)

    def _remember(self, key: _Key, ready: _Ready) -> None:
        """Keep it within bounds; content does not change, so nothing ever gets old."""
        if key in self._ready:
            return  # another request has asked for the same meanwhile
        self._ready[key] = ready
        self._kept += len(ready.content)
        while self._kept > _KEPT_BYTES or len(self._ready) > _MOST_KNOWN:
            self._kept -= len(self._ready.pop(next(iter(self._ready))).content)

    async def _brought(self, named: Named, found: FoundBlob) -> tuple[FoundBlob, bytes | None]:
        """Fetch the blob from upstream; its bytes if they are not in the store yet."""
        path, held = BLOBS + found.digest, named.content_set_id
        if held is None:
            raise BlobUnknownError(f"There is no blob {found.digest}")
        place = await self._door.reading(lambda tx: located(tx, held, path))
        if place is None:
            raise BlobUnknownError(f"There is no blob {found.digest}")
        served = ServedRepository(
            base=named.path[1:],
            repository_id=named.repository_id,
            content_type="docker",
            unprotected=False,
            content_set_id=held,
            publication_id=0,
            published_at=self._door.clock(),
        )
        brought = await self._door.on_demand.bring(served, path, place)
        file = brought.file
        if file.digest is None or file.size is None:
            raise NotFoundError("the blob is served no more")
        return FoundBlob(found.digest, file.size, file.digest), brought.content

    async def _send_blob(self, request: Request, found: FoundBlob, content: bytes | None) -> None:
        file = _headers_of(found)
        own: Headers = [(_DIGEST_HEADER, found.digest.encode()), API_VERSION]
        asked = conditions_of(request.scope["headers"])
        if asked and not_modified(file, asked):
            await request.reply(304, extra=file.shared)
            return
        begin = Start(200, [*file.whole, *own], FilePart(0, file.size))
        if b"range" in asked and found.stored is not None:
            try:
                wanted = asked_part(file, asked)
            except UnsatisfiableRangeError:
                extra = [(b"content-range", f"bytes */{file.size}".encode())]
                await request.reply(416, extra=extra)
                return
            if wanted:
                begin = Start(206, [*part_headers(file, wanted), *own], wanted)
        if request.head:
            await request.send_headers(begin.status, begin.headers)
            await request.send({"type": "http.response.body", "body": b""})
        elif content is not None:
            await send_bytes(request.send, content, begin)
        elif found.stored is not None:
            await self._send_stored(request, found.stored, begin, own)

    async def _send_stored(
        self, request: Request, stored: Digest, begin: Start, own: Headers
    ) -> None:
        disk = self._door.store.path(stored)
        if disk is not None and self._accel_prefix and is_behind_proxy(request.scope):
            below = disk.relative_to(self._accel_root) if self._accel_root else disk
            place = f"{self._accel_prefix.rstrip('/')}/{below}".encode()
            headers: Headers = [
                *own,
                (b"content-type", _BLOB_TYPE.encode()),
                (b"x-accel-redirect", place),
                (b"content-length", b"0"),
            ]
            await request.send_headers(200, headers)
            await request.send({"type": "http.response.body", "body": b""})
            return
        with watched(request.receive, request.send) as send:
            if disk is not None:
                await send_file(send, str(disk), begin)
            else:
                chunks = self._door.store.stream(stored, *begin.part)
                await send_stream(send, chunks, begin)


def page_of(request: Request, most: int) -> int:
    """Return how many entries the client wants at once, `most` at most."""
    text = request.parameter("n")
    if text is None:
        return most
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise BadRequestError(f"n is {text[:20]!r}, it must be a number of entries")
    return min(int(text), most)


def next_link(request: Request, last: str, most: int) -> Headers:
    """Return the header that names the page behind the last entry of this one (RFC 5988)."""
    kept = {
        name: values[0]
        for name, values in request.query.items()
        if name not in ("n", "last") and values
    }
    wanted: Mapping[str, str] = {**kept, "n": str(most), "last": last}
    query = "&".join(f"{quote(name)}={quote(value, safe='')}" for name, value in wanted.items())
    return [(b"link", f'<{quote(request.path)}?{query}>; rel="next"'.encode())]


def _ready(found: FoundManifest, content: bytes) -> _Ready:
    etag = f'"{found.digest}"'.encode()
    headers: Headers = [
        API_VERSION,
        (b"content-type", found.media_type.encode()),
        (b"content-length", str(len(content)).encode()),
        (_DIGEST_HEADER, found.digest.encode()),
        (b"etag", etag),
        (b"cache-control", b"private, no-cache"),
        (b"x-content-type-options", b"nosniff"),
    ]
    return _Ready(content, found.media_type, found.digest, headers, etag)


def _require_accepted(request: Request, ready: _Ready, reference: str) -> None:
    """Raise ManifestUnknownError if a tag points to what the client cannot read.

    A digest names what it names; who asks by it knows (container.md 1.3).
    """
    accepted = request.headers(b"accept")
    if not accepted or is_digest(reference) or ready.media_type in OLD_MEDIA_TYPES:
        return
    text = b",".join(accepted).decode("latin-1").lower()
    if ready.media_type in text or "*/*" in text or "application/*" in text:
        return
    kind = "a list of manifests" if ready.media_type in LISTS else "a manifest"
    raise ManifestUnknownError(
        f"'{reference}' is {kind} of type {ready.media_type}, which the request does not accept",
        detail={"tag": reference, "mediaType": ready.media_type},
    )


def _require_digest(digest: str) -> None:
    if not is_digest(digest):
        raise DigestInvalidError(
            f"{digest[:150]!r} is no digest: sha256: and 64, or sha512: and 128 hexadecimal digits",
            detail={"digest": digest[:150]},
        )


def _headers_of(found: FoundBlob) -> FileHeaders:
    etag = f'"{found.digest}"'.encode()
    shared: Headers = [
        (b"content-type", _BLOB_TYPE.encode()),
        (b"etag", etag),
        (b"cache-control", b"private, max-age=31536000, immutable"),
        (b"accept-ranges", b"bytes"),
        *SAFETY,
    ]
    whole = [*shared, (b"content-length", str(found.size).encode())]
    return FileHeaders(found.size, etag, b"", fixed=True, whole=whole, shared=shared)


def _descriptor(row: Any) -> dict[str, Any]:
    described = {
        "mediaType": row.media_type,
        "digest": row.name,
        "size": row.size,
        "artifactType": row.artifact_type,
        "annotations": row.annotations,
    }
    return {name: value for name, value in described.items() if value}
