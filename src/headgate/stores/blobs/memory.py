"""Blobs in memory: for tests, under the same contract as the others."""

from collections.abc import AsyncIterator, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Self

from headgate.domain.errors import ConflictError, NotFoundError
from headgate.stores.blobs.port import Digest, Spool

_CHUNK = 256 * 1024


class MemorySpool:
    """Bytes on their way into a `MemoryBlobStore`."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return len(self._bytes)

    def write(self, data: bytes | memoryview) -> None:
        """Append."""
        self._bytes += data

    def restart(self) -> None:
        """Begin again."""
        self._bytes.clear()

    def digest(self) -> Digest:
        """SHA-256 of what has been written so far."""
        return Digest(sha256(self._bytes).digest())

    def flush(self) -> None:
        """Do nothing: there is no disk."""

    def read(self) -> Iterator[bytes]:
        """Yield what has been written."""
        yield bytes(self._bytes)

    def close(self) -> None:
        """Drop the bytes."""
        self._bytes.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class MemoryUpload(MemorySpool):
    """A client's upload; its bytes stay when it is closed."""

    def __init__(self, uploads: "dict[str, bytearray]", opened: set[str], name: str) -> None:
        super().__init__()
        if name in opened:
            raise ConflictError("Another request is writing to this upload; wait for its end")
        opened.add(name)
        self._uploads, self._opened, self._name = uploads, opened, name
        self._bytes = uploads.setdefault(name, bytearray())

    def close(self) -> None:
        """Let go of it."""
        self._opened.discard(self._name)

    def discard(self) -> None:
        """Drop the bytes."""
        self._uploads.pop(self._name, None)
        self.close()


class MemoryBlobStore:
    """One process's blobs; gone when it ends."""

    def __init__(self) -> None:
        self._blobs: dict[Digest, bytes] = {}
        self._aside: dict[tuple[Digest, str], bytes] = {}
        self._uploads: dict[str, bytearray] = {}
        self._opened: set[str] = set()

    def spool(self) -> MemorySpool:
        """Open a new spool."""
        return MemorySpool()

    def upload(self, name: str) -> MemoryUpload:
        """Open a client's upload at its end."""
        return MemoryUpload(self._uploads, self._opened, name)

    def uploads(self) -> Iterator[str]:
        """Yield the names of uploads."""
        yield from list(self._uploads)

    def keep(self, spool: Spool) -> Digest:
        """Keep the spool's bytes."""
        digest = spool.digest()
        self._blobs[digest] = b"".join(spool.read())
        return digest

    def keep_many(self, spools: Sequence[Spool]) -> list[Digest]:
        """Keep several spools."""
        return [self.keep(spool) for spool in spools]

    def size(self, digest: Digest) -> int | None:
        """Size in bytes, or None."""
        blob = self._blobs.get(digest)
        return None if blob is None else len(blob)

    def read(self, digest: Digest, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield `length` bytes from `start`."""
        blob = self._blobs.get(digest)
        if blob is None:
            raise NotFoundError(f"no blob {digest}")
        end = len(blob) if length is None else min(start + length, len(blob))
        return (blob[at : min(at + _CHUNK, end)] for at in range(start, end, _CHUNK))

    async def stream(
        self, digest: Digest, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes | bytearray]:
        """As `read`."""
        for chunk in self.read(digest, start, length):
            yield chunk

    def path(self, digest: Digest) -> Path | None:
        """No blob here is a file."""
        del digest

    def drop(self, digest: Digest) -> None:
        """Remove the blob."""
        self._blobs.pop(digest, None)

    def set_aside(self, digest: Digest, ticket: str) -> bool:
        """Make the blob unreadable but recoverable."""
        blob = self._blobs.pop(digest, None)
        if blob is None:
            return False
        self._aside[digest, ticket] = blob
        return True

    def restore(self, digest: Digest) -> bool:
        """Undo `set_aside`."""
        for key in [key for key in self._aside if key[0] == digest]:
            self._blobs.setdefault(digest, self._aside.pop(key))
        return digest in self._blobs

    def discard(self, digest: Digest, ticket: str) -> None:
        """Remove for good."""
        self._aside.pop((digest, ticket), None)

    def set_asides(self) -> Iterator[tuple[Digest, str]]:
        """Yield what is set aside."""
        yield from list(self._aside)

    def digests(self) -> Iterator[tuple[Digest, int]]:
        """Yield every blob with its size."""
        yield from [(digest, len(blob)) for digest, blob in self._blobs.items()]

    def sweep(self, *, older_than_seconds: float) -> int:
        """Nothing outlives its process here."""
        del older_than_seconds
        return 0
