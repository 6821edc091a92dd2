import io
import tempfile
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.content.rpm.metadata.compression import ChunkFile, expand_whole
from headgate.content.rpm.metadata.comps import read_comps
from headgate.content.rpm.metadata.modules import read_modules
from headgate.content.rpm.metadata.packages import Fragments, read_header
from headgate.content.rpm.metadata.repomd import (
    Checksum,
    DistroTag,
    MetadataFile,
    Repomd,
    parse_repomd,
    render_repomd,
)
from headgate.content.rpm.metadata.reserializer import reserialize_elements
from headgate.content.rpm.metadata.segments import CODECS, KINDS, Codec, Kind
from headgate.content.rpm.metadata.shapes import FILELISTS_SHAPE, OTHER_SHAPE, PRIMARY
from headgate.content.rpm.metadata.slicer import slice_elements
from headgate.content.rpm.metadata.stream import Source
from headgate.content.rpm.metadata.treeinfo import parse_treeinfo
from headgate.content.rpm.metadata.updateinfo import parse_erratum, read_updateinfo
from headgate.domain.errors import InvalidContentError
from support.yum_xml import (
    Pack,
    document,
    documents,
    package,
    path_of,
    read,
    read_by_createrepo_c,
)

SHAPES = {"primary": PRIMARY, "filelists": FILELISTS_SHAPE, "other": OTHER_SHAPE}
# What XML can hold, and what a name in a column can.
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))
NAMES = st.text(st.characters(categories=["L", "N", "P", "Sm"]), min_size=1, max_size=20)
PACKAGES = st.builds(
    package,
    NAMES,
    version=NAMES,
    summary=TEXT,
    files=st.lists(TEXT, max_size=5),
    log=TEXT,
    location=st.just("a.rpm"),
)
LISTS = st.lists(PACKAGES, max_size=8, unique_by=lambda each: each.filelists.split(b'"', 2)[1])
POOL = [
    package(f"bird{n}", files=[f"/usr/share/bird{n}/{m}" for m in range(n % 5)]) for n in range(230)
]
POOL_PACK = Pack(POOL)


@settings(deadline=None, max_examples=60)
@given(st.sets(st.integers(0, len(POOL) - 1)), st.sampled_from(CODECS))
def test_any_selection_written_is_the_selection_read(wanted: set[int], codec: Codec) -> None:
    with tempfile.TemporaryDirectory() as folder:
        POOL_PACK.write(Path(folder), POOL_PACK.cuts(wanted.__contains__), codec)
        files: dict[Kind, bytes] = {
            kind: path_of(Path(folder), kind, codec).read_bytes() for kind in KINDS
        }
        theirs = [each.name for each in read_by_createrepo_c(Path(folder), codec)]

    assert [each.fragments for each in read(files)] == [POOL[n] for n in sorted(wanted)]
    assert theirs == [f"bird{n}" for n in sorted(wanted)]


@settings(deadline=None, max_examples=60)
@given(LISTS)
def test_packages_of_any_text_read_back_as_they_were_written(packages: list[Fragments]) -> None:
    found = read(documents(packages))

    assert [each.fragments for each in found] == packages


@settings(deadline=None, max_examples=60)
@given(LISTS, st.sampled_from(KINDS), st.integers(1, 500))
def test_the_slicer_and_the_parser_agree(packages: list[Fragments], kind: Kind, size: int) -> None:
    data = document(kind, packages)
    chunks = [data[at : at + size] for at in range(0, len(data), size)]

    sliced = list(slice_elements(iter(chunks), SHAPES[kind]))
    parsed = list(reserialize_elements(iter(chunks), SHAPES[kind]))

    # What the parser has written again, it and the slicer leave as it is.
    again = document(kind, [Fragments(each, each, each) for each in parsed])
    assert list(slice_elements(iter([again]), SHAPES[kind])) == parsed
    assert list(reserialize_elements(iter([again]), SHAPES[kind])) == parsed
    assert len(sliced) == len(parsed)
    if kind == "primary":
        assert list(map(read_header, sliced)) == list(map(read_header, parsed))


@settings(deadline=None, max_examples=60)
@given(LISTS, st.permutations(range(8)), st.permutations(range(8)))
def test_the_order_of_the_files_does_not_count(
    packages: list[Fragments], first: list[int], second: list[int]
) -> None:
    files = documents(packages)
    orders: dict[Kind, list[int]] = {"filelists": first, "other": second}
    for kind, order in orders.items():
        files[kind] = document(kind, [packages[n] for n in order if n < len(packages)])

    assert [each.fragments for each in read(files)] == packages


@settings(deadline=None, max_examples=60)
@given(
    st.binary(max_size=60),
    st.integers(0, 4_000),
    st.integers(0, 60),
    st.sampled_from(KINDS),
)
def test_damage_anywhere_gives_packages_or_a_clear_error(
    damage: bytes, at: int, replaced: int, kind: Kind
) -> None:
    files = documents(POOL[:3])
    data = files[kind]
    files[kind] = data[:at] + damage + data[at + replaced :]

    with suppress(InvalidContentError):
        for each in read(files):
            assert each.header.name
            assert each.fragments.primary.decode()


PIECES = st.lists(
    st.sampled_from(
        [
            *[
                "<",
                ">",
                "</",
                "/>",
                "<!",
                "<!--",
                "-->",
                "<![CDATA[",
                "]]>",
                "<?",
                "?>",
                "&",
                "&#0;",
            ],
            *[
                "update",
                "group",
                "id",
                "package",
                "metadata",
                "repomd",
                "data",
                '="',
                '"',
                " ",
                "\n",
            ],
            *["---", "...", ": ", "- ", "*a", "&a", "[", "{", "[checksums]", "=", "sha256:", "../"],
        ]
    )
).map(lambda pieces: "".join(pieces).encode())


@settings(deadline=None, max_examples=60)
@given(st.one_of(st.binary(), PIECES, PIECES.map(lambda data: b"<updates>" + data)))
def test_readers_of_documents_fail_in_no_other_way(data: bytes) -> None:
    def read_all_updates() -> object:
        fragments = read_updateinfo(Source(io.BytesIO(data), "updateinfo"))
        return [parse_erratum(each) for each in fragments]

    for reader in (
        lambda: parse_repomd(data),
        lambda: parse_treeinfo(data),
        lambda: read_comps(io.BytesIO(data), "comps"),
        lambda: read_modules(io.BytesIO(data), "modules"),
        read_all_updates,
    ):
        with suppress(InvalidContentError):
            reader()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.binary(max_size=300), max_size=6), st.data())
def test_zstd_frames_are_whole_or_refused(contents: list[bytes], data: st.DataObject) -> None:
    frames = [zstandard.ZstdCompressor().compress(content) for content in contents]
    whole = b"".join(frames)
    ends = {sum(map(len, frames[:n])) for n in range(len(frames) + 1)}
    end = data.draw(st.integers(0, len(whole)))
    cuts = sorted(data.draw(st.sets(st.integers(0, end), max_size=4)) | {0, end})
    chunks = [whole[start:stop] for start, stop in pairwise(cuts)]

    try:
        opened = expand_whole(ChunkFile(chunks), "a")
    except InvalidContentError:
        assert end not in ends
    else:
        count = next((n for n in range(len(frames) + 1) if sum(map(len, frames[:n])) == end), None)
        assert end < 4 or count is not None
        assert count is None or opened == b"".join(contents[:count])


CHECKSUMS = st.builds(Checksum, st.just("sha256"), st.binary(min_size=32, max_size=32))
WORDS = TEXT.map(str.strip)
NUMBERS = st.none() | st.integers(0, 2**63 - 1)


@settings(deadline=None, max_examples=60)
@given(
    st.builds(
        Repomd,
        files=st.lists(
            st.builds(
                MetadataFile,
                type=NAMES,
                location=st.sampled_from(["a", "repodata/b.xml.gz", "x/ö &c"]),
                checksum=CHECKSUMS,
                size=NUMBERS,
                open_checksum=st.none() | CHECKSUMS,
                open_size=NUMBERS,
                timestamp=NUMBERS,
                database_version=NUMBERS,
            ),
            max_size=4,
        ).map(tuple),
        revision=WORDS,
        content_tags=st.lists(WORDS, max_size=2).map(tuple),
        distro_tags=st.lists(st.builds(DistroTag, WORDS, st.none() | TEXT), max_size=2).map(tuple),
    )
)
def test_an_index_reads_back_as_it_was_written(repomd: Repomd) -> None:
    assert parse_repomd(render_repomd(repomd)) == repomd
