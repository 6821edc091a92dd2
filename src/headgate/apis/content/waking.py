"""Waiting for metadata that has to be written again, which a worker does."""

import asyncio
from typing import Final

from headgate.domain.errors import HeadgateError
from headgate.services.serving.paths import ServedRepository
from headgate.stores.db import Database
from headgate.workflows.wake_requests import ask_to_wake, being_woken

# Clients give up on a server that says nothing for 30 s (dnf's `timeout`).
PATIENCE: Final = 20.0
_PAUSES: Final = (0.05, 0.5)  # seconds between looks, growing
# What could not be woken is not tried again for so long.
_FAILED: Final = 10.0
_NOT_WRITTEN: Final = "the metadata of this earlier version could not be written; try again later"


class DormantError(HeadgateError):
    """Metadata of an earlier version is not there yet; asking again later finds it."""


class Waking:
    """Has dormant publications woken; one per process and event loop.

    However many clients wait, in however many processes: one task writes the metadata, and one
    look at a time tells this process of it.
    """

    def __init__(self, database: Database, *, patience: float = PATIENCE) -> None:
        self._database = database
        self._patience = patience
        self._flights: dict[int, asyncio.Task[None]] = {}
        self._failed: dict[int, float] = {}

    async def wait_for(self, served: ServedRepository) -> None:
        """Return when the repository may be looked up again; DormantError if that takes long."""
        key = served.publication_id
        self._raise_if_failed(key)
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = asyncio.create_task(self._woken(served))
            flight.add_done_callback(lambda ended: self._landed(key, ended))
        try:
            await asyncio.wait_for(asyncio.shield(flight), self._patience)
        except TimeoutError:
            raise DormantError(
                "the metadata of this earlier version is being written; ask again in a moment"
            ) from None

    def failure(self, served: ServedRepository) -> DormantError:
        """Return what is told when the task has ended and the publication is as it was."""
        now = asyncio.get_running_loop().time()
        self._failed = {each: end for each, end in self._failed.items() if end > now}
        self._failed[served.publication_id] = now + _FAILED
        return DormantError(_NOT_WRITTEN)

    async def close(self) -> None:
        """Wait no longer; the tasks go on without us."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    def _landed(self, publication_id: int, flight: asyncio.Task[None]) -> None:
        del self._flights[publication_id]
        if not flight.cancelled():
            flight.exception()  # all who waited may have left

    async def _woken(self, served: ServedRepository) -> None:
        publication_id = served.publication_id
        if not await asyncio.to_thread(self._ask, served):
            return
        pause, longest = _PAUSES
        while await asyncio.to_thread(self._being_woken, publication_id):
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, longest)

    def _raise_if_failed(self, publication_id: int) -> None:
        if self._failed.get(publication_id, 0.0) > asyncio.get_running_loop().time():
            raise DormantError(_NOT_WRITTEN)

    def _ask(self, served: ServedRepository) -> bool:
        with self._database.begin() as tx:
            return ask_to_wake(
                tx,
                publication_id=served.publication_id,
                repository_id=served.repository_id,
            )

    def _being_woken(self, publication_id: int) -> bool:
        with self._database.read() as tx:
            return being_woken(tx, publication_id)
