import gzip
import io
import re
from xml.etree import ElementTree as ET

import pytest

from headgate.content.rpm.metadata import slicer
from headgate.content.rpm.metadata.packages import Fragments
from headgate.content.rpm.metadata.segments import KINDS, Kind
from headgate.content.rpm.metadata.shapes import PRIMARY, RPM
from headgate.content.rpm.metadata.slicer import OddXmlError, slice_elements
from headgate.content.rpm.metadata.stream import Source, read_packages
from headgate.domain.errors import InvalidContentError
from support.yum_xml import document, documents, package, read

PACKAGES = [
    package("reed", summary="Bends & stays <whole>"),
    package("heron", summary="Grüße", files=[f"/usr/share/heron/{n}" for n in range(300)]),
    package("crane", log="- fixed! really?\n- done"),
]
ODD: dict[str, tuple[str, str]] = {
    "a comment with a package in it": ("</metadata>", "<!-- <package></package> --></metadata>"),
    "a comment between packages": ("\n<package", "\n<!-- next --><package"),
    "CDATA": ("Bends &amp; stays &lt;whole&gt;", "<![CDATA[Bends & stays <whole>]]>"),
    "an instruction in a package": ("<format>", "<?x </package> ?><format>"),
    "another prefix": ("rpm", "r"),
    "single quotes": ('<package type="rpm">', "<package type='rpm'>"),
    "spaces in tags": ("</package>", "</package >"),
    "character references": ("Bends", "&#66;&#x65;nds"),
    "another encoding": ('encoding="UTF-8"', 'encoding="iso-8859-1"'),
    "no declaration": ('<?xml version="1.0" encoding="UTF-8"?>\n', ""),
    "a byte order mark": ("<?xml", "\ufeff<?xml"),
    "more namespaces": ("packages=", 'xmlns:suse="http://novell.com/package" packages='),
}


def test_plain_files_are_read_as_they_are_written() -> None:
    packages = read(documents(PACKAGES))

    assert [each.fragments for each in packages] == PACKAGES
    assert [each.header.name for each in packages] == ["reed", "heron", "crane"]
    assert packages[0].header.summary == "Bends & stays <whole>"
    assert len({each.digest for each in packages}) == 3


@pytest.mark.parametrize("oddity", ODD)
def test_odd_xml_gives_the_same_packages_as_plain(oddity: str) -> None:
    files = documents(PACKAGES)
    encoding = "iso-8859-1" if oddity == "another encoding" else "utf-8"
    text = _made_odd(files["primary"], oddity)
    assert text != files["primary"].decode()
    files["primary"] = text.encode(encoding)

    packages = read(files)

    assert [_canonical(each.fragments) for each in packages] == list(map(_canonical, PACKAGES))
    assert [each.header for each in packages] == [each.header for each in read(documents(PACKAGES))]


@pytest.mark.parametrize(
    "oddity", sorted(ODD.keys() - {"character references", "no declaration", "single quotes"})
)
def test_the_slicer_does_not_take_what_it_could_misread(oddity: str) -> None:
    text = _made_odd(document("primary", PACKAGES), oddity)

    with pytest.raises(OddXmlError):
        list(slice_elements(iter([text.encode()]), PRIMARY))


def test_what_came_before_an_oddity_is_not_given_twice() -> None:
    files = documents(PACKAGES)
    start, end = files["filelists"].rsplit(b"<package", 1)
    files["filelists"] = start + b"<!-- the last -->\n<package" + end

    assert [each.fragments for each in read(files)] == PACKAGES


def test_packages_are_found_wherever_the_chunks_end() -> None:
    data = document("primary", PACKAGES)
    wanted = [each.primary for each in PACKAGES]

    for size in (1, 2, 3, 7, 64, 1000):
        chunks = (data[at : at + size] for at in range(0, len(data), size))
        assert list(slice_elements(chunks, PRIMARY)) == wanted


def test_a_package_of_many_chunks_is_read() -> None:
    big = package("big", files=[f"/usr/share/big/{n:060}" for n in range(60_000)])

    assert read(documents([PACKAGES[0], big, PACKAGES[1]]))[1].fragments == big


def test_a_package_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slicer, "MAX_FRAGMENT_BYTES", 2 << 20)
    big = package("big", files=[f"/usr/share/big/{n:060}" for n in range(60_000)])

    with pytest.raises(InvalidContentError, match="filelists is larger than"):
        read(documents([big]))


def test_an_empty_repository_is_read() -> None:
    assert read(documents([])) == []
    closed = documents([])
    closed["primary"] = closed["primary"].replace(b">\n</metadata>", b"/>")
    assert read(closed) == []


def test_files_in_other_orders_are_joined() -> None:
    files = documents(PACKAGES)
    files["filelists"] = document("filelists", [PACKAGES[n] for n in (2, 0, 1)])
    files["other"] = document("other", PACKAGES[::-1])

    assert [each.fragments for each in read(files)] == PACKAGES


def test_the_order_of_attributes_does_not_count() -> None:
    files = documents(PACKAGES)
    files["other"] = re.sub(rb'(pkgid="\w+") (name="\w+")', rb"\2 \1", files["other"])

    packages = read(files)

    assert packages[0].fragments.other.startswith(b'<package name="reed" pkgid="')
    assert [each.header.name for each in packages] == ["reed", "heron", "crane"]


def test_a_repository_without_filelists_and_other_is_read() -> None:
    packages = read({"primary": document("primary", PACKAGES)})

    pkgid = packages[0].header.checksum.hex()
    assert [each.fragments.primary for each in packages] == [each.primary for each in PACKAGES]
    assert packages[0].fragments.filelists.decode() == (
        f'<package pkgid="{pkgid}" name="reed" arch="noarch">\n'
        '  <version epoch="0" ver="1.0" rel="1"/>\n</package>'
    )


@pytest.mark.parametrize("kind", ["filelists", "other"])
def test_a_package_that_one_file_lacks_is_named(kind: Kind) -> None:
    files = documents(PACKAGES)
    files[kind] = document(kind, PACKAGES[1:])

    with pytest.raises(InvalidContentError, match=f"{kind}.xml has no entry for the package"):
        read(files)


@pytest.mark.parametrize("kind", ["filelists", "other"])
def test_a_package_that_primary_lacks_is_an_error(kind: Kind) -> None:
    files = documents(PACKAGES)
    files[kind] = document(kind, [*PACKAGES, package("stowaway")])

    with pytest.raises(InvalidContentError, match="lists 4 packages where primary lists 3"):
        read(files)


@pytest.mark.parametrize("oddity", ["", "<!-- odd -->"])
def test_a_wrong_number_of_packages_is_an_error(oddity: str) -> None:
    files = documents(PACKAGES)
    files["primary"] = (
        files["primary"]
        .replace(b'packages="3"', b'packages="4"')
        .replace(b"</metadata>", oddity.encode() + b"</metadata>")
    )

    with pytest.raises(InvalidContentError, match="declares 4 packages but holds 3"):
        read(files)


@pytest.mark.parametrize("kind", KINDS)
def test_xml_cut_short_anywhere_is_refused(kind: Kind) -> None:
    files = documents(PACKAGES[:1])
    whole = files[kind].rstrip()

    for end in range(len(whole)):
        with pytest.raises(InvalidContentError):
            read({**files, kind: whole[:end]})


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE metadata [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE metadata [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE metadata [<!ENTITY % p SYSTEM "http://127.0.0.1/x.dtd"> %p;]>',
    ],
)
def test_entities_are_refused(declaration: str) -> None:
    files = documents(PACKAGES)
    files["primary"] = files["primary"].replace(b"<metadata", declaration.encode() + b"<metadata")

    with pytest.raises(InvalidContentError, match="declares entities"):
        read(files)


def test_deep_nesting_is_refused() -> None:
    files = documents(PACKAGES)
    deep = b"<!-- odd -->" + b"<a>" * 10_000 + b"</a>" * 10_000
    files["primary"] = files["primary"].replace(b"<format>", b"<format>" + deep)

    with pytest.raises(InvalidContentError, match="nests deeper"):
        read(files)


def test_another_kind_of_file_is_refused() -> None:
    files = documents(PACKAGES)
    files["filelists"] = files["other"]

    with pytest.raises(InvalidContentError, match="filelists has the root <otherdata>"):
        read(files)


def test_bytes_that_are_not_utf8_become_text() -> None:
    files = documents([package("reed", summary="Gr\u00fcn")])
    files["primary"] = files["primary"].replace("ü".encode(), b"\xfc")

    (read_back,) = read(files)

    assert read_back.header.summary == "Grün"
    assert read_back.fragments.primary.decode()


def test_stopping_early_leaves_no_thread_behind() -> None:
    data = {kind: gzip.compress(file) for kind, file in documents(PACKAGES * 200).items()}
    files = [Source(io.BytesIO(data[kind]), f"{kind}.xml.gz") for kind in KINDS]

    packages = read_packages(files[0], files[1], files[2])
    first = next(packages)
    packages.close()

    assert first.fragments == PACKAGES[0]


def _made_odd(primary: bytes, oddity: str) -> str:
    text = primary.decode()
    if oddity == "another prefix":
        return text.replace("xmlns:rpm", "xmlns:r").replace("rpm:", "r:")
    return text.replace(*ODD[oddity])


def _canonical(fragments: Fragments) -> list[str]:
    """Fragments with one spelling of what XML allows in several."""
    wrapped = (f'<wrapper xmlns:rpm="{RPM}">{each.decode()}</wrapper>' for each in fragments)
    return [re.sub(r"\s+", " ", ET.canonicalize(each)) for each in wrapped]
