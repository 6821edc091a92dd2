"""Sync plans: what they take, when they run, and that they really do (katello.md 1.2)."""

import time
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from headgate.domain.clock import utc_now
from headgate.stores.db import Database
from headgate.stores.db.tables import recurring_logics, sync_plans, tasks
from headgate.upstream import AddressRules, DownloadRules
from headgate.workflows.definitions import workflows
from support.control import START
from support.family import Family
from support.house import House, refused
from support.tasks import Workbench
from support.upstream import Upstream, upstream
from support.world import Json, World

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])
NEAR = DownloadRules(addresses=AddressRules.allowing(["127.0.0.0/8"]))


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    """A repository of one file, and one whose manifest is missing."""
    root = tmp_path_factory.mktemp("upstream")
    (root / "songs").mkdir()
    (root / "songs" / "dawn.txt").write_text("tu-whit")
    digest = sha256(b"tu-whit").hexdigest()
    (root / "songs" / "PULP_MANIFEST").write_text(f"dawn.txt,{digest},7\n")
    with upstream(root, tmp_path_factory.mktemp("keys")) as serving:
        yield serving


def plan(house: House, **fields: Any) -> Json:
    """Make a plan that begins an hour from now, hourly unless told otherwise."""
    chosen = {"name": "Nightly", "interval": "hourly", "sync_date": at(hours=1)}
    answer = house.post(f"organizations/{house.organization}/sync_plans", **(chosen | fields))
    assert answer.status_code == 201, answer.text
    return answer.json()


def at(**later: float) -> str:
    """Return a time after the start of the tests' clock, as the API shows it."""
    return (START + timedelta(**later)).strftime("%Y-%m-%d %H:%M:%S UTC")


def foreman(house: House, path: str = "") -> Any:
    """Ask for recurring logics."""
    return house.admin.get(f"/foreman_tasks/api/recurring_logics{path}").json()


def runs(database: Database) -> int:
    """Count the runs of plans that were ever asked for."""
    with database.read() as tx:
        counted = select(func.count()).where(tasks.c.workflow == "sync_plan")
        return tx.execute(counted).scalar_one()


class Clockwork:
    """Workers that go by the house's clock."""

    def __init__(self, house: House, *, workers: int = 1) -> None:
        self._house = house
        self._bench = Workbench(house.control.database)
        for _ in range(workers):
            self._bench.start(
                workflows(house.workshop(NEAR)), clock=house.control.clock, poll_seconds=0.02
            )

    def wait(self, **later: float) -> None:
        """Let time pass, and what came due meanwhile be done."""
        self._house.control.clock.wait(**later)
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is due and nothing runs."""
        database, now = self._house.control.database, self._house.control.clock
        while True:
            with database.read() as tx:
                due = tx.scalar(select(func.count()).where(recurring_logics.c.next_at <= now()))
                open_tasks = tx.scalar(select(func.count()).where(tasks.c.ended_at.is_(None)))
            if not due and not open_tasks:
                return
            time.sleep(0.01)

    def close(self) -> None:
        """Stop the workers."""
        self._bench.close()


@pytest.fixture
def clockwork(house: House) -> Iterator[Clockwork]:
    made = Clockwork(house, workers=2)
    yield made
    made.close()


def test_a_plan_says_when_it_runs_next(house: House) -> None:
    made = plan(house, description="while they sleep")

    assert made["next_sync"] == made["sync_date"] == at(hours=1)
    assert (made["enabled"], made["interval"], made["cron_expression"]) == (True, "hourly", None)
    assert made["organization_id"] == house.organization
    assert made["products"] == []
    listed = house.get("sync_plans", organization_id=house.organization, name="Nightly").json()
    assert [each["id"] for each in listed["results"]] == [made["id"]]
    nested = f"organizations/{house.organization}/sync_plans"
    found = house.get(nested, search="interval = hourly and enabled = true").json()
    assert found["subtotal"] == 1
    assert house.get(f"{nested}/{made['id']}").json() == made
    logic = foreman(house, f"/{made['foreman_tasks_recurring_logic_id']}")
    assert (logic["cron_line"], logic["state"]) == ("0 * * * *", "active")
    assert logic["next_occurrence"] == at(hours=1)


@pytest.mark.parametrize(
    ("fields", "next_sync"),
    [
        ({"interval": "daily", "sync_date": at(days=-3, minutes=5)}, at(minutes=5)),
        ({"interval": "weekly", "sync_date": at(days=-8)}, at(days=6)),
        ({"interval": "hourly", "sync_date": at(seconds=90)}, at(seconds=90)),
        (
            {"interval": "custom cron", "cron_expression": "30 2 * * 0", "sync_date": at()},
            "2026-02-01 02:30:00 UTC",
        ),
        (
            {"interval": "custom cron", "cron_expression": "0 12 * * *", "sync_date": at(days=2)},
            at(days=2),
        ),
        ({"interval": "hourly", "enabled": False}, None),
    ],
)
@on_sqlite
def test_the_first_run_follows_from_the_sync_date(
    house: House, fields: dict[str, Any], next_sync: str | None
) -> None:
    assert plan(house, **fields)["next_sync"] == next_sync


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "Name can't be blank"),
        ({"name": "Taken"}, "Name has already been taken"),
        ({"interval": "yearly"}, "must be one of"),
        ({"sync_date": None}, "Start Date and Time can't be blank"),
        ({"sync_date": "soon"}, "must be a time"),
        ({"interval": "custom cron"}, "Cron expression is not valid!"),
        *(
            ({"interval": "custom cron", "cron_expression": line}, "Cron expression is not valid!")
            for line in ("x", "60 * * * *", "* * * * * *", "0 0 31 2 *", "@hourly", "R * * * *")
        ),
    ],
)
@on_sqlite
def test_what_no_plan_can_be_is_refused(house: House, fields: dict[str, Any], words: str) -> None:
    plan(house, name="Taken")
    good = {"name": "Other", "interval": "daily", "sync_date": at()}

    answer = house.post(f"organizations/{house.organization}/sync_plans", **(good | fields))

    refused(answer, 422, words)


@on_sqlite
def test_a_cron_expression_belongs_to_its_interval(house: House) -> None:
    made = plan(house, cron_expression="5 * * * *")
    assert made["cron_expression"] is None  # as in Katello: not kept

    answer = house.put(f"sync_plans/{made['id']}", cron_expression="5 * * * *")
    refused(answer, 422, "Custom cron expression only needs to be set for interval value of custom")
    custom = {"interval": "custom cron", "cron_expression": "5 13 * * *"}
    changed = house.put(f"sync_plans/{made['id']}", **custom, sync_date=at()).json()
    assert changed["next_sync"] == at(hours=1, minutes=5)
    back = house.put(f"sync_plans/{made['id']}", interval="daily").json()
    assert (back["cron_expression"], back["next_sync"]) == (None, at(days=1))


def test_a_plan_that_is_due_synchronizes_its_products_once(
    house: House, songs: Upstream, clockwork: Clockwork
) -> None:
    world = house.world
    songs_id = world.repository("songs", url=f"{songs.url}songs/", content_type="file")
    broken = world.repository("broken", url=f"{songs.url}nothing/", content_type="file")
    world.repository("own", content_type="file")
    made = plan(house)
    added = house.put(f"sync_plans/{made['id']}/add_products", product_ids=[world.product()])
    assert [each["id"] for each in added.json()["products"]] == [world.product()]
    assert house.get(f"products/{world.product()}").json()["sync_plan"]["name"] == "Nightly"
    assert house.get(f"sync_plans/{made['id']}/products").json()["total"] == 1

    clockwork.wait(minutes=59)
    assert runs(house.control.database) == 0
    clockwork.wait(hours=5)  # five were missed: they are made up for once

    assert runs(house.control.database) == 1
    assert house.get(f"repositories/{songs_id}").json()["content_counts"] == {"file": 1}
    logic = foreman(house, f"/{made['foreman_tasks_recurring_logic_id']}")
    assert (logic["iteration"], logic["next_occurrence"]) == (1, at(hours=6))
    (task,) = logic["tasks"]
    assert (task["label"], task["result"]) == ("Actions::Katello::SyncPlan::Run", "warning")
    assert "nothing/PULP_MANIFEST" in task["humanized"]["errors"][0]
    assert world.show("repositories", broken)["last_sync"]["result"] == "error"
    clockwork.wait(hours=1)
    assert runs(house.control.database) == 2


def test_what_is_changed_holds_at_once(house: House, clockwork: Clockwork) -> None:
    made = plan(house)
    path = f"sync_plans/{made['id']}"
    database = house.control.database

    house.put(path, enabled=False)
    clockwork.wait(hours=3)
    assert (runs(database), house.get(path).json()["next_sync"]) == (0, None)

    enabled = house.put(path, enabled=True).json()
    assert enabled["next_sync"] == at(hours=4)  # what was left out is not made up for
    house.put(path, sync_date=at(hours=9))
    clockwork.wait(hours=3)
    assert runs(database) == 0
    clockwork.wait(hours=3)
    assert runs(database) == 1

    assert house.delete(path).status_code == 204
    clockwork.wait(hours=3)
    assert runs(database) == 1
    with database.read() as tx:
        for table in (sync_plans, recurring_logics):
            assert tx.scalar(select(func.count()).select_from(table)) == 0


def test_a_recurring_logic_is_paused_cancelled_and_begun_anew(house: House) -> None:
    made = plan(house)
    logic = f"/foreman_tasks/api/recurring_logics/{made['foreman_tasks_recurring_logic_id']}"

    assert house.admin.put(logic, json={"enabled": False}).json()["state"] == "disabled"
    assert house.get(f"sync_plans/{made['id']}").json()["enabled"] is False
    assert house.admin.put(logic, json={"enabled": True}).json()["state"] == "active"
    assert house.admin.post(f"{logic}/cancel").json()["state"] == "cancelled"
    refused(house.admin.put(logic, json={"enabled": True}), 409, "was cancelled")
    house.put(f"sync_plans/{made['id']}", enabled=False)
    assert foreman(house)["results"][0]["state"] == "cancelled"

    assert house.put(f"sync_plans/{made['id']}", enabled=True).json()["next_sync"] == at(hours=1)
    bulk = "/foreman_tasks/api/recurring_logics/bulk_destroy"
    assert house.admin.post(bulk, json={"search": "state = active"}).json()["total"] == 1
    assert house.get(f"sync_plans/{made['id']}").status_code == 404


@pytest.mark.usefixtures("clockwork")
def test_a_plan_can_be_run_by_hand(house: House, songs: Upstream) -> None:
    world = house.world
    made = plan(house)
    path = f"sync_plans/{made['id']}"
    refused(house.put(f"{path}/sync"), 400, "No products within sync plan")
    house.put(f"{path}/add_products", product_ids=[world.product()])
    refused(house.put(f"{path}/sync"), 400, "No syncable repositories found")
    world.repository("songs", url=f"{songs.url}songs/", content_type="file")

    answer = house.put(f"{path}/sync")

    assert answer.status_code == 202
    assert world.done(answer.json())["username"] == "admin"
    assert house.get(path).json()["next_sync"] == at(hours=1)
    house.put(f"{path}/remove_products", product_ids=[world.product()])
    refused(house.put(f"{path}/sync"), 400, "No products within sync plan")


@on_sqlite
def test_plans_need_their_permissions(house: House) -> None:
    made = plan(house)
    product = house.world.product()
    viewer = house.control.user(
        "viewer",
        organizations=[house.organization],
        permissions=["view_sync_plans", "view_products"],
    )
    path = f"/katello/api/sync_plans/{made['id']}"
    fields = {"name": "Mine", "interval": "daily", "sync_date": at()}

    assert viewer.get(path).json()["permissions"] == {
        "view_sync_plans": True,
        "edit_sync_plans": False,
        "destroy_sync_plans": False,
    }
    for answer, missing in (
        (
            viewer.post(
                "/katello/api/sync_plans", json={"organization_id": house.organization} | fields
            ),
            "create_sync_plans",
        ),
        (viewer.put(path, json={"name": "Mine"}), "edit_sync_plans"),
        (viewer.put(f"{path}/add_products", json={"product_ids": [product]}), "edit_sync_plans"),
        (viewer.put(f"{path}/sync"), "sync_sync_plans"),
        (viewer.delete(path), "destroy_sync_plans"),
        (viewer.get("/foreman_tasks/api/recurring_logics"), "view_recurring_logics"),
    ):
        refused(answer, 403, missing)


def test_a_real_server_runs_a_plan_once_although_it_was_dead_when_its_time_came(
    songs: Upstream, tmp_path: Path
) -> None:
    family = Family(tmp_path / "home")
    try:
        with family.server.client() as client:
            world = World(client)
            songs_id = world.repository("songs", url=f"{songs.url}songs/", content_type="file")
            soon = utc_now() + timedelta(seconds=1)
            made = world.post(
                f"organizations/{world.organization_id}/sync_plans",
                name="Soon",
                interval="daily",
                sync_date=soon.isoformat(),
            )
            world.put(f"sync_plans/{made['id']}/add_products", product_ids=[world.product()])
        family.server.process.kill()
        family.server.process.process.wait()
        database = family.open_database()
        assert runs(database) <= 1  # it may have been in time
        while utc_now() < soon:
            pass
        with family.restart().client() as client:
            world.client = client
            logic = made["foreman_tasks_recurring_logic_id"]
            path = f"/foreman_tasks/api/recurring_logics/{logic}"
            shown = client.get(path).json()
            while not (shown["tasks"] and shown["tasks"][0]["state"] == "stopped"):
                shown = client.get(path).json()
            assert [task["result"] for task in shown["tasks"]] == ["success"]
            assert world.show("repositories", songs_id)["content_counts"] == {"file": 1}
        assert runs(database) == 1
        database.close()
    finally:
        family.close()
