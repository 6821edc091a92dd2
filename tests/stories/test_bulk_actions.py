"""One action on many products or repositories: each by itself, and told apart (katello.md 2.2)."""

from collections.abc import Iterator

import pytest

from headgate.upstream import AddressRules, DownloadRules
from support.control import control
from support.house import House, refused
from support.upstream import upstream

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])
NEAR = DownloadRules(addresses=AddressRules.allowing(["127.0.0.0/8"]))


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an upstream that has nothing."""
    root = tmp_path_factory.mktemp("upstream")
    with upstream(root, tmp_path_factory.mktemp("keys")) as serving:
        yield serving.url


def test_products_go_but_for_those_that_something_needs(house: House) -> None:
    world = house.start_worker()
    going, kept = world.product("Going"), world.product("Birds")
    view = world.view("Base", house.files("nests", egg=b"blue"))
    world.publish(view)

    answer = house.put("products/bulk/destroy", ids=[going, kept])

    messages = answer.json()["displayMessages"]
    assert messages["success"] == ["Successfully initiated removal of 1 product(s)"]
    assert len(messages["error"]) == 1
    assert "its repository 'nests' is in a published content view version" in messages["error"][0]
    while house.get(f"products/{going}").status_code != 404:
        pass
    assert house.get(f"products/{kept}").status_code == 200


def test_products_are_synchronized_by_one_task(house: House, nothing: str) -> None:
    world = house.start_worker(NEAR)
    birds, fish = world.product("Birds"), world.product("Fish")
    refused(house.put("products/bulk/sync", ids=[birds, fish]), 400, "No syncable repositories")
    refused(house.put("products/bulk/sync", ids=[]), 400, "No syncable repositories")
    world.repository("one", url=nothing, product_id=birds)
    world.repository("two", url=nothing, product_id=fish, content_type="file")
    world.repository("pool", url=nothing, product_id=fish, download_policy="on_demand")

    everything = house.put("products/bulk/sync", ids=[birds, fish])
    some = house.put("products/bulk/sync", ids=[birds, fish], validate_contents=True)

    assert (everything.status_code, everything.json()["label"]) == (202, "Actions::BulkAction")
    ended = world.ended(everything.json())
    assert (ended["result"], ended["output"]) == ("warning", {"repositories": 3, "failed": 3})
    assert world.ended(some.json())["output"]["repositories"] == 1


@on_sqlite
def test_products_change_their_plan_together(house: House) -> None:
    owner = {"organization_id": house.organization}
    plan = house.post("sync_plans", **owner, name="P", interval="daily", sync_date="2026-12-31")
    plan_id = plan.json()["id"]
    ids = [house.world.product(name) for name in ("Birds", "Fish")]
    watcher = house.control.user(
        "watcher",
        organizations=[house.organization],
        permissions=["view_products", "view_sync_plans"],
    )

    answer = house.put("products/bulk/sync_plan", ids=ids, plan_id=plan_id)
    denied = watcher.put("/katello/api/products/bulk/sync_plan", json={"ids": ids, "plan_id": None})

    told = answer.json()["displayMessages"]
    assert told == {"success": ["Successfully changed sync plan for 2 product(s)"], "error": []}
    assert denied.json()["displayMessages"] == {
        "success": [],
        "error": [
            f"You were not allowed to change sync plan for {name}" for name in ("Birds", "Fish")
        ],
    }
    held = house.get(f"sync_plans/{plan_id}").json()["products"]
    assert [each["id"] for each in held] == ids


def test_repositories_go_but_for_those_that_something_needs(house: House) -> None:
    world = house.start_worker()
    going = world.repository("going")
    kept = house.files("nests", egg=b"blue")
    world.publish(world.view("Base", kept))

    keeping = control(
        house.control.database, fixed_settings={"delete_repo_across_cv": False}
    ).client()

    chosen = {"ids": [going, kept, going]}
    answer = keeping.put("/katello/api/repositories/bulk/destroy", json=chosen)

    messages = answer.json()["displayMessages"]
    assert messages["success"] == ["Successfully removed 1 repositories"]
    assert "is in published content view versions (Base 1.0)" in messages["error"][0]
    assert house.get(f"repositories/{going}").status_code == 404
    assert house.get(f"repositories/{kept}").status_code == 200
    refused(house.put("repositories/bulk/destroy", ids=[]), 400, "Missing values for ids")
    refused(house.put("repositories/bulk/destroy", ids=[kept, 999]), 404, "Could not find")


def test_repositories_are_synchronized_by_one_task(house: House, nothing: str) -> None:
    world = house.start_worker(NEAR)
    own, mirror = world.repository("own"), world.repository("mirror", url=nothing)

    refused(house.post("repositories/bulk/sync", ids=[own]), 422, "Unable to synchronize any")
    answer = house.post("repositories/bulk/sync", ids=[own, mirror])

    assert answer.status_code == 202
    assert world.ended(answer.json())["output"] == {"repositories": 1, "failed": 1}


@on_sqlite
def test_the_repositories_of_products_change_their_proxy_together(house: House) -> None:
    world = house.world
    birds, fish = world.product("Birds"), world.product("Fish")
    one = world.repository("one", product_id=birds)
    two = world.repository("two", product_id=fish, content_type="file")
    body = {"name": "wall", "url": "http://proxy.example.org:3128"}
    owner = {"organization_ids": [house.organization]}
    made = house.admin.post("/api/http_proxies", json={"http_proxy": {**body, **owner}})
    chosen = {"http_proxy_policy": "use_selected_http_proxy", "http_proxy_id": made.json()["id"]}

    answer = house.put("products/bulk/http_proxy", ids=[birds, fish], **chosen)

    messages = answer.json()["displayMessages"]
    assert messages["success"] == ["Successfully changed the http proxy of 2 product(s)"]
    for repository in (one, two):
        assert house.get(f"repositories/{repository}").json()["http_proxy"]["name"] == "wall"

    house.put("products/bulk/http_proxy", ids=[birds], http_proxy_policy="none")

    assert house.get(f"repositories/{one}").json()["http_proxy_policy"] == "none"
    assert house.get(f"repositories/{two}").json()["http_proxy"]["name"] == "wall"
    incomplete = {"http_proxy_policy": "use_selected_http_proxy", "http_proxy_id": None}
    answer = house.put("products/bulk/http_proxy", ids=[birds], **incomplete)
    assert answer.json()["displayMessages"]["success"] == []
    assert len(answer.json()["displayMessages"]["error"]) == 1
    refused(house.put("products/bulk/http_proxy", ids=[birds]), 422, "can't be blank")
    watcher = house.control.user(
        "watcher", organizations=[house.organization], permissions=["view_products"]
    )
    seen = watcher.put(
        "/katello/api/products/bulk/http_proxy",
        json={"ids": [birds], "http_proxy_policy": "none"},
    )
    assert "not allowed" in seen.json()["displayMessages"]["error"][0]
