from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from headgate.content.rpm.metadata import packages as module
from headgate.content.rpm.metadata.details import read_details
from headgate.content.rpm.metadata.packages import Fragments, digest_of, evr_key, read_header
from headgate.content.rpm.metadata.stream import Source, read_packages
from headgate.domain.errors import InvalidContentError
from support.yum_xml import createrepo_c, package


def test_headers_of_a_real_repository_are_those_that_createrepo_c_reads(aviary: Path) -> None:
    ours = {each.header.location: each for each in _read_folder(aviary / "repodata")}
    theirs = {each.location_href: each for each in _read_by_createrepo_c(aviary / "repodata")}

    assert ours.keys() == theirs.keys()
    for location, their in theirs.items():
        header = ours[location].header
        assert header.nevra == f"{their.name}-{their.epoch}:{_vra(their)}"
        assert header.checksum.hex() == their.pkgId
        assert header.checksum_type == their.checksum_type
        assert header.size == their.size_package
        assert header.summary == their.summary
        assert header.sourcerpm == (their.rpm_sourcerpm or None)


def test_details_of_a_real_repository_are_those_that_createrepo_c_reads(aviary: Path) -> None:
    theirs = {each.pkgId: each for each in _read_by_createrepo_c(aviary / "repodata")}

    for each in _read_folder(aviary / "repodata"):
        details, their = read_details(each.fragments), theirs[each.header.checksum.hex()]
        assert details.description == their.description
        assert details.license == their.rpm_license
        assert details.url == (their.url or "")
        assert details.buildhost == their.rpm_buildhost
        assert details.size_installed == their.size_installed
        assert (details.header_start, details.header_end) == (
            their.rpm_header_start,
            their.rpm_header_end,
        )
        assert [item.name for item in details.provides] == [item[0] for item in their.provides]
        assert [item.name for item in details.requires] == [item[0] for item in their.requires]
        assert [item.path for item in details.files] == [
            folder + name for _, folder, name in their.files
        ]
        assert [item.text for item in details.changelogs] == [item[2] for item in their.changelogs]


def test_a_dependency_reads_as_rpm_writes_it() -> None:
    fragments = package()
    primary = fragments.primary.replace(
        b"</format>",
        b'<rpm:requires><rpm:entry name="bash"/>'
        b'<rpm:entry name="glibc" flags="GE" epoch="0" ver="2.34"/>'
        b'<rpm:entry name="perl" flags="LT" epoch="4" ver="5.0" rel="1"/></rpm:requires></format>',
    )

    details = read_details(fragments._replace(primary=primary))

    assert list(map(str, details.requires)) == ["bash", "glibc >= 2.34", "perl < 4:5.0-1"]


def test_the_fast_and_the_thorough_reader_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    fragments = package("réed&co", version="1.0~rc1", summary='a "quoted" <thing> & more')
    fast = read_header(fragments.primary)

    monkeypatch.setattr(module, "_PLAIN_ENDS", (b"never",))

    assert read_header(fragments.primary) == fast
    assert fast.name == "réed&co"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<name>reed</name>", "<name></name>", "has the name"),
        ("<name>reed</name>", "<name>re\x07ed</name>", "has the name"),
        ("<name>reed</name>", f"<name>{'x' * 300}</name>", "has the name"),
        ("<name>reed</name>", "<name>reed</name><name>root</name>", "not exactly one <name>"),
        ("</format>", "</format><location href='b'/>", "not exactly one <location>"),
        ("<arch>noarch</arch>", "", "not exactly one <arch>"),
        ('epoch="0"', 'epoch="one"', "has the epoch"),
        ('epoch="0"', 'epoch="-1"', "has the epoch"),
        ('ver="1.0"', 'ver=""', "has the version"),
        ('type="sha256"', 'type="crc32"', "has the checksum"),
        ('pkgid="YES">', 'pkgid="YES">00', "has the checksum"),
        ('package="1234"', 'package="-5"', "has the size"),
        ('package="1234"', f'package="{10**30}"', "has the size"),
        ('href="', 'href="../../', "climbs out"),
        ('href="', 'href="/etc/', "is absolute"),
        ('href="', 'href="%2e%2e/', "climbs out"),
        ('href="', 'href="http://example.org/', "has a scheme"),
        ("<name>", "<!-- x --><name>", "declarations"),
        ("</format>", "", "not well-formed"),
    ],
)
def test_a_header_that_breaks_a_rule_is_refused(old: str, new: str, message: str) -> None:
    primary = package("reed").primary.decode()
    broken = primary.replace(old, new, 1)
    assert broken != primary

    with pytest.raises(InvalidContentError, match=message):
        read_header(broken.encode())


def test_control_characters_in_prose_do_not_stop_the_details() -> None:
    fragments = package(log="- rang the \x07 bell")

    assert read_details(fragments).changelogs[0].text == "- rang the ? bell"


def test_versions_sort_as_in_rpm() -> None:
    ordered = [("0", "1.0~rc1", "1"), ("0", "1.0", "1"), ("0", "1.0^git", "1"), ("0", "1.10", "1")]
    ordered += [("0", "1.10", "1.el9"), ("1", "0.1", "1")]

    assert sorted(set(ordered), key=lambda evr: evr_key(*evr)) == ordered


@pytest.mark.parametrize("change", [0, 1, 2])
def test_the_digest_covers_every_fragment(change: int) -> None:
    parts = list(package())
    parts[change] += b" "

    assert digest_of(Fragments(*parts)) != digest_of(package())


def test_the_digest_knows_where_one_fragment_ends() -> None:
    assert digest_of(Fragments(b"ab", b"c", b"")) != digest_of(Fragments(b"a", b"bc", b""))


def _read_folder(repodata: Path) -> list[Any]:
    paths = [next(repodata.glob(f"*{kind}.xml*")) for kind in ("primary", "filelists", "other")]
    files = [path.open("rb") for path in paths]
    first, *others = (Source(file, path.name) for file, path in zip(files, paths, strict=True))
    packages = list(read_packages(first, *others))
    for file in files:
        file.close()
    return packages


def _read_by_createrepo_c(repodata: Path) -> list[Any]:
    path_of: Callable[[str], str] = lambda kind: str(next(repodata.glob(f"*{kind}.xml*")))  # noqa: E731
    return list(
        createrepo_c.PackageIterator(
            primary_path=path_of("primary"),
            filelists_path=path_of("filelists"),
            other_path=path_of("other"),
        )
    )


def _vra(package: Any) -> str:
    return f"{package.version}-{package.release}.{package.arch}"
