"""Lists of mirrors, as they are and as they should not be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.content.rpm.metadata.mirrors import (
    MAX_BYTES,
    MAX_MIRRORS,
    MirrorList,
    RepomdState,
    parse_mirrors,
)
from headgate.domain.errors import InvalidContentError
from support.mirror_ring import metalink

RFC_5854 = b"""<?xml version="1.0" encoding="UTF-8"?>
<metalink xmlns="urn:ietf:params:xml:ns:metalink">
  <file name="other.iso"><url priority="1">https://a.example.org/other.iso</url></file>
  <file name="repomd.xml">
    <hash type="sha-1">11</hash>
    <hash type="sha-256">AB</hash>
    <hash type="sha-512"> CD </hash>
    <url location="de" priority="2">http://b.example.org/x/repodata/repomd.xml</url>
    <url location="se" priority="1">https://a.example.org/x/repodata/repomd.xml</url>
    <url priority="3">ftp://c.example.org/x/repodata/repomd.xml</url>
    <url priority="4">https://d.example.org/elsewhere.xml</url>
  </file>
</metalink>"""


def test_a_mirrorlist_is_read_in_its_order() -> None:
    listed = parse_mirrors(
        b"# repo = birds\r\nhttps://a.example.org/x/\r\n\r\nhttp://b.example.org/y\nhttps://a.example.org/x\n"
    )

    assert listed == MirrorList(("https://a.example.org/x/", "http://b.example.org/y/"))


def test_a_metalink_of_mirrormanager_tells_states_from_the_newest_on() -> None:
    listed = parse_mirrors(metalink(["http://a.example.org/", "http://b.example.org/"], b"2", b"1"))

    assert listed is not None
    assert listed.urls == ("http://a.example.org/", "http://b.example.org/")
    assert [state.algorithm for state in listed.states] == ["sha256", "sha256"]
    assert listed.states[0].digits.startswith("d4735e3a")


def test_a_metalink_of_the_rfc_is_read_by_priority_and_its_strongest_hash() -> None:
    assert parse_mirrors(RFC_5854) == MirrorList(
        ("https://a.example.org/x/", "http://b.example.org/x/"), (RepomdState("sha512", "cd"),)
    )


@pytest.mark.parametrize(
    "line",
    [
        "file:///etc/",
        "ftp://a.example.org/",
        "rsync://a.example.org/x/",
        "//a.example.org/",
        "http://",
        "http://user:secret@a.example.org/",
        "http://a.example.org:99999/",
        "http://a.example.org/$basearch/",
        "http://a.example.org/?next=file:///etc",
        "http://a.example.org/\0",
        "http://a.example.org/" + "x" * 2000,
        "javascript:alert(1)",
        "<html><a href='http://a.example.org/'>",
    ],
)
def test_what_is_no_plain_address_is_passed_over(line: str) -> None:
    assert parse_mirrors(line.encode()) is None


def test_only_so_many_mirrors_are_kept() -> None:
    listed = parse_mirrors(b"".join(b"http://a%d.example.org/\n" % each for each in range(5000)))

    assert listed is not None
    assert len(listed.urls) == MAX_MIRRORS


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"http://a/\n" * MAX_BYTES, "larger than"),
        (b'<!DOCTYPE m [<!ENTITY a "b">]><metalink>&a;</metalink>', "document type"),
        (b"<metalink>", "not well-formed"),
        (b"<metalink>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</metalink>", "nests deeper"),
        (b"<metalink/>", "lists no repomd.xml"),
        (b"<metalink><file name='repomd.xml'/></metalink>", "no http or https mirror"),
    ],
)
def test_a_list_that_cannot_be_used_says_why(body: bytes, words: str) -> None:
    with pytest.raises(InvalidContentError, match=words):
        parse_mirrors(body)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_list_or_none_or_refused(body: bytes) -> None:
    for data in (body, b"<metalink>" + body, b"<metalink><file name='repomd.xml'>" + body):
        try:
            listed = parse_mirrors(data)
        except InvalidContentError:
            continue
        for url in listed.urls if listed else ():
            assert url.startswith(("http://", "https://"))
