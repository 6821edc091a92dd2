"""What is written anew in a package's fragments, and what is not."""

import hashlib

import pytest

from headgate.content.rpm.metadata.naming import named_by_sha256, without_base
from headgate.content.rpm.metadata.packages import Fragments, is_weak, pkgid_of, read_header
from headgate.domain.errors import InvalidContentError
from support.yum_xml import package

SHA256 = hashlib.sha256(b"the package").hexdigest()
MD5 = hashlib.md5(b"the package").hexdigest()  # noqa: S324 - what old repositories have


def weakly(fragments: Fragments) -> Fragments:
    """Name the package by MD5 in all three."""
    name = pkgid_of(fragments.primary)
    named = [each.replace(name, MD5.encode()) for each in fragments]
    primary = named[0].replace(b'checksum type="sha256"', b'checksum type="md5"')
    return Fragments(primary, *named[1:])


def test_only_the_name_changes() -> None:
    strong = package(summary='The <checksum type="md5"> of "it"', log='pkgid="0"')

    named = named_by_sha256(weakly(strong), SHA256)

    assert named == Fragments(
        *(each.replace(pkgid_of(strong.primary), SHA256.encode()) for each in strong)
    )
    assert read_header(named.primary).checksum_type == "sha256"


@pytest.mark.parametrize(
    "form",
    [
        b"<checksum pkgid='YES' type='md5'>%b</checksum >",
        b'<checksum type = "sha" pkgid="YES" note=">">\n%b\n</checksum>',
    ],
)
def test_other_forms_of_the_checksum_are_named_anew(form: bytes) -> None:
    weak = weakly(package())
    plain = b'<checksum type="md5" pkgid="YES">%b</checksum>' % MD5.encode()
    odd = weak._replace(primary=weak.primary.replace(plain, form % MD5.encode()))

    named = named_by_sha256(odd, SHA256)

    assert named == named_by_sha256(weak, SHA256)


def test_a_pkgid_stands_anywhere_in_the_start_tag() -> None:
    weak = weakly(package())
    moved = weak.filelists.replace(
        b'pkgid="%b" name="reed"' % MD5.encode(), b"name='reed' pkgid = '%b'" % MD5.encode()
    )

    named = named_by_sha256(weak._replace(filelists=moved), SHA256)

    assert pkgid_of(named.filelists).decode() == SHA256


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<summary>", b'<checksum type="md5" pkgid="YES">%b</checksum><summary>' % MD5.encode()),
        (b'<package type="rpm">', b'<package type="rpm" pkgid="%b">' % MD5.encode()),
    ],
)
def test_a_package_with_two_names_is_refused(old: bytes, new: bytes) -> None:
    weak = weakly(package())

    with pytest.raises(InvalidContentError, match="more than one place"):
        named_by_sha256(weak._replace(primary=weak.primary.replace(old, new)), SHA256)


@pytest.mark.parametrize(
    ("kind", "weak"), [("md5", True), ("sha1", True), ("sha224", False), ("sha512", False)]
)
def test_the_length_of_a_name_tells_its_kind(kind: str, weak: bool) -> None:
    assert is_weak(hashlib.new(kind, b"").hexdigest().encode()) is weak


@pytest.mark.parametrize(
    "base",
    [
        b' xml:base="http://example.org/"',
        b" xml:base='http://example.org/'",
        b'\n    xml:base = "http://example.org/?a=>"',
    ],
)
def test_a_fragment_sends_nobody_to_another_server(base: bytes) -> None:
    plain = package().primary
    for place in (b"<location", b'.noarch.rpm"'):
        elsewhere = plain.replace(place, place + base)
        assert read_header(elsewhere).location_base is not None

        assert without_base(elsewhere) == plain


def test_a_base_in_a_form_that_is_not_known_is_refused() -> None:
    elsewhere = package().primary.replace(
        b"<location",
        b'<location xmlns:xml="http://www.w3.org/XML/1998/namespace"'
        b' href2="" xml:base="http://a/" ',
    )

    assert b"xml:base" not in without_base(elsewhere)
