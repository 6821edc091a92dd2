import subprocess
from pathlib import Path

import pytest

from headgate.content.rpm.metadata import segments as module
from headgate.content.rpm.metadata.cuts import Cut
from headgate.content.rpm.metadata.segments import (
    CODECS,
    KINDS,
    Codec,
    Kind,
    Layout,
    expand_segment,
    read_fragments,
)
from headgate.content.rpm.metadata.writer import write_metadata
from headgate.domain.errors import InvalidContentError, StorageFullError
from support.yum_xml import Pack, document, package, path_of, read, read_by_createrepo_c

PACKAGES = [
    package(f"bird{n}", files=[f"/usr/share/bird{n}/{m}" for m in range(n % 7)], log=f"- log {n}")
    for n in range(350)
]
EXPAND = {"gz": ["gzip", "-dc"], "zst": ["zstd", "-dc"]}


@pytest.fixture(scope="module")
def pack() -> Pack:
    return Pack(PACKAGES)


@pytest.fixture(params=CODECS)
def codec(request: pytest.FixtureRequest) -> Codec:
    return request.param


def test_packages_go_into_segments_of_a_hundred(pack: Pack) -> None:
    assert [layout.count for layout in pack.layouts] == [100, 100, 100, 50]
    assert pack.places[0] == (0, 0)
    assert pack.places[-1] == (3, 49)


def test_segments_of_large_packages_hold_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEGMENT_BYTES", 20_000)

    layouts = Pack(PACKAGES[:50]).layouts

    assert len(layouts) > 3
    assert sum(layout.count for layout in layouts) == 50


def test_a_layout_reads_back_as_it_was_written(pack: Pack) -> None:
    for layout in pack.layouts:
        data = layout.encode()
        assert Layout.decode(data) == Layout(
            layout.places, {kind: tuple(layout.lengths[kind]) for kind in KINDS}
        )
        assert len(data) == 75 + 12 * layout.count


def test_single_packages_are_read_from_their_segment(pack: Pack, codec: Codec) -> None:
    found = read_fragments(
        pack.layouts[1],
        [0, 42, 99],
        lambda kind, codec, place: pack.reader(0, kind, codec, place),
        codecs=(codec,),
    )

    assert found == [PACKAGES[100], PACKAGES[142], PACKAGES[199]]


@pytest.mark.parametrize(
    "keep",
    [range(350), range(100, 200), range(0, 350, 2), [0], [349], [99, 100], [], range(5, 345)],
    ids=str,
)
def test_any_selection_is_read_by_createrepo_c_and_the_plain_tools(
    pack: Pack, codec: Codec, keep: range | list[int], tmp_path: Path
) -> None:
    wanted = [PACKAGES[n] for n in keep]

    written = pack.write(tmp_path, pack.cuts(set(keep).__contains__), codec)

    for kind in KINDS:
        path = path_of(tmp_path, kind, codec)
        opened = subprocess.run([*EXPAND[codec], path], check=True, capture_output=True).stdout
        assert opened == document(kind, wanted)
        assert written[kind].size == path.stat().st_size
        assert written[kind].open_size == len(opened)
    names = [each.name for each in read_by_createrepo_c(tmp_path, codec)]
    assert names == [f"bird{n}" for n in keep]


def test_what_was_written_is_read_back_with_the_same_digests(
    pack: Pack, codec: Codec, tmp_path: Path
) -> None:
    pack.write(tmp_path, pack.cuts(), codec)

    files: dict[Kind, bytes] = {kind: path_of(tmp_path, kind, codec).read_bytes() for kind in KINDS}

    assert [each.fragments for each in read(files)] == PACKAGES


def test_whole_segments_are_copied_byte_for_byte(pack: Pack, codec: Codec, tmp_path: Path) -> None:
    pack.write(tmp_path, pack.cuts(lambda number: number != 150), codec)

    file = path_of(tmp_path, "filelists", codec).read_bytes()
    for layout in (pack.layouts[0], pack.layouts[2]):
        place = layout.places["filelists", codec]
        assert pack.reader(0, "filelists", codec, place) in file


def test_segments_of_single_packages_are_put_together(codec: Codec, tmp_path: Path) -> None:
    packs = [Pack([each]) for each in PACKAGES[:150]]
    cuts = [Cut(number, each.layouts[0]) for number, each in enumerate(packs)]

    with path_of(tmp_path, "primary", codec).open("wb") as file:
        written = write_metadata(
            "primary",
            codec,
            cuts,
            read=lambda pack, kind, codec, place: packs[pack].reader(0, kind, codec, place),
            sink=file,
        )

    data = path_of(tmp_path, "primary", codec).read_bytes()
    opened = subprocess.run([*EXPAND[codec]], input=data, check=True, capture_output=True).stdout
    assert opened == document("primary", PACKAGES[:150])
    assert written.size == len(data)
    assert len(data) < sum(len(each.data["primary", codec]) for each in packs) / 2


def test_the_same_packages_give_the_same_bytes() -> None:
    assert Pack(PACKAGES).data == Pack(PACKAGES).data


def test_a_damaged_segment_is_noticed(pack: Pack, codec: Codec) -> None:
    layout = pack.layouts[0]
    data = pack.reader(0, "other", codec, layout.places["other", codec])
    size = layout.size("other")

    assert len(expand_segment(codec, data, size)) == size
    for broken in (data[:-1], data[: len(data) // 2], b"", b"garbage", data[1:]):
        with pytest.raises(InvalidContentError, match="damaged"):
            expand_segment(codec, broken, size)
    for wrong in (size - 1, size + 1):
        with pytest.raises(InvalidContentError, match="damaged"):
            expand_segment(codec, data, wrong)


def test_what_a_sink_or_a_reader_raises_comes_out(pack: Pack, codec: Codec) -> None:
    class Full:
        def write(self, data: bytes, /) -> None:
            raise StorageFullError(f"no room for {len(data)} bytes")

    def fail(*_: object) -> bytes:
        raise OSError("gone")

    with pytest.raises(StorageFullError):
        write_metadata("other", codec, pack.cuts(), read=pack.reader, sink=Full())
    with pytest.raises(OSError, match="gone"):
        write_metadata("other", codec, pack.cuts(), read=fail, sink=_Nowhere())


class _Nowhere:
    def write(self, data: bytes, /) -> None: ...
