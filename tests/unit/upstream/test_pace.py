"""How fast and how many at once."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from headgate.upstream import (
    AddressRules,
    Downloader,
    DownloadRules,
    MemorySink,
    Remote,
    SharedRate,
)
from headgate.upstream.pace import Rate
from support.faulty_upstream import FaultyUpstream

BODY = bytes(50_000)
FILES = 10
RATE = 500_000  # bytes a second
RULES = DownloadRules(addresses=AddressRules.allowing(["127.0.0.0/8", "::1/128"]))


@pytest.fixture
def upstream() -> Iterator[FaultyUpstream]:
    with FaultyUpstream() as running:
        for number in range(FILES):
            running.serve(f"/{number}", BODY)
        yield running


async def fetch_all(remote: Remote, rules: DownloadRules = RULES) -> float:
    """Fetch all files side by side; return how many seconds it took."""
    began = time.monotonic()
    async with Downloader(rules) as downloader:
        fetches = [downloader.fetch(remote, str(each), MemorySink()) for each in range(FILES)]
        await asyncio.gather(*fetches)
    return time.monotonic() - began


@pytest.mark.parametrize("shared", [False, True], ids=["of a repository", "of the machine"])
async def test_transfers_share_a_rate(
    upstream: FaultyUpstream, tmp_path: Path, *, shared: bool
) -> None:
    remote = Remote(upstream.url, rate=None if shared else RATE)
    rules = replace(RULES, pace=SharedRate(RATE, tmp_path / "rate")) if shared else RULES

    seconds = await fetch_all(remote, rules)

    # A tenth of a second is free, and this machine has other things to do.
    expected = FILES * len(BODY) / RATE
    assert expected * 0.85 <= seconds <= expected * 1.3


async def test_the_rate_holds_whatever_other_repositories_do(upstream: FaultyUpstream) -> None:
    async with Downloader(RULES) as downloader:
        slow = asyncio.create_task(
            downloader.fetch(Remote(upstream.url, rate=1_000), "0", MemorySink())
        )
        await downloader.fetch(Remote(f"{upstream.url}?free"), "1", MemorySink())
        assert not slow.done()
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)


def test_processes_share_the_rate_of_the_machine(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from headgate.upstream.pace import SharedRate;"
        "rate = SharedRate(1_000, pathlib.Path(sys.argv[1]));"
        "print(max(rate.reserve(100) for _ in range(100)))"
    )
    rate = SharedRate(1_000, tmp_path / "rate")
    rate.reserve(100)
    commands = [[sys.executable, "-c", script, str(tmp_path / "rate")]] * 2

    running = [subprocess.Popen(each, stdout=subprocess.PIPE) for each in commands]
    waits = [float(each.communicate(timeout=60)[0]) for each in running]

    # Each has taken 10 s of the rate, and one of them came after the other.
    assert 15 < max(waits) <= 20.1
    assert 15 < rate.reserve(100) <= 20.2


def test_a_pause_saves_up_a_tenth_of_a_second_and_no_more() -> None:
    now = [100.0]
    rate = Rate(1_000, now=lambda: now[0])

    assert rate.reserve(100) == pytest.approx(0.0)
    assert rate.reserve(500) == pytest.approx(0.5)
    now[0] += 60
    assert rate.reserve(600) == pytest.approx(0.5)


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_a_repository_may_want_fewer_transfers_at_once(
    upstream: FaultyUpstream, concurrency: int
) -> None:
    await fetch_all(Remote(upstream.url, concurrency=concurrency))

    assert upstream.most_at_once <= concurrency
    assert upstream.connections <= concurrency


async def test_connections_are_used_again(upstream: FaultyUpstream) -> None:
    async with Downloader(RULES) as downloader:
        for number in range(FILES):
            await downloader.fetch(Remote(upstream.url), str(number), MemorySink())

    assert upstream.connections == 1
