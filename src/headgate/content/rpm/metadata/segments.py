"""Segments: the fragments of about 100 packages, kept as pieces of the files that clients read.

Of each kind (primary, filelists, other) a segment is one gzip member and one zstd frame. Clients
accept files made of many of them, so a segment that is published whole is copied byte for byte.
Every fragment is followed by one newline; nothing else stands between fragments.

All segments of one sync lie end to end in six files, the pack. A segment's layout is a few bytes
that say where it lies in each, and how long each fragment is.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import accumulate
from struct import Struct, unpack_from
from types import TracebackType
from typing import Final, Literal, NamedTuple, Protocol, Self, cast, get_args

import isal
import zstandard
from isal import isal_zlib

from headgate.content.rpm.metadata.compression import BROKEN, new_gunzip
from headgate.content.rpm.metadata.packages import Fragments
from headgate.domain.errors import InvalidContentError, NotFoundError

Kind = Literal["primary", "filelists", "other"]
Codec = Literal["gz", "zst"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
CODECS: Final[tuple[Codec, ...]] = get_args(Codec)
FILES: Final[Sequence[tuple[Kind, Codec]]] = tuple(
    (kind, codec) for kind in KINDS for codec in CODECS
)

# Smaller segments compress worse (one package each: 4 to 6 times the size), larger ones are
# copied whole less often.
SEGMENT_PACKAGES: Final = 100
# Packages with huge file lists: a segment is held in memory whole, times the threads at work.
SEGMENT_BYTES: Final = 8 << 20

# Of 60,000 packages: isal 2 takes 1.3 s and 110 MB (1: the same; 0: 1.2 s, 130 MB). zstd 1 takes
# 1.7 s and 98 MB (3: 2.3 s, 96 MB; 4: 3.9 s, 95 MB), so more effort is not paid back.
_GZIP_LEVEL: Final = 2
_ZSTD_LEVEL: Final = 1
# By what segments are compressed: another release of a library may give other bytes.
MAKERS: Final[Mapping[Codec, bytes]] = {
    "gz": f"isal {isal.ISAL_VERSION} {_GZIP_LEVEL}".encode(),
    "zst": f"zstd {zstandard.ZSTD_VERSION} {_ZSTD_LEVEL}".encode(),
}
# Segments of which a part is left out are read as zstd, whatever is written: gunzip takes a third
# more (60,000 packages: 0.5 s and 0.65 s).
EXPANDED: Final[Codec] = "zst"
# Segments being compressed or waiting for it, beyond which `PackWriter.add` waits: enough for the
# threads to find work, and no more than a few of the largest fragments in memory.
_IN_FLIGHT: Final = 6
_IN_FLIGHT_BYTES: Final = 4 * SEGMENT_BYTES

_gzip = cast(Callable[..., bytes], isal_zlib.compress)  # pyright: ignore[reportUnknownMemberType]  # untyped argument in its stub

_HEAD: Final = Struct("<BH")
_PLACE: Final = Struct("<QI")
_VERSION: Final = 1


class Sink(Protocol):
    """Where bytes go: an open file, a spool of the blob store."""

    def write(self, data: bytes, /) -> object:
        """Append all of `data`."""
        ...


class Place(NamedTuple):
    """Where a segment lies in one file of its pack."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a segment lies in each file of its pack, and the lengths of its fragments."""

    places: Mapping[tuple[Kind, Codec], Place]
    lengths: Mapping[Kind, Sequence[int]]

    @property
    def count(self) -> int:
        """The number of packages."""
        return len(self.lengths["primary"])

    def size(self, kind: Kind) -> int:
        """Bytes of the segment when expanded."""
        lengths = self.lengths[kind]
        return sum(lengths) + len(lengths)

    def encode(self) -> bytes:
        """Return the layout as bytes: 75 and 12 a package."""
        parts = [_HEAD.pack(_VERSION, self.count)]
        parts += [_PLACE.pack(*self.places[file]) for file in FILES]
        parts += [Struct(f"<{self.count}I").pack(*self.lengths[kind]) for kind in KINDS]
        return b"".join(parts)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read what `encode` wrote."""
        version, count = _HEAD.unpack_from(data)
        if version != _VERSION:
            raise InvalidContentError(f"A segment's layout has the unknown version {version}")
        at = _HEAD.size + len(FILES) * _PLACE.size
        places = map(Place._make, _PLACE.iter_unpack(memoryview(data)[_HEAD.size : at]))
        lengths = unpack_from(f"<{len(KINDS) * count}I", data, at)
        return cls(
            dict(zip(FILES, places, strict=True)),
            {kind: lengths[n * count : (n + 1) * count] for n, kind in enumerate(KINDS)},
        )


def compress(codec: Codec, data: bytes) -> bytes:
    """Return `data` as one gzip member or zstd frame; the same input gives the same bytes."""
    if codec == "gz":
        return _gzip(data, _GZIP_LEVEL, wbits=31)
    return _contexts.compressor.compress(data)


def expand_segment(codec: Codec, data: bytes, size: int) -> bytes:
    """Return the content of a segment of our own making; `size` is from its layout.

    InvalidContentError when the bytes are not that segment (a damaged blob).
    """
    try:
        if codec == "gz":
            expanded = _gunzipped(data, size + 1)
        else:
            expanded = _contexts.decompressor.decompress(data, max_output_size=size + 1)
    except (*BROKEN, zstandard.ZstdError) as error:
        raise InvalidContentError(f"A metadata segment is damaged: {error}") from error
    if len(expanded) != size:
        raise InvalidContentError("A metadata segment is damaged: its size is wrong")
    return expanded


def _gunzipped(data: bytes, limit: int) -> bytes:
    member = new_gunzip()
    expanded = member.decompress(data, limit)
    if not member.eof or member.unused_data:
        raise EOFError("it does not end where it should")
    return expanded


def cut(expanded: bytes, lengths: Sequence[int], positions: Iterable[int]) -> list[memoryview]:
    """Return the fragments at `positions` (ascending), each with its newline.

    Neighbours come as one piece, so the list may be shorter than `positions`.
    """
    ends = [0, *accumulate(length + 1 for length in lengths)]
    view = memoryview(expanded)
    pieces: list[memoryview] = []
    start = stop = -1
    for position in positions:
        if position != stop:
            if start >= 0:
                pieces.append(view[ends[start] : ends[stop]])
            start = position
        stop = position + 1
    if start >= 0:
        pieces.append(view[ends[start] : ends[stop]])
    return pieces


def read_fragments(
    layout: Layout,
    positions: Sequence[int],
    read: Callable[[Kind, Codec, Place], bytes],
    *,
    codecs: Sequence[Codec] = ("zst",),
) -> list[Fragments]:
    """Return the fragments of the packages at `positions` of one segment.

    Each kind comes from the first of the codecs in which it can be read.
    """
    columns: list[list[bytes]] = []
    for kind in KINDS:
        expanded = _expanded(layout, kind, read, codecs)
        ends = [0, *accumulate(length + 1 for length in layout.lengths[kind])]
        columns.append([expanded[ends[n] : ends[n + 1] - 1] for n in positions])
    return [Fragments(*row) for row in zip(*columns, strict=True)]


def _expanded(
    layout: Layout,
    kind: Kind,
    read: Callable[[Kind, Codec, Place], bytes],
    codecs: Sequence[Codec],
) -> bytes:
    *others, last = codecs
    for codec in others:
        with suppress(InvalidContentError, NotFoundError, OSError):
            data = read(kind, codec, layout.places[kind, codec])
            return expand_segment(codec, data, layout.size(kind))
    return expand_segment(last, read(kind, last, layout.places[kind, last]), layout.size(kind))


class PackWriter:
    """Writes packages as segments to the six files of a pack.

    Threads compress, and write the segments in their order, one thread at a time. A context
    manager: leaving it after an error drops what is still in work. What a sink raises comes out
    of `add` or `close`.
    """

    def __init__(self, sinks: Mapping[tuple[Kind, Codec], Sink], *, threads: int = 2) -> None:
        self._files = _Files(sinks)
        self._threads = ThreadPoolExecutor(threads, "compress", initializer=_step_back)
        self._working: deque[tuple[Future[bytes], int]] = deque()
        self._pending: list[Fragments] = []
        self._pending_bytes = 0
        self._segments = 0
        self._layouts: list[bytes] = []

    def add(self, fragments: Fragments) -> tuple[int, int]:
        """Add a package; return the number of its segment in this pack, and its position there.

        Both count from 0. The segment's layout comes later, from `take_layouts`.
        """
        place = self._segments, len(self._pending)
        self._pending.append(fragments)
        self._pending_bytes += sum(map(len, fragments))
        if len(self._pending) == SEGMENT_PACKAGES or self._pending_bytes >= SEGMENT_BYTES:
            self._submit()
        return place

    def take_layouts(self) -> list[bytes]:
        """Return the layouts of the segments written since the last call, in their order."""
        layouts, self._layouts = self._layouts, []
        return layouts

    def close(self) -> None:
        """Write everything out; after it `take_layouts` returns the last layouts."""
        if self._pending:
            self._submit()
        while self._working:
            self._wait_for_next()
        self._threads.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        self._threads.shutdown(cancel_futures=True)

    def _submit(self) -> None:
        while self._working and (
            len(self._working) >= _IN_FLIGHT
            or sum(size for _, size in self._working) > _IN_FLIGHT_BYTES
        ):
            self._wait_for_next()
        job = self._threads.submit(self._files.write, self._segments, self._pending)
        self._working.append((job, self._pending_bytes))
        self._pending, self._pending_bytes = [], 0
        self._segments += 1

    def _wait_for_next(self) -> None:
        job, _ = self._working.popleft()
        self._layouts.append(job.result())


class _Files:
    """The six files of a pack, to which threads append in turn."""

    def __init__(self, sinks: Mapping[tuple[Kind, Codec], Sink]) -> None:
        self._sinks = sinks
        self._offsets = dict.fromkeys(sinks, 0)
        self._turn = threading.Condition()
        self._next = 0  # the number of the segment whose turn it is
        self._broken = False  # a file may end in half a segment

    def write(self, number: int, packages: list[Fragments]) -> bytes:
        """Compress and append a segment once all before it are; return its layout."""
        try:
            done = _compress_segment(packages)
        except BaseException:
            with self._its_turn(number):
                self._broken = True
            raise
        with self._its_turn(number):
            return self._append(done)

    @contextmanager
    def _its_turn(self, number: int) -> Generator[None]:
        with self._turn:
            self._turn.wait_for(lambda: self._next == number)
        try:
            yield
        finally:
            with self._turn:
                self._next += 1
                self._turn.notify_all()

    def _append(self, done: "_Compressed") -> bytes:
        if self._broken:
            raise RuntimeError("a segment before this one could not be written")
        self._broken = True
        places: dict[tuple[Kind, Codec], Place] = {}
        for key, data in done.data.items():
            self._sinks[key].write(data)
            places[key] = Place(self._offsets[key], len(data))
            self._offsets[key] += len(data)
        self._broken = False
        return Layout(places, done.lengths).encode()


@dataclass(frozen=True, slots=True)
class _Compressed:
    data: dict[tuple[Kind, Codec], bytes]
    lengths: dict[Kind, list[int]]


def _compress_segment(packages: list[Fragments]) -> _Compressed:
    data: dict[tuple[Kind, Codec], bytes] = {}
    lengths: dict[Kind, list[int]] = {}
    for kind, column in zip(KINDS, zip(*packages, strict=True), strict=True):
        joined = b"\n".join((*column, b""))
        lengths[kind] = list(map(len, column))
        for codec in CODECS:
            data[kind, codec] = compress(codec, joined)
    return _Compressed(data, lengths)


def _step_back() -> None:
    """Let the thread that reads go first where there are few cores: all wait for that one.

    On Linux niceness belongs to a thread.
    """
    os.nice(5)


class _Contexts(threading.local):
    """Zstandard's contexts: costly to make, and for one thread at a time."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=_ZSTD_LEVEL)
        self.decompressor = zstandard.ZstdDecompressor()


_contexts = _Contexts()
