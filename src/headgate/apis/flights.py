"""Asking the database beside the event loop, once for all who want to know the same."""

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


async def ended(future: asyncio.Future[T]) -> T:
    """Return what comes of work in a thread, even to who is cancelled not before it has ended.

    A thread cannot be stopped: what it uses may not be closed beneath it.
    """
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        while not future.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([future])
        raise


class Flights:
    """Threads for one event loop, and the questions that are under way in them."""

    def __init__(self, name: str, *, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._under_way: dict[Hashable, asyncio.Future[Any]] = {}

    async def once(self, key: Hashable, function: Callable[[], T]) -> T:
        """Let those who ask the same at the same stamp share one query.

        The stamp belongs into the key: a query that began before a commit may not answer who
        came after it.
        """
        flight = self._under_way.get(key)
        if flight is None:
            flight = asyncio.ensure_future(self.in_thread(function))
            self._under_way[key] = flight
            flight.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(flight)

    async def in_thread(self, function: Callable[[], T]) -> T:
        """Run what reads the database beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)

    async def to_its_end(self, function: Callable[[], T]) -> T:
        """As `in_thread`; who is cancelled meanwhile waits for the function to end all the same."""
        return await ended(asyncio.ensure_future(self.in_thread(function)))

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(cancel_futures=True)

    def _landed(self, key: Hashable, flight: asyncio.Future[Any]) -> None:
        self._under_way.pop(key, None)
        if not flight.cancelled():
            flight.exception()  # who asked may be gone: then nobody else takes note of it
