"""Searches that users keep, and whom they are shown to; what the server says of its parts."""

from typing import Any

import httpx2
import pytest

from support.house import House, refused

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])

_PATH = "/api/bookmarks"
_RIGHTS = tuple(f"{verb}_bookmarks" for verb in ("view", "create", "edit", "destroy"))


def keep(client: Any, name: str, **fields: Any) -> httpx2.Response:
    body = {"name": name, "controller": "products", "query": "name ~ birds"} | fields
    answer: httpx2.Response = client.post(_PATH, json={"bookmark": body})
    return answer


def seen(client: Any, **parameters: Any) -> list[str]:
    answer = client.get(_PATH, params=parameters)
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["results"]]


def test_a_search_is_kept_changed_and_found_again(house: House) -> None:
    made = keep(house.admin, "birds")
    assert made.status_code == 201, made.text
    shown = made.json()
    assert (shown["controller"], shown["public"], shown["owner"]) == ("products", False, "admin")
    path = f"{_PATH}/{shown['id']}"
    assert keep(house.admin, "birds", controller="hosts").status_code == 201

    assert refused(keep(house.admin, "birds"), 422) == {"name": ["has already been taken"]}
    changed = house.admin.put(path, json={"bookmark": {"query": "label = b", "public": True}})
    assert (changed.json()["query"], changed.json()["public"]) == ("label = b", True)
    assert "query" in refused(house.admin.put(path, json={"query": "name ="}), 422)
    assert house.admin.get(path).json() == changed.json()
    assert seen(house.admin, search="controller = hosts") == ["birds"]
    refused(house.admin.get(_PATH, params={"search": "nothing = 1"}), 400)
    assert house.admin.delete(path).status_code == 200
    refused(house.admin.get(path), 404)


@on_sqlite
def test_what_no_list_could_search_by_is_not_kept(house: House) -> None:
    for fields, field in (
        ({"query": "(name = x"}, "query"),
        ({"query": "  "}, "query"),
        ({"controller": "a list"}, "controller"),
        ({"name": ""}, "name"),
    ):
        assert field in refused(keep(house.admin, **{"name": "x"} | fields), 422)


@on_sqlite
def test_bookmarks_are_ones_own_or_public_among_colleagues(house: House) -> None:
    def user(login: str, organization: int, *permissions: str) -> Any:
        rights = permissions or _RIGHTS
        return house.control.user(login, organizations=[organization], permissions=rights)

    other = house.world.another().organization_id
    robin, wren = user("robin", house.organization), user("wren", house.organization)
    crow = user("crow", other)
    viewer = user("viewer", house.organization, "view_bookmarks")
    own = keep(robin, "own").json()["id"]
    shared = keep(robin, "shared", public=True).json()["id"]
    keep(house.admin, "for all", public=True)
    keep(house.admin, "hidden")

    assert seen(robin) == ["for all", "own", "shared"]
    assert seen(wren) == seen(viewer) == ["for all", "shared"]
    assert seen(crow) == ["for all"]
    assert seen(house.admin) == ["for all", "hidden", "shared"]
    for client, key in ((wren, own), (crow, own), (crow, shared), (house.admin, own)):
        assert client.get(f"{_PATH}/{key}").status_code == 404
    assert wren.put(f"{_PATH}/{shared}", json={"name": "mine"}).status_code == 403
    assert wren.delete(f"{_PATH}/{shared}").status_code == 403
    assert keep(viewer, "x").status_code == 403
    assert keep(wren, "shared").status_code == 201  # names are each user's own
    assert house.admin.delete(f"{_PATH}/{shared}").status_code == 200
    assert robin.delete(f"{_PATH}/{own}").status_code == 200


@on_sqlite
def test_statuses_say_what_is_known(house: House) -> None:
    near = {"name": "near", "url": "https://near.example.org"}
    house.admin.post("/api/smart_proxies", json={"smart_proxy": near})
    nobody = house.control.user("nobody", organizations=[house.organization])

    shown = house.admin.get("/api/statuses").json()["results"]

    assert shown["foreman"]["database"]["active"] is True
    states = {each["name"]: each["status"] for each in shown["foreman"]["smart_proxies"]}
    assert states == {"headgate.test": "ok", "near": "unknown"}
    assert shown["katello"]["services"]["foreman_tasks"]["status"] == "FAIL"  # no worker here
    assert nobody.get("/api/statuses").json()["results"]["foreman"]["smart_proxies"] == []


@on_sqlite
def test_hosts_are_not_registered_yet(house: House) -> None:
    command = {"registration_command": {"organization_id": house.organization, "insecure": False}}
    path = "/api/registration_commands"

    refused(house.admin.post(path, json=command), 501, "Registering hosts is not implemented yet")
    refused(house.admin.post(path, json={"organization_id": 999}), 404)
    refused(house.admin.post(path, json={"jwt_expiration": -1}), 422)
    refused(house.admin.get("/api/register"), 501)
    refused(house.admin.post("/api/register", json={"host": {"name": "owl"}}), 501)
    member = house.control.user("member", organizations=[house.organization])
    assert member.post(path, json=command).status_code == 403
    refused(house.admin.post("/foreman_tasks/api/tasks/callback", json={"data": {}}), 501)
    refused(house.get("ostree_refs"), 501)
    refused(house.get("repositories/1/python_packages/1"), 404)
