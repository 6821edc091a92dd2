"""A blob on its way in: a file in `spool/`, written from start to end."""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol, Self

from headgate.stores.blobs import files
from headgate.stores.blobs.port import Digest

# Bytes of the disk that content never takes: the database, which may lie there too, has to be able
# to write that a task has failed for want of room, and what is deleted to make some.
_RESERVED: Final = 4 << 20
# Of the room that is free beyond that, what one file takes before it asks again.
_PART_OF_ROOM: Final = 16
_CHUNK: Final = 256 * 1024


class Hashing(Protocol):
    """A hash as hashlib has them."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Add bytes."""
        ...

    def digest(self) -> bytes:
        """Return the hash of all that was added."""
        ...


class FolderSpool:
    """A file in `spool/`, written from start to end."""

    def __init__(self, path: Path, *, new: bool = True) -> None:
        self.path = path
        self.size = 0
        self._hash: Hashing = sha256()
        self._flushed = False
        self._unasked = 0  # bytes that may be written before room is asked for again
        with files.no_room_is_an_error(path):
            # 0600 from the first moment: what is on its way in is nobody else's to read.
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | (os.O_EXCL if new else 0)
            self._fd: int | None = os.open(path, flags, 0o600)

    def write(self, data: bytes | memoryview) -> None:
        """Append; on a full disk the spool file is gone when StorageFullError is raised."""
        try:
            with files.no_room_is_an_error(self.path):
                self._require_room(len(data))
                files.write_all(self._open_fd(), data)
        except BaseException:
            self._failed()
            raise
        self._take_in(data)
        self.size += len(data)
        self._flushed = False

    def restart(self) -> None:
        """Begin again."""
        fd = self._open_fd()
        os.ftruncate(fd, 0)
        os.lseek(fd, 0, os.SEEK_SET)
        self._hash = sha256()
        self.size = 0
        self._flushed = False

    def digest(self) -> Digest:
        """SHA-256 of what has been written so far."""
        return Digest(self._hash.digest())

    def read(self) -> Iterator[bytes]:
        """Yield what has been written, from the start."""
        fd = self._open_fd()
        at = 0
        while chunk := os.pread(fd, _CHUNK, at):
            at += len(chunk)
            yield chunk

    def flush(self) -> None:
        """Put the bytes on the disk."""
        if not self._flushed:
            with files.no_room_is_an_error(self.path):
                os.fsync(self._open_fd())
            self._flushed = True

    def place(self, target: Path) -> None:
        """Let the file be found at the target; FileNotFoundError if that has no folder."""
        self.path.rename(target)

    def release(self) -> None:
        """Close the file and leave it where it is: it has become a blob, or is wanted later."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def close(self) -> None:
        """Drop the file unless it was kept."""
        if self._fd is not None:
            self.release()
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _require_room(self, size: int) -> None:
        """Ask for room, again once a part of what was free then is written: others write, too."""
        self._unasked -= size
        if self._unasked < 0:
            room = files.require_room(self._open_fd(), _RESERVED, self.path)
            self._unasked = room // _PART_OF_ROOM

    def _take_in(self, data: bytes | memoryview) -> None:
        """Hash what has been written."""
        self._hash.update(data)

    def _failed(self) -> None:
        """Leave nothing of a spool that cannot be written on."""
        self.close()

    def _open_fd(self) -> int:
        if self._fd is None:
            raise ValueError("the spool is closed")
        return self._fd
