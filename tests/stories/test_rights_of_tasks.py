"""Tasks that were asked for before a role was taken: they act with the rights of now."""

from typing import Any

import pytest
from sqlalchemy import select

from headgate.stores.db.tables import (
    content_view_versions,
    distributions,
    hosts,
    publications,
    repository_versions,
)
from headgate.workflows.definitions import workflows
from headgate.workflows.rights import RIGHTS, WITHOUT_RIGHTS
from support.aviary import ROOK
from support.house import House
from support.rights import Rights
from support.rpms import RpmStore

# How they ask each database is for the other stories.
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

VIEWING = ("view_products", "view_content_views", "view_foreman_tasks")


def test_a_task_does_not_run_for_whom_the_right_was_taken(house: House) -> None:
    world = house.start_worker()
    view = world.view("Base", house.files("notes", one=b"1"))
    product = world.product("Kept")
    first = world.publish(view)
    rights = Rights(house.admin)
    role = rights.role("Sees", *VIEWING)
    doing = rights.role("Does", "publish_content_views", "edit_products", "destroy_products")
    keeper = house.control.user("keeper", organizations=[house.organization])
    keeper_id = keeper.get("/api/current_user").json()["id"]
    rights.give(keeper_id, role, doing)
    house.stop_worker()
    asked = [
        keeper.post(f"/katello/api/content_views/{view}/publish", json={}),
        keeper.delete(f"/katello/api/products/{product}"),
    ]
    assert [each.status_code for each in asked] == [202, 202], [each.text for each in asked]

    rights.give(keeper_id, role)
    house.start_worker()
    ended = [world.ended(each.json()) for each in asked]

    assert [each["result"] for each in ended] == ["error", "error"]
    for each, lacked in zip(ended, ("publish_content_views", "destroy_products"), strict=True):
        assert lacked in each["humanized"]["errors"][0]
    versions = world.list("content_view_versions", content_view_id=view)
    assert [each["id"] for each in versions] == [first]
    assert world.show("products", product)["name"] == "Kept"


def test_nothing_runs_for_whom_was_shut_out_and_all_for_whom_was_not(house: House) -> None:
    world = house.start_worker()
    view = world.view("Base", house.files("notes", one=b"1"))
    names = (*VIEWING, "publish_content_views")
    users = {
        login: house.control.user(login, organizations=[house.organization], permissions=names)
        for login in ("leaver", "stayer")
    }
    house.stop_worker()
    path = f"/katello/api/content_views/{view}/publish"
    asked = [users["leaver"].post(path, json={}).json()]
    leaver = users["leaver"].get("/api/current_user").json()["id"]
    house.admin.put(f"/api/users/{leaver}", json={"user": {"disabled": True}})
    house.start_worker()

    (refused,) = [world.ended(each) for each in asked]
    done = world.ended(users["stayer"].post(path, json={}).json())

    assert "no longer log in" in refused["humanized"]["errors"][0]
    assert done["result"] == "success", done


class Keeper:
    """A user who sees what there is, and the tasks that it asked for, by what they are."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.asked: dict[str, str] = {}
        self._roles = 0
        self._rights = Rights(house.admin)
        self._client = house.control.user("keeper", organizations=[house.organization])
        self._id = self._client.get("/api/current_user").json()["id"]
        seeing = ("view_content_credentials", "view_hosts", "view_lifecycle_environments")
        self._sees = self._rights.role("Sees", *VIEWING, *seeing)

    def may(self, *permissions: str, seeing: bool = True) -> None:
        """Do this and nothing else from now on, but see things unless told otherwise."""
        self._roles += 1
        doing = [self._rights.role(f"Does {self._roles}", *permissions)] if permissions else []
        self._rights.give(self._id, *([self._sees] if seeing else []), *doing)

    def may_some(self, permission: str, *, search: str) -> None:
        """Do this to what a search finds, and nothing else from now on."""
        self._roles += 1
        role = self._rights.role(f"Does {self._roles}")
        self._rights.filter(role, permission, search=search)
        self._rights.give(self._id, self._sees, role)

    def ask(self, what: str, method: str, path: str, **body: Any) -> None:
        """Ask for a task, or for a change that a task follows from."""
        before = self._tasks()
        answer = self._client.request(method, path, json=body)
        assert answer.status_code in {200, 202}, (what, answer.text)
        (self.asked[what],) = self._tasks() - before

    def told(self) -> dict[str, str]:
        """Wait for the tasks; return the result of each, and what it says went wrong."""
        ended = {what: self.house.world.ended({"id": each}) for what, each in self.asked.items()}
        self.asked.clear()
        return {
            what: " ".join([each["result"], *each["humanized"]["errors"]])
            for what, each in ended.items()
        }

    def changed(self) -> list[Any]:
        """Return the rows that such tasks change."""
        tables = (content_view_versions, distributions, hosts, publications, repository_versions)
        with self.house.control.database.read() as tx:
            return [tx.execute(select(each).order_by(each.c.id)).all() for each in tables]

    def _tasks(self) -> set[str]:
        found = self.house.admin.get("/foreman_tasks/api/tasks", params={"per_page": "all"})
        return {each["id"] for each in found.json()["results"]}


def test_every_workflow_says_which_right_it_needs(house: House) -> None:
    names = {each.name for each in workflows(house.workshop())}

    assert names == RIGHTS.keys() | WITHOUT_RIGHTS


NEEDED = {
    "discover": "create_products",
    "verify": "sync_products",
    "republish": "edit_products",
    "verify many": "sync_products",
    "verify version": "publish_content_views",
    "republish version": "publish_content_views",
    "sign anew": "edit_products",
    "sign many": "edit_content_credentials",
    "change hosts": "edit_hosts",
    "delete hosts": "destroy_hosts",
}


def test_each_kind_of_task_needs_what_was_needed_to_ask_for_it(
    house: House, rpm_store: RpmStore
) -> None:
    world = house.start_worker()
    repository, key = world.repository("birds"), world.signing_key("Birds")
    world.repository("mirror", url="http://192.0.2.7/")
    world.upload(repository, *rpm_store.build(ROOK))
    version = world.publish(world.view("Base", repository))
    body = {"host": {"organization_id": house.organization, "name": "web1"}}
    host = house.admin.post("/api/hosts", json=body).json()["id"]
    meant = {"organization_id": house.organization, "included": {"ids": [host]}}
    keeper = Keeper(house)
    of_repository = f"/katello/api/repositories/{repository}"
    of_version = f"/katello/api/content_view_versions/{version}"

    def ask() -> None:
        found = f"/katello/api/organizations/{house.organization}/repo_discover"
        keeper.ask("discover", "PUT", found, url="http://127.0.0.1:9/")
        keeper.ask("verify", "POST", f"{of_repository}/verify_checksum")
        keeper.ask("republish", "PUT", f"{of_repository}/republish")
        many = "/katello/api/products/bulk/verify_checksum"
        keeper.ask("verify many", "PUT", many, ids=[world.product()])
        keeper.ask("verify version", "POST", f"{of_version}/verify_checksum")
        keeper.ask("republish version", "PUT", f"{of_version}/republish_repositories")
        keeper.ask("sign anew", "PUT", of_repository, signing_key_id=key)
        keeper.ask("sign many", "POST", f"/katello/api/signing_keys/{key}/rotate")
        release = "/api/hosts/bulk/release_version"
        keeper.ask("change hosts", "PUT", release, **meant, release_version="9")
        keeper.ask("delete hosts", "PUT", "/api/hosts/bulk/destroy", **meant)

    house.stop_worker()
    keeper.may(*NEEDED.values())
    ask()
    keeper.may()
    before = keeper.changed()
    house.start_worker()
    refused = keeper.told()

    assert refused == {what: f"error {_lacking(needed)}" for what, needed in NEEDED.items()}
    assert keeper.changed() == before

    house.stop_worker()
    house.admin.put(of_repository, json={"signing_key_id": None})
    keeper.may(*NEEDED.values())
    ask()
    house.start_worker()
    done = keeper.told()

    assert "Access denied" not in done.pop("discover")  # it may not look there
    assert set(done.values()) == {"success"}, done


def test_a_composite_publishes_itself_only_for_whom_may_still_publish_its_component(
    house: House,
) -> None:
    world = house.start_worker(without=["auto_publish"])
    component = world.view("Base", house.files("notes", one=b"1"))
    whole = world.view("All", composite=True, auto_publish=True)
    world.put(
        f"content_views/{whole}/content_view_components/add",
        components=[{"content_view_id": component, "latest": True}],
    )
    keeper = Keeper(house)
    keeper.may("publish_content_views")
    keeper.ask("publish", "POST", f"/katello/api/content_views/{component}/publish")
    assert keeper.told() == {"publish": "success"}

    keeper.may()
    (waiting,) = world.list_tasks("Actions::Katello::ContentView::AutoPublish")
    house.stop_worker()
    house.start_worker()
    ended = world.ended(waiting)

    assert (ended["result"], ended["humanized"]["errors"]) == (
        "error",
        [_lacking("publish_content_views")],
    )
    assert world.list("content_view_versions", content_view_id=whole) == []


def test_each_part_of_what_a_task_does_needs_its_right(house: House) -> None:
    world = house.start_worker()
    view = world.view("Base", house.files("notes", one=b"1"))
    versions = [world.publish(view) for _ in range(2)]
    testing = world.environment("Testing")
    keeper = Keeper(house)
    every = ("publish_content_views", "promote_or_remove_content_views", "destroy_content_views")
    house.stop_worker()
    keeper.may(*every)
    remove = f"/katello/api/content_views/{view}/remove"
    keeper.ask("delete", "PUT", remove, content_view_version_ids=versions[:1])
    keeper.may(*every[:2])
    house.start_worker()
    assert keeper.told() == {"delete": f"error {_lacking(every[2])}"}

    house.stop_worker()
    publish = f"/katello/api/content_views/{view}/publish"
    keeper.ask("publish and promote", "POST", publish, environment_ids=[testing])
    keeper.may(every[0])
    house.start_worker()
    assert keeper.told() == {"publish and promote": f"error {_lacking(every[1])}"}

    house.stop_worker()
    keeper.ask("publish", "POST", publish)
    keeper.may(every[0], seeing=False)
    house.start_worker()
    assert keeper.told() == {"publish": f"error {_lacking('view_content_views')}"}

    left = world.list("content_view_versions", content_view_id=view)
    assert sorted(each["id"] for each in left) == versions


def test_a_right_that_a_search_limits_is_for_what_it_finds_when_the_task_runs(house: House) -> None:
    keeper = Keeper(house)
    keeper.may_some("edit_hosts", search="name ~ web")
    owner = {"organization_id": house.organization}
    made = [
        house.admin.post("/api/hosts", json={"host": {**owner, "name": name}})
        for name in ("web0", "web1")
    ]
    both = [each.json()["id"] for each in made]
    release = "/api/hosts/bulk/release_version"
    for host in both:
        meant = {"included": {"ids": [host]}, **owner}
        keeper.ask(f"change {host}", "PUT", release, **meant, release_version="9")
    house.admin.put(f"/api/hosts/{both[0]}", json={"host": {"name": "db0"}})
    house.start_worker()

    assert list(keeper.told().values()) == [f"error {_lacking('edit_hosts')}", "success"]


def _lacking(permission: str) -> str:
    return f"Access denied: missing one of the required permissions: {permission}"
