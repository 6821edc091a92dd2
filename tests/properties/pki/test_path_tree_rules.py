"""Properties of path trees."""

import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from headgate.domain.errors import InvalidContentError
from headgate.pki.paths import PathTree

# Few letters make many equal segments, prefixes and shared subtrees.
words = st.one_of(
    st.text(st.sampled_from("ab$"), min_size=1, max_size=2),
    st.text(
        st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=8
    ),
).filter(lambda word: word not in {".", ".."})
paths = st.lists(words, min_size=1, max_size=6).map(lambda parts: "/" + "/".join(parts))
path_lists = st.lists(paths, min_size=1, max_size=12)


def starts(path: str, prefix: str) -> bool:
    """The rule, said once more in the plainest way."""
    parts, wanted = path.strip("/").split("/"), prefix.strip("/").split("/")
    return len(wanted) <= len(parts) and all(
        expected in {part, "$"} or expected.startswith("$") or part == expected
        for part, expected in zip(parts, wanted, strict=False)
    )


@given(path_lists)
@example(["/a"])
@example([f"/w{number}/x{number % 7}" for number in range(200)])
def test_a_tree_reads_back_as_it_was_written(listed: list[str]) -> None:
    tree = PathTree.of(listed)

    assert PathTree.decode(tree.encode()) == tree


@given(path_lists)
def test_a_tree_holds_its_paths_less_those_below_another(listed: list[str]) -> None:
    def below(path: str) -> bool:
        return any(path.startswith(f"{other}/") for other in listed)

    assert set(PathTree.of(listed).paths()) == {path for path in listed if not below(path)}


@given(path_lists, paths)
def test_a_tree_opens_what_starts_with_one_of_its_paths(listed: list[str], asked: str) -> None:
    opened = PathTree.decode(PathTree.of(listed).encode()).opens(asked)

    assert opened == any(starts(asked, prefix) for prefix in listed)


@given(path_lists, st.lists(words, max_size=3))
def test_whatever_lies_below_a_path_is_open(listed: list[str], more: list[str]) -> None:
    assert PathTree.of(listed).opens("/".join([listed[0], *more]))


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_refused(data: bytes) -> None:
    try:
        tree = PathTree.decode(data)
    except InvalidContentError:
        return
    assert tree.nodes[0]


@given(st.lists(words, min_size=1, max_size=5), st.binary(min_size=1, max_size=64))
def test_any_bits_behind_words_decode_or_are_refused(listed: list[str], bits: bytes) -> None:
    data = zlib.compress("".join(f"{word}\0" for word in listed).encode()) + bits
    try:
        tree = PathTree.decode(data)
    except InvalidContentError:
        return
    tree.opens("/a/b/c")


@given(path_lists, st.data())
def test_a_damaged_tree_decodes_or_is_refused(listed: list[str], data: st.DataObject) -> None:
    whole = bytearray(PathTree.of(listed).encode())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    try:
        PathTree.decode(bytes(whole))
    except InvalidContentError:
        return


def test_a_loop_is_refused() -> None:
    # The word "a" (code 0, the end is 1); three nodes: the root leads to node 1 and that to itself.
    looped = zlib.compress(b"a\0") + bytes([3, 0b0_0_1_0_0_1_1_0])

    with pytest.raises(InvalidContentError, match="leads back"):
        PathTree.decode(looped)
