"""How much is asked of one upstream: how many transfers at once, how fast, and when again."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext

from yarl import URL

from headgate.upstream.limits import DownloadLimits, DownloadRules
from headgate.upstream.pace import Pace, Rate
from headgate.upstream.remote import Remote

_Server = tuple[str | None, int | None, str | None]


class Restraint:
    """What one downloader allows itself."""

    def __init__(self, rules: DownloadRules) -> None:
        self._limits: DownloadLimits = rules.limits
        self._pace = rules.pace
        self._slots: dict[tuple[str | None, int | None], asyncio.Semaphore] = {}
        self._own_slots: dict[tuple[str, int], asyncio.Semaphore] = {}
        self._rates: dict[tuple[str, str | None, int], Rate] = {}
        self._resting: dict[_Server, float] = {}

    def slot(self, url: URL) -> asyncio.Semaphore:
        """Bound the transfers from a server."""
        return self._slots.setdefault(
            (url.host, url.port), asyncio.Semaphore(self._limits.per_host)
        )

    def own_slot(self, remote: Remote) -> AbstractAsyncContextManager[object]:
        """Bound the transfers of a repository that wants fewer than its host may have."""
        if remote.concurrency is None:
            return nullcontext()
        key = (remote.url, remote.concurrency)
        return self._own_slots.setdefault(key, asyncio.Semaphore(remote.concurrency))

    def paces(self, remote: Remote) -> Sequence[Pace]:
        """Return what bounds the bytes a second of the remote's transfers."""
        paces: list[Pace] = [] if self._pace is None else [self._pace]
        if remote.rate is not None:
            key = (remote.url, remote.username, remote.rate)
            paces.append(self._rates.setdefault(key, Rate(remote.rate)))
        return paces

    def pause(self, attempt: int, wait: float | None) -> float:
        """Return after how many seconds to try again."""
        longest = self._limits.longest_pause
        if wait is not None:
            return min(wait, longest)
        pause = min(self._limits.first_pause * 2 ** (attempt - 1), longest)
        return pause * random.uniform(0.5, 1)  # noqa: S311 - spreads retries, hides nothing

    def rest(self, remote: Remote, url: URL, seconds: float) -> None:
        """Leave the server in peace: it says that we ask too much, and means all of our requests.

        Others' credentials have limits of their own.
        """
        now = asyncio.get_running_loop().time()
        self._resting = {server: end for server, end in self._resting.items() if end > now}
        server = (url.host, url.port, remote.username)
        self._resting[server] = max(now + seconds, self._resting.get(server, 0.0))

    def rest_left(self, remote: Remote, url: URL) -> float:
        """Return for how many seconds the server is to be left in peace."""
        end = self._resting.get((url.host, url.port, remote.username), 0.0)
        return max(end - asyncio.get_running_loop().time(), 0.0)
