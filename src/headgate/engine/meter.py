"""From successive reports of a run to what its row shows: rate, time left, fraction."""

from collections import deque
from threading import Lock
from time import monotonic
from typing import Any

from headgate.engine.port import Progress

_WINDOW_SECONDS = 10.0


class Meter:
    """Takes reports from any thread; `read` gives what is new since the last reading."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._step = ""
        self._progress = Progress()
        self._fraction = 0.0
        self._changed = False
        self._samples: deque[tuple[float, int, int]] = deque()  # time, bytes, items

    def enter(self, step: str) -> None:
        """Begin a step."""
        with self._lock:
            self._step = step
            self._progress = Progress()
            self._samples.clear()
            self._changed = True

    def report(self, progress: Progress) -> None:
        """Take note of how far the step is."""
        with self._lock:
            if progress == self._progress:
                return
            if not self._samples or progress.bytes_done < self._progress.bytes_done:
                self._samples.clear()
                self._samples.append((monotonic(), progress.bytes_done, progress.items_done))
            self._progress = progress
            self._changed = True

    def read(self) -> tuple[dict[str, Any], float] | None:
        """Return the row's `progress` and `fraction`, or None when nothing has changed."""
        with self._lock:
            if not self._changed:
                return None
            self._changed = False
            now = monotonic()
            bytes_rate, items_rate = self._rates(now)
            progress = self._progress
            self._fraction = _fraction(progress, self._fraction)
            shown: dict[str, Any] = {
                "step": self._step,
                "bytes_done": progress.bytes_done,
                "bytes_total": progress.bytes_total,
                "items_done": progress.items_done,
                "items_total": progress.items_total,
                "bytes_per_second": round(bytes_rate),
                "seconds_left": _seconds_left(progress, bytes_rate, items_rate),
                "url": progress.url,
            }
            return shown, self._fraction

    def _rates(self, now: float) -> tuple[float, float]:
        progress = self._progress
        self._samples.append((now, progress.bytes_done, progress.items_done))
        while len(self._samples) > 2 and self._samples[1][0] < now - _WINDOW_SECONDS:
            self._samples.popleft()
        since, bytes_then, items_then = self._samples[0]
        seconds = max(now - since, 0.001)
        bytes_done, items_done = progress.bytes_done - bytes_then, progress.items_done - items_then
        return max(bytes_done, 0) / seconds, max(items_done, 0) / seconds


def _fraction(progress: Progress, before: float) -> float:
    if progress.fraction is not None:
        return min(max(progress.fraction, 0.0), 1.0)
    if progress.bytes_total:
        return min(progress.bytes_done / progress.bytes_total, 1.0)
    if progress.items_total:
        return min(progress.items_done / progress.items_total, 1.0)
    return before


def _seconds_left(progress: Progress, bytes_rate: float, items_rate: float) -> float | None:
    if progress.bytes_total is not None and bytes_rate > 0:
        return round(max(progress.bytes_total - progress.bytes_done, 0) / bytes_rate, 1)
    if progress.items_total is not None and items_rate > 0:
        return round(max(progress.items_total - progress.items_done, 0) / items_rate, 1)
    return None
