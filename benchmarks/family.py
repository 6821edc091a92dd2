"""Watching all processes of one server: memory and CPU."""

import threading
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from support.server import Server, serving


def shipped(
    home: Path, settings: Mapping[str, str] | None = None
) -> AbstractContextManager[Server]:
    """Serve as the settings come: tests let workers run unhindered instead."""
    ours = {"HEADGATE_PROCESSES_WORKER_NICENESS": "15"}
    return serving(home, settings={**ours, **(settings or {})})


@dataclass(slots=True)
class Peak:
    """The most memory that all processes together had, in MiB.

    RSS counts pages that forked processes share once for each; PSS counts them once.
    """

    rss: float = 0.0
    pss: float = 0.0


def memory(pid: int) -> Peak:
    """Return what the process and all its descendants have now."""
    found = Peak()
    for process in _family(pid):
        try:
            values = process.memory_full_info()
        except psutil.NoSuchProcess:
            continue
        found.rss += values.rss / 2**20
        found.pss += values.pss / 2**20
    return found


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of the process and all its descendants."""
    total = 0.0
    for process in _family(pid):
        times = process.cpu_times()
        total += times.user + times.system
    return total


@contextmanager
def watched(pid: int, every: float = 0.5) -> Generator[Peak]:
    """Yield the peak, kept up to date until the block ends."""
    peak = Peak()
    done = threading.Event()

    def watch() -> None:
        while not done.wait(every):
            now = memory(pid)
            peak.rss, peak.pss = max(peak.rss, now.rss), max(peak.pss, now.pss)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


def _family(pid: int) -> list[psutil.Process]:
    top = psutil.Process(pid)
    return [top, *top.children(recursive=True)]
