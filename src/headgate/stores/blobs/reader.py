"""Reading a blob as a file, whatever store it is in."""

from collections.abc import Iterator
from types import TracebackType
from typing import Self

from headgate.stores.blobs.port import BlobStore, Digest


class BlobFile:
    """A blob opened for reading from its start; `seek` goes to an absolute offset."""

    def __init__(self, store: BlobStore, digest: Digest) -> None:
        self._store = store
        self._digest = digest
        self._rest = b""
        self._chunks: Iterator[bytes] = store.read(digest)

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes, all that is left without a size; nothing at the end."""
        if size < 0:
            whole, self._rest = b"".join((self._rest, *self._chunks)), b""
            return whole
        if not self._rest:
            self._rest = next(self._chunks, b"")
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece

    def seek(self, offset: int, /) -> int:
        """Go on from `offset`."""
        self._rest = b""
        self._chunks = self._store.read(self._digest, offset)
        return offset

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._chunks = iter(())


def open_blob(store: BlobStore, digest: Digest) -> BlobFile:
    """Open a blob; NotFoundError at the first read when it is not here."""
    return BlobFile(store, digest)
