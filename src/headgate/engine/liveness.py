"""Who of the workers is alive.

Three signs, in the order of their speed: the supervisor says so (`known_dead`); the process is
gone from this machine's process table; its beat stands still while ours goes on. The last one
counts our own beats that were written, not the time of day: clocks that jump, a machine that
slept, and a long transaction that kept everybody from writing make nobody look dead.
"""

import os
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, insert, select, update

from headgate.engine.ledger import take_back
from headgate.stores.db import Transaction
from headgate.stores.db.tables import executors, task_schedules

# Fields of /proc/PID/stat after the command, which may hold anything but ends in `)` (proc(5)).
_STATE, _START_TIME = 0, 19


def process_identity() -> str:
    """Name this process beyond its number, which is given again: boot, namespace, number, start."""
    pid = os.getpid()
    return f"{_machine()}/{pid}/{_stat(pid)[_START_TIME]}"


def is_gone(process: str) -> bool:
    """Tell whether the process has certainly ended; False for those of other machines."""
    machine, pid, start_time = process.rsplit("/", 2)
    if not machine or machine != _machine():
        return False
    try:
        stat = _stat(int(pid))
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat[_START_TIME] != start_time or stat[_STATE] in "ZX"


def _machine() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}/{Path('/proc/self/ns/pid').stat().st_ino}"


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


class Heart:
    """The beat of one executor, and its ear for those of the others."""

    def __init__(self, *, executor: str, beat_seconds: float, silence_seconds: float) -> None:
        self.executor = executor
        self._most_per_beat = 1.2 * beat_seconds
        self._silence_seconds = silence_seconds
        self._heard: dict[str, tuple[int, float]] = {}  # id -> its last beat, silent since

    def register(self, tx: Transaction, now: datetime) -> None:
        """Join the executors."""
        process = process_identity()
        tx.execute(
            insert(executors).values(
                id=self.executor, process=process, beat=0, started_at=now, beat_at=now
            )
        )

    def beat(self, tx: Transaction, now: datetime) -> bool:
        """Show that we are alive; False if the others have given us up."""
        beaten = tx.execute(
            update(executors)
            .where(executors.c.id == self.executor)
            .values(beat=executors.c.beat + 1, beat_at=now)
        )
        return beaten.rowcount == 1

    def listen(self, tx: Transaction, seconds: float) -> list[str]:
        """Return the executors that died, given the seconds since we last listened."""
        rows = tx.execute(
            select(executors.c.id, executors.c.process, executors.c.beat).where(
                executors.c.id != self.executor
            )
        ).all()
        passed = min(seconds, self._most_per_beat)
        heard: dict[str, tuple[int, float]] = {}
        for row in rows:
            beat, silent = self._heard.get(row.id, (row.beat, 0.0))
            heard[row.id] = (row.beat, silent + passed if beat == row.beat else 0.0)
        self._heard = heard
        return [
            row.id
            for row in rows
            if heard[row.id][1] > self._silence_seconds or _surely_gone(row.process)
        ]

    def leave(self, tx: Transaction) -> None:
        """Stop being an executor; what it still ran goes back into the queue."""
        bury(tx, [self.executor])


def bury(tx: Transaction, dead: Collection[str]) -> int:
    """Forget these executors; put the tasks of all that are forgotten back into the queue."""
    if dead:
        tx.execute(delete(executors).where(executors.c.id.in_(dead)))
        tx.execute(
            update(task_schedules).where(task_schedules.c.executor.in_(dead)).values(executor=None)
        )
    return take_back(tx)


def _surely_gone(process: str) -> bool:
    with suppress(OSError, ValueError, IndexError):
        return is_gone(process)
    return False
