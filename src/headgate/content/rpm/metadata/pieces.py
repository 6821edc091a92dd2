"""Pieces: what was compressed for a metadata file, so that later files may copy it from there.

Content that changes by a few packages is compressed anew only where it has changed. A piece is
known by its *name*, a digest of all that decides its bytes: which bytes of which pack files it is
cut out of, and by what it is compressed. So a copy is what compressing would have given, and a
file is the same with and without earlier ones.

An earlier file that has much in common is found by its *anchor*: the smallest of the digests of
its segments. Two files that share nearly all segments share this one, too, nearly always.
"""

from array import array
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from heapq import nsmallest
from struct import Struct
from typing import Final, NamedTuple

from headgate.content.rpm.metadata.cuts import Cut
from headgate.content.rpm.metadata.segments import EXPANDED, MAKERS, Codec, Kind, Place

NAME_BYTES: Final = 16
ANCHOR_BYTES: Final = 8
# Anchors to look for: the one that has come last may be smaller than that of the file before.
_LOOKED_FOR: Final = 4

_PIECE: Final = Struct(f"<{NAME_BYTES}sQII")
_PART: Final = Struct("<QII")

# Called as identify(pack, kind, codec): the digest of one file of a pack.
Identify = Callable[[int, Kind, Codec], bytes]


class Piece(NamedTuple):
    """Where a piece lies in its file; `checksum` is its CRC-32."""

    name: bytes
    offset: int
    length: int
    checksum: int

    def moved(self, by: int) -> "Piece":
        """Return it as a part of something larger."""
        return self._replace(offset=self.offset + by)


class Found(NamedTuple):
    """A piece of an earlier file; `file` is whatever tells the reader which."""

    file: bytes
    piece: Piece

    def precedes(self, other: "Found") -> bool:
        """Whether the other piece begins where this one ends."""
        end = self.piece.offset + self.piece.length
        return self.file == other.file and end == other.piece.offset


@dataclass(frozen=True, slots=True)
class Earlier:
    """Pieces of earlier files, by their names; with none of them pieces are only named.

    `read` gives the bytes at a place of a file; InvalidContentError, NotFoundError or OSError
    mean that they cannot be had any more.
    """

    identify: Identify
    read: Callable[[bytes, Place], bytes]
    found: Mapping[bytes, Found] = field(default_factory=dict[bytes, Found])


def encode(pieces: Sequence[Piece]) -> bytes:
    """Return pieces as bytes, 32 each."""
    return b"".join(_PIECE.pack(*piece) for piece in pieces)


def decode(data: bytes) -> Iterator[Piece]:
    """Read what `encode` wrote."""
    return map(Piece._make, _PIECE.iter_unpack(data))


def unknown(data: bytes, names: Container[bytes]) -> Iterator[Piece]:
    """As `decode`, of those whose names are not among these."""
    return (Piece._make(each) for each in _PIECE.iter_unpack(data) if each[0] not in names)


def name_of(kind: Kind, codec: Codec, group: Sequence[Cut], identify: Identify) -> bytes:
    """Return the name of the piece that is made of these cuts."""
    name = blake2b(MAKERS[codec], digest_size=NAME_BYTES)
    for part in group:
        place, lengths = part.layout.places[kind, EXPANDED], part.layout.lengths[kind]
        name.update(identify(part.pack, kind, EXPANDED))
        name.update(_PART.pack(*place, part.count))
        wanted = array("I", part.wanted)
        name.update(wanted)
        name.update(array("I", map(lengths.__getitem__, wanted)))
    return name.digest()


def anchors_of(kind: Kind, codec: Codec, cuts: Sequence[Cut], identify: Identify) -> list[bytes]:
    """Return the anchors by which earlier files are found, that of the file itself first."""
    digests = (
        blake2b(
            identify(part.pack, kind, EXPANDED)
            + _PART.pack(*part.layout.places[kind, EXPANDED], 0),
            digest_size=ANCHOR_BYTES,
            person=codec.encode(),
        ).digest()
        for part in cuts
        if part.count
    )
    return nsmallest(_LOOKED_FOR, digests)
