"""Whether the database is whole, and whether the server's work goes on."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Final

from sqlalchemy import func, select, text

from headgate.domain.clock import Clock
from headgate.domain.findings import Finding, Level, several
from headgate.engine.liveness import is_gone
from headgate.engine.port import TaskState
from headgate.services.storage.collection import requested
from headgate.stores.db import Database, Transaction
from headgate.stores.db.tables import (
    collection_requests,
    content_view_versions,
    executors,
    recurring_logics,
    tasks,
)

_LONG: Final = timedelta(days=1)  # no step of a task takes as long, but the task may
_WAITING: Final = timedelta(hours=6)
_LATE: Final = timedelta(minutes=10)
_SILENT: Final = timedelta(minutes=1)
_AHEAD: Final = timedelta(minutes=5)


def check_integrity(database: Database, *, deep: bool = False) -> Iterator[Finding]:
    """Find pages and references of the embedded database that are broken."""
    if not database.is_sqlite:
        return
    with database.read() as tx:
        check = "integrity_check" if deep else "quick_check"
        told = [str(row[0]) for row in tx.execute(text(f"PRAGMA {check}(20)"))]
        if told != ["ok"]:
            yield Finding(
                "database_damaged",
                Level.ERROR,
                f"SQLite finds the database damaged: {several(told)}",
                "stop the server, keep a copy of the home folder, and restore the last backup",
            )
        broken = tx.execute(text("PRAGMA foreign_key_check")).all()
        if broken:
            yield Finding(
                "database_inconsistent",
                Level.ERROR,
                f"{len(broken)} rows refer to nothing: {several({str(row[0]) for row in broken})}",
                "restore the last backup; the database was changed by something else than Headgate",
            )


def check_clock(database: Database, *, clock: Clock) -> Iterator[Finding]:
    """Find a clock that differs from the database's, or that was set back."""
    now = clock()
    with database.read() as tx:
        if not database.is_sqlite:
            theirs = tx.execute(text("SELECT clock_timestamp()")).scalar_one()
            apart = (theirs - now).total_seconds()
            if abs(apart) > _SILENT.total_seconds():
                yield _skewed(f"differs from the database server's by {apart:.0f} seconds")
        newest = tx.scalar(select(func.max(tasks.c.created_at)))
        if newest is not None and newest - now > _AHEAD:
            yield _skewed(f"is {newest - now} behind a task that was asked for already")


def check_work(database: Database, *, clock: Clock, running: bool) -> Iterator[Finding]:
    """Find workers that are dead, tasks that do not go on, and jobs that are not done.

    `running` says whether a server uses the database now: nothing is late on one that rests.
    """
    with database.read() as tx:
        yield from _dead_workers(tx, clock, running=running)
        yield from _tasks(tx, clock, running=running)
        if running:
            yield from _late_jobs(tx, clock)


def _dead_workers(tx: Transaction, clock: Clock, *, running: bool) -> Iterator[Finding]:
    rows = tx.execute(select(executors)).all()
    silent = [
        row
        for row in rows
        if clock() - row.beat_at > _SILENT or (not running and _is_gone(str(row.process)))
    ]
    if silent:
        yield Finding(
            "dead_workers",
            Level.WARNING,
            f"Workers have ended without signing off: {several(row.id for row in silent)}",
            "the other workers take over what they ran within seconds; if this stays, look into"
            " the log for what hinders them"
            if running
            else "start the server: it takes over what they ran",
        )
    elif running and not rows:
        yield Finding(
            "no_workers",
            Level.ERROR,
            "No worker runs tasks",
            "start a server with worker processes (`headgate serve --worker 1`)",
        )


def _is_gone(process: str) -> bool:
    with suppress(OSError, ValueError, IndexError):
        return is_gone(process)
    return False


def _tasks(tx: Transaction, clock: Clock, *, running: bool) -> Iterator[Finding]:
    now = clock()
    waits = tasks.c.start_at.is_(None) | (tasks.c.start_at < now - _WAITING)
    for code, level, condition, what, fix in (
        (
            "paused_tasks",
            Level.WARNING,
            tasks.c.state == TaskState.PAUSED,
            "tasks wait for somebody to resume or to cancel them",
            "`headgate task resume` or `headgate task cancel`",
        ),
        (
            "long_tasks",
            Level.WARNING,
            (tasks.c.state == TaskState.RUNNING) & (tasks.c.started_at < now - _LONG),
            "tasks have been running for more than a day",
            "`headgate task progress` tells whether they get on; `headgate task cancel` ends them",
        ),
        (
            "waiting_tasks",
            Level.WARNING,
            (tasks.c.state == TaskState.PLANNED) & (tasks.c.created_at < now - _WAITING) & waits,
            "tasks have been waiting for more than six hours",
            "`headgate task list --search 'state = running'` tells what they may wait for",
        ),
    ):
        if code == "waiting_tasks" and not running:
            continue
        found = tx.execute(select(tasks.c.id, tasks.c.action).where(condition)).all()
        if found:
            named = several((f"'{row.action}' ({row.id})" for row in found), most=3)
            yield Finding(code, level, f"{len(found)} {what}: {named}", fix)


def _late_jobs(tx: Transaction, clock: Clock) -> Iterator[Finding]:
    now = clock()
    oldest = tx.scalar(select(func.min(collection_requests.c.created_at)))
    if requested(tx, clock=clock) is not None and oldest is not None and now - oldest > _LATE:
        yield Finding(
            "late_collection",
            Level.WARNING,
            f"Space has not been given back since {oldest:%Y-%m-%d %H:%M} UTC",
            "look into the log of the workers for what hinders the collector",
        )
    late = tx.scalar(
        select(func.count()).where(
            recurring_logics.c.next_at.is_not(None), recurring_logics.c.next_at < now - _LATE
        )
    )
    if late:
        yield Finding(
            "late_plans",
            Level.WARNING,
            f"{late} recurring logics (sync plans) are more than ten minutes late",
            "look into the log of the workers for what hinders them",
        )
    version = content_view_versions.c
    stale = tx.scalar(
        select(func.count())
        .select_from(content_view_versions)
        .where(~version.published, version.task_id.is_(None), version.created_at < now - _LATE)
    )
    if stale:
        yield Finding(
            "unfinished_versions",
            Level.WARNING,
            f"{stale} content view versions were never published and nobody works on them",
            "publish their content views again: that removes them first",
        )


def _skewed(how: str) -> Finding:
    return Finding(
        "clock_skew",
        Level.ERROR,
        f"This machine's clock {how}",
        "let chrony or systemd-timesyncd set it; certificates and schedules depend on it",
    )
