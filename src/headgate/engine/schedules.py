"""Work that comes round, done by one of all the workers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from croniter import croniter
from sqlalchemy import insert, select, update

from headgate.domain.clock import Clock
from headgate.engine.port import NewTask, Schedule
from headgate.engine.queue import enqueue
from headgate.stores.db import Database, Transaction
from headgate.stores.db.tables import executors, task_schedules


@dataclass(frozen=True, slots=True)
class Job:
    """A function whose time has come; `Agenda.done` must follow."""

    name: str
    function: Callable[[], object]


class Agenda:
    """The schedules as one worker sees them.

    The time of the next firing is a row: whoever moves it on has the firing. A job that is still
    under way somewhere is not started a second time; its turn is left out.
    """

    def __init__(
        self, database: Database, schedules: Sequence[Schedule], *, executor: str, clock: Clock
    ) -> None:
        for schedule in schedules:
            check_timing(schedule)
        self._database = database
        self._schedules = {schedule.name: schedule for schedule in schedules}
        self._next_at: dict[str, datetime] = {}
        self._clock = clock
        self.executor = executor

    def register(self, tx: Transaction) -> None:
        """Learn the next times; a schedule that is new or was changed starts from now."""
        now = self._clock()
        rows = {row.name: row for row in tx.execute(select(task_schedules).with_for_update())}
        for name, schedule in self._schedules.items():
            timing, row = _timing(schedule), rows.get(name)
            if row is not None and row.timing == timing:
                self._next_at[name] = row.next_at
                continue
            next_at = next_time(schedule, now)
            values = {"timing": timing, "next_at": next_at}
            if row is None:
                tx.execute(insert(task_schedules).values(name=name, **values))
            else:
                changed = update(task_schedules).where(task_schedules.c.name == name)
                tx.execute(changed.values(values))
            self._next_at[name] = next_at

    def seconds_left(self) -> float | None:
        """Return the time until something is due, or None without schedules."""
        if not self._next_at:
            return None
        return max((min(self._next_at.values()) - self._clock()).total_seconds(), 0.0)

    def fire_due(self) -> list[Job]:
        """Enqueue the tasks whose time has come, and return the jobs."""
        now = self._clock()
        due = [name for name, next_at in self._next_at.items() if next_at <= now]
        if not due:
            return []
        with self._database.begin() as tx:
            fired = [self._fire(tx, self._schedules[name], now) for name in due]
        return [job for job in fired if job is not None]

    def done(self, job: Job) -> None:
        """Let the job be started again when its time comes."""
        with self._database.begin() as tx:
            tx.execute(
                update(task_schedules)
                .where(
                    task_schedules.c.name == job.name, task_schedules.c.executor == self.executor
                )
                .values(executor=None)
            )

    def _fire(self, tx: Transaction, schedule: Schedule, now: datetime) -> Job | None:
        mine = task_schedules.c.name == schedule.name
        row = tx.execute(select(task_schedules).where(mine).with_for_update()).first()
        if row is None or row.next_at > now:  # another worker was faster
            self._next_at[schedule.name] = next_time(schedule, now) if row is None else row.next_at
            return None
        next_at = self._next_at[schedule.name] = next_time(schedule, now)
        tx.execute(update(task_schedules).where(mine).values(next_at=next_at))
        if isinstance(schedule.work, NewTask):
            enqueue(tx, schedule.work, now=now)
            return None
        if row.executor is not None and _lives(tx, row.executor):
            return None
        tx.execute(update(task_schedules).where(mine).values(executor=self.executor))
        return Job(schedule.name, schedule.work)


def check_timing(schedule: Schedule) -> None:
    """Raise ValueError unless the schedule has exactly one way of saying when, and a valid one."""
    if (schedule.cron is None) == (schedule.every_seconds is None):
        raise ValueError(f"schedule {schedule.name!r} needs either cron or every_seconds")
    if schedule.cron is not None and not croniter.is_valid(schedule.cron):
        raise ValueError(f"schedule {schedule.name!r}: no cron expression: {schedule.cron!r}")


def next_time(schedule: Schedule, after: datetime) -> datetime:
    """Return when the schedule fires next, strictly after the moment given."""
    if schedule.cron is None:
        return after + timedelta(seconds=schedule.every_seconds or 0.0)
    found: datetime = croniter(schedule.cron, after.astimezone(UTC)).get_next(datetime)
    return found


def _timing(schedule: Schedule) -> str:
    return schedule.cron or f"every {schedule.every_seconds} s"


def _lives(tx: Transaction, executor: str) -> bool:
    return tx.execute(select(executors.c.id).where(executors.c.id == executor)).first() is not None
