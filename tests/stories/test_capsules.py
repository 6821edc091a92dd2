"""What smart proxies are to mirror: records, and the work that does not follow from them yet."""

from typing import Any

import pytest

from support.house import House, refused

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


def near(house: House, **fields: Any) -> int:
    body = {"name": "near", "url": "https://near.example.org"} | fields
    answer = house.admin.post("/api/smart_proxies", json={"smart_proxy": body})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["results"]]


def test_a_proxy_is_given_environments_and_loses_them(house: House) -> None:
    world = house.start_worker()
    proxy = near(house)
    library, dev = world.environment("Library"), world.environment("Dev")
    world.publish(world.view("Tools", house.files("nests", egg=b"x")))
    content = f"capsules/{proxy}/content"
    environments = f"{content}/lifecycle_environments"

    assert names(house.get(environments)) == []
    assert names(house.get(f"{content}/available_lifecycle_environments")) == ["Dev", "Library"]
    for _ in range(2):  # again is as good as once
        assert names(house.post(environments, environment_id=library)) == ["Library"]
    assert names(house.post(environments, environment_id=dev)) == ["Dev", "Library"]
    assert names(house.get(f"{content}/available_lifecycle_environments")) == []

    status = house.get(f"{content}/sync").json()
    assert (status["last_sync_time"], status["active_sync_tasks"]) == (None, [])
    views = {each["name"]: each["content_views"] for each in status["lifecycle_environments"]}
    assert views["Dev"] == []
    assert {each["name"]: each["version"] for each in views["Library"] if not each["default"]} == {
        "Tools": "1.0"
    }
    assert not any(each["up_to_date"] for each in views["Library"])
    assert house.get(f"{content}/counts").json() == {"content_view_versions": {}}
    shown = house.get(f"capsules/{proxy}").json()
    assert [each["name"] for each in shown["lifecycle_environments"]] == ["Dev", "Library"]

    assert names(house.delete(f"{environments}/{dev}")) == ["Library"]
    refused(house.delete(f"{environments}/{dev}"), 404, "'Dev' is not among those of")
    assert house.admin.delete(f"/api/smart_proxies/{proxy}").status_code == 200
    refused(house.get(environments), 404)


@on_sqlite
def test_what_would_be_done_on_a_proxy_is_not_there(house: House) -> None:
    content = f"capsules/{near(house)}/content"

    refused(house.post(f"{content}/sync"), 501, "Mirroring content to smart proxies")
    refused(house.delete(f"{content}/sync"), 501)
    for work in ("update_counts", "reclaim_space", "verify_checksum"):
        refused(house.post(f"{content}/{work}"), 501)
    refused(house.post(f"{content}/sync", environment_id=999), 404)


@on_sqlite
def test_this_server_mirrors_nothing(house: House) -> None:
    own, _ = house.get("capsules", search=f"id > 0 or id = {near(house)}").json()["results"]
    content = f"capsules/{own['id']}/content"
    library = house.world.environment("Library")

    words = "is this server itself"
    refused(house.post(f"{content}/lifecycle_environments", environment_id=library), 400, words)
    refused(house.get(f"{content}/sync"), 400, words)
    assert house.get(f"capsules/{own['id']}").json()["lifecycle_environments"] == []
    unreadable = house.get("capsules", search="nothing = 1").json()
    assert (unreadable["results"], bool(unreadable["error"])) == ([], True)


@on_sqlite
def test_members_see_and_give_the_environments_of_their_organization(house: House) -> None:
    other = house.world.another()
    shared = near(house, organization_ids=[house.organization, other.organization_id])
    ours, theirs = house.world.environment("Library"), other.environment("Library")
    rights = ("view_capsule_content", "manage_capsule_content", "view_smart_proxies")
    rights += ("view_lifecycle_environments",)
    ours_only = [house.organization]
    member = house.control.user("member", organizations=ours_only, permissions=rights)
    viewer = house.control.user(
        "viewer", organizations=[house.organization], permissions=rights[:1]
    )
    path = f"/katello/api/capsules/{shared}/content/lifecycle_environments"
    house.post(f"capsules/{shared}/content/lifecycle_environments", environment_id=theirs)

    assert names(member.get(path)) == []
    assert member.post(path, json={"environment_id": theirs}).status_code == 404
    assert viewer.post(path, json={"environment_id": ours}).status_code == 403
    assert names(member.post(path, json={"environment_id": ours})) == ["Library"]
    assert member.delete(f"{path}/{theirs}").status_code == 404
    assert (
        len(house.get(f"capsules/{shared}/content/lifecycle_environments").json()["results"]) == 2
    )
    hidden = near(house, name="far", url="https://far.example.org", organization_ids=[])
    assert member.get(f"/katello/api/capsules/{hidden}").status_code == 404
    assert member.post(f"/katello/api/capsules/{hidden}/content/sync").status_code == 404
    assert viewer.post(f"/katello/api/capsules/{shared}/content/sync").status_code == 403
    assert member.post(f"/katello/api/capsules/{shared}/content/sync").status_code == 501
