"""Spools of clients' uploads: they outlive requests, and the process.

The file is `spool/upload.<name>`; its length says how far the upload has come. What the hash was
at that length is remembered by the process that wrote last; any other reads the file again when
it is asked for the digest. A finished upload becomes a blob by a second name for its file: killed
before its commit, it is whole and can be finished again. From then on nothing is written to it.
"""

import errno
import fcntl
import os
from collections import OrderedDict
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any, Final

from headgate.domain.errors import ConflictError
from headgate.stores.blobs import files, owners
from headgate.stores.blobs.folder_spool import FolderSpool
from headgate.stores.blobs.hashing import BackgroundHash
from headgate.stores.blobs.port import Digest

PREFIX: Final = "upload."
_CHUNK: Final = 1 << 20
_MOST_REMEMBERED: Final = 1_000
# Bytes after which the kernel is asked to begin writing: so that the last flush has little to do.
_WRITEBACK: Final = 16 << 20
# What file systems say that know no second names, or no more of them.
_CANNOT_LINK: Final = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


class FolderUpload(FolderSpool):
    """An upload's file, locked while it is open: closing it keeps the bytes."""

    def __init__(self, path: Path, hashes: "Hashes") -> None:
        super().__init__(path, new=False)
        self._lock()
        self._hashes = hashes
        self._written = self.size = os.lseek(self._open_fd(), 0, os.SEEK_END)
        self._hashed, state = hashes.recall(path.name, self.size)
        self._hashing = self._hash = BackgroundHash(state)

    def write(self, data: bytes | memoryview) -> None:
        """Append, and let the disk begin; on a full disk what was written before stays.

        ConflictError once the upload has become a blob, or was about to when something failed.
        """
        self._require_open()
        super().write(data)
        if self.size - self._written >= _WRITEBACK:
            # Starts the writing of dirty pages; those under way are not dropped.
            os.posix_fadvise(
                self._open_fd(), self._written, self.size - self._written, os.POSIX_FADV_DONTNEED
            )
            self._written = self.size

    def restart(self) -> None:
        """Begin again."""
        self._require_open()
        super().restart()
        self._hashing.settled()
        self._hashing = self._hash = BackgroundHash()
        self._hashed = self._written = 0

    def digest(self) -> Digest:
        """SHA-256 of what has been written so far, by whichever process."""
        while self._hashed < self.size:
            chunk = os.pread(self._open_fd(), _CHUNK, self._hashed)
            if not chunk:
                raise OSError(f"{self.path} is shorter than it was")
            self._hash.update(chunk)
            self._hashed += len(chunk)
        return super().digest()

    def place(self, target: Path) -> None:
        """Let the file be found at the target as well."""
        second = self.path.with_name(owners.new_name())
        try:
            os.link(self.path, second)
        except OSError as error:
            if error.errno not in _CANNOT_LINK:
                raise
            super().place(target)
            return
        try:
            second.rename(target)
        finally:
            second.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file; the bytes stay for the next who opens the upload."""
        if self._fd is not None:
            self._hashes.remember(self.path.name, self._hashed, self._hashing.settled())
        self.release()

    def discard(self) -> None:
        """Drop the bytes."""
        self._hashing.settled()
        self._hashes.forget(self.path.name)
        self.path.unlink(missing_ok=True)
        self.release()

    def _lock(self) -> None:
        """Lock the file that has the name; who had it before may have given it away meanwhile."""
        while True:
            fd = self._open_fd()
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                super().release()
                raise ConflictError(
                    "Another request is writing to this upload; wait for its end"
                ) from None
            if self._has_name(fd):
                return
            super().release()
            with files.no_room_is_an_error(self.path):
                self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _has_name(self, fd: int) -> bool:
        try:
            return os.path.samestat(os.fstat(fd), self.path.stat())
        except FileNotFoundError:
            return False

    def _require_open(self) -> None:
        if os.fstat(self._open_fd()).st_nlink > 1:
            raise ConflictError(
                "This upload was complete and takes no more bytes: finish it with its digest, or"
                " begin a new one"
            )

    def _take_in(self, data: bytes | memoryview) -> None:
        if self._hashed == self.size:
            self._hash.update(data)
            self._hashed += len(data)

    def _failed(self) -> None:
        """Cut off what may have been written of a piece that did not fit."""
        os.ftruncate(self._open_fd(), self.size)
        self.close()


class Hashes:
    """The hashes of uploads as this process left them."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[int, Any]] = OrderedDict()
        self._lock = Lock()

    def remember(self, name: str, size: int, state: Any) -> None:
        """Keep the hash of the first `size` bytes."""
        with self._lock:
            self._known[name] = (size, state)
            while len(self._known) > _MOST_REMEMBERED:
                self._known.popitem(last=False)

    def recall(self, name: str, size: int) -> tuple[int, Any]:
        """Return the hash of the first bytes, `size` at most, after how many; and forget it."""
        with self._lock:
            known, state = self._known.pop(name, (0, None))
        return (known, state) if state is not None and known <= size else (0, sha256())

    def forget(self, name: str) -> None:
        """Drop the hash of an upload that has ended."""
        with self._lock:
            self._known.pop(name, None)
