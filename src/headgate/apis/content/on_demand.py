"""Fetching what is asked for and not here yet: once, however many clients and processes ask."""

import asyncio
import fcntl
import os
import struct
from collections.abc import AsyncGenerator, Hashable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from sqlalchemy import select

from headgate.domain.clock import Clock
from headgate.domain.errors import NotFoundError, UpstreamError
from headgate.plugin import ContentType, Located, Source
from headgate.services.blobs import keep_now
from headgate.services.remotes import Unseal, remote_of
from headgate.services.serving import ServedFile, ServedRepository, find_file
from headgate.stores.blobs import BlobStore, Spool
from headgate.stores.db import Database, Transaction
from headgate.stores.db.tables import blobs, repositories
from headgate.upstream import (
    Downloader,
    DownloadRules,
    Expected,
    Remote,
    UpstreamUnreachableError,
)

# A failed source is not asked again for so long: a thousand clients do not become its load.
_FAILED_SECONDS = 3.0
_LOCK_POLL_SECONDS = (0.002, 0.05)
# struct flock of fcntl(2): type, whence, start, length, pid.
_FLOCK = "hhqqi4x"


class OnDemand:
    """Brings files from a repository's upstream; one per process and event loop.

    A fetch runs on although its clients leave. Whoever asks for the same file waits for it;
    other processes of this machine wait for its lock and then find the file here.
    """

    def __init__(
        self,
        database: Database,
        store: BlobStore,
        content_types: Mapping[str, ContentType],
        *,
        downloads: DownloadRules,
        unseal: Unseal,
        clock: Clock,
        locks: Path,
    ) -> None:
        self._database = database
        self._store = store
        self._content_types = content_types
        self._unseal = unseal
        self._clock = clock
        self._locks = locks
        self._downloader = Downloader(downloads)
        self._flights: dict[Hashable, asyncio.Task[ServedFile]] = {}
        self._failures: dict[Hashable, tuple[float, UpstreamError]] = {}

    async def bring(self, served: ServedRepository, path: str, located: Located) -> ServedFile:
        """Return the file once it is here, verified and registered.

        UpstreamError if it cannot be had, NotFoundError if it is served no more.
        """
        source = located.source
        if source is None:
            raise ValueError("the file was uploaded: there is nowhere to fetch it from")
        # The repository is in the key: its credentials, its errors and its URL are its tenant's.
        key = (served.repository_id, source.checksum_type, source.checksum, path)
        self._raise_recent_failure((served.repository_id, key))
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.create_task(self._bring(served, path, source, key))
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(flight)

    async def close(self) -> None:
        """Break off what is under way and close connections."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)
        await self._downloader.close()

    async def _bring(
        self, served: ServedRepository, path: str, source: Source, key: Hashable
    ) -> ServedFile:
        name = source.checksum_type.encode() + source.checksum
        async with _locked(self._locks, name):
            remote, file = await asyncio.to_thread(self._prepare, served, path)
            if file is None:
                raise NotFoundError("the file is served no more")
            if file.digest is not None or file.located is None:
                return file  # it has come while we waited for the lock
            try:
                with self._store.spool() as spool:
                    await self._fetch(remote, file.located, source, spool)
                    return await asyncio.to_thread(self._keep, served, path, file.located, spool)
            except UpstreamError as error:
                self._note_failure(served, key, error)
                raise

    async def _fetch(self, remote: Remote, located: Located, source: Source, spool: Spool) -> None:
        checksums = {source.checksum_type: source.checksum.hex()}
        expected = Expected(size=located.size, checksums=checksums)
        await self._downloader.fetch(remote, source.path, spool, expected=expected)

    def _prepare(self, served: ServedRepository, path: str) -> tuple[Remote, ServedFile | None]:
        with self._database.read() as tx:
            row = tx.execute(
                select(repositories).where(repositories.c.id == served.repository_id)
            ).one()
            file = find_file(tx, served, path, self._content_types)
            return remote_of(tx, row, self._unseal), file

    def _keep(
        self, served: ServedRepository, path: str, located: Located, spool: Spool
    ) -> ServedFile:
        changed_at: list[datetime] = []

        def refer(tx: Transaction, blob_id: int) -> None:
            self._content_types[served.content_type].arrived(tx, located, path, blob_id)
            changed_at.append(
                tx.execute(select(blobs.c.created_at).where(blobs.c.id == blob_id)).scalar_one()
            )

        kept = keep_now(self._database, self._store, spool, refer=refer, clock=self._clock)
        return ServedFile(kept.size, located.media_type, kept.digest, changed_at[0], located)

    def _landed(self, key: Hashable, flight: asyncio.Task[ServedFile]) -> None:
        self._flights.pop(key, None)
        if not flight.cancelled():
            flight.exception()  # whoever waited has got it; nobody may have waited to the end

    def _note_failure(self, served: ServedRepository, key: Hashable, error: UpstreamError) -> None:
        now = asyncio.get_running_loop().time()
        recent = {k: (end, e) for k, (end, e) in self._failures.items() if end > now}
        unreachable = isinstance(error, UpstreamUnreachableError)
        recent[served.repository_id if unreachable else key] = (now + _FAILED_SECONDS, error)
        self._failures = recent

    def _raise_recent_failure(self, keys: tuple[Hashable, ...]) -> None:
        now = asyncio.get_running_loop().time()
        for key in keys:
            end, error = self._failures.get(key, (0.0, None))
            if error is not None and end > now:
                raise type(error)(error.message, url=error.url)


@asynccontextmanager
async def _locked(file: Path, name: bytes) -> AsyncGenerator[None]:
    """Hold the lock of that name on this machine; the kernel frees it when the process dies.

    Each name is one byte far out in one file, so there is nothing to make and nothing to clean
    up. The locks belong to the open file (F_OFD_SETLK), so they also part tasks of one process.
    """
    place = int.from_bytes(sha256(name).digest()[:8], "big") >> 2
    wanted = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, place, 1, 0)
    fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        pause, longest = _LOCK_POLL_SECONDS
        while not _try_lock(fd, wanted):
            await asyncio.sleep(pause)
            pause = min(pause * 2, longest)
        yield
    finally:
        os.close(fd)


def _try_lock(fd: int, wanted: bytes) -> bool:
    try:
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, wanted)
    except BlockingIOError:
        return False
    return True
