"""Which of several mirrors is asked for a file, and what is said when none gave it."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

from headgate.domain.errors import UpstreamError
from headgate.upstream.errors import (
    UpstreamAbsentError,
    UpstreamUnreachableError,
    WrongBytesError,
)

# Files that a mirror did not have, or had wrong, before it is taken for outdated.
_MISSES = 3


def _now() -> float:
    return asyncio.get_running_loop().time()


@dataclass(slots=True)
class MirrorHealth:
    """What one downloader has learned of mirrors; keys tell tenants apart."""

    aside_seconds: float
    now: Callable[[], float] = _now
    _until: dict[Hashable, float] = field(default_factory=dict[Hashable, float])
    _misses: dict[Hashable, int] = field(default_factory=dict[Hashable, int])

    def order(self, keys: Sequence[Hashable]) -> list[int]:
        """Return the positions of the keys, best first: those set aside come last."""
        now = self.now()
        return sorted(
            range(len(keys)),
            key=lambda position: max(self._until.get(keys[position], 0.0) - now, 0.0),
        )

    def is_aside(self, key: Hashable) -> bool:
        """Whether the mirror failed a short while ago."""
        return self._until.get(key, 0.0) > self.now()

    def failed(self, key: Hashable, error: UpstreamError) -> None:
        """Set a mirror aside that does not answer, or that lacks one file after another."""
        self._misses[key] = self._misses.get(key, 0) + 1
        missed = isinstance(error, UpstreamAbsentError | WrongBytesError)
        if not missed or self._misses[key] >= _MISSES:
            self._until[key] = self.now() + self.aside_seconds

    def gave(self, key: Hashable) -> None:
        """Note that the mirror gave a file."""
        self._misses.pop(key, None)
        self._until.pop(key, None)


def none_gave(failures: Sequence[UpstreamError], *, untried: int, what: str) -> UpstreamError:
    """Return one error that lists which mirror failed and why.

    Its class is that of the failure that says most of the file: others act on it.
    """
    reasons = "; ".join(f"{error.url}: {error.message}" for error in failures)
    rest = f" ({untried} more were not tried)" if untried else ""
    message = f"no mirror gave {what}{rest}: {reasons}"
    return _kind(failures)(message, url=failures[-1].url)


def _kind(failures: Sequence[UpstreamError]) -> type[UpstreamError]:
    for kind in (WrongBytesError, UpstreamAbsentError):
        if any(isinstance(error, kind) for error in failures):
            return kind
    if all(isinstance(error, UpstreamUnreachableError) for error in failures):
        return UpstreamUnreachableError
    return UpstreamError
