"""The contract of a blob store: bytes named by their SHA-256, written once, never changed.

Every implementation passes `tests/contracts/test_blob_stores.py`. References are counted in the
database (`services/blobs.py`); a store only keeps, reads and drops bytes.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """A SHA-256 as its 32 raw bytes; text is `sha256:<hex>`."""

    raw: bytes

    @classmethod
    def parse(cls, text: str) -> "Digest":
        """Read `sha256:<64 hex digits>` or the bare hex digits; ValueError if it is neither."""
        digits = text.removeprefix("sha256:")
        raw = bytes.fromhex(digits)
        if len(raw) != 32 or digits != digits.strip():  # fromhex skips spaces
            raise ValueError(f"not a SHA-256 digest: {text!r}")
        return cls(raw)

    @property
    def hex(self) -> str:
        """The 64 hex digits."""
        return self.raw.hex()

    def __str__(self) -> str:
        return f"sha256:{self.raw.hex()}"


class Spool(Protocol):
    """Bytes on their way into the store; nothing is visible until `BlobStore.keep`.

    A context manager: leaving it without `keep` drops the bytes. A spool file that a killed
    process left behind is removed by `BlobStore.sweep`.
    """

    size: int

    def write(self, data: bytes | memoryview) -> None:
        """Append; StorageFullError when there is no room (the spool is then useless)."""
        ...

    def digest(self) -> Digest:
        """SHA-256 of what has been written so far."""
        ...

    def read(self) -> Iterator[bytes]:
        """Yield what has been written, from the start."""
        ...

    def __enter__(self) -> "Spool": ...

    def __exit__(self, *exc: object) -> None: ...


class BlobStore(Protocol):
    """Where blobs are; safe for many processes at once."""

    def spool(self) -> Spool:
        """Open a new spool."""
        ...

    def keep(self, spool: Spool) -> Digest:
        """Make the spool's bytes durable under their digest: fsync, then rename.

        May be called for bytes that are already there. After it returns, a crash loses nothing.
        """
        ...

    def size(self, digest: Digest) -> int | None:
        """Size in bytes, or None when the blob is not here."""
        ...

    def read(self, digest: Digest, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield `length` bytes from `start`; NotFoundError when the blob is not here."""
        ...

    def stream(
        self, digest: Digest, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        """As `read`, for the data plane: never blocks the event loop for long."""
        ...

    def path(self, digest: Digest) -> Path | None:
        """The file that holds the blob, if the store has files (X-Accel-Redirect, sendfile)."""
        ...

    def drop(self, digest: Digest) -> None:
        """Remove the blob; dropping what is not there is no error."""
        ...

    def digests(self) -> Iterator[tuple[Digest, int]]:
        """Yield every blob that is here with its size."""
        ...

    def sweep(self, *, older_than_seconds: float) -> int:
        """Remove spool files left by dead processes; return how many."""
        ...
