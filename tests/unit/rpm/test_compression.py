import bz2
import gzip
import io
import lzma
import os
import random
from collections.abc import Callable

import pytest
import zstandard

from headgate.content.rpm.metadata.compression import (
    BLOCK_BYTES,
    ChunkFile,
    Limits,
    expand,
    expand_whole,
)
from headgate.domain.errors import InvalidContentError

Compress = Callable[[bytes], bytes]
CODECS: dict[str, Compress] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor().compress,
}
CONTENT = b"".join(b"line %d\n" % (n * n) for n in range(120_000)) + os.urandom(5_000)
SHORT = CONTENT[-20_000:]
SMALL = b"some text, and the same text, and the same text again"


@pytest.fixture(params=CODECS)
def codec(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_each_format_expands_to_what_was_compressed(codec: str) -> None:
    data = CODECS[codec](CONTENT)

    blocks = list(expand(io.BytesIO(data), f"primary.xml.{codec}"))

    assert b"".join(blocks) == CONTENT
    assert max(map(len, blocks)) <= BLOCK_BYTES


def test_a_file_of_many_members_is_read_to_its_end(codec: str) -> None:
    data = b"".join(CODECS[codec](part) for part in (SMALL, b"", CONTENT, SMALL))

    assert expand_whole(io.BytesIO(data), f"a.{codec}") == SMALL + CONTENT + SMALL


def test_the_format_is_told_by_the_bytes_and_not_by_the_name(codec: str) -> None:
    assert expand_whole(io.BytesIO(CODECS[codec](SMALL)), "productid") == SMALL


def test_a_plain_file_is_taken_as_it_is() -> None:
    assert expand_whole(ChunkFile([b"<a", b"", b"/>"]), "a.xml") == b"<a/>"
    assert expand_whole(io.BytesIO(b""), "empty") == b""


def test_a_file_cut_short_anywhere_is_refused(codec: str) -> None:
    data = CODECS[codec](SHORT)
    rng = random.Random(codec)  # noqa: S311
    ends = {*range(1, 30), *range(len(data) - 30, len(data)), *rng.sample(range(len(data)), 50)}

    for end in ends - {0}:
        for whole_member_before in (b"", CODECS[codec](SMALL)):
            with pytest.raises(InvalidContentError, match="a\\.xml"):
                expand_whole(io.BytesIO(whole_member_before + data[:end]), f"a.xml.{codec}")


def test_zstd_cut_short_in_bytes_that_are_stored_as_they_are_is_refused() -> None:
    stored = os.urandom(2_000)
    data = zstandard.ZstdCompressor(write_checksum=False).compress(stored)

    for end in range(1, len(data)):
        for size in (3, 1 << 20):  # bytes that one read gives
            pieces = [data[at : min(at + size, end)] for at in range(0, end, size)][-20:]
            with pytest.raises(InvalidContentError):
                expand_whole(ChunkFile([data[: end - sum(map(len, pieces))], *pieces]), "a.zst")


def test_skippable_frames_of_zstd_are_skipped() -> None:
    skippable = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"
    frame = CODECS["zst"](SMALL)

    assert expand_whole(io.BytesIO(skippable + frame + skippable), "a.zst") == SMALL


def test_garbage_after_the_end_is_refused(codec: str) -> None:
    with pytest.raises(InvalidContentError):
        expand_whole(io.BytesIO(CODECS[codec](SMALL) + b"garbage, and not little of it"), "a")


@pytest.mark.parametrize("padded", ["gz", "xz"])
def test_padding_with_zeros_is_no_garbage(padded: str) -> None:
    assert expand_whole(io.BytesIO(CODECS[padded](SMALL) + bytes(512)), f"a.{padded}") == SMALL


def test_a_changed_byte_never_goes_unnoticed() -> None:
    for name, compress in {"gz": gzip.compress, "xz": lzma.compress, "bz2": bz2.compress}.items():
        data = bytearray(compress(SHORT))
        data[len(data) // 2] ^= 1

        with pytest.raises(InvalidContentError):
            expand_whole(io.BytesIO(data), f"a.{name}")


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz", "zst", "zck"])
def test_a_name_that_promises_another_format_is_refused(suffix: str) -> None:
    with pytest.raises(InvalidContentError, match=f"is not a {suffix} file"):
        expand_whole(io.BytesIO(b"<html>Not here</html>"), f"primary.xml.{suffix}")


def test_zchunk_is_refused_by_name() -> None:
    with pytest.raises(InvalidContentError, match="zck"):
        expand_whole(io.BytesIO(b"\0ZCK1 and so on"), "primary.xml.zck")


def test_a_bomb_is_refused_by_its_size(codec: str) -> None:
    bomb = CODECS[codec](bytes(8 << 20))
    limits = Limits(expanded_bytes=4 << 20)

    blocks = expand(io.BytesIO(bomb), "bomb", limits)
    read: list[int] = []
    with pytest.raises(InvalidContentError, match="expands to more than 4194304 bytes"):
        read.extend(map(len, blocks))

    assert sum(read) <= limits.expanded_bytes


def test_a_bomb_is_refused_by_its_ratio(codec: str) -> None:
    bomb = CODECS[codec](bytes(8 << 20))
    limits = Limits(expanded_bytes=1 << 40, ratio=100, ratio_free_bytes=1 << 20)

    with pytest.raises(InvalidContentError, match="more than 100 times"):
        expand_whole(io.BytesIO(bomb), "bomb", limits)


def test_xz_that_wants_much_memory_is_refused() -> None:
    data = lzma.compress(
        SMALL, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 256 << 20, "preset": 0}]
    )

    with pytest.raises(InvalidContentError, match=r"[Mm]emory"):
        expand_whole(io.BytesIO(data), "a.xz")
