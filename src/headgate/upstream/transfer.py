"""One file on its way in: what is expected of it, what has come, and whether it is right."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from headgate.domain.errors import UpstreamError
from headgate.upstream.errors import FailedAttempt, UpstreamTimeoutError, WrongBytesError
from headgate.upstream.limits import DownloadLimits

# Names met in repository metadata; `sha` is what old createrepo called SHA-1. md5 and sha1 keep
# out accidents only: that is better than nothing, and nothing that is published rests on it.
_ALGORITHMS = {
    "md5": "md5",
    "sha": "sha1",
    "sha1": "sha1",
    "sha224": "sha224",
    "sha256": "sha256",
    "sha384": "sha384",
    "sha512": "sha512",
}


class Sink(Protocol):
    """Where bytes go; a blob store's spool is one."""

    def write(self, data: bytes | memoryview) -> None:
        """Append."""
        ...

    def restart(self) -> None:
        """Forget what has come: it begins again."""
        ...


class HexDigest(Protocol):
    """A digest that can be written in hex digits."""

    @property
    def hex(self) -> str:
        """The digits."""
        ...


@runtime_checkable
class DigestedSink(Sink, Protocol):
    """A sink that knows the SHA-256 of what it has got, so that nobody computes it twice."""

    def digest(self) -> HexDigest:
        """SHA-256 of the bytes so far."""
        ...


class MemorySink:
    """Keeps a small file in memory."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes | memoryview) -> None:
        """Append."""
        self.data += data

    def restart(self) -> None:
        """Begin again."""
        self.data.clear()


@dataclass(frozen=True, slots=True)
class Expected:
    """What a file is announced to be: checksums are hex digits by the metadata's name of them."""

    size: int | None = None  # bytes
    checksums: Mapping[str, str] = field(default_factory=dict[str, str])
    most_bytes: int | None = None  # if the size is not known


@dataclass(frozen=True, slots=True)
class Validators:
    """What identifies the state of a file upstream (RFC 9110, section 8.8)."""

    etag: str | None = None
    last_modified: str | None = None

    @property
    def for_resuming(self) -> str | None:
        """The value for If-Range: a weak tag does not promise equal bytes."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.last_modified


class Transfer:
    """Counts, verifies and passes on; lives through all attempts at one file."""

    def __init__(
        self,
        sink: Sink,
        expected: Expected,
        limits: DownloadLimits,
        progress: Callable[[int], None] | None,
        *,
        where: str,
    ) -> None:
        self._sink = sink
        self._expected = expected
        self._limits = limits
        self._progress = progress
        self._most = expected.size
        if self._most is None:
            self._most = expected.most_bytes or limits.most_bytes
        self._hashes: dict[str, Any] = {}
        self.received = 0
        self.validators = Validators()
        self._algorithms = {name: _algorithm(name, where) for name in expected.checksums}
        self._start_hashes()

    def resume_headers(self) -> dict[str, str]:
        """Ask for the rest, if what has come can be told to be of the same file."""
        validator = self.validators.for_resuming
        if not self.received or not validator:
            return {}
        return {"Range": f"bytes={self.received}-", "If-Range": validator}

    def restart(self) -> None:
        """Forget what has come."""
        self.validators = Validators()
        if self.received:
            self._report(-self.received)
            self._sink.restart()
            self.received = 0
            self._start_hashes()

    def announce(self, size: int | None, url: str) -> None:
        """Refuse a whole file whose announced length is wrong before its first byte."""
        wanted = self._expected.size
        if size is None:
            return
        if wanted is not None and size != wanted:
            raise self._wrong(f"it has {size} bytes instead of the {wanted} announced", url)
        self._check_size(size, url)

    def take(self, chunk: bytes, url: str) -> None:
        """Accept the next bytes."""
        self._check_size(self.received + len(chunk), url)
        for state in self._hashes.values():
            state.update(chunk)
        self._sink.write(chunk)
        self.received += len(chunk)
        self._report(len(chunk))

    def check_pace(self, count: int, seconds: float, url: str) -> None:
        """Give up on a connection that gave only `count` bytes in so many seconds."""
        if count < self._limits.slowest * seconds:
            message = (
                f"it sends fewer than {self._limits.slowest} bytes a second;"
                " try again later or use a nearer mirror"
            )
            raise FailedAttempt(UpstreamTimeoutError(message, url=url), again=True)

    def finish(self, url: str) -> None:
        """Verify the whole."""
        wanted = self._expected.size
        if wanted is not None and self.received != wanted:
            raise self._wrong(f"it has {self.received} bytes instead of {wanted}", url)
        for name, digits in self._expected.checksums.items():
            found = self._digits(self._algorithms[name])
            if found != digits.lower():
                raise self._wrong(f"its {name} is {found} instead of {digits}", url)

    def _digits(self, algorithm: str) -> str:
        if algorithm not in self._hashes and isinstance(self._sink, DigestedSink):
            return self._sink.digest().hex
        return self._hashes[algorithm].hexdigest()

    def _wrong(self, what: str, url: str) -> FailedAttempt:
        """Another mirror, or the end of an update upstream, may give the right bytes."""
        message = f"upstream gave wrong bytes: {what}; sync again once upstream is consistent"
        return FailedAttempt(WrongBytesError(message, url=url), again=True)

    def _check_size(self, size: int, url: str) -> None:
        if self._most is not None and size > self._most:
            if self._expected.size is not None:
                raise self._wrong(f"it is longer than the {self._most} bytes announced", url)
            message = f"it is larger than the {self._most} bytes allowed for it"
            raise FailedAttempt(UpstreamError(message, url=url), again=False)

    def _start_hashes(self) -> None:
        self._hashes = {
            name: hashlib.new(name, usedforsecurity=False)
            for name in set(self._algorithms.values())
            if name != "sha256" or not isinstance(self._sink, DigestedSink)
        }

    def _report(self, count: int) -> None:
        if self._progress:
            self._progress(count)


def _algorithm(name: str, url: str) -> str:
    try:
        return _ALGORITHMS[name.lower()]
    except KeyError:
        message = f"a checksum of the kind {name[:20]!r} cannot be verified (md5 to sha512 can)"
        raise UpstreamError(message, url=url) from None
