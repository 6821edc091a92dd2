"""Bringing many files from upstream: side by side, verified, kept in groups, each remembered."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, cast

from headgate.domain.errors import UpstreamError
from headgate.engine.port import Progress, Run
from headgate.plugin import Ports
from headgate.services.storage.blobs import Kept, keep, unpin
from headgate.stores.blobs import Spool
from headgate.stores.db import Transaction
from headgate.stores.db.writes import write
from headgate.upstream import Downloader, Expected, Remote, run_downloads

# Files under way at once, unless the repository says; the downloader bounds connections per host
# on its own.
AT_ONCE = 16
MOST_AT_ONCE = 100
# Files made durable and remembered together: one flush and two commits for so many.
GROUP = 32


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to bring: `unit_id` and `path` tell the caller which one it is."""

    unit_id: int
    path: str  # below the remote, or a whole URL
    size: int | None = None  # bytes
    checksums: Mapping[str, str] = field(default_factory=dict[str, str])  # kind -> hex digits


Arrived = Callable[[Transaction, Sequence[tuple[Wanted, Kept]]], None]
Missed = Callable[[Wanted, UpstreamError], None]


def download_all(
    ports: Ports,
    run: Run,
    remote: Remote,
    wanted: Sequence[Wanted],
    arrived: Arrived,
    *,
    missed: Missed | None = None,
) -> int:
    """Bring the files; return how many bytes came.

    `arrived` records each group in the transaction that lets go of its pins, so files that came
    before a crash or an error need not come again. The first file that upstream does not give as
    announced ends the work with its error, unless `missed` takes note of it; what that raises ends
    the work.
    """
    if not wanted:
        return 0
    ports.require_room(run.organization_id, sum(each.size or 0 for each in wanted))
    work = _Work(ports, run, remote, arrived, wanted, missed=missed)
    run_downloads(
        ports.downloads, lambda downloader: work.bring(downloader, wanted), check=run.check
    )
    return work.bytes_done


async def together(jobs: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run the jobs side by side; the first error ends the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(job)
    except BaseExceptionGroup as errors:
        raise _first(errors) from None


class _Work:
    """The state of one `download_all`."""

    def __init__(
        self,
        ports: Ports,
        run: Run,
        remote: Remote,
        arrived: Arrived,
        wanted: Sequence[Wanted],
        *,
        missed: Missed | None,
    ) -> None:
        self._ports = ports
        self._run = run
        self._remote = remote
        self._arrived = arrived
        self._missed = missed
        self._items = len(wanted)
        self._size = sum(each.size or 0 for each in wanted)
        self._items_done = 0
        self._at_once = min(remote.concurrency or AT_ONCE, MOST_AT_ONCE)
        self._url: str | None = None
        self.bytes_done = 0

    async def bring(self, downloader: Downloader, wanted: Iterable[Wanted]) -> None:
        """Let a few workers take from one queue until it is empty."""
        waiting = iter(wanted)
        done: asyncio.Queue[tuple[Wanted, Spool] | None] = asyncio.Queue(2 * GROUP)
        keeping = True

        async def fetch() -> None:
            for each in waiting:
                try:
                    spool = await self._fetch(downloader, each)
                except UpstreamError as error:
                    if self._missed is None:
                        raise
                    self._missed(each, error)
                else:
                    await _hand_over(each, spool, done)

        async def fetch_all() -> None:
            try:
                await together(fetch() for _ in range(self._at_once))
            finally:
                if keeping:  # else nobody takes from the queue, and it may be full
                    await done.put(None)

        fetching = asyncio.create_task(fetch_all())
        try:
            await self._keep_all(done)
            await fetching
        finally:
            keeping = False
            fetching.cancel()
            await asyncio.gather(fetching, return_exceptions=True)
            _drop(done)

    async def _fetch(self, downloader: Downloader, wanted: Wanted) -> Spool:
        spool = self._ports.store.spool()
        try:
            await downloader.fetch(
                self._remote,
                wanted.path,
                spool,
                expected=Expected(size=wanted.size, checksums=wanted.checksums),
                progress=lambda count: self._count(count, self._url),
                trying=self._trying,
            )
        except BaseException:
            spool.close()
            raise
        return spool

    async def _keep_all(self, done: asyncio.Queue[tuple[Wanted, Spool] | None]) -> None:
        group: list[tuple[Wanted, Spool]] = []
        while (entry := await done.get()) is not None:
            group.append(entry)
            if len(group) >= GROUP or done.empty():
                await asyncio.to_thread(self._keep, group)
                group = []
        if group:
            await asyncio.to_thread(self._keep, group)

    def _keep(self, group: Sequence[tuple[Wanted, Spool]]) -> None:
        with ExitStack() as stack:
            for _, spool in group:
                stack.enter_context(spool)
            kept = keep(
                self._ports.database,
                self._ports.store,
                [spool for _, spool in group],
                holder=self._run.task_id,
                clock=self._ports.clock,
            )
        arrivals = [(each, blob) for (each, _), blob in zip(group, kept, strict=True)]
        # In one order everywhere: two syncs may bring the same packages, and rows are locked.
        arrivals.sort(key=lambda arrival: (arrival[0].unit_id, arrival[0].path))

        def refer(tx: Transaction) -> None:
            self._arrived(tx, arrivals)
            ids = sorted(blob.id for blob in kept)
            unpin(tx, self._run.task_id, ids, clock=self._ports.clock)

        write(self._ports.database, refer)
        self._items_done += len(group)
        self._count(0, None)

    def _trying(self, url: str) -> None:
        self._url = url

    def _count(self, count: int, url: str | None) -> None:
        self.bytes_done += count
        self._run.report(
            Progress(
                bytes_done=self.bytes_done,
                bytes_total=self._size or None,
                items_done=self._items_done,
                items_total=self._items,
                url=url,
            )
        )


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseException", error.exceptions[0])
    return error


async def _hand_over(
    wanted: Wanted, spool: Spool, done: asyncio.Queue[tuple[Wanted, Spool] | None]
) -> None:
    try:
        await done.put((wanted, spool))
    except BaseException:
        spool.close()
        raise


def _drop(done: asyncio.Queue[tuple[Wanted, Spool] | None]) -> None:
    while not done.empty():
        entry = done.get_nowait()
        if entry is not None:
            entry[1].close()
