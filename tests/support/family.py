"""The real server as a family of processes, of which a test kills some."""

import os
import signal
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
from sqlalchemy import select

from headgate.stores.db import Database
from headgate.stores.db.tables import executors, tasks
from support.server import Server, serving


class Family:
    """A server that is started again after each kill of the whole; its ports change then."""

    def __init__(
        self, home: Path, *, settings: Mapping[str, str] | None = None, log: Path | None = None
    ) -> None:
        self.home = home
        self._settings = dict(settings or {})
        self._log = log
        self._running = ExitStack()
        self.server = self._start(migrated=False)

    def kill_all(self) -> Server:
        """End every process at once, as a power cut would, and start anew."""
        self.server.process.kill()
        return self.restart()

    def restart(self) -> Server:
        """Stop in order, if anything runs, and start anew."""
        self.close()
        self.server = self._start()
        return self.server

    def kill_worker(self, database: Database) -> bool:
        """Kill the worker that runs a task, or any if none does; False if there was none."""
        workers = self._workers()
        busy = workers & _busy_processes(database)
        victims = sorted(busy or workers)
        for pid in victims[:1]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return bool(victims)

    def open_database(self) -> Database:
        """Open its database; the caller closes it."""
        default = f"sqlite:///{self.home / 'headgate.db'}"
        return Database(self._settings.get("HEADGATE_STORAGE_DATABASE", default))

    def close(self) -> None:
        """Stop in order."""
        self._running.close()
        self._running = ExitStack()

    def _start(self, *, migrated: bool = True) -> Server:
        return self._running.enter_context(
            serving(self.home, settings=self._settings, log=self._log, migrated=migrated)
        )

    def _workers(self) -> set[int]:
        supervisor = psutil.Process(self.server.process.pid)
        return {
            child.pid
            for child in supervisor.children()
            if child.name().startswith("hg-worker") and child.status() != psutil.STATUS_ZOMBIE
        }


def _busy_processes(database: Database) -> set[int]:
    with database.read() as tx:
        processes = tx.scalars(
            select(executors.c.process)
            .join(tasks, tasks.c.executor == executors.c.id)
            .where(tasks.c.state == "running")
        ).all()
    return {int(process.rsplit("/", 2)[1]) for process in processes}
