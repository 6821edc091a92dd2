import pytest

from headgate.domain.errors import InvalidContentError
from headgate.domain.paths import safe_relpath


@pytest.mark.parametrize(
    "path",
    [
        "bear-4.1-1.noarch.rpm",
        "Packages/b/bear-4.1-1.noarch.rpm",
        "Packages/g/gtk+-1.0~rc1^git2-1.x86_64.rpm",
        "Packages/c/caret-1%5egit.rpm",
        "Packages/e/epoch-1:2.0-1.rpm",
        "images/..hidden/a...b",
        "Packages/ö/über-1.rpm",
        "a b/c&d?e#f",
        "x" * 255 + "/" + "y" * 255,
    ],
)
def test_an_honest_path_stays_as_it_is(path: str) -> None:
    assert safe_relpath(path) == path


@pytest.mark.parametrize(
    ("path", "clean"),
    [("./a/b", "a/b"), ("a//b", "a/b"), ("a/./b/", "a/b"), ("a/.", "a")],
)
def test_dot_and_empty_segments_are_dropped(path: str, clean: str) -> None:
    assert safe_relpath(path) == clean


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "./",
        "/",
        "/etc/passwd",
        "//host/share",
        "..",
        "../a",
        "a/../../etc",
        "a/..",
        "a/b/../c",
        "http://example.com/a.rpm",
        "file:a",
        "FILE:///etc/passwd",
        "./file:a",
        "C:/windows",
        "a\\b",
        "..\\a",
        "a\0b",
        "a\nb",
        "a\x7fb",
        "a\x85b",
        "a\u2028b",
        "%2e%2e/a",
        "a/%2E%2e/b",
        "..%2fa",
        "%2fetc/passwd",
        "a%5c..%5cb",
        "a%00b",
        "%252e%252e%252fa",
        "%25252e%25252e%25252f",
        "%2525252525252e",
        "http%3a//host/a",
        "a\udc80b",
        "x" * 256,
        "/".join(["x" * 200] * 6),
        "ö" * 128,
        "y/" * 100_000,
    ],
)
def test_a_path_that_could_lead_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(InvalidContentError, match="is refused"):
        safe_relpath(path)
