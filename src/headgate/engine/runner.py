"""The worker: takes tasks from the queue, runs their workflows, adopts those of dead workers."""

import os
import socket
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from queue import SimpleQueue
from threading import Event, Thread
from time import monotonic
from uuid import uuid4

import structlog

from headgate.domain.clock import Clock, utc_now
from headgate.engine import ledger, recurrence
from headgate.engine.claims import Claim, claim, claimable
from headgate.engine.crew import Crew
from headgate.engine.liveness import Heart, bury
from headgate.engine.port import Schedule, Workflow
from headgate.engine.queue import TASKS_TOPIC
from headgate.engine.schedules import Agenda, Job
from headgate.engine.slots import Slots
from headgate.engine.wakeup import Wakeup
from headgate.stores.db import Database, Transaction
from headgate.stores.db.writes import write

log = structlog.stdlib.get_logger(__name__)

_PROGRESS_SECONDS = 0.5


def new_executor_id() -> str:
    """Name a worker process for people; never given twice."""
    return f"{socket.gethostname()[:32]}-{os.getpid()}-{uuid4().hex[:8]}"


class Runner:
    """Runs the tasks of the given workflows, from `start` until `stop`.

    Made after the fork, one to a process; starts again only as a new one. `known_dead` are
    executors that the caller knows to have ended: their tasks are taken over at once, not after
    `silence_seconds`. `wakeup` is rung by other processes; commits of this one are heard anyway.
    """

    def __init__(
        self,
        database: Database,
        workflows: Iterable[Workflow],
        *,
        wakeup: Wakeup | None = None,
        clock: Clock = utc_now,
        executor_id: str | None = None,
        concurrency: int = 4,
        known_dead: Sequence[str] = (),
        schedules: Sequence[Schedule] = (),
        poll_seconds: float = 1.0,
        beat_seconds: float = 3.0,
        silence_seconds: float = 10.0,
    ) -> None:
        self.executor_id = executor_id or new_executor_id()
        self._database = database
        self._workflows: Mapping[str, Workflow] = {each.name: each for each in workflows}
        self._wakeup = wakeup or Wakeup()
        self._owns_wakeup = wakeup is None
        self._clock = clock
        self._known_dead = frozenset(known_dead)
        self._poll_seconds = poll_seconds
        self._beat_seconds = beat_seconds
        self._silence_seconds = silence_seconds
        self._slots = Slots(concurrency)
        self._crew = Crew(
            database,
            self._workflows,
            slots=self._slots,
            clock=clock,
            on_idle_slot=self._wakeup.signal,
        )
        self._agenda = Agenda(database, schedules, executor=self.executor_id, clock=clock)
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._heart = self._new_heart()
        self._stopping = Event()
        self._busy = Event()
        self._threads: list[Thread] = []
        self._strays = False
        self._failing: set[str] = set()

    def start(self) -> None:
        """Join the workers and begin to take tasks."""
        self._unsubscribe = self._database.subscribe(TASKS_TOPIC, self._wakeup.signal)
        write(self._database, self._join)
        for name, loop in (
            ("dispatch", self._dispatch),
            ("heart", self._beat),
            ("jobs", self._do_jobs),
        ):
            thread = Thread(target=loop, name=f"engine-{name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self, timeout_seconds: float = 10.0) -> None:
        """Stop taking tasks; running ones are left at their next boundary and go on elsewhere.

        Those that reach none in time are given up as they are: whoever takes them over begins
        after their last recorded step. A job of a schedule is waited for as long.
        """
        if self._stopping.is_set():
            return
        deadline = monotonic() + timeout_seconds
        self._stopping.set()
        self._busy.set()
        self._wakeup.signal()
        self._jobs.put(None)
        self._crew.leave(timeout_seconds)
        for thread in self._threads:
            thread.join(max(deadline - monotonic(), 1.0))
        self._crew.leave(max(deadline - monotonic(), 1.0))  # what the last look has begun
        try:
            with self._database.begin() as tx:
                self._heart.leave(tx)
        except Exception as error:  # noqa: BLE001 - the others learn it from the silence
            log.warning("could not sign off as a worker", error=str(error))
        self._unsubscribe()
        if self._owns_wakeup and not any(thread.is_alive() for thread in self._threads):
            self._wakeup.close()

    def _new_heart(self) -> Heart:
        return Heart(
            executor=self.executor_id,
            beat_seconds=self._beat_seconds,
            silence_seconds=self._silence_seconds,
        )

    def _join(self, tx: Transaction) -> None:
        self._heart.register(tx, self._clock())
        self._agenda.register(tx)
        dead = {*self._known_dead, *self._heart.listen(tx, 0.0)}
        self._bury(tx, dead - {self.executor_id})

    # Taking tasks

    def _dispatch(self) -> None:
        woken = True
        while not self._stopping.is_set():
            done = self._guarded("dispatch", partial(self._sweep, woken=woken))
            woken = self._wakeup.wait(self._nap_seconds()) or not done

    def _nap_seconds(self) -> float:
        due = self._agenda.seconds_left()
        return self._poll_seconds if due is None else min(self._poll_seconds, due + 0.001)

    def _sweep(self, *, woken: bool) -> None:
        self._give_back_strays()
        self._fire_recurring()
        for claimed in self._claim(woken=woken):
            self._crew.start(claimed)
            self._busy.set()
        self._read_cancellations()
        for job in self._agenda.fire_due():
            self._jobs.put(job)

    def _claim(self, *, woken: bool) -> list[Claim]:
        free = self._slots.free()
        if not free:
            return []
        now = self._clock()
        if not woken:  # an idle worker takes no write lock
            with self._database.read() as tx:
                if not claimable(tx, self._workflows, now):
                    return []
        self._strays = True
        with self._database.begin() as tx:
            claims = claim(tx, self._workflows, executor=self.executor_id, now=now, most=free)
        self._strays = False
        return claims

    def _fire_recurring(self) -> None:
        now = self._clock()
        with self._database.read() as tx:
            if not recurrence.is_due(tx, now):
                return
        with self._database.begin() as tx:
            recurrence.fire_due(tx, now)

    def _give_back_strays(self) -> None:
        """Undo a claim whose commit went through though its answer was lost."""
        if self._strays:
            with self._database.begin() as tx:
                ledger.give_back_strays(tx, self.executor_id, self._crew.leases())
            self._strays = False

    def _read_cancellations(self) -> None:
        runs = [run.task_id for run in self._crew.runs() if not run.cancelled]
        if not runs:
            return
        with self._database.read() as tx:
            cancelled = ledger.cancelled_among(tx, runs)
        if cancelled:
            self._crew.cancel(cancelled)

    # Being alive

    def _beat(self) -> None:
        last = monotonic()
        while not self._stopping.is_set():
            left = max(self._beat_seconds - (monotonic() - last), 0.0)
            if self._crew.leases():
                self._stopping.wait(min(left, _PROGRESS_SECONDS))
            elif self._busy.wait(left):
                self._busy.clear()
                continue  # short tasks are over before anybody has looked at their progress
            now = monotonic()
            if now - last < self._beat_seconds:
                self._guarded("progress", partial(self._write_signs, None))
            elif self._guarded("beat", partial(self._write_signs, now - last)):
                last = now

    def _write_signs(self, passed: float | None) -> None:
        """Write the progress that is new, and the beat if its time has come."""
        shown = [(run.lease, shown) for run in self._crew.runs() if (shown := run.meter.read())]
        if passed is None and not shown:
            return
        with self._database.begin() as tx:
            if passed is not None:
                self._show_life(tx, passed)
            for lease, (progress, fraction) in shown:
                ledger.write_progress(tx, lease, progress, fraction)

    def _show_life(self, tx: Transaction, passed: float) -> None:
        now = self._clock()
        if not self._heart.beat(tx, now):
            log.warning("given up by the other workers; going on under a new name")
            self._crew.give_up()
            self.executor_id = self._agenda.executor = new_executor_id()
            self._heart = self._new_heart()
            self._heart.register(tx, now)
        self._bury(tx, self._heart.listen(tx, passed))

    def _bury(self, tx: Transaction, dead: Collection[str]) -> None:
        if taken := bury(tx, dead):
            log.info("took over the tasks of dead workers", tasks=taken, executors=sorted(dead))

    # Jobs of schedules

    def _do_jobs(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job.function()
            except Exception:
                log.exception("a scheduled job failed", schedule=job.name)
            self._guarded("jobs", partial(self._agenda.done, job))

    def _guarded(self, activity: str, function: Callable[[], None]) -> bool:
        """Call the function; a failure is logged when it begins, and the worker lives on."""
        try:
            function()
        except Exception:
            if activity not in self._failing:
                log.exception("the worker is hindered; trying on", activity=activity)
            self._failing.add(activity)
            return False
        self._failing.discard(activity)
        return True
