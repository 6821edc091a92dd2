"""Downloads from several mirrors of which some fail."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from headgate.domain.errors import UpstreamError
from headgate.upstream import (
    AddressRules,
    Downloader,
    DownloadLimits,
    DownloadRules,
    Expected,
    MemorySink,
    Remote,
    UpstreamAbsentError,
    UpstreamUnreachableError,
    WrongBytesError,
)
from headgate.upstream.mirrors import MirrorHealth
from support.faulty_upstream import Fault, FaultyUpstream

BODY = bytes(range(256)) * 100
RULES = DownloadRules(
    limits=DownloadLimits(attempts=5, first_pause=0.001, read_timeout=5, mirrors=3),
    addresses=AddressRules.allowing(["127.0.0.0/8", "::1/128"]),
)
WANTED = Expected(size=len(BODY))


@pytest.fixture
def mirrors() -> Iterator[list[FaultyUpstream]]:
    with FaultyUpstream() as one, FaultyUpstream() as two, FaultyUpstream() as three:
        for each in (one, two, three):
            each.serve("/a.rpm", BODY)
            each.serve("/b.rpm", BODY)
        yield [one, two, three]


@pytest.fixture
def remote(mirrors: list[FaultyUpstream]) -> Remote:
    return Remote(
        "http://lists.example.org/mirrorlist",
        username="me",
        password="secret",  # noqa: S106 - of nobody
        mirrors=tuple(each.url for each in mirrors),
    )


@pytest.fixture
async def downloader() -> AsyncIterator[Downloader]:
    async with Downloader(RULES) as opened:
        yield opened


async def test_the_first_mirror_that_has_the_file_gives_it(
    downloader: Downloader, remote: Remote, mirrors: list[FaultyUpstream]
) -> None:
    mirrors[0].always["/a.rpm"] = Fault(cut_after=1000)
    mirrors[1].always["/a.rpm"] = Fault(200, body=b"x" * len(BODY) + b"y")
    sink, tried, counted = MemorySink(), list[str](), list[int]()

    fetched = await downloader.fetch(
        remote, "a.rpm", sink, expected=WANTED, progress=counted.append, trying=tried.append
    )

    assert bytes(sink.data) == BODY
    assert fetched.mirror == remote.mirrors[2]
    assert tried == [f"{mirror}a.rpm" for mirror in remote.mirrors]
    assert sum(counted) == len(BODY)


async def test_mirrors_do_not_see_the_credentials_of_their_list(
    downloader: Downloader, remote: Remote, mirrors: list[FaultyUpstream]
) -> None:
    await downloader.fetch(remote, "a.rpm", MemorySink())

    (asked,) = mirrors[0].asked("/a.rpm")
    assert "authorization" not in asked.headers


async def test_a_mirror_that_does_not_answer_is_set_aside(
    downloader: Downloader, remote: Remote, mirrors: list[FaultyUpstream]
) -> None:
    mirrors[0].always["/a.rpm"] = Fault(503, {"Retry-After": "0"})

    for path in ("a.rpm", "b.rpm", "b.rpm"):
        await downloader.fetch(remote, path, MemorySink())

    assert len(mirrors[0].requests) == RULES.limits.attempts_per_mirror
    # Another list that names it has learned nothing of it: it may be another tenant's.
    await downloader.fetch(replace(remote, username="you"), "b.rpm", MemorySink())
    assert len(mirrors[0].asked("/b.rpm")) == 1


def test_a_mirror_that_was_set_aside_is_asked_again_when_time_has_passed() -> None:
    now = [0.0]
    health = MirrorHealth(100.0, now=lambda: now[0])
    keys = ["one", "two", "three"]

    health.failed("one", UpstreamUnreachableError("silent", url="x"))
    health.failed("two", UpstreamAbsentError("absent", url="x"))
    assert health.order(keys) == [1, 2, 0]
    for _ in range(2):
        health.failed("two", WrongBytesError("wrong", url="x"))
    assert health.order(keys) == [2, 0, 1]

    now[0] = 100.0
    assert health.order(keys) == [0, 1, 2]


@pytest.mark.parametrize(
    ("faults", "kind"),
    [
        ((404, 404, 404), UpstreamAbsentError),
        ((404, 503, 404), UpstreamAbsentError),
        ((503, 503, 503), UpstreamUnreachableError),
        ((403, 503, 403), UpstreamError),
        ((404, 200, 503), WrongBytesError),
    ],
)
async def test_the_error_names_every_mirror_that_was_tried(
    downloader: Downloader,
    remote: Remote,
    mirrors: list[FaultyUpstream],
    faults: tuple[int, ...],
    kind: type[UpstreamError],
) -> None:
    for mirror, status in zip(mirrors, faults, strict=True):
        mirror.always["/a.rpm"] = Fault(status, {"Retry-After": "0"}, body=b"?")
    more = replace(remote, mirrors=(*remote.mirrors, "http://mirror.example.org/"))

    with pytest.raises(kind) as failed:
        await downloader.fetch(more, "a.rpm", MemorySink(), expected=WANTED)

    assert type(failed.value) is kind
    for mirror in remote.mirrors:
        assert f"{mirror}a.rpm: " in failed.value.message
    assert "(1 more were not tried)" in failed.value.message


async def test_one_mirror_is_believed_that_there_is_no_optional_file(
    downloader: Downloader, remote: Remote, mirrors: list[FaultyUpstream]
) -> None:
    with pytest.raises(UpstreamAbsentError):
        await downloader.fetch(remote, "treeinfo", MemorySink(), optional=True)

    assert mirrors[1].requests == []


@pytest.mark.parametrize("mirror", ["http://127.0.0.1/", "http://[::ffff:127.0.0.1]/"])
async def test_mirrors_cannot_be_on_this_machine(mirror: str) -> None:
    remote = Remote("http://lists.example.org/", mirrors=(mirror, "file:///etc/"))

    async with Downloader(DownloadRules(limits=RULES.limits)) as guarded:
        with pytest.raises(UpstreamError) as failed:
            await guarded.fetch(remote, "passwd", MemorySink())

    assert "its address is of this machine" in failed.value.message
