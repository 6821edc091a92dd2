import io

import pytest

from headgate.content.rpm.metadata.comps import (
    CompsElement,
    GroupPackage,
    read_comps,
    render_comps,
)
from headgate.domain.errors import InvalidContentError

COMPS = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE comps PUBLIC "-//Example//DTD Comps info//EN" "http://127.0.0.1:9/comps.dtd">
<comps>
  <!-- birds -->
  <group>
    <id>wetland</id>
    <name xml:lang="de">Sumpf</name>
    <name>Wetland</name>
    <description>Birds &amp; reeds</description>
    <packagelist>
      <packagereq type="mandatory">heron</packagereq>
      <packagereq type="conditional" requires="reed">crane</packagereq>
      <packagereq>rook</packagereq>
    </packagelist>
  </group>
  <category>
    <id>birds</id><name>Birds</name><grouplist><groupid>wetland</groupid></grouplist>
  </category>
  <environment>
    <id>lake</id><name>Lake</name>
    <grouplist><groupid>wetland</groupid></grouplist>
    <optionlist><groupid>forest</groupid></optionlist>
  </environment>
  <langpacks><match install="heron-%s" name="heron"/></langpacks>
  <blacklist/>
  <group><name>nameless</name></group>
</comps>
"""


def test_groups_and_their_kin_are_read() -> None:
    group, category, environment, langpacks = _read(COMPS.encode())

    assert (group.kind, group.group_id, group.name) == ("group", "wetland", "Wetland")
    assert group.description == "Birds & reeds"
    assert group.packages == (
        GroupPackage("heron", "mandatory", None),
        GroupPackage("crane", "conditional", "reed"),
        GroupPackage("rook", "mandatory", None),
    )
    assert (category.kind, category.group_ids) == ("category", ("wetland",))
    assert (environment.kind, environment.group_ids) == ("environment", ("wetland", "forest"))
    assert (langpacks.kind, langpacks.group_id) == ("langpacks", "langpacks")
    assert b'<match install="heron-%s" name="heron"/>' in langpacks.fragment
    assert b'<name xml:lang="de">Sumpf</name>' in group.fragment


def test_groups_read_back_as_they_were_written() -> None:
    elements = _read(COMPS.encode())

    written = b"".join(render_comps(each.fragment for each in elements))

    assert _read(written) == elements


def test_entities_are_refused() -> None:
    bomb = COMPS.replace('comps.dtd">', 'comps.dtd" [<!ENTITY a "b">]>')

    with pytest.raises(InvalidContentError, match="declares entities"):
        _read(bomb.encode())


def test_an_entity_that_an_outside_document_type_may_declare_is_not_fetched() -> None:
    (group, *_) = _read(COMPS.replace("Birds &amp; reeds", "Birds &unknown; reeds").encode())

    assert group.description == "Birds  reeds"


def test_a_file_cut_short_is_refused() -> None:
    whole = COMPS.rstrip()

    for end in range(0, len(whole), 11):
        with pytest.raises(InvalidContentError):
            _read(whole[:end].encode())


def _read(data: bytes) -> list[CompsElement]:
    return read_comps(io.BytesIO(data), "comps.xml")
