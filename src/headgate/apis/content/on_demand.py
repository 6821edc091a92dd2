"""Fetching what is asked for and not here yet: once, however many clients and processes ask."""

import asyncio
import fcntl
import logging
import os
import struct
from collections.abc import AsyncGenerator, Hashable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from sqlalchemy import bindparam, select

from headgate.apis.content.keeping import Arrival, Keeper
from headgate.apis.errors import translated
from headgate.domain.clock import Clock
from headgate.domain.errors import NotFoundError, UpstreamError
from headgate.plugin import ContentType, Located, Source
from headgate.services.repositories.remotes import Unseal, remote_of
from headgate.services.serving.paths import ServedFile, ServedRepository, find_file
from headgate.stores.blobs import BlobStore, Digest
from headgate.stores.db import Database
from headgate.stores.db.tables import repositories
from headgate.upstream import (
    Downloader,
    DownloadRules,
    Expected,
    MemorySink,
    Remote,
    Sink,
    UpstreamUnreachableError,
)

# A failed source is not asked again for so long: a thousand clients do not become its load.
_FAILED_SECONDS = 3.0
_LOCK_POLL_SECONDS = (0.002, 0.05)
# struct flock of fcntl(2): type, whence, start, length, pid.
_FLOCK = "hhqqi4x"
# What is this small waits in memory for its checksum, and its client does not wait for our disk.
IN_MEMORY: Final = 256 * 1024
# Put together once: a client waits for it.
_REPOSITORY = select(repositories).where(repositories.c.id == bindparam("repository_id"))

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Brought:
    """A file that has come and is verified."""

    file: ServedFile
    content: bytes | None  # None: it is in the store; else it may not be there yet


@dataclass(frozen=True, slots=True)
class _Flight:
    """One fetch: `verified` is what clients wait for, the task ends when the file is kept."""

    verified: asyncio.Future[Brought]
    task: asyncio.Task[None]


class OnDemand:
    """Brings files from a repository's upstream; one per process and event loop.

    A fetch runs on although its clients leave. Whoever asks for the same file waits for it;
    other processes of this machine wait for its lock and then find the file here.

    A small file is given to clients as soon as its size and checksum are verified; it is kept
    right after, under the same lock. So where it cannot be kept (a full disk, a database that is
    away) its clients have the right bytes all the same, the log says why it will be fetched
    again, and nothing is left behind. A large file passes through the store: without room it is
    an error (StorageFullError).
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
        self._keeper = Keeper(database, store, content_types, clock)
        self._content_types = content_types
        self._unseal = unseal
        self._clock = clock
        self._locks = locks
        self._downloader = Downloader(downloads)
        self._flights: dict[Hashable, _Flight] = {}
        self._failures: dict[Hashable, tuple[float, UpstreamError]] = {}

    async def bring(self, served: ServedRepository, path: str, located: Located) -> Brought:
        """Return the file once it has come and is verified.

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
            verified: asyncio.Future[Brought] = asyncio.get_running_loop().create_future()
            task = asyncio.create_task(self._fly(served, path, source, key, verified))
            flight = self._flights[key] = _Flight(verified, task)
            task.add_done_callback(lambda _: self._flights.pop(key, None))
        return await asyncio.shield(flight.verified)

    async def close(self) -> None:
        """Break off fetches, keep what has come, and close connections."""
        flights = list(self._flights.values())
        for flight in flights:
            if not flight.verified.done():
                flight.task.cancel()
        await asyncio.gather(*(flight.task for flight in flights), return_exceptions=True)
        await self._downloader.close()

    async def _fly(
        self,
        served: ServedRepository,
        path: str,
        source: Source,
        key: Hashable,
        verified: asyncio.Future[Brought],
    ) -> None:
        """Fetch and keep the file; whatever happens until it is verified, `verified` tells."""
        try:
            async with _locked(self._locks, source.checksum_type.encode() + source.checksum):
                await self._fetch_and_keep(served, path, source, verified)
        except asyncio.CancelledError:
            verified.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - handed to who waits, or logged
            if isinstance(error, UpstreamError):
                self._note_failure(served, key, error)
            if verified.done():
                _log_not_kept(path, error)
            else:
                verified.set_exception(error)
                verified.exception()  # all who waited may have left

    async def _fetch_and_keep(
        self,
        served: ServedRepository,
        path: str,
        source: Source,
        verified: asyncio.Future[Brought],
    ) -> None:
        remote, file = await asyncio.to_thread(self._prepare, served, path)
        if file is None:
            raise NotFoundError("the file is served no more")
        located = file.located
        if file.digest is not None or located is None:
            verified.set_result(Brought(file, None))  # it has come while we waited for the lock
            return
        arrival = Arrival(served.content_type, path, located)
        if located.size is not None and located.size <= IN_MEMORY:
            sink = MemorySink()
            await self._fetch(remote, located, source, sink)
            content = bytes(sink.data)
            async with self._keeper.room:
                digest = Digest(sha256(content).digest())
                verified.set_result(Brought(self._file(located, digest), content))
                await self._keeper.keep(arrival, content)
            return
        with self._store.spool() as spool:
            await self._fetch(remote, located, source, spool)
            kept = await self._keeper.keep_spool(arrival, spool)
        verified.set_result(Brought(self._file(located, kept.digest, kept.size), None))

    async def _fetch(self, remote: Remote, located: Located, source: Source, sink: Sink) -> None:
        checksums = {source.checksum_type: source.checksum.hex()}
        expected = Expected(size=located.size, checksums=checksums)
        await self._downloader.fetch(remote, source.path, sink, expected=expected)

    def _file(self, located: Located, digest: Digest, size: int | None = None) -> ServedFile:
        size = located.size if size is None else size
        return ServedFile(size, located.media_type, digest, self._clock(), located)

    def _prepare(self, served: ServedRepository, path: str) -> tuple[Remote, ServedFile | None]:
        with self._database.read() as tx:
            row = tx.execute(_REPOSITORY, {"repository_id": served.repository_id}).one()
            file = find_file(tx, served, path, self._content_types)
            if not row.url and file is not None and file.digest is None:
                raise NotFoundError("the file is missing, and there is nowhere to fetch it from")
            return remote_of(tx, row, self._unseal), file

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


def _log_not_kept(path: str, error: Exception) -> None:
    """Say why a file that was given to its clients will be fetched again."""
    told = translated(error)
    if told is None:
        _log.error("%s was fetched and served but not kept", path, exc_info=error)
    else:
        _log.warning("%s was fetched and served but cannot be kept: %s", path, told.message)


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
