"""A worker process that the chaos tests kill: `engine_worker.py DATABASE_URL SILENCE_SECONDS`.

It writes `ready` when it takes tasks. Its tasks leave marks: a row for each transaction, a line in
a file for each step that may be repeated.
"""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Any

from sqlalchemy import text

from headgate.engine import NewTask, Progress, Run, Workflow
from headgate.engine.runner import Runner
from headgate.stores.db import Database, Transaction

STEPS = 6
CHILDREN = 3


def work(run: Run) -> Mapping[str, Any]:
    """Alternate steps and transactions; each of the latter counts on the one before."""
    folder = Path(run.input["folder"])
    total = 0
    for number in range(STEPS):
        total += run.step(f"step {number}", lambda number=number: note(folder, run, number))
        total = run.transaction(f"mark {number}", marked(run, number, total))
        run.report(Progress(items_done=number + 1, items_total=STEPS))
    return {"total": total}


def family(run: Run) -> Mapping[str, Any]:
    """Let sub-tasks do the same work."""
    children = [
        NewTask("work", "Test", f"Child {number}", run.input, None, None)
        for number in range(CHILDREN)
    ]
    ends = run.children("children", children)
    return {"totals": [end.output["total"] for end in ends]}


def stuck(run: Run) -> None:
    """Stay in the second step of the first try until told."""
    folder = Path(run.input["folder"])
    run.transaction("first", marked(run, 0, 0))

    def second() -> None:
        try:
            (folder / "stuck").touch(exist_ok=False)
        except FileExistsError:
            return
        while not (folder / "go on").exists():
            time.sleep(0.02)

    run.step("second", second)
    run.transaction("third", marked(run, 1, 0))


def note(folder: Path, run: Run, number: int) -> int:
    """Do what a step does outside of the database."""
    with (folder / run.task_id).open("a") as lines:
        lines.write(f"{number}\n")
    time.sleep(0.002)
    return number


def marked(run: Run, number: int, total: int) -> Any:
    """Return a change that must be made once and once only."""

    def change(tx: Transaction) -> int:
        tx.execute(
            text("INSERT INTO chaos (task_id, number) VALUES (:task_id, :number)"),
            {"task_id": run.task_id, "number": number},
        )
        return total

    return change


def main(url: str, silence_seconds: float) -> None:
    """Take tasks until killed."""
    workflows = [
        Workflow("work", work),
        Workflow("family", family),
        Workflow("stuck", stuck),
    ]
    Runner(
        Database(url),
        workflows,
        concurrency=3,
        beat_seconds=silence_seconds / 3,
        silence_seconds=silence_seconds,
    ).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    Event().wait()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
