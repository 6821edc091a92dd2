"""The audit log: who changed what, from where, with the values before and after."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from headgate.domain.authors import Author
from headgate.domain.ids import TaskId, UserId
from headgate.stores.db import Database, Transaction
from headgate.stores.db.statements import insert_row, upsert
from headgate.stores.db.tables import (
    audits,
    http_proxies,
    http_proxy_organizations,
    locations,
    organizations,
    products,
    users,
)
from support.databases import Templates
from support.house import House, refused

AUDITS = "/api/audits"
NOW = datetime(2026, 1, 31, tzinfo=UTC)
STAMPS = {"created_at": NOW, "updated_at": NOW}


def log(house: House, search: str) -> list[dict[str, Any]]:
    """Return what the log holds, the oldest first."""
    answer = house.admin.get(AUDITS, params={"search": search, "order": "id ASC"})
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


def test_a_change_tells_who_made_it_from_where_and_what_was_before(house: House) -> None:
    product = house.world.product("Birds")
    for _ in range(2):  # the second changes nothing
        house.put(f"products/{product}", description="All of them")
    house.start_worker()
    house.world.done(house.delete(f"products/{product}").json())

    made, changed, gone = log(house, f"type = product and auditable_id = {product}")
    assert [each["action"] for each in (made, changed, gone)] == ["create", "update", "destroy"]
    assert made["auditable_name"] == made["audited_changes"]["name"] == "Birds"
    assert changed["audited_changes"] == {"description": [None, "All of them"]}
    assert gone["audited_changes"]["description"] == "All of them"
    assert {each["user_name"] for each in (made, changed, gone)} == {"admin"}
    assert made["remote_address"] == "192.0.2.1"
    assert made["via"] == "api"
    assert made["request_uuid"]
    assert made["affected_organizations"][0]["id"] == house.organization
    shown = house.admin.get(f"{AUDITS}/{changed['id']}")
    assert shown.json() == changed


def test_the_log_is_searched_by_every_part_of_a_change(house: House) -> None:
    product = house.world.product("Birds")
    name = house.world.organization_label
    wanted = f"auditable_id = {product} and type = product"

    for condition in (
        "user = admin",
        "username = admin and action = create",
        f'organization = "{name}"',
        f"organization_id = {house.organization}",
        "auditable_name = Birds",
        "remote_address = 192.0.2.1",
        "changes ~ Birds",
        "via = api",
        "time > yesterday",
        "not host = Birds",
    ):
        assert len(log(house, f"{wanted} and {condition}")) == 1, condition
    assert log(house, f"{wanted} and user = nobody") == []
    assert log(house, "host = Birds") == []
    refused(house.admin.get(AUDITS, params={"search": "colour = red"}), 400, "colour")


def test_the_command_line_is_told_from_other_clients(house: House) -> None:
    house.admin.headers["user-agent"] = "headgate"
    product = house.world.product("Birds")

    (made,) = log(house, f"type = product and auditable_id = {product}")
    assert made["via"] == "cli"


def test_secrets_are_never_in_the_log(house: House) -> None:
    secret = "plain-as-day-12345"  # noqa: S105 - the canary
    made = house.admin.post(
        "/api/users", json={"user": {"login": "kept", "password": secret, "auth_source_id": 1}}
    )
    user = made.json()["id"]
    house.admin.put(f"/api/users/{user}", json={"user": {"password": secret + "6"}})
    token = house.admin.post(f"/api/users/{user}/personal_access_tokens", json={"name": "robot"})
    product = house.world.product("Birds")
    house.post(
        "repositories",
        name="up",
        product_id=product,
        content_type="yum",
        url="https://example.org",
        upstream_username="me",
        upstream_password=secret,
    )

    everything = house.admin.get(AUDITS, params={"full_result": True}).text
    assert secret not in everything
    assert token.json()["token_value"] not in everything
    assert "argon2" not in everything
    (changed,) = log(house, f"type = user and auditable_id = {user} and action = update")
    assert changed["audited_changes"] == {"password_hash": ["[redacted]", "[redacted]"]}


def test_what_a_thing_is_linked_with_is_part_of_it(house: House) -> None:
    roles = [
        house.admin.post("/api/roles", json={"role": {"name": name}}).json()["id"]
        for name in ("Reader", "Writer")
    ]
    chosen = {"organization_ids": [house.organization], "role_ids": roles[:1]}
    given = {"login": "keeper", "password": "long enough", **chosen}
    user = house.admin.post("/api/users", json={"user": given}).json()["id"]
    for wanted in (roles[:1], roles):  # the first changes nothing
        house.admin.put(f"/api/users/{user}", json={"user": {"role_ids": wanted}})

    created, changed = log(house, f"type = user and auditable_id = {user}")
    assert created["audited_changes"]["organization_ids"] == [house.organization]
    assert created["audited_changes"]["role_ids"] == roles[:1]
    assert changed["audited_changes"] == {"role_ids": [roles[:1], roles]}


def test_what_goes_along_with_a_thing_is_noted_too(house: House) -> None:
    world = house.start_worker()
    product = house.world.product("Birds")
    repository = house.files("finches", **{"a.txt": b"a"})
    house.world.done(house.delete(f"products/{product}").json())

    (gone,) = log(house, f"type = repository and auditable_id = {repository} and action = destroy")
    assert gone["auditable_name"] == "finches"
    assert gone["user_name"] == "admin"
    assert gone["via"] == "task"
    assert gone["task_id"]
    assert world.organization_id == gone["affected_organizations"][0]["id"]


def test_a_task_changes_things_for_whoever_asked_for_it(house: House) -> None:
    house.start_worker()
    repository = house.files("finches", **{"a.txt": b"a"})
    view = house.post(
        "content_views",
        name="finches",
        organization_id=house.organization,
        repository_ids=[repository],
    ).json()["id"]
    published = house.post(f"content_views/{view}/publish").json()
    house.world.done(published)

    (version,) = log(house, "type = content_view_version and action = create")
    assert version["auditable_name"] == "1.0"
    assert (version["user_name"], version["via"]) == ("admin", "api")
    (promoted,) = log(house, f"type = content_view_environment and task_id = {published['id']}")
    assert (promoted["user_name"], promoted["via"]) == ("admin", "task")
    assert promoted["remote_address"] is None


def test_others_organizations_are_absent(house: House) -> None:
    theirs = house.world.another()
    foreign = theirs.product("Secret")
    ours = house.world.product("Birds")
    member = house.control.user(
        "member", organizations=[house.organization], permissions=["view_audit_logs"]
    )
    stranger = house.control.user("stranger", organizations=[house.organization])

    seen = member.get(AUDITS, params={"full_result": True}).json()["results"]
    assert {each["affected_organizations"][0]["id"] for each in seen} == {house.organization}
    assert ours in {each["auditable_id"] for each in seen if each["auditable_type"] == "product"}
    (hidden,) = log(house, f"type = product and auditable_id = {foreign}")
    refused(member.get(f"{AUDITS}/{hidden['id']}"), 404)
    refused(member.get(f"/api/organizations/{theirs.organization_id}/audits"), 404)
    refused(stranger.get(AUDITS), 403, "view_audit_logs")
    refused(member.delete(AUDITS, params={"before": "2026-01-01"}), 403)


def test_only_an_administrator_prunes_and_the_log_says_so(house: House) -> None:
    house.world.product("Birds")
    with house.control.database.begin() as tx:
        old = datetime.now(UTC) - timedelta(days=400)
        tx.execute(update(audits).where(audits.c.auditable_name == "Birds").values(created_at=old))

    house.control.clock.now = datetime.now(UTC)
    before = (datetime.now(UTC) - timedelta(days=365)).isoformat()
    answer = house.admin.delete(AUDITS, params={"before": before})

    assert answer.json() == {"deleted": 1}
    assert log(house, "auditable_name = Birds") == []
    (pruned,) = log(house, "type = audit")
    assert pruned["audited_changes"] == {"count": 1}
    assert pruned["user_name"] == "admin"
    ahead = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    refused(house.admin.delete(AUDITS, params={"before": ahead}), 422, "future")


def test_a_deleted_organization_takes_nobody_into_its_history(house: House) -> None:
    world = house.start_worker()
    other = world.another()
    other.product("Birds")
    task = house.delete(f"organizations/{other.organization_id}").json()
    world.done(task)

    entries = log(house, f"type = organization and auditable_id = {other.organization_id}")
    assert entries[-1]["action"] == "destroy"
    assert all(each["affected_organizations"] == [] for each in entries)


class TestCapture:
    """What statements of every form leave in the log, on each database."""

    @pytest.fixture
    def database(
        self, database_kind: str, templates: Templates, tmp_path: Path
    ) -> Iterator[Database]:
        """One in which nothing was changed yet."""
        with templates.copy(database_kind, tmp_path) as fresh:
            yield fresh

    @pytest.fixture
    def org(self, database: Database) -> int:
        with database.begin() as tx:
            return insert_row(tx, organizations, {"name": "o", "label": "o", **STAMPS})

    def found(self, database: Database, noun: str) -> list[tuple[Any, ...]]:
        with database.read() as tx:
            query = select(audits).where(audits.c.auditable_type == noun).order_by(audits.c.id)
            return [(row.action, row.auditable_name, row.changes) for row in tx.execute(query)]

    def test_several_rows_at_once(self, database: Database, org: int) -> None:
        rows = [
            {"organization_id": org, "name": f"p{n}", "label": f"p{n}", "cp_id": f"{n}", **STAMPS}
            for n in range(3)
        ]
        with database.begin() as tx:
            tx.execute(insert(products), rows)
        with database.begin() as tx:
            tx.execute(update(products).values(description="x").where(products.c.name != "p0"))
            tx.execute(update(products).values(description="y").where(products.c.name == "p1"))
            tx.execute(delete(products).where(products.c.name == "p2"))

        seen = self.found(database, "product")
        assert [each[:2] for each in seen] == [
            ("create", "p0"),
            ("create", "p1"),
            ("create", "p2"),
            ("update", "p1"),
            ("destroy", "p2"),
        ]
        assert seen[3][2] == {"description": [None, "y"]}

    def test_rows_without_any_unique_value(self, database: Database) -> None:
        rows = [{"name": "same", "title": f"t{n}", **STAMPS} for n in range(3)]
        with database.begin() as tx:
            tx.execute(insert(locations), rows)

        assert [each[1] for each in self.found(database, "location")] == ["t0", "t1", "t2"]

    def test_a_row_put_in_the_place_of_another(self, database: Database) -> None:
        proxy = {"name": "p", "url": "http://p", **STAMPS}
        with database.begin() as tx:
            tx.execute(insert(http_proxies).values(**proxy))
        with database.begin() as tx:
            again = upsert(tx, http_proxies).values(**proxy | {"url": "http://q"})
            tx.execute(
                again.on_conflict_do_update(
                    index_elements=["name"], set_={"url": again.excluded.url}
                )
            )
        with database.begin() as tx:
            tx.execute(upsert(tx, http_proxies).values(**proxy).on_conflict_do_nothing())

        assert [each[::2] for each in self.found(database, "http_proxy")][1:] == [
            ("update", {"url": ["http://p", "http://q"]})
        ]

    def test_what_is_undone_or_put_back_is_no_change(self, database: Database, org: int) -> None:
        with database.begin() as tx:
            proxy = insert_row(tx, http_proxies, {"name": "p", "url": "http://p", **STAMPS})
            tx.execute(
                insert(http_proxy_organizations).values(http_proxy_id=proxy, organization_id=org)
            )
        with database.begin() as tx:
            point = tx.begin_nested()
            tx.execute(delete(http_proxies))
            point.rollback()
            tx.execute(delete(http_proxy_organizations))
            tx.execute(
                insert(http_proxy_organizations).values(http_proxy_id=proxy, organization_id=org)
            )
            tx.execute(update(http_proxies).values(url="http://other"))
            tx.execute(update(http_proxies).values(url="http://p", updated_at=datetime.now(UTC)))

        (created,) = self.found(database, "http_proxy")
        assert created[2]["organization_ids"] == [org]

    def test_a_transaction_that_fails_leaves_nothing(self, database: Database, org: int) -> None:
        def fail(tx: Transaction) -> None:
            tx.execute(update(organizations).values(name="other"))
            raise RuntimeError

        with pytest.raises(RuntimeError), database.begin() as tx:
            fail(tx)

        assert [each[0] for each in self.found(database, "organization")] == ["create"]
        assert org

    def test_an_author_who_is_gone_is_nobody(self, database: Database, org: int) -> None:
        with database.begin() as tx:
            user = insert_row(tx, users, {"login": "gone", **STAMPS})
            tx.execute(delete(users))
        author = Author(user_id=UserId(user), way="task", task_id=TaskId("t"))
        with database.by(author).begin() as tx:
            tx.execute(update(organizations).values(name="other"))

        with database.read() as tx:
            row = tx.execute(select(audits).order_by(audits.c.id.desc()).limit(1)).one()
        assert (row.user_id, row.username, row.way, row.task_id) == (None, None, "task", "t")
        assert row.organization_id == org
