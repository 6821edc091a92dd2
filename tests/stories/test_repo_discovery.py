"""Finding repositories below a URL: a real index, and pages that lead astray."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.content.rpm.discovery import Crawl, CrawlLimits, crawl
from headgate.domain.errors import UpstreamError
from headgate.upstream import AddressRules, Downloader, DownloadLimits, DownloadRules, Remote
from support.faulty_upstream import Fault, FaultyUpstream
from support.house import House, refused
from support.nginx import serving

DOWNLOADS = DownloadRules(
    limits=DownloadLimits(attempts=1, first_pause=0.001, read_timeout=20),
    addresses=AddressRules.allowing(["127.0.0.0/8", "::1/128"]),
)
LIMITS = CrawlLimits(pages=60, depth=4, links=200, page_bytes=20_000, seconds=20)

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def upstream() -> Iterator[FaultyUpstream]:
    with FaultyUpstream() as running:
        yield running


def page(*hrefs: str) -> bytes:
    links = "".join(f'<a href="{href}">x</a><br>\n' for href in hrefs)
    return f"<html><h1>Index of</h1><a href='../'>Up</a>{links}</html>".encode()


def asked_for(house: House, url: str, **fields: Any) -> Any:
    answer = house.put(f"organizations/{house.organization}/repo_discover", url=url, **fields)
    assert answer.status_code == 202, answer.text
    return answer.json()


def test_repositories_are_found_in_the_index_of_a_real_server(house: House, tmp_path: Path) -> None:
    root = tmp_path / "web"
    for name in ("el9/base/x86_64/os", "el9/extras & more", "el9/base/source"):
        (root / name / "repodata").mkdir(parents=True)
        (root / name / "repodata" / "repomd.xml").write_text("<repomd/>")
        (root / name / "Packages").mkdir()
    (root / "outside" / "repodata").mkdir(parents=True)
    world = house.start_worker(DOWNLOADS)

    with serving(root) as nginx:
        task = world.done(asked_for(house, f"{nginx.url}el9"))

        assert task["output"]["repo_urls"] == [
            f"{nginx.url}el9/base/source/",
            f"{nginx.url}el9/base/x86_64/os/",
            f"{nginx.url}el9/extras%20%26%20more/",
        ]
    assert task["label"] == "Actions::Katello::Repository::Discover"
    assert task["output"]["to_follow"] == []


@on_sqlite
def test_credentials_go_along_and_are_shown_to_nobody(
    house: House, upstream: FaultyUpstream
) -> None:
    upstream.password = "Basic bWU6Y29ycmVjdCBob3JzZQ=="  # noqa: S105 - of nobody
    upstream.serve("/", page("repodata/"))
    world = house.start_worker(DOWNLOADS)

    asked = asked_for(
        house,
        upstream.url,
        upstream_username="me",
        upstream_password="correct horse",  # noqa: S106
    )
    task = world.done(asked)

    assert task["output"]["repo_urls"] == [upstream.url]
    assert "correct horse" not in str(task)
    assert "sealed" not in str(task)


@on_sqlite
def test_a_search_can_be_cancelled(house: House, upstream: FaultyUpstream) -> None:
    upstream.always["/"] = Fault(200, body=page(), stall_after=10)
    world = house.start_worker(DOWNLOADS)
    asked = asked_for(house, upstream.url)
    upstream.wait_for(1)

    path = f"organizations/{world.organization_label}/cancel_repo_discover"
    answer = house.put(path, url=upstream.url)

    assert answer.json() == {"cancelled": [asked["id"]]}
    assert world.ended(asked)["result"] == "cancelled"


@on_sqlite
def test_a_search_needs_an_address_and_the_right(house: House) -> None:
    path = f"organizations/{house.organization}/repo_discover"
    for url in ("file:///etc/", "http://me:secret@birds.example.org/", "birds"):
        assert "url" in refused(house.put(path, url=url), 422)
    reader = house.control.user("reader", organizations=[house.organization])
    for each in (path, f"organizations/{house.world.organization_label}/cancel_repo_discover"):
        answer = reader.put(f"/katello/api/{each}", json={"url": "http://birds.example.org/"})
        assert answer.status_code == 403


async def crawled(upstream: FaultyUpstream, path: str = "", limits: CrawlLimits = LIMITS) -> Crawl:
    async with Downloader(DOWNLOADS) as downloader:
        remote = Remote(f"{upstream.url}{path}")
        return await crawl(downloader, remote, limits, lambda _crawl, _page: None)


async def test_no_link_leads_out_of_the_folder_or_to_another_host(
    upstream: FaultyUpstream,
) -> None:
    with FaultyUpstream() as other:
        other.serve("/repo/", page("repodata/"))
        upstream.serve(
            "/start/",
            page(
                *("/", "..", "../", "/elsewhere/", f"{other.url}repo/", "//localhost/repo/"),
                *("file:///etc/", "javascript:x/", "?C=M;O=A", "http://[/", "a/../../elsewhere/"),
                *("moved/", "repo/", "repo/", "REPO/?x/", "&#47;elsewhere&#47;"),
            ),
        )
        upstream.serve("/start/repo/", page("repodata/", "deeper/"))
        upstream.serve("/elsewhere/", page("repodata/"))
        upstream.always["/start/moved/"] = Fault(302, {"Location": f"{other.url}repo/"})

        found = await crawled(upstream, "start/")

    assert found.found == [f"{upstream.url}start/repo/"]
    assert {each.target for each in upstream.requests} == {
        "/start/",
        "/start/moved/",
        "/start/repo/",
    }


@pytest.mark.parametrize(
    ("pages", "why"),
    [
        ({"/": page(*(f"{each}/" for each in range(100)))}, "reached 60 pages"),
        ({"/" + "a/" * each: page("a/", "b.rpm") for each in range(9)}, "more than 4 levels"),
    ],
    ids=["wide", "deep"],
)
async def test_an_endless_tree_comes_to_an_end(
    upstream: FaultyUpstream, pages: dict[str, bytes], why: str
) -> None:
    for path, body in pages.items():
        upstream.serve(path, body)

    found = await crawled(upstream)

    assert found.stopped is not None
    assert why in found.stopped
    assert found.left
    assert len(upstream.requests) <= LIMITS.pages + 1


async def test_a_server_that_keeps_us_waiting_is_left(upstream: FaultyUpstream) -> None:
    upstream.serve("/", page("repo/", "slow/"))
    upstream.serve("/repo/", page("repodata/"))
    upstream.always["/slow/"] = Fault(200, body=page(), stall_after=3)

    found = await crawled(upstream, limits=CrawlLimits(seconds=0.5))

    assert found.stopped == "it took longer than 0.5 seconds"


async def test_huge_broken_and_absent_pages_are_passed_over(upstream: FaultyUpstream) -> None:
    upstream.serve("/", page("huge/", "absent/", "odd/", "many/", "repo/"))
    upstream.serve("/huge/", page("repodata/") + b" " * LIMITS.page_bytes)
    upstream.serve("/odd/", b"\xff\xfe<a href=" * 1000)
    upstream.serve("/many/", page(*(f"x{each}.rpm" for each in range(300)), "repodata/"))
    upstream.serve("/repo/", page("repodata/"))

    found = await crawled(upstream)

    assert found.found == [f"{upstream.url}repo/"]
    assert found.failed == [f"{upstream.url}{each}/" for each in ("huge", "absent")]


async def test_a_repository_is_found_where_no_folder_is_listed(upstream: FaultyUpstream) -> None:
    upstream.serve("/repo/repodata/repomd.xml", b"<repomd/>")

    assert (await crawled(upstream, "repo")).found == [f"{upstream.url}repo/"]
    with pytest.raises(UpstreamError, match="no such file"):
        await crawled(upstream, "nothing")
