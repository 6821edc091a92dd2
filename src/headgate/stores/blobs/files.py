"""File operations with the care that a store needs: whole writes, flushed folders, a full disk."""

import asyncio
import errno
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from headgate.domain.errors import StorageFullError

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
# RWF_NOWAIT is not known to every file system; then the page cache cannot be asked.
_CANNOT_ASK = {errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS}


@contextmanager
def no_room_is_an_error(path: Path) -> Generator[None]:
    """Turn the system's "no space" and "quota exceeded" into StorageFullError."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise _full(path) from error
        raise


def require_room(fd: int, reserved: int, path: Path) -> int:
    """Return how many more than the reserved bytes are free where the file lies.

    StorageFullError when there are none.
    """
    found = os.fstatvfs(fd)
    room = found.f_bavail * found.f_frsize - reserved
    if room <= 0:
        raise _full(path)
    return room


def _full(path: Path) -> StorageFullError:
    return StorageFullError(
        f"No room left on the file system of {path.parent}: free some space there, then try again"
    )


def write_all(fd: int, data: bytes | memoryview) -> None:
    """Write everything: a disk that is nearly full takes a part before it says so."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def make_folder(folder: Path) -> None:
    """Make a folder that is ours alone, durably; its parents too."""
    if folder.is_dir():
        return
    with no_room_is_an_error(folder):
        if not folder.parent.is_dir():
            make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        flush_folder(folder.parent)


def flush_folder(folder: Path) -> None:
    """Put a folder's names on the disk."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


async def read_at(fd: int, length: int, offset: int) -> bytes | bytearray:
    """Read without holding up the event loop: from the page cache at once, else in a thread."""
    buffer = bytearray(length)
    try:
        count = os.preadv(fd, [buffer], offset, os.RWF_NOWAIT)
    except BlockingIOError:
        return await asyncio.to_thread(os.pread, fd, length, offset)
    except OSError as error:
        if error.errno not in _CANNOT_ASK:
            raise
        return await asyncio.to_thread(os.pread, fd, length, offset)
    if count < length:
        del buffer[count:]
    return buffer
