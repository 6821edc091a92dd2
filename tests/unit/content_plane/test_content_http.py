"""Published files over HTTP: headers, conditions, ranges, hostile paths."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.stores.blobs import FolderBlobStore
from headgate.stores.db import Database, metadata
from support.content_server import ContentServer, content_server
from support.shelf import Shelf

REPOMD = b"<repomd/>"
RPM = os.urandom(700_000)
SMALL = b"small package"
REPO = "ACME/Library/custom/P/birds/"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContentServer]:
    folder: Path = tmp_path_factory.mktemp("content")
    database = Database(f"sqlite:///{folder / 'headgate.sqlite'}")
    with database.begin() as tx:
        metadata.create_all(tx)
    store = FolderBlobStore(folder / "store")
    shelf = Shelf(database, store)
    shelf.put(
        shelf.repository(shelf.organization("ACME"), "birds"),
        {"Packages/g/gtk+-1^2~rc.rpm": RPM, "small.rpm": SMALL, "empty": b""},
        metadata={"repodata/repomd.xml": REPOMD, f"repodata/{'a' * 64}-primary.xml": b"<p/>"},
    )
    with content_server(
        database, store, guard=lambda _scope, _path, _stamp: None, locks=folder / "locks"
    ) as running:
        yield running
    database.close()


def test_a_file_is_served_with_what_clients_and_caches_need(server: ContentServer) -> None:
    answer = server.get(f"{REPO}small.rpm")

    assert (answer.status, answer.body) == (200, SMALL)
    assert answer.headers["content-length"] == str(len(SMALL))
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["etag"].startswith('"')


def test_a_big_file_comes_whole_and_an_empty_one_empty(server: ContentServer) -> None:
    assert server.get(f"{REPO}Packages/g/gtk%2B-1%5e2~rc.rpm").body == RPM
    assert server.get(f"{REPO}empty").body == b""


@pytest.mark.parametrize(
    "target",
    ["gtk+-1^2~rc.rpm", "gtk%2B-1%5E2%7Erc.rpm", "gtk+-1%5e2~rc%2erpm", "%67tk+-1^2~rc.rpm"],
)
def test_paths_are_decoded_once_and_a_plus_is_a_plus(server: ContentServer, target: str) -> None:
    assert server.get(f"{REPO}Packages/g/{target}").status == 200
    assert server.get(f"{REPO}//Packages//g/{target}").status == 200


@pytest.mark.parametrize("target", ["gtk%252B-1^2~rc.rpm", "gtk%20-1^2~rc.rpm"])
def test_paths_are_not_decoded_twice(server: ContentServer, target: str) -> None:
    assert server.get(f"{REPO}Packages/g/{target}").status == 404


TRAVERSALS = [
    "../../../etc/passwd",
    f"{REPO}../../../../../../etc/passwd",
    f"{REPO}..%2f..%2f..%2fetc%2fpasswd",
    f"{REPO}%2e%2e/%2e%2e/secret",
    f"{REPO}%252e%252e/secret",
    f"{REPO}..%5c..%5csecret",
    f"{REPO}small.rpm%00.html",
    f"{REPO}small.rpm%0a",
    f"{REPO}..;/secret",
    f"{REPO}%c0%ae%c0%ae/secret",
    f"{REPO}%ff",
    f"{REPO}/etc/passwd",
    f"{REPO}Packages/../small.rpm",
    "%2fetc%2fpasswd",
    "..",
    "%",
    f"{REPO}{'a/' * 600}x",
    f"{REPO}{'a' * 4000}",
]


@pytest.mark.parametrize("target", TRAVERSALS)
def test_paths_that_climb_or_lie_find_nothing(server: ContentServer, target: str) -> None:
    answer = server.get(target)

    assert answer.status == 404
    assert b"nothing is published" in answer.body
    assert SMALL not in answer.body


def test_head_tells_the_same_without_the_body(server: ContentServer) -> None:
    got, told = (server.get(f"{REPO}small.rpm", method=method) for method in ("GET", "HEAD"))

    assert (told.status, told.body) == (200, b"")
    assert {**told.headers, "date": ""} == {**got.headers, "date": ""}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_content_is_read_only(server: ContentServer, method: str) -> None:
    answer = server.get(f"{REPO}small.rpm", method=method)

    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("bytes=0-3", (0, 4)),
        ("bytes=4-", (4, len(RPM))),
        ("bytes=-10", (len(RPM) - 10, len(RPM))),
        ("bytes=300000-600000", (300_000, 600_001)),
        ("bytes=0-99999999", (0, len(RPM))),
        (f"bytes=-{len(RPM) * 2}", (0, len(RPM))),
    ],
)
def test_a_range_is_given(server: ContentServer, asked: str, expected: tuple[int, int]) -> None:
    answer = server.get(f"{REPO}Packages/g/gtk+-1^2~rc.rpm", {"Range": asked})

    start, end = expected
    assert (answer.status, answer.body) == (206, RPM[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(RPM)}"


@pytest.mark.parametrize("asked", ["bytes=700000-", "bytes=9999999-10000000", "bytes=-0"])
def test_a_range_after_the_end_is_refused(server: ContentServer, asked: str) -> None:
    answer = server.get(f"{REPO}Packages/g/gtk+-1^2~rc.rpm", {"Range": asked})

    assert (answer.status, answer.headers["content-range"]) == (416, f"bytes */{len(RPM)}")


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "bytes=5-1", "bytes=-", "lines=1-2", "x"])
def test_other_ranges_are_answered_with_the_whole(server: ContentServer, asked: str) -> None:
    answer = server.get(f"{REPO}small.rpm", {"Range": asked})

    assert (answer.status, answer.body) == (200, SMALL)


def test_a_range_is_given_only_of_the_file_it_was_begun_with(server: ContentServer) -> None:
    etag = server.get(f"{REPO}small.rpm").headers["etag"]

    same = server.get(f"{REPO}small.rpm", {"Range": "bytes=6-", "If-Range": etag})
    other = server.get(f"{REPO}small.rpm", {"Range": "bytes=6-", "If-Range": '"other"'})
    weak = server.get(f"{REPO}small.rpm", {"Range": "bytes=6-", "If-Range": f"W/{etag}"})

    assert (same.status, same.body) == (206, b"package")
    assert (other.status, weak.status) == (200, 200)


def test_what_the_client_has_is_not_sent_again(server: ContentServer) -> None:
    first = server.get(f"{REPO}repodata/repomd.xml")
    etag = first.headers["etag"]

    for condition in (etag, f'"x", {etag}', f"W/{etag}", "*"):
        answer = server.get(f"{REPO}repodata/repomd.xml", {"If-None-Match": condition})
        assert (answer.status, answer.body) == (304, b"")
        assert answer.headers["etag"] == etag
    other = server.get(f"{REPO}repodata/repomd.xml", {"If-None-Match": '"x"'})
    assert (other.status, other.body) == (200, REPOMD)


def test_a_date_counts_only_where_a_path_never_changes(server: ContentServer) -> None:
    fixed, moving = f"{REPO}repodata/{'a' * 64}-primary.xml", f"{REPO}repodata/repomd.xml"
    dates = {path: server.get(path).headers["last-modified"] for path in (fixed, moving)}

    assert server.get(fixed, {"If-Modified-Since": dates[fixed]}).status == 304
    assert server.get(moving, {"If-Modified-Since": dates[moving]}).status == 200


def test_caches_are_told_what_never_changes(server: ContentServer) -> None:
    fixed = server.get(f"{REPO}repodata/{'a' * 64}-primary.xml")
    moving = server.get(f"{REPO}repodata/repomd.xml")

    assert "immutable" in fixed.headers["cache-control"]
    assert "no-cache" in moving.headers["cache-control"]
    assert moving.headers["content-disposition"] == "attachment"
