"""How fast downloads may be: bytes a second, over all transfers that share a rate.

The generic cell rate algorithm (ITU-T I.371): one number, the moment up to which the rate is used
up. Whoever takes bytes moves it on and waits until then, so transfers share a rate in the order
in which they take.
"""

import fcntl
import mmap
import os
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

# What may be taken at once after a pause, in seconds of the rate.
_BURST = 0.1
# Which start of the machine (moments are counted from there), and the moment.
_STATE = struct.Struct("<8sd")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Pace(Protocol):
    """Something that slows transfers down."""

    def reserve(self, count: int) -> float:
        """Take so many bytes; return how many seconds to wait for them."""
        ...


class Rate:
    """A rate of one event loop."""

    def __init__(self, rate: int, *, now: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._now = now
        self._used_until = 0.0

    def reserve(self, count: int) -> float:
        """See `Pace`."""
        now = self._now()
        self._used_until = _moved(self._used_until, now, count / self._rate)
        return max(self._used_until - now, 0.0)


class SharedRate:
    """A rate of all processes of this machine that open the same file.

    A process that dies leaves nothing to clean up; one that takes bytes holds a lock for the time
    of two memory accesses.
    """

    def __init__(self, rate: int, file: Path, *, now: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._now = now
        self._lock = threading.Lock()
        self._fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._fd, _STATE.size)
        self._state = mmap.mmap(self._fd, _STATE.size)
        self._boot = _boot()

    def reserve(self, count: int) -> float:
        """See `Pace`."""
        with self._lock:
            fcntl.flock(self._fd, fcntl.LOCK_EX)
            try:
                boot, used_until = _STATE.unpack_from(self._state)
                now = self._now()
                if boot != self._boot:
                    used_until = 0.0
                used_until = _moved(used_until, now, count / self._rate)
                _STATE.pack_into(self._state, 0, self._boot, used_until)
            finally:
                fcntl.flock(self._fd, fcntl.LOCK_UN)
        return max(used_until - now, 0.0)


def _moved(used_until: float, now: float, seconds: float) -> float:
    return max(used_until, now - _BURST) + seconds


def _boot() -> bytes:
    text = b""
    with suppress(OSError):
        text = _BOOT_ID.read_bytes()
    return blake2b(text, digest_size=8).digest()
