"""Tasks that were asked for before a role was taken: they act with the rights of now."""

import pytest

from support.house import House
from support.rights import Rights

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
