"""Counters for Prometheus, summed over all processes of the family.

Every process counts in a file of its own below the home folder (prometheus-client's multi-process
mode), and whichever answers `/metrics` adds the files up. The folder must be named before
prometheus-client is imported: `use_folder` does, and the supervisor calls it first of all.
"""

import os
import shutil
from pathlib import Path

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)


def use_folder(folder: Path) -> None:
    """Count in files of this folder, emptied of those of the family before."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


class RequestMetrics:
    """How many requests each plane answered and how, and how long the API took.

    Content is not timed: that tells of the client's line, and costs as much as finding the file.
    """

    def __init__(self) -> None:
        from prometheus_client import Counter, Histogram  # noqa: PLC0415 - after `use_folder`

        self._requests = Counter("headgate_requests", "Requests answered", ["plane", "status"])
        self._seconds = Histogram(
            "headgate_api_seconds",
            "Seconds to the whole answer of an API request",
            buckets=_BUCKETS,
        )
        # `labels` takes a lock and builds a key; a request for content cannot spare that.
        self._counters: dict[tuple[str, int], Counter] = {}

    def note(self, plane: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        counter = self._counters.get((plane, status))
        if counter is None:
            counter = self._counters[plane, status] = self._requests.labels(plane, str(status))
        counter.inc()
        if plane == "control":
            self._seconds.observe(seconds)


def exposition() -> bytes:
    """Return every counter of the family in Prometheus' text format."""
    from prometheus_client import (  # noqa: PLC0415 - after `use_folder`
        CollectorRegistry,
        generate_latest,
        multiprocess,
    )

    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return generate_latest(registry)
