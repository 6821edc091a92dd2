"""Files that copy pieces of earlier ones are byte for byte what they would be without."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.content.rpm.metadata import cuts, segments
from headgate.content.rpm.metadata.cuts import Cut
from headgate.content.rpm.metadata.pieces import (
    Earlier,
    Found,
    Piece,
    anchors_of,
    decode,
    encode,
    name_of,
)
from headgate.content.rpm.metadata.segments import CODECS, KINDS, Codec, Kind, Place
from headgate.content.rpm.metadata.writer import Written, write_metadata
from headgate.domain.errors import NotFoundError
from support.yum_xml import Pack, package

PACKAGES = [
    package(f"bird{n}", files=[f"/usr/share/bird{n}/{m}" for m in range(n % 5)]) for n in range(90)
]
# What each version lacks beyond the one before, as numbers within each pack.
DROPPED = st.lists(st.sets(st.integers(0, 59), max_size=8), min_size=2, max_size=5)
WHERE = st.tuples(st.sampled_from(KINDS), st.sampled_from(CODECS))
PIECES = st.lists(
    st.builds(
        Piece,
        st.binary(min_size=16, max_size=16),
        st.integers(0, 2**64 - 1),
        st.integers(0, 2**32 - 1),
        st.integers(0, 2**32 - 1),
    )
)


@dataclass
class Shelf:
    """Files written before, and the packs that they were made of."""

    packs: Sequence[Pack]
    files: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    found: dict[bytes, Found] = field(default_factory=dict[bytes, Found])
    reads: int = 0  # of packs

    @property
    def earlier(self) -> Earlier:
        return Earlier(self.identify, self.read, self.found)

    def identify(self, pack: int, kind: Kind, codec: Codec) -> bytes:
        return sha256(self.packs[pack].data[kind, codec]).digest()

    def read(self, file: bytes, place: Place) -> bytes:
        if file not in self.files:
            raise NotFoundError("It has been collected")
        return self.files[file][place.offset : place.offset + place.length]

    def read_pack(self, pack: int, kind: Kind, codec: Codec, place: Place) -> bytes:
        self.reads += 1
        return self.packs[pack].reader(pack, kind, codec, place)

    def cuts(self, dropped: set[int]) -> list[Cut]:
        return [
            Cut(number, cut.layout, cut.positions)
            for number, pack in enumerate(self.packs)
            for cut in pack.cuts(lambda n: n not in dropped)
        ]

    def write(
        self, dropped: set[int], kind: Kind, codec: Codec, *, earlier: Earlier | None
    ) -> tuple[bytes, Written]:
        sink = io.BytesIO()
        self.reads = 0
        written = write_metadata(
            kind, codec, self.cuts(dropped), read=self.read_pack, sink=sink, earlier=earlier
        )
        return sink.getvalue(), written

    def keep(self, data: bytes, written: Written) -> None:
        name = sha256(data).digest()
        self.files[name] = data
        self.found.update((piece.name, Found(name, piece)) for piece in written.pieces)


@pytest.fixture(scope="module")
def packs() -> Sequence[Pack]:
    """Two packs of small segments, so that a few packages make many pieces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "SEGMENT_PACKAGES", 8)
        return [Pack(PACKAGES[:60]), Pack(PACKAGES[60:])]


@pytest.fixture(autouse=True, scope="module")
def small_groups() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cuts, "SEGMENT_PACKAGES", 8)
        patch.setattr(cuts, "_FEWEST_COPIED", 2)
        yield


@settings(max_examples=60)
@given(versions=DROPPED, where=WHERE)
def test_a_file_is_the_same_with_and_without_earlier_ones(
    packs: Sequence[Pack], versions: list[set[int]], where: tuple[Kind, Codec]
) -> None:
    shelf = Shelf(packs)
    dropped = {0, 17, 40}
    for version in versions:
        dropped = dropped | version
        plain, _ = shelf.write(dropped, *where, earlier=None)

        data, written = shelf.write(dropped, *where, earlier=shelf.earlier)

        assert data == plain
        assert written.size == len(plain)
        shelf.keep(data, written)


@settings(max_examples=60)
@given(versions=DROPPED, where=WHERE, damage=st.data())
def test_damaged_and_vanished_files_change_nothing(
    packs: Sequence[Pack],
    versions: list[set[int]],
    where: tuple[Kind, Codec],
    damage: st.DataObject,
) -> None:
    shelf = Shelf(packs)
    dropped = {0, 17, 40}
    for version in versions:
        dropped = dropped | version
        plain, _ = shelf.write(dropped, *where, earlier=None)
        for name, kept in list(shelf.files.items()):
            match damage.draw(st.sampled_from(["whole", "gone", "short", "flipped"])):
                case "gone":
                    del shelf.files[name]
                case "short":
                    shelf.files[name] = kept[: damage.draw(st.integers(0, len(kept)))]
                case "flipped" if kept:
                    at = damage.draw(st.integers(0, len(kept) - 1))
                    shelf.files[name] = kept[:at] + bytes([kept[at] ^ 1]) + kept[at + 1 :]
                case _:
                    pass

        data, written = shelf.write(dropped, *where, earlier=shelf.earlier)

        assert data == plain
        assert written.size == len(plain)
        shelf.keep(data, written)


@pytest.mark.parametrize("codec", CODECS)
def test_only_what_has_changed_is_read_from_packs(packs: Sequence[Pack], codec: Codec) -> None:
    shelf = Shelf(packs)
    # One of each segment, so that none is copied whole.
    every = set(range(0, 60, 8))
    first, written = shelf.write(every, "filelists", codec, earlier=shelf.earlier)
    segments_of_all = shelf.reads
    shelf.keep(first, written)

    again, _ = shelf.write(every, "filelists", codec, earlier=shelf.earlier)
    nothing_changed = shelf.reads
    shelf.write(every | {41}, "filelists", codec, earlier=shelf.earlier)

    assert again == first
    assert segments_of_all == 12
    assert nothing_changed == 0
    assert shelf.reads == 1


def test_what_else_decides_the_bytes_is_in_the_name(packs: Sequence[Pack]) -> None:
    shelf = Shelf(packs)
    one, other = shelf.cuts({0})[0], shelf.cuts({1})[0]
    groups = [[one], [other], [one, other], [Cut(1, one.layout, one.positions)]]

    names = {
        name_of("primary", codec, group, shelf.identify) for group in groups for codec in CODECS
    }

    assert len(names) == 8


@given(PIECES)
def test_pieces_read_back_as_they_were_written(pieces: list[Piece]) -> None:
    assert list(decode(encode(pieces))) == pieces


def test_files_that_share_nearly_all_segments_share_an_anchor(packs: Sequence[Pack]) -> None:
    shelf = Shelf(packs)
    before = shelf.cuts({5})

    for gone in range(len(before)):
        after = before[:gone] + before[gone + 1 :]
        of_both = [anchors_of("other", "gz", each, shelf.identify) for each in (before, after)]
        # The later file may have one segment more: it looks for the next smallest, too.
        assert of_both[1][0] in of_both[0]
    assert not set(anchors_of("other", "gz", before, shelf.identify)) & set(
        anchors_of("other", "zst", before, shelf.identify)
    )
    assert anchors_of("other", "gz", [], shelf.identify) == []
