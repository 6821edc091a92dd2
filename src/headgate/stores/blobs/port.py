"""The contract of a blob store: bytes named by their SHA-256, written once, never changed.

Every implementation passes `tests/contracts/test_blob_stores.py`. References are counted in the
database (`services/storage/blobs.py`); a store only keeps, reads and drops bytes.
"""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

_HEX_DIGITS = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """A SHA-256 as its 32 raw bytes; text is `sha256:<hex>`."""

    raw: bytes

    @classmethod
    def parse(cls, text: str) -> "Digest":
        """Read `sha256:<64 hex digits>` or the bare hex digits; ValueError if it is neither."""
        digits = text.removeprefix("sha256:")
        if not _HEX_DIGITS.fullmatch(digits):
            raise ValueError(f"not a SHA-256 digest: {text[:100]!r}")
        return cls(bytes.fromhex(digits))

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

    @property
    def size(self) -> int:
        """Bytes written so far."""
        ...

    def write(self, data: bytes | memoryview) -> None:
        """Append; StorageFullError when there is no room (the spool is then useless)."""
        ...

    def restart(self) -> None:
        """Drop what has been written and begin again: a source answered differently."""
        ...

    def digest(self) -> Digest:
        """SHA-256 of what has been written so far."""
        ...

    def flush(self) -> None:
        """Put the bytes on the disk, so that `BlobStore.keep` has little left to do."""
        ...

    def read(self) -> Iterator[bytes]:
        """Yield what has been written, from the start; not after `BlobStore.keep`."""
        ...

    def close(self) -> None:
        """Drop the bytes unless they were kept; may be called twice."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


class UploadSpool(Spool, Protocol):
    """A spool that outlives requests and processes: closing it keeps what has been written.

    When there is no room, what was written before the last piece stays. `BlobStore.keep` leaves it
    whole, so that it may be repeated until `discard`; bytes that come after it never get into the
    blob, and may be refused (ConflictError).
    """

    def discard(self) -> None:
        """Drop the bytes; may be called after `BlobStore.keep`, and twice."""
        ...


class BlobStore(Protocol):
    """Where blobs are; safe for many processes at once."""

    def spool(self) -> Spool:
        """Open a new spool."""
        ...

    def upload(self, name: str) -> UploadSpool:
        """Open the upload of this name (letters and digits) at its end; a new one if need be.

        ConflictError while it is open elsewhere. One that nobody writes to for a day may be
        removed by `sweep`.
        """
        ...

    def uploads(self) -> Iterator[str]:
        """Yield the names of the uploads that are here, open or not."""
        ...

    def keep(self, spool: Spool) -> Digest:
        """Make the spool's bytes durable under their digest: fsync, then rename.

        May be called for bytes that are already there. After it returns, a crash loses nothing.
        StorageFullError drops the spool.
        """
        ...

    def keep_many(self, spools: Sequence[Spool]) -> list[Digest]:
        """Keep several spools with one round of flushing; none is durable until it returns."""
        ...

    def size(self, digest: Digest) -> int | None:
        """Size in bytes, or None when the blob is not here."""
        ...

    def read(self, digest: Digest, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield `length` bytes from `start`; NotFoundError when the blob is not here."""
        ...

    def stream(
        self, digest: Digest, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes | bytearray]:
        """As `read`, for the data plane: never blocks the event loop for long."""
        ...

    def path(self, digest: Digest) -> Path | None:
        """The file that holds the blob, if the store has files (X-Accel-Redirect, sendfile)."""
        ...

    def drop(self, digest: Digest) -> None:
        """Remove the blob; dropping what is not there is no error."""
        ...

    def set_aside(self, digest: Digest, ticket: str) -> bool:
        """Make the blob unreadable but recoverable; say whether it was here.

        `ticket` names one collection, so that two never mix up what each has set aside. Only
        `services/storage/blobs.py` calls this and the next three, with the blob's row locked.
        """
        ...

    def restore(self, digest: Digest) -> bool:
        """Undo `set_aside`, by whichever ticket; say whether the blob is here now."""
        ...

    def discard(self, digest: Digest, ticket: str) -> None:
        """Remove for good what was set aside; nothing there is no error."""
        ...

    def set_asides(self) -> Iterator[tuple[Digest, str]]:
        """Yield what is set aside, with the ticket of each."""
        ...

    def digests(self) -> Iterator[tuple[Digest, int]]:
        """Yield every blob that is here with its size."""
        ...

    def sweep(self, *, older_than_seconds: float) -> int:
        """Remove spool files left by dead processes; return how many."""
        ...
