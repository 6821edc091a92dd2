"""Kill -9 at any moment: nothing is lost, nothing is done twice, nothing stays behind.

`HEADGATE_TEST_CHAOS_RUNS` sets how many workers are killed (`make chaos`: 200).
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from headgate.domain.ids import TaskId
from headgate.engine import enqueue
from headgate.stores.db import Database
from headgate.stores.db.tables import executors, task_locks, task_steps, tasks
from support.processes import Started
from support.tasks import new_task

RUNS = int(os.environ.get("HEADGATE_TEST_CHAOS_RUNS", "5"))
WORKER = Path(__file__).parent / "engine_worker.py"
STEPS, CHILDREN = 6, 3
ADOPTION_SECONDS = 15.0


class Workers:
    """Starts workers of one database; `close` ends those that are left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[Started] = []

    def start(self, database: Database, *, silence_seconds: float = 10.0) -> Started:
        """Start a worker and wait until it takes tasks."""
        url = database.url.render_as_string(hide_password=False)
        log = self._folder / f"worker-{len(self._started)}.log"
        worker = Started([sys.executable, WORKER, url, str(silence_seconds)], log=log)
        self._started.append(worker)
        worker.wait_until(lambda: "ready\n" in worker.output())
        return worker

    def close(self) -> None:
        for worker in self._started:
            worker.kill()


@pytest.fixture
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    workers = Workers(tmp_path_factory.mktemp("workers"))
    yield workers
    workers.close()


def ask(database: Database, workflow: str, **options: Any) -> TaskId:
    with database.begin() as tx:
        return enqueue(tx, new_task(workflow, **options))


def wait_for(database: Database, statement: str, *, seconds: float) -> None:
    """Wait until the query gives something true."""

    def reached() -> bool:
        with database.read() as tx:
            return bool(tx.execute(text(statement)).scalar_one())

    wait_until(reached, seconds=seconds, what=statement)


def wait_until(reached: Callable[[], bool], *, seconds: float, what: str = "") -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, f"still not: {what}"
        time.sleep(0.02)


def prepare(database: Database) -> None:
    with database.begin() as tx:
        tx.execute(text("CREATE TABLE chaos (task_id VARCHAR(36), number INTEGER)"))


@pytest.mark.timeout(120 + 10 * RUNS)
def test_killed_workers_lose_nothing_and_repeat_no_transaction(
    database: Database, workers: Workers, tmp_path: Path
) -> None:
    prepare(database)
    seed = time.time_ns()
    print(f"seed {seed}")  # noqa: T201 - repeats a failure
    dice = random.Random(seed)  # noqa: S311 - nobody guesses here
    folder = str(tmp_path)
    for number in range(RUNS):
        options = {"exclusive": [f"thing:{number % 2}"], "folder": folder}
        ask(database, dice.choice(["work", "work", "family"]), **options)
        worker = workers.start(database)
        with pytest.raises(subprocess.TimeoutExpired):
            worker.process.wait(timeout=dice.uniform(0.0, 0.25))
        worker.kill()
    workers.start(database)
    left = "SELECT count(*) = 0 FROM tasks WHERE state <> 'stopped'"
    wait_for(database, left, seconds=60 + RUNS)

    with database.read() as tx:
        ended = tx.execute(select(tasks)).all()
        changes = Counter(
            tuple(row) for row in tx.execute(text("SELECT task_id, number FROM chaos"))
        )
        steps = tx.execute(select(func.count()).select_from(task_steps)).scalar_one()
        live = tx.execute(
            select(func.count()).where(task_locks.c.live | task_locks.c.held)
        ).scalar_one()
    worked = [row.id for row in ended if row.workflow == "work"]
    families = [row for row in ended if row.workflow == "family"]
    assert {row.result for row in ended} == {"success"}, [row.errors for row in ended]
    assert len(ended) == RUNS + CHILDREN * len(families)
    assert {row.output["total"] for row in ended if row.workflow == "work"} == {sum(range(STEPS))}
    assert changes == Counter((task_id, number) for task_id in worked for number in range(STEPS))
    for task_id in worked:
        done = [int(line) for line in (tmp_path / task_id).read_text().split()]
        assert sorted(set(done)) == list(range(STEPS))
        assert done == sorted(done)  # a step may be repeated, never one before it
    assert (steps, live) == (0, 0)


def test_a_killed_workers_task_is_continued_by_a_second_process(
    database: Database, workers: Workers, tmp_path: Path
) -> None:
    prepare(database)
    first = workers.start(database)
    task_id = ask(database, "stuck", folder=str(tmp_path))
    wait_until((tmp_path / "stuck").exists, seconds=20)
    workers.start(database)
    killed_at = time.monotonic()
    first.kill()

    done = f"SELECT count(*) = 1 FROM tasks WHERE id = '{task_id}' AND result = 'success'"  # noqa: S608 - our own id
    wait_for(database, done, seconds=ADOPTION_SECONDS)

    print(f"continued after {time.monotonic() - killed_at:.1f} s")  # noqa: T201 - worth knowing
    with database.read() as tx:
        assert sorted(tx.scalars(text("SELECT number FROM chaos"))) == [0, 1]
        assert tx.execute(select(func.count()).select_from(executors)).scalar_one() == 1


def test_a_worker_that_is_only_frozen_loses_its_task_and_cannot_write_any_more(
    database: Database, workers: Workers, tmp_path: Path
) -> None:
    prepare(database)
    first = workers.start(database, silence_seconds=2.0)
    task_id = ask(database, "stuck", folder=str(tmp_path))
    wait_until((tmp_path / "stuck").exists, seconds=20)
    first.process.send_signal(signal.SIGSTOP)  # no beat, no end
    workers.start(database, silence_seconds=2.0)
    done = f"SELECT count(*) = 1 FROM tasks WHERE id = '{task_id}' AND result = 'success'"  # noqa: S608 - our own id

    wait_for(database, done, seconds=30)
    (tmp_path / "go on").touch()
    first.process.send_signal(signal.SIGCONT)  # it goes on where it was
    wait_for(database, "SELECT count(*) = 2 FROM executors", seconds=20)  # and learns its fate

    with database.read() as tx:
        assert sorted(tx.scalars(text("SELECT number FROM chaos"))) == [0, 1]
        row = tx.execute(select(tasks)).one()
    assert (row.result, row.attempt) == ("success", 2)
