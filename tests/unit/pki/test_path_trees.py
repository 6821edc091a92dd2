"""The path tree: its bytes, and what is refused."""

import zlib

import pytest

from headgate.domain.errors import InvalidContentError
from headgate.pki.paths import MAX_ENCODED, MAX_INFLATED, PathTree

# The certificate guard of pulpcore 3.123 reads trees of this encoder as the same paths.
PATHS = [
    "/ACME/Dev/base/custom/tools/el9",
    "/ACME/Prod/base/custom/tools/el9",
    "/ACME/Library",
    "/other/$releasever/os",
]
GOLDEN = (
    "78da53294acd494d2c4e2d4b2d627074f6756570492d63f0c94c2a4a2caa640828ca4f614802ca322497"
    "1697e4e732a4e65832e41733e49764009597e4e7e714330000c2ba156709fe4d8bafb0fef0cb993bebbb"
    "b6"
)


def test_only_whole_segments_match() -> None:
    tree = PathTree.of(["/ACME/Dev"])

    assert tree.opens("/ACME/Dev")
    assert tree.opens("/ACME/Dev/cv/custom/x")
    assert tree.opens("//ACME//Dev/")
    assert not tree.opens("/ACME/Development")
    assert not tree.opens("/ACME")
    assert not tree.opens("/")


def test_a_word_with_a_dollar_stands_for_one_segment() -> None:
    tree = PathTree.of(["/a/$releasever/os"])

    assert tree.opens("/a/9/os/x")
    assert not tree.opens("/a/9/1/os")
    assert not tree.opens("/a/os")


@pytest.mark.parametrize("path", ["/ACME/../Other/x", "/ACME/Dev/./x", "/ACME/Dev/.."])
def test_a_path_with_dots_is_never_open(path: str) -> None:
    assert not PathTree.of(["/ACME", "/Other"]).opens(path)


@pytest.mark.parametrize("listed", [[], ["/"], ["/a", ""], ["/a\0b"], ["/x" * 65]])
def test_paths_that_the_format_cannot_hold_are_refused(listed: list[str]) -> None:
    with pytest.raises(ValueError, match="path"):
        PathTree.of(listed)


def test_six_thousand_paths_fit() -> None:
    listed = [f"/ACME/env{number % 20}/cv{number % 7}/custom/p{number}/r" for number in range(6000)]

    data = PathTree.of(listed).encode()

    assert len(data) < MAX_ENCODED
    assert set(PathTree.decode(data).paths()) == set(listed)


def test_words_that_inflate_without_end_are_refused() -> None:
    with pytest.raises(InvalidContentError, match="inflate to over"):
        PathTree.decode(zlib.compress(b"a" * (MAX_INFLATED + 1), 9) + b"\x02\x00")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not deflated",
        zlib.compress(b"a\0"),
        zlib.compress(b"a\0")[:-3],
        zlib.compress(b"a\0") + b"\x03",
        zlib.compress(b"a\0") + b"\x03\xff",
        zlib.compress(b"a\0") + b"\x88\x00",
        zlib.compress(b"a\0") + b"\x84\xff\xff\xff\xff\x00",
        zlib.compress(b"a") + b"\x03\x38",
        zlib.compress(b"\0") + b"\x03\x38",
        zlib.compress(b"\xff\0") + b"\x03\x38",
        bytes(MAX_ENCODED + 1),
    ],
)
def test_what_is_no_path_tree_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidContentError):
        PathTree.decode(data)


def test_the_bytes_stay_as_other_decoders_read_them() -> None:
    data = PathTree.of(PATHS).encode()

    assert data.hex() == GOLDEN
    assert sorted(PathTree.decode(data).paths()) == sorted(PATHS)
