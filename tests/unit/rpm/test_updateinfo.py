import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from headgate.content.rpm.metadata.stream import Source
from headgate.content.rpm.metadata.updateinfo import (
    Erratum,
    ErratumModule,
    ErratumPackage,
    packages_by_module,
    parse_erratum,
    read_updateinfo,
    render_updateinfo,
)
from headgate.domain.errors import InvalidContentError
from support.yum_xml import createrepo_c

ADVISORY = """<update from="a@example.org" status="final" type="security" version="2">
    <id>EX-2026:1</id>
    <title>Fix &amp; more</title>
    <issued date="2026-01-02 03:04:05"/>
    <updated date="2026-02-03"/>
    <severity>Important</severity>
    <summary>Short</summary>
    <description>Long</description>
    <references>
      <reference href="https://example.org/1" id="CVE-2026-1" type="cve" title="CVE-2026-1"/>
    </references>
    <pkglist>
      <collection short="a"><name>A</name>
        <module name="owl" stream="1.10" version="3" context="c0" arch="noarch"/>
        <package name="owl" version="1" release="2" epoch="1" arch="noarch" src="owl-1-2.src.rpm">
          <filename>owl-1-2.noarch.rpm</filename><reboot_suggested>True</reboot_suggested>
        </package>
      </collection>
      <collection short="b"><name>B</name>
        <package name="owl" version="1" release="2" epoch="1" arch="noarch">
          <filename>owl-1-2.noarch.rpm</filename>
        </package>
        <package name="rook" version="3" release="4" arch="src"/>
      </collection>
    </pkglist>
  </update>"""


def test_an_advisory_is_read_with_the_packages_of_all_its_collections() -> None:
    erratum = parse_erratum(ADVISORY.encode())

    assert (erratum.errata_id, erratum.title) == ("EX-2026:1", "Fix & more")
    assert (erratum.type, erratum.severity, erratum.version) == ("security", "Important", "2")
    assert erratum.issued == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert erratum.updated == datetime(2026, 2, 3, tzinfo=UTC)
    assert erratum.reboot_suggested
    assert [each._asdict() for each in erratum.references] == [
        {"type": "cve", "id": "CVE-2026-1", "href": "https://example.org/1", "title": "CVE-2026-1"}
    ]
    assert erratum.packages == (
        ErratumPackage("owl-1-2.noarch.rpm", "owl", "1", "1", "2", "noarch"),
        ErratumPackage("rook-3-4.src.rpm", "rook", "0", "3", "4", "src"),
    )
    assert erratum.modules == (ErratumModule("owl", "1.10", "3", "c0", "noarch"),)


def test_module_streams_come_with_the_packages_of_their_own_collections() -> None:
    by_module = packages_by_module(ADVISORY.encode())

    (owl,) = by_module
    assert owl == ErratumModule("owl", "1.10", "3", "c0", "noarch")
    assert [each.filename for each in by_module[owl]] == ["owl-1-2.noarch.rpm"]


def test_advisories_are_read_back_as_they_were_written() -> None:
    second = ADVISORY.replace("EX-2026:1", "EX-2026:2")

    errata = _read(_document(ADVISORY, second))

    assert [each.errata_id for each in errata] == ["EX-2026:1", "EX-2026:2"]
    assert [each.fragment.decode() for each in errata] == [ADVISORY, second]
    assert _read(b"".join(render_updateinfo(each.fragment for each in errata))) == errata


def test_createrepo_c_reads_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "updateinfo.xml"
    path.write_bytes(_document(ADVISORY))

    (theirs,) = createrepo_c.UpdateInfo(str(path)).updates

    assert theirs.id == "EX-2026:1"
    assert [len(each.packages) for each in theirs.collections] == [1, 2]


def test_comments_and_cdata_are_read_too() -> None:
    odd = ADVISORY.replace("Fix &amp; more", "<!-- new --><![CDATA[Fix & more]]>")

    (erratum,) = _read(_document(odd))

    assert erratum.title == "Fix & more"
    assert erratum.packages == parse_erratum(ADVISORY.encode()).packages


def test_no_advisories_are_no_error() -> None:
    assert _read(b"".join(render_updateinfo([]))) == []
    assert _read(b'<?xml version="1.0"?><updates/>') == []


def test_an_advisory_without_an_id_is_left_out() -> None:
    assert [each.errata_id for each in _read(_document("<update/>", ADVISORY))] == ["EX-2026:1"]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2019-11-05 17:35:31 UTC", datetime(2019, 11, 5, 17, 35, 31, tzinfo=UTC)),
        ("2019-11-05T17:35Z", datetime(2019, 11, 5, 17, 35, tzinfo=UTC)),
        ("2019-11-05 17:35:31+02:00", datetime(2019, 11, 5, 15, 35, 31, tzinfo=UTC)),
        ("1331832459", datetime(2012, 3, 15, 17, 27, 39, tzinfo=UTC)),
        ("2019-02-30", None),
        ("2019-11-05 99:00:00", None),
        ("9" * 30, None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates_of_many_forms_are_understood_and_others_are_none(
    text: str, moment: datetime | None
) -> None:
    update = f'<update><id>a</id><issued date="{text}"/></update>'

    assert parse_erratum(update.encode()).issued == moment


@pytest.mark.parametrize(
    ("element", "claimed"),
    [
        ("<reboot_suggested/>", True),
        ("<reboot_suggested>False</reboot_suggested>", False),
        ("", False),
    ],
)
def test_a_reboot_is_suggested_by_an_element_that_does_not_deny_it(
    element: str, claimed: bool
) -> None:
    assert parse_erratum(f"<update>{element}</update>".encode()).reboot_suggested is claimed


def test_entities_are_refused() -> None:
    bomb = b'<!DOCTYPE updates [<!ENTITY a "aaaa">]>' + _document(ADVISORY).partition(b"\n")[2]

    with pytest.raises(InvalidContentError, match="declares entities"):
        _read(bomb)


def test_a_file_cut_short_is_refused() -> None:
    whole = _document(ADVISORY).rstrip()

    for end in range(0, len(whole), 7):
        with pytest.raises(InvalidContentError):
            _read(whole[:end])


def _document(*advisories: str) -> bytes:
    return b"".join(render_updateinfo(each.encode() for each in advisories))


def _read(data: bytes) -> list[Erratum]:
    fragments = read_updateinfo(Source(io.BytesIO(data), "updateinfo.xml"))
    return [each for each in map(parse_erratum, fragments) if each.is_named]
