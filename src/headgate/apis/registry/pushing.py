"""Writing into the registry: uploads of blobs, manifests, deletions (distribution-spec, "Push")."""

import asyncio
import re
from collections.abc import Sequence
from typing import Final

from headgate.apis.content.answers import Headers
from headgate.apis.flights import ended
from headgate.apis.registry.admission import Door
from headgate.apis.registry.callers import Upload as RunningUpload
from headgate.apis.registry.requests import Request
from headgate.content.container.digests import HASHES, SHA256, is_digest
from headgate.content.container.finding import Holding
from headgate.content.container.manifests import MOST_BYTES
from headgate.content.container.push import (
    Pushed,
    Pusher,
    delete_blob,
    delete_manifest,
    mount_blob,
    push_blob,
    push_manifest,
)
from headgate.domain.errors import ConflictError, HeadgateError
from headgate.domain.registry_errors import (
    BlobUploadInvalidError,
    BlobUploadUnknownError,
    DigestInvalidError,
    ManifestInvalidError,
    UploadRangeError,
)
from headgate.services.containers.push_targets import PushTarget
from headgate.services.containers.uploads import (
    Upload,
    begin_upload,
    end_upload,
    find_upload,
    touch_upload,
)
from headgate.stores.blobs import UploadSpool
from headgate.stores.db import Transaction

_CONTENT_RANGE: Final = re.compile(r"(?:bytes[ =])?(\d{1,18})-(\d{1,18})(?:/.*)?")
_UPLOAD_ID: Final = re.compile(r"[0-9a-f]{32}")
# Bytes that are written and hashed at once, in a thread, while the next ones come.
_PIECE: Final = 2 << 20
_MOST_TAGS: Final = 100
_PATIENCE_SECONDS: Final = 0.5
_POLL_SECONDS: Final = (0.005, 0.05)


class Pushes:
    """Answers requests that change a repository."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def start(self, request: Request, name: str) -> None:
        """POST: begin an upload, or do all of it at once (`digest`), or mount a blob (`mount`)."""
        algorithm = request.parameter("digest-algorithm") or SHA256
        digest = request.parameter("digest")
        if algorithm not in HASHES:
            raise DigestInvalidError(f"{algorithm[:20]!r} is no algorithm of digests known here")
        if digest is not None and not is_digest(digest):
            raise DigestInvalidError(f"{digest[:150]!r} is no digest that is known here")
        actor, target = await self._door.to_push(request, name)
        pusher = await self._door.opened(request, actor, target)
        mounted = request.parameter("mount")
        if mounted and await self._mounted(request, pusher, mounted):
            await self._created_blob(request, name, mounted)
            return
        upload = await self._door.writing(
            lambda tx: begin_upload(
                tx,
                actor=actor,
                clock=self._door.clock,
                repository_id=pusher.repository_id,
                algorithm=algorithm,
            )
        )
        if digest is None:
            await request.reply(202, extra=_progress(name, upload.id, 0))
            return
        try:
            await self._finish(request, pusher, target, upload, digest)
        except BaseException:
            await asyncio.shield(self._dropped(upload.id))
            raise
        await self._created_blob(request, name, digest)

    async def append(self, request: Request, name: str, upload_id: str) -> None:
        """PATCH: take a chunk, or a stream of whatever length."""
        _, target, upload = await self._running(request, name, upload_id)
        with await self._opened(upload.id) as spool:
            self._require_place(request, spool)
            await self._take(request, target, spool)
            size = spool.size
        if upload.is_quiet(self._door.clock()):
            await self._door.writing(lambda tx: touch_upload(tx, upload.id, clock=self._door.clock))
        await request.reply(202, extra=_progress(name, upload_id, size))

    async def finish(self, request: Request, name: str, upload_id: str) -> None:
        """PUT: take what is left, and make it a blob if it has the digest."""
        digest = request.parameter("digest")
        if digest is None or not is_digest(digest):
            raise DigestInvalidError("Say which digest the blob has: ?digest=sha256:...")
        pusher, target, upload = await self._running(request, name, upload_id)
        await self._finish(request, pusher, target, upload, digest)
        await self._created_blob(request, name, digest)

    async def status(self, request: Request, name: str, upload_id: str) -> None:
        """GET: say how many bytes have come."""
        _, _, upload = await self._running(request, name, upload_id)
        with await self._spool(upload.id) as spool:
            size = spool.size
        await request.reply(204, extra=_progress(name, upload_id, size))

    async def cancel(self, request: Request, name: str, upload_id: str) -> None:
        """DELETE: drop what has come."""
        _, _, upload = await self._running(request, name, upload_id)
        await self._dropped(upload.id)
        await request.reply(204)

    async def put_manifest(self, request: Request, name: str, reference: str) -> None:
        """PUT: take a manifest, and let tags point to it (`tag`, with a digest only)."""
        tags: Sequence[str] = request.query.get("tag", ())
        if len(tags) > _MOST_TAGS:
            raise ManifestInvalidError(f"More than {_MOST_TAGS} tags at once")
        actor, target = await self._door.to_push(request, name)
        content = await request.body(MOST_BYTES)
        media_type = request.header(b"content-type") or ""
        pusher = await self._door.opened(request, actor, target)

        def push() -> Pushed:
            self._door.require_room(target.organization_id, len(content))
            return push_manifest(pusher, content, media_type, reference=reference, tags=tags)

        pushed = await self._door.flights.in_thread(push)
        extra: Headers = [
            (b"location", f"/v2/{name}/manifests/{pushed.digest}".encode()),
            (b"docker-content-digest", pushed.digest.encode()),
        ]
        if pushed.subject is not None:
            extra.append((b"oci-subject", pushed.subject.encode()))
        extra += [(b"oci-tag", tag.encode()) for tag in pushed.tags if is_digest(reference)]
        await request.reply(201, extra=extra)

    async def delete_manifest(self, request: Request, name: str, reference: str) -> None:
        """DELETE a tag, or a manifest with its tags."""
        pusher = await self._door.to_delete(request, name)
        await self._door.writing(lambda tx: delete_manifest(tx, pusher, reference))
        await request.reply(202)

    async def delete_blob(self, request: Request, name: str, digest: str) -> None:
        """DELETE a blob that no manifest names."""
        if not is_digest(digest):
            raise DigestInvalidError(f"{digest[:150]!r} is no digest that is known here")
        pusher = await self._door.to_delete(request, name)
        await self._door.writing(lambda tx: delete_blob(tx, pusher, digest))
        await request.reply(202)

    async def _running(
        self, request: Request, name: str, upload_id: str
    ) -> tuple[Pusher, PushTarget, Upload]:
        """Return the upload, if it is the caller's and still under way."""
        if not _UPLOAD_ID.fullmatch(upload_id):
            raise BlobUploadUnknownError("There is no such upload; begin a new one")
        upload = await self._door.reading(lambda tx: find_upload(tx, upload_id))
        begun = None if upload is None else RunningUpload(upload.user_id, upload.began_at)
        actor, target = await self._door.to_push(request, name, upload=begun)
        whose = (target.repository_id, actor.user_id)
        if upload is None or whose != (upload.repository_id, upload.user_id):
            raise BlobUploadUnknownError("There is no such upload; begin a new one")
        return self._door.pusher(actor, upload.repository_id), target, upload

    async def _finish(
        self, request: Request, pusher: Pusher, target: PushTarget, upload: Upload, digest: str
    ) -> None:
        with await self._opened(upload.id) as spool:
            if request.header(b"content-range") is not None:
                self._require_place(request, spool)
            await self._take(request, target, spool)

            def keep() -> None:
                self._door.require_room(target.organization_id, spool.size)
                push_blob(pusher, spool, digest=digest, upload_id=upload.id)
                spool.discard()

            await self._door.flights.to_its_end(keep)

    async def _take(self, request: Request, target: PushTarget, spool: UploadSpool) -> None:
        """Write the body behind what is there; what has come of a broken one stays."""
        await self._require_room(target, spool.size, spool.size + (request.length or 0))
        loop = asyncio.get_running_loop()
        parts: list[bytes] = []
        length, come = 0, spool.size
        writing: asyncio.Future[None] | None = None
        try:
            async for chunk in request.chunks():
                parts.append(chunk)
                length += len(chunk)
                if length >= _PIECE:
                    if writing is not None:
                        await ended(writing)
                    if request.length is None:
                        await self._require_room(target, come, come + length)
                    come += length
                    piece, parts, length = b"".join(parts), [], 0
                    writing = loop.run_in_executor(None, spool.write, piece)
        finally:
            if writing is not None:
                await ended(writing)
            if parts:
                await ended(loop.run_in_executor(None, spool.write, b"".join(parts)))

    async def _require_room(self, target: PushTarget, size: int, grown: int) -> None:
        """Raise if an upload that grows is more than the organization may have.

        To know what it has takes a while, so it is asked for whenever the upload has doubled.
        """
        if grown > _PIECE and grown.bit_length() > size.bit_length():
            room = self._door.require_room
            await self._door.flights.in_thread(lambda: room(target.organization_id, grown))

    def _require_place(self, request: Request, spool: UploadSpool) -> None:
        """Raise unless the chunk begins where the upload has come to (spec, "Chunked")."""
        text = request.header(b"content-range")
        if text is None:
            return
        found = _CONTENT_RANGE.fullmatch(text.strip())
        if found is None:
            raise BlobUploadInvalidError(f"Content-Range {text[:50]!r} is not of the form 0-1023")
        first, last = int(found[1]), int(found[2])
        length = request.length
        if last < first or (length and last - first + 1 != length):
            raise BlobUploadInvalidError(
                f"Content-Range {text[:50]!r} does not have the {length or 'streamed'} bytes that"
                " come"
            )
        if first != spool.size:
            raise UploadRangeError(
                f"The chunk begins at {first}, but {spool.size} bytes have come: go on there",
                reached=spool.size,
            )

    async def _mounted(self, request: Request, pusher: Pusher, digest: str) -> bool:
        """Let the repository have another's blob; False if there is none that may be read."""
        source = request.parameter("from")
        if not is_digest(digest) or not source:
            return False
        try:
            admitted = await self._door.to_pull(request, source)
        except HeadgateError:
            return False
        named = admitted.named

        def mount(tx: Transaction) -> bool:
            holding = Holding(tx, named.content_set_id)
            pushed_to = named.repository_id if named.latest else None
            return mount_blob(tx, pusher, digest, holding, pushed_to=pushed_to)

        return await self._door.writing(mount)

    async def _opened(self, upload_id: str) -> UploadSpool:
        """Open the spool; ConflictError once another request has had it for a while.

        Whoever only asks how far the upload has come has it for a moment.
        """
        pause, longest = _POLL_SECONDS
        deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        while True:
            try:
                return await self._spool(upload_id)
            except ConflictError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 2, longest)

    async def _spool(self, upload_id: str) -> UploadSpool:
        """Open the spool; in a thread, for what another process wrote is read again."""
        return await self._door.flights.in_thread(lambda: self._door.store.upload(upload_id))

    async def _dropped(self, upload_id: str) -> None:
        def drop() -> None:
            with self._door.store.upload(upload_id) as spool:
                spool.discard()
            with self._door.database.begin() as tx:
                end_upload(tx, upload_id)

        await self._door.flights.in_thread(drop)

    async def _created_blob(self, request: Request, name: str, digest: str) -> None:
        extra: Headers = [
            (b"location", f"/v2/{name}/blobs/{digest}".encode()),
            (b"docker-content-digest", digest.encode()),
        ]
        await request.reply(201, extra=extra)


def _progress(name: str, upload_id: str, size: int) -> Headers:
    return [
        (b"location", f"/v2/{name}/blobs/uploads/{upload_id}".encode()),
        (b"docker-upload-uuid", upload_id.encode()),
        (b"range", f"0-{max(size - 1, 0)}".encode()),
    ]
