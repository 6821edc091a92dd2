"""The one guarded decompressor: every compressed byte from outside is expanded here.

Streaming and bounded: a block is never larger than `BLOCK_BYTES`, whatever the input says of
itself. Files made of several gzip members, xz streams or zstd frames are read to their end, since
createrepo_c, dnf and our own writer make such files.
"""

import bz2
import lzma
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Final, Protocol, cast

import zstandard
from isal import igzip_lib

from headgate.domain.errors import InvalidContentError

BLOCK_BYTES: Final = 1 << 20
_INPUT_BYTES: Final = 1 << 17

# xz -9 needs 65 MiB to expand; presets beyond that are not used for metadata.
XZ_MEMORY_BYTES: Final = 128 << 20
# The window that zstd's own command line accepts without being asked (--long=27 and below).
ZSTD_WINDOW_BYTES: Final = 128 << 20

_MAGIC: Final = {
    "gz": b"\x1f\x8b",
    "xz": b"\xfd7zXZ\0",
    "bz2": b"BZh",
    "zst": b"\x28\xb5\x2f\xfd",
    "zck": b"\0ZCK1",
}
_SUFFIXES: Final = {".gz": "gz", ".xz": "xz", ".bz2": "bz2", ".zst": "zst", ".zck": "zck"}
_SKIPPABLE_FRAME: Final = b"\x2a\x4d\x18"  # zstd: bytes 2 to 4 of a frame that holds no data


class Readable(Protocol):
    """An open binary file, or anything that reads like one."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; no bytes at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a compressed file may become.

    `ratio` is enforced only beyond `ratio_free_bytes`: small files of one repeated line are
    honest, and harmless.
    """

    expanded_bytes: int
    ratio: int = 400  # other.xml of many builds of one kernel reaches some 100 with zstd -19
    ratio_free_bytes: int = 64 << 20


# 200,000 packages are 3 GB of XML. What is streamed costs time, not memory: leave room above it.
STREAM: Final = Limits(expanded_bytes=32 << 30)
# What is held in memory whole: comps, modules, treeinfo. The largest seen are some 10 MB.
DOCUMENT: Final = Limits(expanded_bytes=64 << 20)


def expand(source: Readable, name: str, limits: Limits = STREAM) -> Iterator[bytes]:
    """Yield the content of `source` in blocks of at most `BLOCK_BYTES`.

    The format is told by the first bytes; a file whose `name` promises a format that it does not
    have is refused, one without a known suffix is taken as it is. InvalidContentError (which
    shows `name`) when the file is broken, cut short, followed by garbage or beyond `limits`.
    """
    counted = _Counted(source)
    total = 0
    for block in _blocks(counted, name):
        total += len(block)
        if total > limits.expanded_bytes:
            raise InvalidContentError(
                f"{name} expands to more than {limits.expanded_bytes} bytes and is refused"
            )
        if total > limits.ratio_free_bytes and total > limits.ratio * counted.size:
            raise InvalidContentError(
                f"{name} expands to more than {limits.ratio} times its size and is refused"
            )
        yield block


def expand_whole(source: Readable, name: str, limits: Limits = DOCUMENT) -> bytes:
    """Return the whole content of `source`, under the same rules as `expand`."""
    return b"".join(expand(source, name, limits))


class _Counted:
    """A source that knows how much has been read from it and can look ahead once."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        self._ahead = b""
        self.size = 0

    def peek(self) -> bytes:
        while len(self._ahead) < 8 and (more := self._source.read(_INPUT_BYTES)):
            self._ahead += more
        return self._ahead

    def read(self, size: int, /) -> bytes:
        data, self._ahead = self._ahead[:size], self._ahead[size:]
        data = data or self._source.read(size)
        self.size += len(data)
        return data


def _blocks(source: _Counted, name: str) -> Iterator[bytes]:
    start = source.peek()
    kind = next((kind for kind, magic in _MAGIC.items() if start.startswith(magic)), None)
    if start[1:4] == _SKIPPABLE_FRAME:
        kind = "zst"
    promised = next((kind for end, kind in _SUFFIXES.items() if name.endswith(end)), None)
    if kind is None and promised is not None:
        raise InvalidContentError(f"{name} is not a {promised} file")
    match kind:
        case None:
            return iter(lambda: source.read(BLOCK_BYTES), b"")
        case "gz":
            return _members(source, name, new_gunzip)
        case "xz":
            return _members(source, name, _new_xz)
        case "bz2":
            return _members(source, name, bz2.BZ2Decompressor)
        case "zst":
            return _frames(source, name)
        case _:
            raise InvalidContentError(f"{name} is a {kind} file, which is not supported")


class Decompressor(Protocol):
    """What bz2, lzma and igzip_lib have in common; bz2's documentation describes it."""

    @property
    def eof(self) -> bool:
        """Whether the end of the member has been reached."""
        ...

    @property
    def needs_input(self) -> bool:
        """Whether more output takes more input."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What was given beyond the end of the member."""
        ...

    def decompress(self, data: bytes, /, max_length: int) -> bytes:
        """Return at most `max_length` bytes."""
        ...


def new_gunzip() -> Decompressor:
    """Return a decompressor of one gzip member that checks its checksum and length."""
    return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)


def _new_xz() -> Decompressor:
    return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=XZ_MEMORY_BYTES)


# What bz2, lzma and igzip_lib (`isal.igzip_lib.IsalError`) raise for bytes they cannot read.
BROKEN: Final[tuple[type[Exception], ...]] = (
    OSError,
    EOFError,
    ValueError,
    lzma.LZMAError,
    cast(type[Exception], igzip_lib.error),
)


def _members(source: Readable, name: str, new: Callable[[], Decompressor]) -> Iterator[bytes]:
    data = source.read(_INPUT_BYTES)
    while data:
        member = new()
        while not member.eof:
            if member.needs_input and not data:
                data = source.read(_INPUT_BYTES)
                if not data:
                    raise InvalidContentError(f"{name} is cut short")
            try:
                block = member.decompress(data, BLOCK_BYTES)
            except BROKEN as error:
                raise InvalidContentError(f"{name} cannot be decompressed: {error}") from error
            data = b""
            if block:
                yield block
        # Padding with zeros is allowed after a gzip member and an xz stream.
        data = member.unused_data.lstrip(b"\0")
        while not data and (more := source.read(_INPUT_BYTES)):
            data = more.lstrip(b"\0")


# python-zstandard reports a frame that is cut short as the end of the file. So one more frame is
# read after the last, and only a file whose frames are whole ends with its content. The content
# repeats itself so that a frame cut short can never hold it in the form in which it is stored.
_TOKEN: Final = os.urandom(16) * 8
_LONGEST_HEADER: Final = 18
_LAST_FRAME: Final = zstandard.ZstdCompressor(write_checksum=True).compress(_TOKEN)


class _Sealed:
    """A source with `_LAST_FRAME` behind its end.

    It always comes in one piece with what precedes it: libzstd takes a frame that begins a piece
    for the continuation of a header that was cut short.
    """

    def __init__(self, source: Readable) -> None:
        self._source = source
        self._ahead = source.read(_INPUT_BYTES)

    def read(self, _size: int = -1, /) -> bytes:
        data = self._ahead
        if not data:
            return b""
        self._ahead = self._source.read(_INPUT_BYTES)
        while self._ahead and len(self._ahead) < _LONGEST_HEADER:
            more = self._source.read(_INPUT_BYTES)
            if not more:
                data, self._ahead = data + self._ahead, b""
            self._ahead += more
        return data if self._ahead else data + _LAST_FRAME


def _frames(source: Readable, name: str) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES)
    reader = decompressor.stream_reader(
        cast(IO[bytes], _Sealed(source)), read_size=_INPUT_BYTES, read_across_frames=True
    )
    held = b""
    while True:
        try:
            block = reader.read(BLOCK_BYTES - len(_TOKEN))
        except zstandard.ZstdError as error:
            raise InvalidContentError(f"{name} cannot be decompressed: {error}") from error
        if not block:
            break
        data = held + block
        held = data[-len(_TOKEN) :]
        if len(data) > len(held):
            yield data[: -len(held)]
    if held != _TOKEN:
        raise InvalidContentError(f"{name} is cut short")


class ChunkFile:
    """An iterator of byte strings, read like a file."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; no bytes at the end."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._rest = chunk
        data, self._rest = self._rest[:size], self._rest[size:]
        return data
