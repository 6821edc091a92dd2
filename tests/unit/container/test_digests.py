"""Digests and tags, as clients write them."""

from hashlib import sha256, sha512

import pytest

from headgate.content.container.digests import (
    algorithm_of,
    digest_of,
    is_digest,
    is_tag,
    stored_digest,
    tag_digest,
    unit_digest,
)

GOOD = "sha256:" + "0a" * 32
LONG = "sha512:" + "0a" * 64


@pytest.mark.parametrize("text", [GOOD, LONG])
def test_digests_are_known(text: str) -> None:
    assert is_digest(text)
    assert algorithm_of(text) == text[:6]


@pytest.mark.parametrize(
    "text",
    [
        *("", "latest", "sha256:", GOOD[:-1], GOOD + "0", GOOD.upper(), GOOD + "\n", " " + GOOD),
        *("sha256:" + "0a" * 64, "sha512:" + "0a" * 32, "sha384:" + "0a" * 48, "md5:" + "0a" * 16),
        *(GOOD.removeprefix("sha256:"), "sha256:" + "\u0660" * 64, "sha256:../" + "0" * 61),
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert not is_digest(text)


@pytest.mark.parametrize("text", ["latest", "_", "A.b-c_d", "0" * 128, "1.0", "v1", "a..b"])
def test_tags_are_known(text: str) -> None:
    assert is_tag(text)


@pytest.mark.parametrize(
    "text", ["", ".", "..", ".hidden", "-x", "a/b", "a:b", "a b", "\u00e9", "a\n", "0" * 129, GOOD]
)
def test_no_other_text_is_a_tag(text: str) -> None:
    assert not is_tag(text)


def test_bytes_have_a_digest_of_each_kind() -> None:
    assert digest_of(b"x") == f"sha256:{sha256(b'x').hexdigest()}"
    assert digest_of(b"x", "sha512") == f"sha512:{sha512(b'x').hexdigest()}"


def test_only_what_the_store_can_name_has_a_place_there() -> None:
    assert str(stored_digest(GOOD)) == GOOD
    assert stored_digest(LONG) is None


def test_units_are_named_apart() -> None:
    assert unit_digest(GOOD) == b"\x0a" * 32
    assert unit_digest(LONG) == sha256(LONG.encode()).digest()
    # A tag's name ends where the digest begins, whatever is in the two.
    names = {tag_digest("a", GOOD), tag_digest("a", LONG), tag_digest("b", GOOD)}
    assert len(names) == 3
