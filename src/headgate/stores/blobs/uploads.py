"""Spools of clients' uploads: they outlive requests, and the process.

The file is `spool/upload.<name>`; its length says how far the upload has come. What the hash was
at that length is remembered by the process that wrote last; any other reads the file again.
"""

import fcntl
import os
from collections import OrderedDict
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any, Final

from headgate.domain.errors import ConflictError
from headgate.stores.blobs.folder_spool import FolderSpool
from headgate.stores.blobs.hashing import BackgroundHash

PREFIX: Final = "upload."
_CHUNK: Final = 1 << 20
_MOST_REMEMBERED: Final = 1_000
# Bytes after which the kernel is asked to begin writing: so that the last flush has little to do.
_WRITEBACK: Final = 16 << 20


class FolderUpload(FolderSpool):
    """An upload's file, locked while it is open: closing it keeps the bytes."""

    def __init__(self, path: Path, hashes: "Hashes") -> None:
        super().__init__(path, new=False)
        fd = self._open_fd()
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            super().release()
            raise ConflictError(
                "Another request is writing to this upload; wait for its end"
            ) from None
        self._hashes = hashes
        self._written = self.size = os.lseek(fd, 0, os.SEEK_END)
        state = hashes.recall(path.name, self.size) or self._hash_of_file()
        self._hashing = self._hash = BackgroundHash(state)

    def write(self, data: bytes | memoryview) -> None:
        """Append, and let the disk begin; on a full disk what was written before stays."""
        super().write(data)
        if self.size - self._written >= _WRITEBACK:
            # Starts the writing of dirty pages; those under way are not dropped.
            os.posix_fadvise(
                self._open_fd(), self._written, self.size - self._written, os.POSIX_FADV_DONTNEED
            )
            self._written = self.size

    def close(self) -> None:
        """Let go of the file; the bytes stay for the next who opens the upload."""
        if self._fd is not None:
            self._hashes.remember(self.path.name, self.size, self._hashing.settled())
        self.release()

    def discard(self) -> None:
        """Drop the bytes."""
        self._hashing.settled()
        self._hashes.forget(self.path.name)
        self.path.unlink(missing_ok=True)
        self.release()

    def _failed(self) -> None:
        """Cut off what may have been written of a piece that did not fit."""
        os.ftruncate(self._open_fd(), self.size)
        self.close()

    def _hash_of_file(self) -> Any:
        found = sha256()
        at = 0
        while chunk := os.pread(self._open_fd(), _CHUNK, at):
            at += len(chunk)
            found.update(chunk)
        return found


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

    def recall(self, name: str, size: int) -> Any:
        """Return the hash of the first `size` bytes and forget it; None if it is not known."""
        with self._lock:
            known, state = self._known.pop(name, (0, None))
        return state if known == size else None

    def forget(self, name: str) -> None:
        """Drop the hash of an upload that has ended."""
        with self._lock:
            self._known.pop(name, None)
