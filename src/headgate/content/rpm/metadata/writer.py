"""Writing primary, filelists and other for any selection of packages.

Whole segments are copied as they are; of the others the wanted fragments are cut out and
compressed again, several segments together where little is left of each. No XML is generated
but the root's tags.

`open-checksum` is left out of what is returned: nothing that reads these three files asks for it
(libdnf and librepo verify the file as downloaded, createrepo_c copies it), and SHA-256 over the
expanded bytes would cost more than all the rest: 2.2 s of 60,000 packages, and expanding of what
is copied whole beside. `open_size` comes from the layouts for nothing.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from headgate.content.rpm.metadata.segments import (
    SEGMENT_BYTES,
    SEGMENT_PACKAGES,
    Codec,
    Kind,
    Layout,
    Place,
    Sink,
    compress,
    cut,
    expand_segment,
)
from headgate.content.rpm.metadata.shapes import COMMON, FILELISTS, OTHER, RPM

ChecksumType = Literal["sha256", "sha384", "sha512"]

# Read of one pack in one go when whole segments follow each other.
_COPY_BYTES: Final = 4 << 20
_IN_FLIGHT: Final = 6
_FEWEST_COPIED: Final = SEGMENT_PACKAGES // 4
# Segments of which a part is left out are read as zstd, whatever is written: gunzip takes a third
# more (60,000 packages: 0.5 s and 0.65 s).
_EXPANDED: Final[Codec] = "zst"

_ROOTS: Final[dict[Kind, tuple[str, str]]] = {
    "primary": ("metadata", f'xmlns="{COMMON}" xmlns:rpm="{RPM}"'),
    "filelists": ("filelists", f'xmlns="{FILELISTS}"'),
    "other": ("otherdata", f'xmlns="{OTHER}"'),
}


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a segment: the packages at `positions` (ascending), or all of them.

    `pack` is whatever tells the reader which pack the segment lies in.
    """

    pack: int
    layout: Layout
    positions: Sequence[int] | None = None

    @property
    def count(self) -> int:
        """The number of packages."""
        return self.layout.count if self.positions is None else len(self.positions)

    @property
    def whole(self) -> bool:
        """Whether no package of the segment is left out."""
        return self.count == self.layout.count

    def size(self, kind: Kind) -> int:
        """Bytes when expanded."""
        if self.positions is None:
            return self.layout.size(kind)
        lengths = self.layout.lengths[kind]
        return sum(lengths[position] for position in self.positions) + len(self.positions)


# Called as read(pack, kind, codec, place), from several threads at once.
ReadPack = Callable[[int, Kind, Codec, Place], bytes]


@dataclass(frozen=True, slots=True)
class Written:
    """A metadata file as repomd.xml describes it."""

    checksum_type: ChecksumType
    checksum: str
    size: int
    open_size: int


def write_metadata(
    kind: Kind,
    codec: Codec,
    cuts: Sequence[Cut],
    *,
    read: ReadPack,
    sink: Sink,
    checksum_type: ChecksumType = "sha256",
    threads: int = 2,
) -> Written:
    """Write the file of `kind` that lists the packages of `cuts`, in their order.

    Give the same cuts for all three kinds: readers expect the same order. Memory is bounded by a
    few segments. What `read` and `sink` raise comes out.
    """
    root, namespaces = _ROOTS[kind]
    count = sum(cut.count for cut in cuts)
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} {namespaces} packages="{count}">\n'
    foot = f"</{root}>\n"
    checksum = hashlib.new(checksum_type)
    size = 0
    with ThreadPoolExecutor(threads, thread_name_prefix="compress") as pool:
        working: deque[Future[bytes]] = deque()
        try:
            for job in _jobs(kind, codec, cuts, read, (head.encode(), foot.encode())):
                working.append(pool.submit(job))
                while len(working) > _IN_FLIGHT:
                    size += _put(working.popleft().result(), sink, checksum)
            while working:
                size += _put(working.popleft().result(), sink, checksum)
        finally:
            for future in working:
                future.cancel()
    open_size = len(head) + len(foot) + sum(cut.size(kind) for cut in cuts)
    return Written(checksum_type, checksum.hexdigest(), size, open_size)


def _put(data: bytes, sink: Sink, checksum: _Hash) -> int:
    sink.write(data)
    checksum.update(data)
    return len(data)


def _jobs(
    kind: Kind, codec: Codec, cuts: Sequence[Cut], read: ReadPack, root: tuple[bytes, bytes]
) -> Iterator[Callable[[], bytes]]:
    head, foot = root
    yield lambda: compress(codec, head)
    for group in _groups(kind, codec, cuts):
        if _copied(group[0]):
            place = _span(kind, codec, group)
            yield lambda pack=group[0].pack, place=place: read(pack, kind, codec, place)
        else:
            yield lambda group=group: _recompressed(kind, codec, group, read)
    yield lambda: compress(codec, foot)


def _groups(kind: Kind, codec: Codec, cuts: Sequence[Cut]) -> Iterator[list[Cut]]:
    """Yield whole segments that lie end to end, or cut ones that together make a segment."""
    group: list[Cut] = []
    count = size = 0
    for part in cuts:
        if part.count == 0:
            continue
        if group and not (
            _follows(kind, codec, group[-1], part) and size < _COPY_BYTES
            if _copied(part)
            else not _copied(group[0])
            and count + part.count <= SEGMENT_PACKAGES
            and size + part.size(kind) <= SEGMENT_BYTES
        ):
            yield group
            group, count, size = [], 0, 0
        group.append(part)
        count += part.count
        size += part.layout.places[kind, codec].length if _copied(part) else part.size(kind)
    if group:
        yield group


def _copied(part: Cut) -> bool:
    """Segments of a handful of packages (uploads, small re-syncs) are better put together."""
    return part.whole and part.count >= _FEWEST_COPIED


def _follows(kind: Kind, codec: Codec, one: Cut, other: Cut) -> bool:
    place = one.layout.places[kind, codec]
    next_place = other.layout.places[kind, codec]
    return (
        _copied(one) and one.pack == other.pack and place.offset + place.length == next_place.offset
    )


def _span(kind: Kind, codec: Codec, group: list[Cut]) -> Place:
    places = [part.layout.places[kind, codec] for part in group]
    return Place(places[0].offset, sum(place.length for place in places))


def _recompressed(kind: Kind, codec: Codec, group: list[Cut], read: ReadPack) -> bytes:
    pieces: list[bytes] = []
    for part in group:
        layout = part.layout
        data = read(part.pack, kind, _EXPANDED, layout.places[kind, _EXPANDED])
        expanded = expand_segment(_EXPANDED, data, layout.size(kind))
        wanted = range(layout.count) if part.positions is None else part.positions
        # Joined here, so that no view keeps the rest of a segment of which little is wanted.
        pieces.append(b"".join(cut(expanded, layout.lengths[kind], wanted)))
    return compress(codec, b"".join(pieces))
