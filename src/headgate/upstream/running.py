"""Downloads for worker threads, which have no event loop of their own."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import uvloop

from headgate.upstream.downloader import Downloader
from headgate.upstream.limits import DownloadRules

T = TypeVar("T")

_CHECKED_EVERY: Final = 0.25  # seconds


def run_downloads(
    rules: DownloadRules,
    work: Callable[[Downloader], Awaitable[T]],
    *,
    check: Callable[[], None] | None = None,
) -> T:
    """Run `work` with a downloader of its own; for worker threads, which have no event loop.

    What `check` raises ends the work, also while an upstream keeps it waiting.
    """

    async def with_downloader() -> T:
        async with Downloader(rules) as downloader:
            if check is None:
                return await work(downloader)
            return await _checked(work(downloader), check)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(with_downloader())


async def _checked(work: Awaitable[T], check: Callable[[], None]) -> T:
    working = asyncio.ensure_future(work)
    try:
        while not working.done():
            await asyncio.wait({working}, timeout=_CHECKED_EVERY)
            if not working.done():
                check()
        return working.result()
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
