"""Blobs as files in a local folder: `blobs/ab/cd/<hex>`, `spool/`, `trash/`, on one file system.

A blob appears by rename, after its bytes were flushed; the folder is flushed before anybody is
told. So a crash at any instruction leaves whole blobs, and files in `spool/` and `trash/` whose
names say what to do with them.
"""

import os
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from headgate.domain.errors import NotFoundError
from headgate.stores.blobs import files, owners
from headgate.stores.blobs.folder_spool import FolderSpool
from headgate.stores.blobs.port import Digest, Spool
from headgate.stores.blobs.uploads import PREFIX, FolderUpload, Hashes

_CHUNK: Final = 256 * 1024
# A spool of a process on another machine that shares the folder is left alone for a day.
_FOREIGN_SECONDS: Final = 86_400


class FolderBlobStore:
    """Blobs below one folder, shared by every process that opens it."""

    def __init__(self, root: Path) -> None:
        self._blobs = root / "blobs"
        self._spool = root / "spool"
        self._trash = root / "trash"
        self._prefix = f"{self._blobs}/"
        # Folders in `blobs/` that this process has seen on the disk; nobody removes them.
        self._settled: set[Path] = set()
        self._hashes = Hashes()
        for folder in (root, self._blobs, self._spool, self._trash):
            files.make_folder(folder)

    def spool(self) -> FolderSpool:
        """Open a new spool."""
        return FolderSpool(self._spool / owners.new_name())

    def upload(self, name: str) -> FolderUpload:
        """Open a client's upload at its end."""
        return FolderUpload(self._spool / f"{PREFIX}{name}", self._hashes)

    def uploads(self) -> Iterator[str]:
        """Yield the names of uploads."""
        for entry in _entries(self._spool):
            if entry.name.startswith(PREFIX):
                yield entry.name.removeprefix(PREFIX)

    def keep(self, spool: Spool) -> Digest:
        """Make the spool's bytes durable under their digest."""
        return self.keep_many([spool])[0]

    def keep_many(self, spools: Sequence[Spool]) -> list[Digest]:
        """Keep several spools.

        All files are flushed before the first is renamed and all folders afterwards, so a
        journalling file system commits once or twice for the lot instead of twice for each.
        """
        mine = [_checked(spool) for spool in spools]
        try:
            new = [spool for spool in mine if self.size(spool.digest()) != spool.size]
            for spool in new:
                spool.flush()
            for spool in new:
                self._place(spool)
            # Also for blobs and folders that were there: who made them may not have come this far
            # yet. The first flush commits the journal for all, the others cost next to nothing.
            leaves = {self._file(spool.digest()).parent for spool in mine}
            folders = {leaf.parent for leaf in leaves}
            top = [] if folders <= self._settled else [self._blobs]
            _flush_folders([*leaves, *folders, *top])
            self._settled |= folders
        finally:
            digests = [spool.digest() for spool in mine]
            for spool in mine:
                spool.close()
        return digests

    def size(self, digest: Digest) -> int | None:
        """Size in bytes, or None."""
        try:
            return os.stat(self._name(digest)).st_size  # noqa: PTH116 - twice as fast as Path's
        except FileNotFoundError:
            return None

    def read(self, digest: Digest, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield `length` bytes from `start`; the file is open from the call on."""
        return _chunks(self._open(digest), start, length)

    async def stream(
        self, digest: Digest, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes | bytearray]:
        """Yield as `read`; what is not in the page cache is read in a thread."""
        fd = self._open(digest)
        try:
            end = os.fstat(fd).st_size
            end = end if length is None else min(end, start + length)
            while start < end:
                chunk = await files.read_at(fd, min(_CHUNK, end - start), start)
                if not chunk:
                    return
                start += len(chunk)
                yield chunk
        finally:
            os.close(fd)

    def path(self, digest: Digest) -> Path | None:
        """The blob's file, whether it is there or not."""
        return self._file(digest)

    def drop(self, digest: Digest) -> None:
        """Remove the blob."""
        self._file(digest).unlink(missing_ok=True)

    def set_aside(self, digest: Digest, ticket: str) -> bool:
        """Rename the blob into the trash."""
        try:
            self._file(digest).rename(self._trash / f"{digest.hex}.{ticket}")
        except FileNotFoundError:
            return False
        return True

    def restore(self, digest: Digest) -> bool:
        """Rename the blob back out of the trash."""
        target = self._file(digest)
        for aside, _ in list(self._aside()):
            if aside.name.startswith(digest.hex):
                with suppress(FileNotFoundError):
                    aside.rename(target)
                    files.flush_folder(target.parent)
        return target.exists()

    def discard(self, digest: Digest, ticket: str) -> None:
        """Remove from the trash."""
        (self._trash / f"{digest.hex}.{ticket}").unlink(missing_ok=True)

    def set_asides(self) -> Iterator[tuple[Digest, str]]:
        """Yield what is in the trash."""
        for aside, digest in list(self._aside()):
            yield digest, aside.name.partition(".")[2]

    def digests(self) -> Iterator[tuple[Digest, int]]:
        """Yield every blob with its size; one that goes meanwhile may be left out."""
        for first in _entries(self._blobs):
            for second in _entries(first.path):
                for entry in _entries(second.path):
                    with suppress(ValueError, FileNotFoundError):
                        yield Digest.parse(entry.name), entry.stat().st_size

    def sweep(self, *, older_than_seconds: float) -> int:
        """Remove spool files of dead processes."""
        removed = 0
        for entry in _entries(self._spool):
            dead = owners.is_dead(entry.name)
            patience = max(older_than_seconds, _FOREIGN_SECONDS) if dead is None else 0
            with suppress(FileNotFoundError):
                age = time.time() - entry.stat().st_mtime
                if dead is not False and age >= max(older_than_seconds, patience):
                    Path(entry.path).unlink()
                    removed += 1
        return removed

    def _place(self, spool: FolderSpool) -> None:
        target = self._file(spool.digest())
        with files.no_room_is_an_error(target):
            try:
                spool.place(target)
            except FileNotFoundError:
                target.parent.parent.mkdir(mode=0o700, exist_ok=True)
                target.parent.mkdir(mode=0o700, exist_ok=True)
                spool.place(target)
        spool.release()

    def _name(self, digest: Digest) -> str:
        digits = digest.raw.hex()
        return f"{self._prefix}{digits[:2]}/{digits[2:4]}/{digits}"

    def _file(self, digest: Digest) -> Path:
        return Path(self._name(digest))

    def _open(self, digest: Digest) -> int:
        try:
            return os.open(self._name(digest), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise NotFoundError(f"no blob {digest}") from None

    def _aside(self) -> Iterator[tuple[Path, Digest]]:
        for entry in _entries(self._trash):
            with suppress(ValueError):
                yield Path(entry.path), Digest.parse(entry.name.partition(".")[0])


def _checked(spool: Spool) -> FolderSpool:
    if not isinstance(spool, FolderSpool):
        raise TypeError("the spool is of another store")
    return spool


def _flush_folders(folders: Iterable[Path]) -> None:
    for folder in folders:
        with files.no_room_is_an_error(folder):
            files.flush_folder(folder)


def _entries(folder: Path | str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except FileNotFoundError:
        return []


def _chunks(fd: int, start: int, length: int | None) -> Iterator[bytes]:
    with os.fdopen(fd, "rb", buffering=0) as file:
        left = os.fstat(fd).st_size - start if length is None else length
        while left > 0 and (chunk := os.pread(file.fileno(), min(_CHUNK, left), start)):
            start += len(chunk)
            left -= len(chunk)
            yield chunk
