"""What the engine promises to workflows, on each database."""

import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, text, update

from headgate.domain.clock import utc_now
from headgate.domain.errors import (
    CancelledError,
    InvalidContentError,
    StorageFullError,
    UpstreamError,
    ValidationError,
)
from headgate.engine import Progress, Run, Schedule, TaskState, Wakeup, Workflow, enqueue
from headgate.engine.claims import claim
from headgate.engine.control import request_cancel, resume
from headgate.engine.ledger import (
    Lease,
    Outcome,
    RunLostError,
    end,
    hold_lease,
    record_step,
    take_back,
)
from headgate.engine.outcome import MOST_DEATHS
from headgate.engine.port import TaskResult
from headgate.engine.schedules import next_time
from headgate.stores.db import Database, Transaction
from headgate.stores.db.tables import executors, task_locks, task_schedules, task_steps, tasks
from headgate.stores.db.writes import write
from support.tasks import Gate, Workbench, new_task

OTHER_MACHINE = "elsewhere/1/1/1"


@pytest.fixture
def bench(database: Database) -> Iterator[Workbench]:
    with database.begin() as tx:
        tx.execute(text("CREATE TABLE marks (mark VARCHAR(64))"))
    bench = Workbench(database)
    yield bench
    bench.close()


def mark(tx: Transaction, name: str) -> None:
    tx.execute(text("INSERT INTO marks VALUES (:mark)"), {"mark": name})


def mark_and_record(tx: Transaction, lease: Lease, name: str) -> None:
    mark(tx, name)
    record_step(tx, lease, "step", None)


def enqueue_and_fail(tx: Transaction) -> None:
    enqueue(tx, new_task("note"))
    raise InvalidContentError("the change behind it fails")


def marks(database: Database) -> list[str]:
    with database.read() as tx:
        return sorted(tx.scalars(text("SELECT mark FROM marks")))


def count(database: Database, table: Any) -> int:
    with database.read() as tx:
        return tx.execute(select(func.count()).select_from(table)).scalar_one()


def test_a_task_exists_exactly_when_the_change_that_asked_for_it_does(bench: Workbench) -> None:
    bench.start({"note": lambda run: run.transaction("mark", lambda tx: mark(tx, "ran"))})

    with pytest.raises(InvalidContentError), bench.database.begin() as tx:
        enqueue_and_fail(tx)
    bench.run("note")

    assert marks(bench.database) == ["ran"]
    assert count(bench.database, tasks) == 1


def test_a_task_ends_with_its_output_and_leaves_nothing_behind_but_its_row(
    bench: Workbench,
) -> None:
    def workflow(run: Run) -> Mapping[str, Any]:
        doubled = run.step("double", lambda: run.input["number"] * 2)
        run.transaction("mark", lambda tx: mark(tx, str(doubled)))
        return {"doubled": doubled}

    bench.start({"double": workflow})
    row = bench.run("double", number=21, exclusive=["number:21"])

    assert (row.state, row.result, row.output, row.errors) == (
        "stopped",
        "success",
        {"doubled": 42},
        [],
    )
    assert row.created_at <= row.started_at <= row.ended_at
    assert row.fraction == 1.0
    assert marks(bench.database) == ["42"]
    assert count(bench.database, task_steps) == 0
    with bench.database.read() as tx:
        assert tx.execute(select(task_locks.c.held, task_locks.c.live)).all() == [(False, False)]


def test_tasks_are_started_in_the_order_of_their_making(bench: Workbench) -> None:
    order: list[int] = []
    asked = [bench.ask("note", place=place) for place in range(6)]
    bench.start({"note": lambda run: order.append(run.input["place"])}, concurrency=1)

    for task_id in asked:
        bench.ended(task_id)

    assert order == list(range(6))


def test_a_commit_wakes_the_worker_without_a_poll(bench: Workbench) -> None:
    bench.start({"note": lambda _: None}, poll_seconds=60)

    assert bench.run("note").result == "success"
    assert bench.run("note").result == "success"


def test_another_process_wakes_the_worker_by_its_bell(database: Database) -> None:
    bell = Wakeup()
    bench = Workbench(database)
    bench.start({"note": lambda _: None}, poll_seconds=60, wakeup=bell)
    elsewhere = Database(database.url.render_as_string(hide_password=False))

    with elsewhere.begin() as tx:
        task_id = enqueue(tx, new_task("note"))
    Wakeup(bell.fd).signal()

    assert bench.ended(task_id).result == "success"
    bench.close()
    elsewhere.close()
    bell.close()


def test_without_any_bell_a_task_is_found_within_a_poll(bench: Workbench) -> None:
    bench.start({"note": lambda _: None}, poll_seconds=0.05)
    elsewhere = Database(bench.database.url.render_as_string(hide_password=False))

    with elsewhere.begin() as tx:
        task_id = enqueue(tx, new_task("note"))

    assert bench.ended(task_id).result == "success"
    elsewhere.close()


def test_a_task_waits_for_its_time(bench: Workbench) -> None:
    now = utc_now()
    clock = [now]
    bench.start({"note": lambda _: None}, clock=lambda: clock[0], poll_seconds=0.02)

    later = bench.ask("note", start_at=now + timedelta(hours=1))
    bench.run("note")
    assert bench.row(later).state == "planned"
    clock[0] = now + timedelta(hours=2)

    assert bench.ended(later).result == "success"


# Steps and transactions


def test_a_transaction_that_fails_changes_nothing_and_is_not_recorded(bench: Workbench) -> None:
    def workflow(run: Run) -> None:
        def change(tx: Transaction) -> None:
            mark(tx, "half")
            raise InvalidContentError("half-way")

        run.transaction("change", change)

    bench.start([Workflow("half", workflow, resumable=True)])
    row = bench.run("half")

    assert (row.state, row.result) == ("paused", "error")
    assert marks(bench.database) == []
    assert count(bench.database, task_steps) == 0


def test_a_resumed_task_goes_on_after_its_last_recorded_step(bench: Workbench) -> None:
    done: list[str] = []
    broken = [True]

    def last() -> None:
        done.append("last")
        if broken[0]:
            raise InvalidContentError("not yet")

    def workflow(run: Run) -> Mapping[str, Any]:
        pair = run.step("first", lambda: done.append("first") or (1, 2))
        run.transaction("second", lambda tx: mark(tx, "second"))
        run.step("last", last)
        return {"pair": pair}

    bench.start([Workflow("three", workflow, resumable=True)])
    task_id = bench.ask("three", exclusive=["thing:1"])
    paused = bench.ended(task_id)
    assert paused.errors == [{"code": "invalid_content", "message": "not yet"}]
    other = bench.run("three", exclusive=["thing:1"])  # a paused task holds nothing
    assert other.state == "paused"

    broken[0] = False
    with bench.database.begin() as tx:
        assert resume(tx, task_id)
    row = bench.ended(task_id)

    assert (row.result, row.output, row.attempt) == ("success", {"pair": [1, 2]}, 2)
    assert done == ["first", "last", "first", "last", "last"]
    assert marks(bench.database) == ["second", "second"]


def test_a_step_name_is_used_once(bench: Workbench) -> None:
    def workflow(run: Run) -> None:
        run.step("same", lambda: None)
        run.step("same", lambda: None)

    bench.start({"twice": workflow})

    assert bench.run("twice").errors[0]["code"] == "internal"


def test_a_report_inside_a_transaction_does_not_wait_for_it(bench: Workbench) -> None:
    def workflow(run: Run) -> None:
        def change(tx: Transaction) -> None:
            mark(tx, "x")
            run.report(Progress(items_done=1, items_total=2))

        run.transaction("change", change)

    bench.start({"report": workflow})

    assert bench.run("report").progress["items_done"] == 1


# Resources


def test_tasks_that_want_the_same_resource_exclusively_never_overlap(bench: Workbench) -> None:
    inside: list[int] = []
    most: list[int] = []
    lock = threading.Lock()

    def workflow(run: Run) -> None:
        with lock:
            inside.append(1)
            most.append(len(inside))
        run.transaction("mark", lambda tx: mark(tx, run.task_id))
        with lock:
            inside.pop()

    bench.start({"work": workflow}, concurrency=4)
    bench.start({"work": workflow}, concurrency=4)
    asked = [bench.ask("work", exclusive=["thing:1"]) for _ in range(25)]
    for task_id in asked:
        assert bench.ended(task_id).result == "success"

    assert max(most) == 1
    assert len(marks(bench.database)) == 25


def test_those_who_share_a_resource_run_side_by_side(bench: Workbench) -> None:
    both = threading.Barrier(2, timeout=20)
    bench.start({"share": lambda _: both.wait() and None})

    first = bench.ask("share", shared=["thing:1"])
    second = bench.ask("share", shared=["thing:1"])

    assert bench.ended(first).result == bench.ended(second).result == "success"


def test_a_blocked_task_lets_others_pass_that_want_something_else(bench: Workbench) -> None:
    gate = Gate()
    bench.start({"hold": lambda run: gate.stand(run.check), "note": lambda _: None})
    holder = bench.ask("hold", exclusive=["thing:1"])
    gate.reached()

    blocked = bench.ask("note", exclusive=["thing:1"])
    assert bench.run("note", exclusive=["thing:2"]).result == "success"
    assert bench.row(blocked).state == "planned"
    gate.open()

    assert bench.ended(blocked).started_at >= bench.ended(holder).started_at


def test_a_stream_of_sharers_does_not_keep_an_exclusive_one_out(bench: Workbench) -> None:
    gate = Gate()
    order: list[str] = []
    bench.start(
        {
            "hold": lambda run: gate.stand(run.check),
            "note": lambda run: order.append(run.input["name"]),
        }
    )
    bench.ask("hold", shared=["thing:1"])
    gate.reached()

    exclusive = bench.ask("note", exclusive=["thing:1"], name="exclusive")
    sharer = bench.ask("note", shared=["thing:1"], name="sharer")
    assert bench.run("note", name="other").result == "success"
    gate.open()
    bench.ended(exclusive)
    bench.ended(sharer)

    assert order == ["other", "exclusive", "sharer"]


# Failures


def test_an_error_is_told_with_its_code_and_the_address_used(bench: Workbench) -> None:
    def workflow(_: Run) -> None:
        raise UpstreamError("the mirror answered 503", url="https://mirror.example.org/repomd.xml")

    bench.start({"fetch": workflow})
    row = bench.run("fetch")

    assert (row.state, row.result) == ("stopped", "error")
    assert row.errors == [
        {
            "code": "upstream_failed",
            "message": "the mirror answered 503",
            "url": "https://mirror.example.org/repomd.xml",
        }
    ]


def test_a_broken_rule_is_told_by_field(bench: Workbench) -> None:
    def workflow(_: Run) -> None:
        raise ValidationError({"name": ["can't be blank"]})

    bench.start({"check": workflow})

    assert bench.run("check").errors[0]["errors"] == {"name": ["can't be blank"]}


def test_an_unexpected_error_shows_a_reference_and_no_internals(bench: Workbench) -> None:
    def workflow(_: Run) -> None:
        raise RuntimeError("the password is swordfish")

    bench.start({"burst": workflow})
    row = bench.run("burst")

    assert row.errors[0]["code"] == "internal"
    assert row.errors[0]["reference"] in row.errors[0]["message"]
    assert "swordfish" not in str(row)


def test_a_warning_does_not_end_the_task(bench: Workbench) -> None:
    def workflow(run: Run) -> Mapping[str, Any]:
        run.warn(InvalidContentError("one package was left out"))
        return {"kept": 9}

    bench.start({"most": workflow})
    row = bench.run("most")

    assert (row.result, row.output) == ("warning", {"kept": 9})
    assert row.errors == [{"code": "invalid_content", "message": "one package was left out"}]


def test_a_task_that_takes_its_process_down_each_time_is_given_up(bench: Workbench) -> None:
    task_id = bench.ask("crash")
    with bench.database.begin() as tx:
        tx.execute(update(tasks).values(deaths=MOST_DEATHS, attempt=MOST_DEATHS))
    bench.start({"crash": lambda _: pytest.fail("was run again")})

    assert bench.ended(task_id).errors[0]["code"] == "worker_died"


# Cancelling


def cancel(bench: Workbench, task_id: Any) -> None:
    with bench.database.begin() as tx:
        request_cancel(tx, [task_id], utc_now())


def test_a_planned_task_is_cancelled_at_once(bench: Workbench) -> None:
    task_id = bench.ask("never", exclusive=["thing:1"])

    cancel(bench, task_id)

    row = bench.row(task_id)
    assert (row.state, row.result, row.started_at) == ("stopped", "cancelled", None)
    bench.start({"never": lambda _: pytest.fail("was run"), "note": lambda _: None})
    assert bench.run("note", exclusive=["thing:1"]).result == "success"


def test_a_running_task_hears_of_its_cancellation_at_the_next_boundary(bench: Workbench) -> None:
    gate = Gate()

    def workflow(run: Run) -> None:
        try:
            gate.stand(lambda: run.report(Progress(items_done=1)))
        finally:
            run.transaction("clear up", lambda tx: mark(tx, "cleared"))

    bench.start({"long": workflow}, poll_seconds=60)
    task_id = bench.ask("long")
    gate.reached()
    cancel(bench, task_id)

    row = bench.ended(task_id)
    assert (row.state, row.result, row.errors) == ("stopped", "cancelled", [])
    assert marks(bench.database) == ["cleared"]


def test_a_workflow_that_swallows_its_cancellation_is_cancelled_all_the_same(
    bench: Workbench,
) -> None:
    gate = Gate()

    def workflow(run: Run) -> None:
        try:
            gate.stand(run.check)
        except CancelledError:
            return

    bench.start({"deaf": workflow})
    task_id = bench.ask("deaf")
    gate.reached()
    cancel(bench, task_id)

    assert bench.ended(task_id).result == "cancelled"


# Sub-tasks


def test_a_parent_gets_its_childrens_ends_in_order(bench: Workbench) -> None:
    def child(run: Run) -> Mapping[str, Any]:
        if run.input["number"] == 2:
            raise InvalidContentError("the second is bad")
        return {"square": run.input["number"] ** 2}

    def parent(run: Run) -> Mapping[str, Any]:
        ends = run.children("squares", [new_task("child", number=n) for n in range(4)])
        return {"results": [end.result for end in ends], "outputs": [end.output for end in ends]}

    bench.start({"parent": parent, "child": child})
    row = bench.run("parent")

    assert row.output["results"] == ["success", "success", "error", "success"]
    assert row.output["outputs"] == [{"square": 0}, {"square": 1}, {}, {"square": 9}]
    assert row.progress["items_done"] == row.progress["items_total"] == 4


def test_a_waiting_parent_leaves_its_place_and_its_resources_to_its_children(
    bench: Workbench,
) -> None:
    def parent(run: Run) -> None:
        [end] = run.children("middle", [new_task("middle", exclusive=["thing:1"])])
        assert end.result == "success", end

    def middle(run: Run) -> None:
        ends = run.children("leaves", [new_task("leaf", exclusive=["thing:1"]) for _ in range(3)])
        assert {end.result for end in ends} == {"success"}, ends

    bench.start({"parent": parent, "middle": middle, "leaf": lambda _: None}, concurrency=1)
    asked = [bench.ask("parent", exclusive=["thing:1"]) for _ in range(2)]

    assert {bench.ended(task_id).result for task_id in asked} == {"success"}


def test_cancelling_a_parent_cancels_its_children_and_waits_for_them(bench: Workbench) -> None:
    gate = Gate()

    def parent(run: Run) -> None:
        run.children("all", [new_task("child"), new_task("child"), new_task("child")])

    bench.start({"parent": parent, "child": lambda run: gate.stand(run.check)}, concurrency=2)
    task_id = bench.ask("parent")
    gate.reached()
    gate.reached()
    cancel(bench, task_id)

    assert bench.ended(task_id).result == "cancelled"
    with bench.database.read() as tx:
        rows = tx.execute(select(tasks.c.state, tasks.c.result).distinct()).all()
    assert rows == [("stopped", "cancelled")]


# Progress


def test_progress_shows_bytes_rate_time_left_and_address(bench: Workbench) -> None:
    gate = Gate()

    def workflow(run: Run) -> None:
        def fetch() -> None:
            run.report(Progress(bytes_done=0, bytes_total=4000, url="https://example.org/a"))
            run.report(Progress(bytes_done=1000, bytes_total=4000, url="https://example.org/b"))
            gate.stand(run.check)

        run.step("fetch", fetch)

    bench.start({"fetch": workflow})
    task_id = bench.ask("fetch")
    gate.reached()
    row = bench.until(task_id, lambda row: row.fraction > 0)
    gate.open()

    assert row.fraction == 0.25
    assert row.progress["step"] == "fetch"
    assert (row.progress["bytes_done"], row.progress["bytes_total"]) == (1000, 4000)
    assert row.progress["bytes_per_second"] > 0
    assert row.progress["seconds_left"] > 0
    assert row.progress["url"] == "https://example.org/b"


# Death and adoption


def test_a_void_lease_writes_nothing(bench: Workbench) -> None:
    workflows = {"note": Workflow("note", lambda _: None)}
    task_id = bench.ask("note", exclusive=["thing:1"])
    with bench.database.begin() as tx:
        [old] = claim(tx, workflows, executor="slow", now=utc_now(), most=9)
    with bench.database.begin() as tx:
        assert take_back(tx) == 1  # no such executor is registered
    with bench.database.begin() as tx:
        [new] = claim(tx, workflows, executor="quick", now=utc_now(), most=9)

    with pytest.raises(RunLostError), bench.database.begin() as tx:
        mark_and_record(tx, old.lease, "of the slow one")
    with pytest.raises(RunLostError), bench.database.begin() as tx:
        end(tx, old.lease, Outcome(TaskState.STOPPED, TaskResult.SUCCESS, {}), utc_now())
    with bench.database.begin() as tx:
        mark_and_record(tx, new.lease, "of the quick one")

    assert new.lease.attempt == old.lease.attempt + 1
    assert marks(bench.database) == ["of the quick one"]
    assert bench.row(task_id).state == "running"


def test_the_same_executor_cannot_confuse_its_two_attempts(bench: Workbench) -> None:
    workflows = {"note": Workflow("note", lambda _: None)}
    bench.ask("note")
    with bench.database.begin() as tx:
        [old] = claim(tx, workflows, executor="one", now=utc_now(), most=1)
        take_back(tx)
        [new] = claim(tx, workflows, executor="one", now=utc_now(), most=1)

    with pytest.raises(RunLostError), bench.database.begin() as tx:
        hold_lease(tx, old.lease)
    with bench.database.begin() as tx:
        hold_lease(tx, new.lease)


def abandoned(bench: Workbench, workflow: str, *, executor: str, process: str) -> Any:
    """Leave a task as a process does that dies after its first step."""
    task_id = bench.ask(workflow, exclusive=["thing:1"])
    with bench.database.begin() as tx:
        tx.execute(
            insert(executors).values(
                id=executor, process=process, beat=7, started_at=utc_now(), beat_at=utc_now()
            )
        )
        workflows = {workflow: Workflow(workflow, lambda _: None)}
        [claimed] = claim(tx, workflows, executor=executor, now=utc_now(), most=1)
        mark(tx, "first")
        record_step(tx, claimed.lease, "first", "from before")
    return task_id


def two_steps(run: Run) -> Mapping[str, Any]:
    first = run.transaction("first", lambda tx: mark(tx, "first"))
    run.transaction("second", lambda tx: mark(tx, "second"))
    return {"first": first}


def test_a_silent_executors_task_is_continued_by_another(bench: Workbench) -> None:
    task_id = abandoned(bench, "two", executor="mute", process=OTHER_MACHINE)
    bench.start({"two": two_steps}, beat_seconds=0.05, silence_seconds=0.3)

    row = bench.ended(task_id)

    assert (row.result, row.output, row.attempt) == ("success", {"first": "from before"}, 2)
    assert marks(bench.database) == ["first", "second"]
    with bench.database.read() as tx:
        assert "mute" not in set(tx.scalars(select(executors.c.id)))


def test_a_task_of_a_process_that_is_known_to_be_dead_is_continued_at_once(
    bench: Workbench,
) -> None:
    task_id = abandoned(bench, "two", executor="killed", process=OTHER_MACHINE)
    bench.start({"two": two_steps}, known_dead=["killed"], silence_seconds=3600)

    assert bench.ended(task_id).result == "success"


def test_a_task_of_a_process_that_has_left_this_machine_is_continued_at_once(
    bench: Workbench,
) -> None:
    code = "from headgate.engine.liveness import process_identity; print(process_identity())"
    gone = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    task_id = abandoned(bench, "two", executor="gone", process=gone.stdout.strip())
    bench.start({"two": two_steps}, silence_seconds=3600)

    assert bench.ended(task_id).result == "success"


def test_an_executor_that_beats_keeps_its_tasks(bench: Workbench) -> None:
    gate = Gate()
    quick = {"beat_seconds": 0.05, "silence_seconds": 0.3}
    bench.start({"long": lambda run: gate.stand(run.check)}, **quick)
    task_id = bench.ask("long")
    gate.reached()
    bench.start({"long": lambda _: pytest.fail("was run twice"), "note": lambda _: None}, **quick)
    with bench.database.read() as tx:
        before = tx.execute(select(func.min(executors.c.beat))).scalar_one()

    def beats(_: Any) -> bool:
        with bench.database.read() as tx:
            return tx.execute(select(func.min(executors.c.beat))).scalar_one() > before + 15

    bench.until(task_id, beats)
    gate.open()

    row = bench.ended(task_id)
    assert (row.result, row.attempt) == ("success", 1)


def test_an_executor_that_was_given_up_changes_nothing_more_and_starts_anew(
    bench: Workbench,
) -> None:
    gate = Gate()
    tries: list[int] = []

    def workflow(run: Run) -> None:
        def change(tx: Transaction) -> None:
            mark(tx, "once")
            tries.append(1)

        if not tries:
            tries.append(0)
            gate.stand()
        run.transaction("change", change)

    runner = bench.start({"work": workflow}, beat_seconds=0.05)
    first_name = runner.executor_id
    task_id = bench.ask("work")
    gate.reached()
    with bench.database.begin() as tx:
        tx.execute(delete(executors))
    row = bench.until(task_id, lambda row: row.attempt == 2)
    gate.open()

    assert bench.ended(task_id).result == "success"
    assert marks(bench.database) == ["once"]
    assert row.executor != first_name


def test_a_worker_that_stops_leaves_its_task_to_the_next(bench: Workbench) -> None:
    gate = Gate()

    def workflow(run: Run) -> None:
        run.transaction("first", lambda tx: mark(tx, "first"))
        gate.stand(run.check)
        run.transaction("second", lambda tx: mark(tx, "second"))

    runner = bench.start({"two": workflow})
    task_id = bench.ask("two", exclusive=["thing:1"])
    gate.reached()
    runner.stop()
    row = bench.row(task_id)
    assert (row.state, row.executor, row.deaths) == ("planned", None, 0)
    assert count(bench.database, executors) == 0

    gate.open()
    bench.start({"two": workflow})

    assert bench.ended(task_id).result == "success"
    assert marks(bench.database) == ["first", "second"]


def test_a_cancelled_task_whose_process_died_gets_the_chance_to_clear_up(
    bench: Workbench,
) -> None:
    def workflow(run: Run) -> None:
        try:
            run.step("second", lambda: pytest.fail("went on"))
        finally:
            run.transaction("clear up", lambda tx: mark(tx, "cleared"))

    task_id = abandoned(bench, "work", executor="killed", process=OTHER_MACHINE)
    cancel(bench, task_id)
    bench.start({"work": workflow}, known_dead=["killed"])

    assert bench.ended(task_id).result == "cancelled"
    assert marks(bench.database) == ["cleared", "first"]


# Schedules


def test_a_schedule_fires_once_however_many_workers_there_are(bench: Workbench) -> None:
    start = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    now = [start]
    fired: list[str] = []
    schedules = [
        Schedule("sweep", lambda: fired.append("sweep"), cron="*/10 * * * *"),
        Schedule("note", new_task("note"), every_seconds=600),
    ]
    for _ in range(3):
        bench.start(
            {"note": lambda _: None},
            schedules=schedules,
            clock=lambda: now[0],
            poll_seconds=0.02,
        )

    for hour in (1, 2):  # six times are missed each hour, and made up for once
        now[0] = start + timedelta(hours=hour)
        with bench.database.begin() as tx:
            probe = enqueue(tx, new_task("note", hour=hour))
        bench.ended(probe)
        bench.until(probe, lambda _, hour=hour: len(fired) == hour)
        bench.until(probe, lambda _: not busy_schedules(bench.database))
        bench.until(probe, lambda _, hour=hour: count(bench.database, tasks) == 2 * hour)

    assert fired == ["sweep", "sweep"]


def busy_schedules(database: Database) -> int:
    with database.read() as tx:
        return tx.execute(select(func.count(task_schedules.c.executor))).scalar_one()


def test_a_failing_job_does_not_stop_the_schedule(bench: Workbench) -> None:
    tried = threading.Semaphore(0)

    def job() -> None:
        tried.release()
        raise RuntimeError("not today")

    bench.start({}, schedules=[Schedule("job", job, every_seconds=0.05)])

    assert tried.acquire(timeout=20)
    assert tried.acquire(timeout=20)


def test_cron_times_are_in_utc() -> None:
    schedule = Schedule("nightly", lambda: None, cron="30 2 * * *")
    moment = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    assert next_time(schedule, moment) == datetime(2026, 3, 2, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "timing", [{}, {"cron": "nonsense"}, {"cron": "* * * * *", "every_seconds": 1}]
)
def test_a_schedule_says_in_one_valid_way_when(database: Database, timing: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="schedule 'bad'"):
        Workbench(database).start({}, schedules=[Schedule("bad", lambda: None, **timing)])


# The edges


def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'small.sqlite'}")

    def fill(tx: Transaction) -> None:
        tx.exec_driver_sql("PRAGMA max_page_count = 3")
        tx.exec_driver_sql("CREATE TABLE big AS SELECT randomblob(1000000) AS bytes")

    with pytest.raises(StorageFullError):
        write(database, fill)
    database.close()


def test_asking_for_tasks_imports_neither_the_runner_nor_what_it_needs() -> None:
    code = (
        "import sys, headgate.engine, headgate.services.work.tasks;"
        "print(*sorted({'croniter', 'headgate.engine.runner'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""
