"""Which tags are chosen, and in what order versions are."""

import pytest

from headgate.content.container.sync.tag_rules import TagRules, companions_of, is_companion
from headgate.domain.errors import InvalidContentError
from headgate.domain.platforms import Platform, is_wanted, platform_of

_DIGEST = "sha256:" + "a" * 64
_LONG = "sha512:" + "b" * 128


@pytest.mark.parametrize(
    ("include", "exclude", "chosen"),
    [
        (None, None, ["1.0", "1.0-source", "latest"]),
        ([], ["*-source"], ["1.0", "latest"]),
        (["1.?"], [], ["1.0"]),
        (["[!1]*"], [], ["latest"]),
        (["LATEST"], [], []),
        ([_DIGEST], [], []),
        ([_DIGEST, "latest"], [], ["latest"]),
        (["nothing"], [], []),
    ],
)
def test_globs_include_and_then_exclude(
    include: list[str] | None, exclude: list[str] | None, chosen: list[str]
) -> None:
    names = ["1.0", "1.0-source", "latest", "sha256-" + "a" * 64]

    assert TagRules.of(include, exclude, None).chosen(names) == chosen


@pytest.mark.parametrize(
    ("names", "newest"),
    [
        (["1.9", "1.10"], "1.10"),
        (["v1.2", "1.3"], "1.3"),
        (["1.2", "1.2.1"], "1.2.1"),
        (["1.2", "1.2-rc1"], "1.2"),
        (["1.2-rc10", "1.2-rc9"], "1.2-rc10"),
        (["2", "10"], "10"),
        (["20260102", "20251231"], "20260102"),
        (["1." + "9" * 120, "2"], "2"),
    ],
)
def test_versions_are_ordered_number_by_number(names: list[str], newest: str) -> None:
    assert TagRules.of(None, None, 1).chosen(names) == [newest]
    assert TagRules.of(None, None, 1).chosen(names[::-1]) == [newest]


def test_tags_that_are_no_versions_are_not_counted() -> None:
    names = ["latest", "1", "2", "stable", "3"]

    assert TagRules.of(None, None, 2).chosen(names) == ["latest", "2", "stable", "3"]
    assert TagRules.of(None, None, 0).chosen(names) == ["latest", "stable"]


def test_companions_are_found_by_the_digest_in_their_name() -> None:
    names = [
        "sha256-" + "a" * 64,
        "sha256-" + "a" * 64 + ".sig",
        "sha256-" + "c" * 64 + ".sig",
        "sha512-" + "b" * 64,
        "sha512-" + "b" * 128 + ".att",
        "sha256-short.sig",
    ]

    assert companions_of([_DIGEST, _LONG], names) == [names[0], names[1], names[3], names[4]]
    assert not is_companion("sha256-short.sig")


@pytest.mark.parametrize(
    ("wanted", "found", "comes"),
    [
        ("linux/amd64", ("linux", "amd64", None), True),
        ("linux/amd64", ("linux", "arm64", None), False),
        ("linux/arm64", ("linux", "arm64", "v8"), True),
        ("linux/arm64/v8", ("linux", "arm64", None), True),
        ("linux/arm/v6", ("linux", "arm", None), False),
        ("linux/arm/v7", ("linux", "arm", None), True),
        ("windows/amd64", ("linux", "amd64", None), False),
        ("linux/amd64", ("unknown", "unknown", None), True),
        ("linux/amd64", (None, None, None), True),
    ],
)
def test_platforms_cover_their_variants(
    wanted: str, found: tuple[str | None, str | None, str | None], *, comes: bool
) -> None:
    assert is_wanted([Platform.parse(wanted)], platform_of(*found)) is comes
    assert is_wanted([], platform_of(*found))


@pytest.mark.parametrize("text", ["linux", "", "linux/", "/amd64", "a/b/c/d"])
def test_what_is_no_platform_is_refused(text: str) -> None:
    with pytest.raises(InvalidContentError, match="no platform"):
        Platform.parse(text)
