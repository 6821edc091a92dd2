"""Keeping what has come on demand: several small files in one flush and one transaction."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from headgate.domain.clock import Clock
from headgate.plugin import ContentType, Located
from headgate.services.storage.blobs import Kept, keep_now
from headgate.stores.blobs import BlobStore, Spool
from headgate.stores.db import Database, Transaction

_TOGETHER = 32
_GATHERING_SECONDS = 0.02
# Given to clients and not yet kept: with more, clients wait for the disk.
_MOST_UNKEPT = 64


@dataclass(frozen=True, slots=True)
class Arrival:
    """What has come, and whose it is."""

    content_type: str
    path: str  # within its repository
    located: Located


class Keeper:
    """Makes blobs of what has come; one per process and event loop."""

    def __init__(
        self,
        database: Database,
        store: BlobStore,
        content_types: Mapping[str, ContentType],
        clock: Clock,
    ) -> None:
        self._database = database
        self._store = store
        self._content_types = content_types
        self._clock = clock
        self._waiting: list[tuple[Arrival, bytes, asyncio.Future[Kept]]] = []
        self._work: asyncio.Task[None] | None = None
        self.room = asyncio.Semaphore(_MOST_UNKEPT)  # taken by who keeps small files

    async def keep_spool(self, arrival: Arrival, spool: Spool) -> Kept:
        """Keep one file by itself; the spool is used up."""
        (kept,) = await asyncio.to_thread(self._keep, [arrival], [spool])
        return kept

    async def keep(self, arrival: Arrival, content: bytes) -> Kept:
        """Keep a small file, together with those that wait for the same.

        Only one thread does this: SQLite lets one write at a time, and who finds it busy sleeps
        for longer than a file takes.
        """
        kept: asyncio.Future[Kept] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, content, kept))
        if self._work is None:
            self._work = asyncio.create_task(self._keep_waiting())
        return await kept

    async def _keep_waiting(self) -> None:
        try:
            while self._waiting:
                # A host that asks for one package asks for the next at once.
                await asyncio.sleep(_GATHERING_SECONDS)
                batch = self._waiting[:_TOGETHER]
                del self._waiting[:_TOGETHER]
                files = [(arrival, content) for arrival, content, _ in batch]
                ends = await asyncio.to_thread(self._keep_contents, files)
                for (_, _, kept), end in zip(batch, ends, strict=True):
                    if kept.done():  # cancelled
                        continue
                    if isinstance(end, Kept):
                        kept.set_result(end)
                    else:
                        kept.set_exception(end)
        finally:
            self._work = None

    def _keep_contents(self, files: Sequence[tuple[Arrival, bytes]]) -> list[Kept | Exception]:
        """Keep all; if one of them cannot be kept, each by itself."""
        try:
            with ExitStack() as stack:
                spools = [stack.enter_context(self._store.spool()) for _ in files]
                for spool, (_, content) in zip(spools, files, strict=True):
                    spool.write(content)
                return list(self._keep([arrival for arrival, _ in files], spools))
        except Exception as error:  # noqa: BLE001 - handed to who waits
            if len(files) == 1:
                return [error]
        return [end for each in files for end in self._keep_contents([each])]

    def _keep(self, arrivals: Sequence[Arrival], spools: Sequence[Spool]) -> list[Kept]:
        def refer(tx: Transaction, blob_ids: Sequence[int]) -> None:
            for each, blob_id in zip(arrivals, blob_ids, strict=True):
                kind = self._content_types[each.content_type]
                kind.arrived(tx, each.located, each.path, blob_id)

        return keep_now(self._database, self._store, spools, refer=refer, clock=self._clock)
