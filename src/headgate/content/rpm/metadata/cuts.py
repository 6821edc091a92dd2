"""Cuts: which packages of which segments are wanted, and how they are put together to a file.

Segments that are wanted whole are copied. Of the others the wanted fragments are compressed again,
several segments together where little is left of each. How cuts are grouped decides the bytes of
the file: versions that are woken have to be byte for byte what they were, so it stays as it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from headgate.content.rpm.metadata.segments import (
    SEGMENT_BYTES,
    SEGMENT_PACKAGES,
    Codec,
    Kind,
    Layout,
    Place,
)

# Read of one file in one go when what is copied lies end to end.
COPY_BYTES: Final = 4 << 20
_FEWEST_COPIED: Final = SEGMENT_PACKAGES // 4


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

    @property
    def copied(self) -> bool:
        """Whether the segment is copied as it is.

        Those of a handful of packages (uploads, small re-syncs) are better put together.
        """
        return self.whole and self.count >= _FEWEST_COPIED

    @property
    def wanted(self) -> Sequence[int]:
        """The positions of the packages."""
        return range(self.layout.count) if self.positions is None else self.positions

    def size(self, kind: Kind) -> int:
        """Bytes when expanded."""
        if self.positions is None:
            return self.layout.size(kind)
        lengths = self.layout.lengths[kind]
        return sum(map(lengths.__getitem__, self.positions)) + len(self.positions)


def grouped(kind: Kind, codec: Codec, cuts: Sequence[Cut]) -> Iterator[list[Cut]]:
    """Yield whole segments that lie end to end, or cut ones that together make a segment."""
    group: list[Cut] = []
    count = size = 0
    for part in cuts:
        if part.count == 0:
            continue
        added = part.layout.places[kind, codec].length if part.copied else part.size(kind)
        if group and not (
            _follows(kind, codec, group[-1], part) and size < COPY_BYTES
            if part.copied
            else not group[0].copied
            and count + part.count <= SEGMENT_PACKAGES
            and size + added <= SEGMENT_BYTES
        ):
            yield group
            group, count, size = [], 0, 0
        group.append(part)
        count += part.count
        size += added
    if group:
        yield group


def span(kind: Kind, codec: Codec, group: Sequence[Cut]) -> Place:
    """Return where whole segments that lie end to end are."""
    places = [part.layout.places[kind, codec] for part in group]
    return Place(places[0].offset, sum(place.length for place in places))


def _follows(kind: Kind, codec: Codec, one: Cut, other: Cut) -> bool:
    place = one.layout.places[kind, codec]
    next_place = other.layout.places[kind, codec]
    return (
        one.copied and one.pack == other.pack and place.offset + place.length == next_place.offset
    )
