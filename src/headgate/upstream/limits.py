"""How far a download may go, and where to."""

from dataclasses import dataclass, field
from pathlib import Path

from headgate.upstream.addresses import AddressRules
from headgate.upstream.pace import Pace


@dataclass(frozen=True, slots=True)
class DownloadLimits:
    """Patience and sizes; seconds and bytes."""

    attempts: int = 5
    first_pause: float = 0.5  # doubles with each attempt, with jitter
    longest_pause: float = 60.0  # also the most that Retry-After is given
    connect_timeout: float = 15.0
    read_timeout: float = 30.0  # between two pieces
    slowest: int = 1_000  # bytes a second, over `slow_window`
    slow_window: float = 30.0
    most_bytes: int = 64 * 2**30  # of a file whose size nobody announced
    redirects: int = 10
    per_host: int = 10  # transfers at once
    mirrors: int = 8  # of a list that are tried for one file
    attempts_per_mirror: int = 2  # the next mirror is a better hope than the same again
    aside_seconds: float = 120.0  # for which a mirror that failed is asked only after all others


@dataclass(frozen=True, slots=True)
class DownloadRules:
    """Everything that settings decide about downloads."""

    limits: DownloadLimits = field(default_factory=DownloadLimits)
    addresses: AddressRules = field(default_factory=AddressRules)
    file_roots: tuple[Path, ...] = ()  # `file://` works only below these
    user_agent: str = "headgate"
    pace: Pace | None = None  # shared by all downloads
