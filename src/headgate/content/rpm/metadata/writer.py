"""Writing primary, filelists and other for any selection of packages.

Whole segments are copied as they are; of the others the wanted fragments are cut out and
compressed again, or copied from an earlier file that has them in the same form. No XML is generated
but the root's tags.

`open-checksum` is left out of what is returned: nothing that reads these three files asks for it
(libdnf and librepo verify the file as downloaded, createrepo_c copies it), and SHA-256 over the
expanded bytes would cost more than all the rest: 2.2 s of 60,000 packages, and expanding of what
is copied whole beside. `open_size` comes from the layouts for nothing.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Final, NamedTuple
from zlib import crc32

from headgate.content.rpm.metadata.cuts import COPY_BYTES, Cut, grouped, span
from headgate.content.rpm.metadata.pieces import Earlier, Found, Piece, name_of
from headgate.content.rpm.metadata.segments import (
    EXPANDED,
    Codec,
    Kind,
    Place,
    Sink,
    compress,
    cut,
    expand_segment,
)
from headgate.content.rpm.metadata.shapes import COMMON, FILELISTS, OTHER, RPM
from headgate.domain.errors import InvalidContentError, NotFoundError

_IN_FLIGHT: Final = 6

_ROOTS: Final[dict[Kind, tuple[str, str]]] = {
    "primary": ("metadata", f'xmlns="{COMMON}" xmlns:rpm="{RPM}"'),
    "filelists": ("filelists", f'xmlns="{FILELISTS}"'),
    "other": ("otherdata", f'xmlns="{OTHER}"'),
}

# Called as read(pack, kind, codec, place), from several threads at once.
ReadPack = Callable[[int, Kind, Codec, Place], bytes]


@dataclass(frozen=True, slots=True)
class Written:
    """The sizes of a metadata file, and its pieces for files to come."""

    size: int
    open_size: int
    pieces: Sequence[Piece] = ()


class _Part(NamedTuple):
    """A part of the file; its pieces lie where they are within it."""

    data: bytes
    pieces: Sequence[Piece] = ()


def write_metadata(
    kind: Kind,
    codec: Codec,
    cuts: Sequence[Cut],
    *,
    read: ReadPack,
    sink: Sink,
    threads: int = 2,
    earlier: Earlier | None = None,
) -> Written:
    """Write the file of `kind` that lists the packages of `cuts`, in their order.

    Give the same cuts for all three kinds: readers expect the same order. Memory is bounded by a
    few segments. With `earlier` files the bytes are the same; without, the file's pieces are not
    told. What `read` and `sink` raise comes out.
    """
    root, namespaces = _ROOTS[kind]
    count = sum(part.count for part in cuts)
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} {namespaces} packages="{count}">\n'
    foot = f"</{root}>\n"
    file = _File(sink)
    with ThreadPoolExecutor(threads, thread_name_prefix="compress") as pool:
        working: deque[Future[_Part]] = deque()
        try:
            for job in chain(
                [lambda: _Part(compress(codec, head.encode()))],
                _jobs(_Making(kind, codec, read, earlier), cuts),
                [lambda: _Part(compress(codec, foot.encode()))],
            ):
                working.append(pool.submit(job))
                while len(working) > _IN_FLIGHT:
                    file.append(working.popleft().result())
            while working:
                file.append(working.popleft().result())
        finally:
            for future in working:
                future.cancel()
    open_size = len(head) + len(foot) + sum(part.size(kind) for part in cuts)
    return Written(file.size, open_size, file.pieces)


class _File:
    """The file as far as it is written."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.size = 0
        self.pieces: list[Piece] = []

    def append(self, part: _Part) -> None:
        self._sink.write(part.data)
        self.pieces += [piece.moved(self.size) for piece in part.pieces]
        self.size += len(part.data)


@dataclass(frozen=True, slots=True)
class _Making:
    """What all parts of one file are made of."""

    kind: Kind
    codec: Codec
    read: ReadPack
    earlier: Earlier | None

    def copied(self, group: Sequence[Cut]) -> _Part:
        """Return segments as they lie in their pack."""
        place = span(self.kind, self.codec, group)
        return _Part(self.read(group[0].pack, self.kind, self.codec, place))

    def named(self, group: Sequence[Cut]) -> bytes | None:
        """Return the name of the piece made of these cuts, if anybody wants to know it."""
        if self.earlier is None:
            return None
        return name_of(self.kind, self.codec, group, self.earlier.identify)

    def compressed(self, group: Sequence[Cut], name: bytes | None) -> _Part:
        """Return the wanted packages of these segments, compressed."""
        data = compress(self.codec, b"".join(map(self._cut, group)))
        if name is None:
            return _Part(data)
        return _Part(data, [Piece(name, 0, len(data), crc32(data))])

    def taken(self, again: "Sequence[_Again]") -> _Part:
        """Return pieces that lie end to end in an earlier file; compressed where they are not."""
        data = self._read_again(again)
        parts: list[bytes] = []
        pieces: list[Piece] = []
        at = size = 0
        for group, (_, piece) in again:
            part = data[at : at + piece.length]
            at += piece.length
            if len(part) != piece.length or crc32(part) != piece.checksum:
                part, (piece,) = self.compressed(group, piece.name)  # noqa: PLW2901 - takes its place
            parts.append(part)
            pieces.append(piece._replace(offset=size))
            size += len(part)
        return _Part(b"".join(parts), pieces)

    def _read_again(self, again: "Sequence[_Again]") -> bytes:
        file, first = again[0].found
        place = Place(first.offset, sum(found.piece.length for _, found in again))
        if self.earlier is not None:
            with suppress(NotFoundError, InvalidContentError, OSError):
                return self.earlier.read(file, place)
        return b""

    def _cut(self, part: Cut) -> bytes:
        """Return the wanted packages of a segment.

        Joined here, so that no view keeps the rest of a segment of which little is wanted.
        """
        layout = part.layout
        data = self.read(part.pack, self.kind, EXPANDED, layout.places[self.kind, EXPANDED])
        expanded = expand_segment(EXPANDED, data, layout.size(self.kind))
        return b"".join(cut(expanded, layout.lengths[self.kind], part.wanted))


class _Again(NamedTuple):
    """Cuts that an earlier file has, put together and compressed as they are to be."""

    group: Sequence[Cut]
    found: Found


def _jobs(making: _Making, cuts: Sequence[Cut]) -> Iterator[Callable[[], _Part]]:
    """Yield what gives the parts of the file; each may be called in any thread."""
    again: list[_Again] = []
    for group in grouped(making.kind, making.codec, cuts):
        name = None if group[0].copied else making.named(group)
        found = making.earlier.found.get(name) if making.earlier and name else None
        if again and not (found and _continues(again, found)):
            yield partial(making.taken, again)
            again = []
        if found:
            again.append(_Again(group, found))
        elif group[0].copied:
            yield partial(making.copied, group)
        else:
            yield partial(making.compressed, group, name)
    if again:
        yield partial(making.taken, again)


def _continues(again: Sequence[_Again], found: Found) -> bool:
    first, last = again[0].found.piece, again[-1].found
    return last.precedes(found) and found.piece.offset - first.offset < COPY_BYTES
