"""Downloads from an upstream that misbehaves."""

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from headgate.domain.errors import CancelledError, UpstreamError
from headgate.upstream import (
    AddressRules,
    Downloader,
    DownloadLimits,
    DownloadRules,
    Expected,
    MemorySink,
    Remote,
    UpstreamAbsentError,
    UpstreamTimeoutError,
    UpstreamUnreachableError,
    Validators,
    WrongBytesError,
    run_downloads,
)
from support.faulty_upstream import Fault, FaultyUpstream

BODY = bytes(range(256)) * 1_000
SHA256 = hashlib.sha256(BODY).hexdigest()
LIMITS = DownloadLimits(attempts=3, first_pause=0.001, read_timeout=5)
LOOPBACK = AddressRules.allowing(["127.0.0.0/8", "::1/128"])
RULES = DownloadRules(limits=LIMITS, addresses=LOOPBACK)


@pytest.fixture
def upstream() -> Iterator[FaultyUpstream]:
    with FaultyUpstream() as running:
        running.serve("/repo/a.rpm", BODY)
        yield running


@pytest.fixture
def remote(upstream: FaultyUpstream) -> Remote:
    return Remote(f"{upstream.url}repo")


@pytest.fixture
async def downloader() -> AsyncIterator[Downloader]:
    async with Downloader(RULES) as opened:
        yield opened


async def test_a_file_comes_whole(downloader: Downloader, remote: Remote) -> None:
    sink = MemorySink()
    steps: list[int] = []
    expected = Expected(size=len(BODY), checksums={"sha256": SHA256, "sha": _sha1()})

    fetched = await downloader.fetch(
        remote, "a.rpm", sink, expected=expected, progress=steps.append
    )

    assert bytes(sink.data) == BODY
    assert (fetched.size, fetched.modified) == (len(BODY), True)
    assert fetched.url == f"{remote.url}/a.rpm"
    assert fetched.validators.etag == '"one"'
    assert sum(steps) == len(BODY)


def _sha1() -> str:
    return hashlib.sha1(BODY, usedforsecurity=False).hexdigest()


async def test_a_busy_upstream_is_asked_again_when_it_says(
    upstream: FaultyUpstream, remote: Remote
) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    busy = Fault(503, {"Retry-After": "7"})
    upstream.fail("/repo/a.rpm", busy, Fault(500))
    async with Downloader(RULES, sleep=sleep) as downloader:
        sink = MemorySink()
        await downloader.fetch(remote, "a.rpm", sink)

    assert bytes(sink.data) == BODY
    assert pauses[0] == 7
    assert 0.001 <= pauses[1] <= 0.002


async def test_an_upstream_that_stays_busy_is_an_error_that_says_so(
    upstream: FaultyUpstream, downloader: Downloader, remote: Remote
) -> None:
    upstream.always["/repo/a.rpm"] = Fault(503)

    with pytest.raises(UpstreamUnreachableError, match=r"answers 503.*try again later") as caught:
        await downloader.fetch(remote, "a.rpm", MemorySink())

    assert caught.value.url == f"{remote.url}/a.rpm"
    assert len(upstream.asked("/repo/a.rpm")) == 3


async def test_a_cut_transfer_goes_on_where_it_broke_off(
    upstream: FaultyUpstream, downloader: Downloader, remote: Remote
) -> None:
    upstream.fail("/repo/a.rpm", Fault(cut_after=100_000), Fault(cut_after=50_000))
    sink = MemorySink()

    await downloader.fetch(remote, "a.rpm", sink, expected=Expected(checksums={"sha256": SHA256}))

    assert bytes(sink.data) == BODY
    _, second, third = upstream.asked("/repo/a.rpm")
    assert second.headers["range"] == "bytes=100000-"
    assert second.headers["if-range"] == '"one"'
    assert third.headers["range"] == "bytes=150000-"


@pytest.mark.parametrize("properties", [{"ranges": False}, {"etag": None, "last_modified": None}])
async def test_a_cut_transfer_begins_again_where_ranges_are_not_to_be_had(
    upstream: FaultyUpstream,
    downloader: Downloader,
    remote: Remote,
    properties: dict[str, object],
) -> None:
    upstream.serve("/repo/a.rpm", BODY, **properties)
    upstream.fail("/repo/a.rpm", Fault(cut_after=100_000))
    sink = MemorySink()
    steps: list[int] = []

    await downloader.fetch(remote, "a.rpm", sink, progress=steps.append)

    assert bytes(sink.data) == BODY
    assert sum(steps) == len(BODY)


async def test_a_file_that_changes_between_attempts_is_never_a_mix(
    upstream: FaultyUpstream, downloader: Downloader, remote: Remote
) -> None:
    def change(_: int) -> None:
        upstream.serve("/repo/a.rpm", BODY[::-1], etag='"two"')

    upstream.fail("/repo/a.rpm", Fault(cut_after=100_000))
    sink = MemorySink()

    fetched = await downloader.fetch(remote, "a.rpm", sink, progress=change)

    assert bytes(sink.data) == BODY[::-1]
    assert fetched.validators.etag == '"two"'


async def test_a_range_that_begins_elsewhere_is_not_appended(
    upstream: FaultyUpstream, downloader: Downloader, remote: Remote
) -> None:
    elsewhere = Fault(206, {"Content-Range": "bytes 5-9/10"}, b"wrong")
    upstream.fail("/repo/a.rpm", Fault(cut_after=10), elsewhere)
    sink = MemorySink()

    await downloader.fetch(remote, "a.rpm", sink)

    assert bytes(sink.data) == BODY


async def test_wrong_bytes_are_fetched_again(
    upstream: FaultyUpstream, downloader: Downloader, remote: Remote
) -> None:
    upstream.fail("/repo/a.rpm", Fault(body=BODY[:-1] + b"x"))
    sink = MemorySink()

    await downloader.fetch(remote, "a.rpm", sink, expected=Expected(checksums={"sha256": SHA256}))

    assert bytes(sink.data) == BODY


@pytest.mark.parametrize(
    "algorithm", ["md5", "sha", "sha1", "sha224", "sha256", "sha384", "sha512"]
)
async def test_bytes_that_stay_wrong_are_an_error(
    downloader: Downloader, remote: Remote, algorithm: str
) -> None:
    with pytest.raises(WrongBytesError, match=f"its {algorithm} is .* instead of abcd"):
        await downloader.fetch(
            remote, "a.rpm", MemorySink(), expected=Expected(checksums={algorithm: "abcd"})
        )


async def test_a_checksum_that_proves_nothing_is_refused(
    downloader: Downloader, remote: Remote
) -> None:
    with pytest.raises(UpstreamError, match="'crc32' cannot be verified"):
        await downloader.fetch(
            remote, "a.rpm", MemorySink(), expected=Expected(checksums={"crc32": "00"})
        )


@pytest.mark.parametrize("size", [len(BODY) - 1, len(BODY) + 1])
async def test_a_wrong_size_is_an_error_before_anything_is_stored(
    downloader: Downloader, remote: Remote, size: int
) -> None:
    sink = MemorySink()

    with pytest.raises(WrongBytesError, match=f"instead of the {size} announced"):
        await downloader.fetch(remote, "a.rpm", sink, expected=Expected(size=size))

    assert sink.data == b""


async def test_a_file_larger_than_allowed_is_not_read_on(
    upstream: FaultyUpstream, downloader: Downloader, remote: Remote
) -> None:
    with pytest.raises(UpstreamError, match="larger than the 1000 bytes allowed"):
        await downloader.fetch(remote, "a.rpm", MemorySink(), expected=Expected(most_bytes=1_000))

    assert len(upstream.asked("/repo/a.rpm")) == 1


async def test_a_silent_upstream_is_given_up(upstream: FaultyUpstream, remote: Remote) -> None:
    upstream.always["/repo/a.rpm"] = Fault(stall_after=1_000)
    rules = replace(RULES, limits=replace(LIMITS, read_timeout=0.1, attempts=2))

    async with Downloader(rules) as downloader:
        with pytest.raises(UpstreamTimeoutError, match="does not answer in time"):
            await downloader.fetch(remote, "a.rpm", MemorySink())

    assert len(upstream.asked("/repo/a.rpm")) == 2


async def test_a_request_that_takes_too_long_in_all_is_given_up(
    upstream: FaultyUpstream, remote: Remote
) -> None:
    upstream.always["/repo/a.rpm"] = Fault(stall_after=1_000)
    rules = replace(RULES, limits=replace(LIMITS, attempts=2))

    async with Downloader(rules) as downloader:
        with pytest.raises(UpstreamTimeoutError, match="does not answer in time"):
            await downloader.fetch(replace(remote, total_timeout=0.1), "a.rpm", MemorySink())

    assert len(upstream.asked("/repo/a.rpm")) == 2


async def test_a_slow_upstream_is_given_up(upstream: FaultyUpstream, remote: Remote) -> None:
    rules = replace(RULES, limits=replace(LIMITS, slow_window=0, slowest=10**15, attempts=1))

    async with Downloader(rules) as downloader:
        with pytest.raises(UpstreamTimeoutError, match="fewer than"):
            await downloader.fetch(remote, "a.rpm", MemorySink())

    assert len(upstream.requests) == 1


async def test_what_progress_raises_ends_the_transfer(
    upstream: FaultyUpstream, downloader: Downloader, remote: Remote
) -> None:
    def cancel(_: int) -> None:
        raise CancelledError("the task was cancelled")

    with pytest.raises(CancelledError):
        await downloader.fetch(remote, "a.rpm", MemorySink(), progress=cancel)

    assert len(upstream.requests) == 1


async def test_an_unchanged_file_is_not_sent_again(downloader: Downloader, remote: Remote) -> None:
    sink = MemorySink()

    fetched = await downloader.fetch(remote, "a.rpm", sink, unless=Validators(etag='"one"'))
    changed = await downloader.fetch(remote, "a.rpm", sink, unless=Validators(etag='"old"'))

    assert (fetched.modified, fetched.size) == (False, 0)
    assert (changed.modified, bytes(sink.data)) == (True, BODY)


@pytest.mark.parametrize(
    ("status", "advice"),
    [(401, "upstream username and password"), (403, "client certificate"), (404, "check the URL")],
)
async def test_a_refusal_says_what_to_do_and_is_not_repeated(
    upstream: FaultyUpstream, downloader: Downloader, remote: Remote, status: int, advice: str
) -> None:
    upstream.always["/repo/a.rpm"] = Fault(status)

    with pytest.raises(UpstreamError, match=advice) as caught:
        await downloader.fetch(remote, "a.rpm", MemorySink())

    assert isinstance(caught.value, UpstreamAbsentError) == (status == 404)
    assert len(upstream.requests) == 1


async def test_an_encoding_that_nobody_asked_for_is_refused(
    upstream: FaultyUpstream, downloader: Downloader, remote: Remote
) -> None:
    upstream.always["/repo/a.rpm"] = Fault(headers={"Content-Encoding": "gzip"})

    with pytest.raises(UpstreamError, match="encoding that was not asked for"):
        await downloader.fetch(remote, "a.rpm", MemorySink())

    assert upstream.requests[0].headers["accept-encoding"] == "identity"


async def test_no_more_transfers_than_allowed_run_at_one_host(
    upstream: FaultyUpstream, remote: Remote
) -> None:
    release = threading.Event()
    for number in range(6):
        upstream.serve(f"/repo/{number}", b"x")
        upstream.always[f"/repo/{number}"] = Fault(held_by=release)
    rules = replace(RULES, limits=replace(LIMITS, per_host=2))

    async with Downloader(rules) as downloader:
        fetches = [
            asyncio.ensure_future(downloader.fetch(remote, str(number), MemorySink()))
            for number in range(6)
        ]
        await asyncio.to_thread(upstream.wait_for, 2)
        for _ in range(20):  # turns of the loop in which a third would have been sent
            await asyncio.sleep(0)
        at_once = len(upstream.requests)
        release.set()
        await asyncio.gather(*fetches)

    assert at_once == 2
    assert len(upstream.requests) == 6


def test_a_worker_thread_runs_downloads_in_a_loop_of_its_own(remote: Remote) -> None:
    sink = MemorySink()

    fetched = run_downloads(RULES, lambda downloader: downloader.fetch(remote, "a.rpm", sink))

    assert (fetched.size, bytes(sink.data)) == (len(BODY), BODY)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("Packages/g/gtk+-1^2~rc 3.rpm", "/repo/Packages/g/gtk+-1%5E2~rc%203.rpm"),
        ("a%2Bb.rpm", "/repo/a%2Bb.rpm"),
        ("100%.rpm", "/repo/100%25.rpm"),
        ("what?#.rpm", "/repo/what%3F%23.rpm"),
        ("Größe.rpm", "/repo/Gr%C3%B6%C3%9Fe.rpm"),
    ],
)
def test_a_path_of_metadata_becomes_an_address(path: str, target: str) -> None:
    assert str(Remote("http://host/repo").resolve(path)) == f"http://host{target}"
    assert (
        str(Remote("http://host/repo/?to%2Bken").resolve(path)) == f"http://host{target}?to%2Bken"
    )


@pytest.mark.parametrize(
    "path", ["../x", "a/../../x", "/etc/passwd", "a\0b", "ftp://h/x", "file:///etc/x", "file:x"]
)
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(UpstreamError):
        Remote("http://host/repo").resolve(path)


async def test_file_urls_work_only_below_configured_folders(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    (inside / "deep dir").mkdir(parents=True)
    outside.mkdir()
    (inside / "deep dir" / "a+b.rpm").write_bytes(BODY)
    (outside / "secret").write_bytes(b"secret")
    (inside / "link").symlink_to(outside / "secret")
    (inside / "folder").symlink_to(outside)
    rules = replace(RULES, file_roots=(inside,))
    remote = Remote(f"file://{inside}")

    async with Downloader(rules) as downloader:
        sink = MemorySink()
        await downloader.fetch(
            remote, "deep dir/a+b.rpm", sink, expected=Expected(checksums={"sha256": SHA256})
        )
        assert bytes(sink.data) == BODY
        with pytest.raises(UpstreamAbsentError):
            await downloader.fetch(remote, "absent", MemorySink())
        for path in ("link", "folder/secret", "deep dir", "deep dir/%2e%2e/%2e%2e/out/secret"):
            with pytest.raises(UpstreamError):
                await downloader.fetch(remote, path, MemorySink())
        for url in (f"file://{outside}/", f"file://{inside}/../out/", f"file:{outside}/", "file:."):
            with pytest.raises(UpstreamError):
                await downloader.fetch(Remote(url), "secret", MemorySink())
        with pytest.raises(UpstreamError, match="settings list"):
            await downloader.fetch(Remote(f"file://{inside}x"), "a", MemorySink())
