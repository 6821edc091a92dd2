"""Crashes on purpose: the process's part is played by an exception that nobody catches."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from headgate.stores.blobs import Digest, FolderBlobStore, Spool
from headgate.stores.blobs.uploads import PREFIX, FolderUpload, Hashes
from headgate.stores.db import Database, Transaction
from support.databases import share_statements


class CrashError(BaseException):
    """The process is dead from here on; no `Exception`, so no handler of the product runs."""


@dataclass(slots=True)
class Fuse:
    """Counts what is durable, and burns through at a chosen moment.

    Moments are numbered from 1: before and after each commit, before and after files are kept.
    After the crash every further moment crashes, too: the dead do not act.
    """

    crash_at: int = 0  # 0: never
    passed: int = 0
    # What other processes do before each transaction.
    meanwhile: Callable[[], object] = lambda: None
    _lock: Any = field(default_factory=Lock)

    def moment(self) -> None:
        """Pass a moment, or crash."""
        with self._lock:
            self.passed += 1
        self.check()

    def check(self) -> None:
        """Crash again if dead."""
        if 0 < self.crash_at <= self.passed:
            raise CrashError

    def set(self, crash_at: int) -> None:
        """Begin to count anew."""
        self.crash_at, self.passed = crash_at, 0


class FusedDatabase(Database):
    """A database whose user may die before or after any commit."""

    def __init__(self, url: str, fuse: Fuse) -> None:
        super().__init__(url)
        share_statements(self)
        self._fuse = fuse

    @contextmanager
    def begin(self) -> Generator[Transaction]:
        """See `Database.begin`."""
        self._fuse.check()
        self._fuse.meanwhile()
        with super().begin() as tx:
            yield tx
            self._fuse.moment()
        self._fuse.moment()


class FusedUpload(FolderUpload):
    """An upload whose writer may die before or after a piece is written."""

    def __init__(self, path: Path, hashes: Hashes, fuse: Fuse) -> None:
        super().__init__(path, hashes)
        self._fuse = fuse

    def write(self, data: bytes | memoryview) -> None:
        """See `Spool.write`."""
        self._fuse.moment()
        super().write(data)
        self._fuse.moment()

    def discard(self) -> None:
        """See `UploadSpool.discard`."""
        self._fuse.moment()
        super().discard()
        self._fuse.moment()


class FusedStore(FolderBlobStore):
    """A blob store whose user may die before or after files are put in place."""

    def __init__(self, root: Path, fuse: Fuse) -> None:
        super().__init__(root)
        self._fuse = fuse

    def keep_many(self, spools: Sequence[Spool]) -> list[Digest]:
        """See `BlobStore.keep_many`."""
        self._fuse.moment()
        digests = super().keep_many(spools)
        self._fuse.moment()
        return digests

    def upload(self, name: str) -> FolderUpload:
        """See `BlobStore.upload`."""
        self._fuse.check()
        return FusedUpload(self._spool / f"{PREFIX}{name}", self._hashes, self._fuse)

    def set_aside(self, digest: Digest, ticket: str) -> bool:
        """See `BlobStore.set_aside`."""
        self._fuse.moment()
        return super().set_aside(digest, ticket)

    def discard(self, digest: Digest, ticket: str) -> None:
        """See `BlobStore.discard`."""
        self._fuse.moment()
        super().discard(digest, ticket)
