from pathlib import Path

import pytest

from headgate.content.rpm.metadata.repomd import (
    Checksum,
    DistroTag,
    MetadataFile,
    Repomd,
    parse_repomd,
    render_repomd,
)
from headgate.domain.errors import InvalidContentError
from support.yum_xml import createrepo_c

SHA256 = Checksum("sha256", bytes(range(32)))
WHOLE = Repomd(
    files=(
        MetadataFile("primary", "repodata/p.xml.gz", SHA256, 10, SHA256, 20, 1700000000),
        MetadataFile(
            "custom & odd", "repodata/x", Checksum("sha512", bytes(64)), location_base="http://x/"
        ),
        MetadataFile("primary_db", "repodata/p.sqlite.bz2", SHA256, 5, database_version=10),
    ),
    revision="1700000000",
    content_tags=("binary-x86_64",),
    repo_tags=("Example",),
    distro_tags=(DistroTag("Example 9", "cpe:/o:example:9"), DistroTag("plain")),
)


def test_an_index_reads_back_as_it_was_written() -> None:
    assert parse_repomd(render_repomd(WHOLE)) == WHOLE
    assert parse_repomd(render_repomd(Repomd(()))) == Repomd(())


def test_createrepo_c_reads_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "repomd.xml"
    path.write_bytes(render_repomd(WHOLE))

    theirs = createrepo_c.Repomd(str(path))

    assert theirs.revision == WHOLE.revision
    assert theirs.content_tags == ["binary-x86_64"]
    assert theirs.distro_tags == [("cpe:/o:example:9", "Example 9"), (None, "plain")]
    assert theirs["primary"].checksum == SHA256.raw.hex()
    assert theirs["primary"].size_open == 20


def test_a_real_index_is_read(aviary: Path) -> None:
    data = (aviary / "repodata" / "repomd.xml").read_bytes()

    repomd = parse_repomd(data)

    theirs = createrepo_c.Repomd(str(aviary / "repodata" / "repomd.xml"))
    assert [(each.type, each.location) for each in repomd.files] == [
        (each.type, each.location_href) for each in theirs.records
    ]
    for each in repomd.files:
        assert (aviary / each.location).stat().st_size == each.size


@pytest.mark.parametrize(
    ("kind", "size"), [("md5", 16), ("sha", 20), ("sha1", 20), ("sha224", 28), ("sha384", 48)]
)
def test_every_checksum_that_upstreams_use_is_read(kind: str, size: int) -> None:
    data = _document(f'<checksum type="{kind}">{"ab" * size}</checksum><location href="a"/>')

    checksum = parse_repomd(data).files[0].checksum

    assert checksum == Checksum("sha1" if kind == "sha" else kind, b"\xab" * size)
    assert checksum.weak == (size < 28)


def test_a_timestamp_may_have_a_fraction() -> None:
    data = _document(
        f'<checksum type="sha256">{"ab" * 32}</checksum><location href="a"/>'
        "<timestamp>1700000000.25</timestamp>"
    )

    assert parse_repomd(data).files[0].timestamp == 1700000000


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('<location href="a"/>', "has no checksum"),
        (f'<checksum type="sha256">{"ab" * 32}</checksum>', "has no location"),
        ('<checksum type="sha256">ab</checksum><location href="a"/>', "has the checksum"),
        (f'<checksum type="sha256">{"ab" * 32}</checksum><location href="../a"/>', "climbs out"),
        (f'<checksum type="sha256">{"ab" * 32}</checksum><location href="/a"/>', "is absolute"),
        (
            f'<checksum type="sha256">{"ab" * 32}</checksum><location href="a"/><size>-1</size>',
            "has the size",
        ),
        ("<checksum>", "not well-formed"),
        ("<a>" * 100 + "</a>" * 100, "nests deeper"),
        ("<!-- -->" * 400_000, "larger than"),
    ],
)
def test_a_broken_entry_is_refused(body: str, message: str) -> None:
    with pytest.raises(InvalidContentError, match=message):
        parse_repomd(_document(body))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not well-formed"),
        (b"<html/>", "has the root <html>"),
        (b"<!DOCTYPE repomd><repomd/>", "document type"),
        (
            b'<!DOCTYPE r [<!ENTITY a "b">]><repomd><revision>&a;</revision></repomd>',
            "document type",
        ),
        (b"<repomd>" + b'<data type="a"/>' * 501 + b"</repomd>", "more than 500"),
        (b'<repomd><data type=""/></repomd>', "of the type"),
    ],
)
def test_a_broken_index_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InvalidContentError, match=message):
        parse_repomd(data)


def _document(body: str) -> bytes:
    return (
        '<repomd xmlns="http://linux.duke.edu/metadata/repo">'
        f'<data type="primary">{body}</data></repomd>'
    ).encode()
