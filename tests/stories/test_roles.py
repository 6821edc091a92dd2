"""Roles, their filters, and the groups that share them: who may do what, where."""

from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from headgate.stores.db import Database
from support.control import Control, control
from support.house import refused
from support.rights import Rights

CURRENT = "/api/current_user"
PRODUCTS = "/katello/api/products"


@pytest.fixture
def served(database: Database) -> Control:
    return control(database)


@pytest.fixture
def admin(served: Control) -> TestClient:
    return served.client()


@pytest.fixture
def rights(admin: TestClient) -> Rights:
    return Rights(admin)


def organization(admin: TestClient, name: str) -> int:
    made = admin.post("/katello/api/organizations", json={"name": name})
    assert made.status_code == 201, made.text
    return int(made.json()["id"])


def id_of(client: TestClient) -> int:
    return int(client.get(CURRENT).json()["id"])


def make_product(client: TestClient, name: str, organization_id: int) -> httpx2.Response:
    return client.post(PRODUCTS, json={"name": name, "organization_id": organization_id})


def show(client: TestClient, path: str) -> dict[str, Any]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_installed_roles_are_there_locked_and_cloned(admin: TestClient) -> None:
    listed = admin.get("/api/roles", params={"full_result": "1"}).json()["results"]
    by_name = {each["name"]: each for each in listed}
    assert set(by_name) >= {
        "Viewer",
        "Manager",
        "Organization admin",
        "Site manager",
        "System admin",
        "Content Exporter",
        "Content Importer",
        "Register hosts",
        "Edit hosts",
        "Default role",
    }
    viewer = by_name["Viewer"]
    path = f"/api/roles/{viewer['id']}"

    refused(admin.put(path, json={"role": {"name": "Looker"}}), 422, "locked")
    refused(admin.delete(path), 422, "locked")
    held = show(admin, path)["filters"]
    body = {"role_id": viewer["id"], "permission_ids": [held[0]["permissions"][0]["id"]]}
    refused(admin.post("/api/filters", json={"filter": body}), 422, "locked")
    refused(admin.delete(f"/api/filters/{held[0]['id']}"), 422, "locked")

    clone = admin.post(f"{path}/clone", json={"role": {"name": "Looker"}}).json()
    assert (clone["cloned_from_id"], clone["origin"]) == (viewer["id"], None)
    assert _permissions(clone) == _permissions({"filters": held})
    renamed = admin.put(f"/api/roles/{clone['id']}", json={"role": {"name": "Onlooker"}})
    assert renamed.json()["name"] == "Onlooker"
    assert admin.delete(f"/api/roles/{clone['id']}").status_code == 200
    assert admin.get(f"/api/roles/{clone['id']}").status_code == 404
    everyones = by_name["Default role"]["id"]
    refused(admin.delete(f"/api/roles/{everyones}"), 422, "every user's")
    refused(admin.put(f"/api/roles/{everyones}", json={"name": "Mine"}), 422, "cannot be changed")


def test_a_filter_holds_permissions_of_one_type(admin: TestClient, rights: Rights) -> None:
    zoo = organization(admin, "Zoo")
    role = rights.role("Keepers", description="of animals")
    made = rights.filter(role, "view_products", "edit_products")
    path = f"/api/filters/{made}"

    shown = show(admin, path)
    assert shown["role"]["name"] == "Keepers"
    assert [each["name"] for each in shown["permissions"]] == ["edit_products", "view_products"]
    assert (shown["search"], shown["unlimited?"], shown["override?"]) == (None, True, False)

    mixed = rights.permission_ids("view_products", "view_users")
    faults: list[tuple[dict[str, Any], str]] = [
        ({"permission_ids": mixed}, "same resource type"),
        ({"permission_ids": []}, "can't be blank"),
        ({"permission_ids": [7_777_777]}, "name no permission"),
        ({"organization_ids": [zoo]}, "need override"),
        ({"role_id": 1}, "cannot be changed"),
    ]
    for wrong, words in faults:
        refused(admin.put(path, json={"filter": wrong}), 422, words)
    searches = [("nest = 1", "not recognized"), ("name = (", "Search"), ("created_at > 3d", "Sea")]
    for search, words in searches:
        refused(admin.put(path, json={"filter": {"search": search}}), 422, words)
    assert show(admin, path) == shown
    timed: dict[str, Any] = {"role_id": role, "permission_ids": rights.permission_ids("view_hosts")}
    timed["search"] = 'registered_at > "3 days ago"'
    refused(admin.post("/api/filters", json={"filter": timed}), 422, "present time")
    timed |= {"permission_ids": rights.permission_ids("view_settings"), "search": "name = x"}
    refused(admin.post("/api/filters", json={"filter": timed}), 422, "cannot limit")

    limited = {"override": True, "organization_ids": [zoo]}
    changed = admin.put(path, json={"filter": limited}).json()
    assert [each["name"] for each in changed["organizations"]] == ["Zoo"]
    assert changed["unlimited?"] is False
    freed = admin.put(path, json={"filter": {"override": False}}).json()
    assert (freed["organizations"], freed["unlimited?"]) == ([], True)
    found = admin.get("/api/filters", params={"search": 'role = "Keepers"'}).json()["results"]
    assert [each["id"] for each in found] == [made]
    nested = admin.get(f"/api/roles/{role}/filters").json()["results"]
    assert [each["id"] for each in nested] == [made]
    assert admin.delete(path).status_code == 200
    assert show(admin, f"/api/roles/{role}")["filters"] == []


def test_what_a_role_gives_holds_where_role_and_filter_say(
    served: Control, admin: TestClient, rights: Rights
) -> None:
    zoo, park = organization(admin, "Zoo"), organization(admin, "Park")
    keeper = served.user("keeper", organizations=[zoo, park], permissions=["view_products"])
    keeper_id = id_of(keeper)
    refused(make_product(keeper, "Birds", zoo), 403, "create_products")
    of_zoo = rights.role("Of the zoo", "create_products", organization_ids=[zoo])
    rights.give(keeper_id, of_zoo, *_roles_of(admin, keeper_id))

    assert make_product(keeper, "Birds", zoo).status_code == 201
    refused(make_product(keeper, "Birds", park), 403, "create_products")
    held = keeper.get("/api/permissions/current_permissions").json()["results"]
    assert {each["name"] for each in held} >= {"view_products", "create_products"}
    assert "destroy_products" not in {each["name"] for each in held}
    (filter_,) = show(admin, f"/api/roles/{of_zoo}")["filters"]
    elsewhere = {"override": True, "organization_ids": [park]}
    admin.put(f"/api/filters/{filter_['id']}", json={"filter": elsewhere})

    refused(make_product(keeper, "Fish", zoo), 403, "create_products")
    assert make_product(keeper, "Fish", park).status_code == 201
    # With an organization goes what was given in it alone; it does not become everywhere's.
    gone = admin.put(
        f"/api/filters/{filter_['id']}", json={"filter": {"override": True, "organization_ids": []}}
    )
    assert gone.json()["unlimited?"] is True
    assert make_product(keeper, "Frogs", zoo).status_code == 201


def test_a_search_limits_what_a_filter_gives(
    served: Control, admin: TestClient, rights: Rights
) -> None:
    zoo, park = organization(admin, "Zoo"), organization(admin, "Park")
    birds, fish = (make_product(admin, name, zoo).json()["id"] for name in ("Birds", "Fish"))
    far = make_product(admin, "Birds", park).json()["id"]
    foreign = make_product(admin, "Birds of all", organization(admin, "Elsewhere")).json()["id"]
    keeper = served.user("keeper", organizations=[zoo, park])
    role = rights.role("Bird keepers")
    rights.filter(role, "view_products", search='name ~ "Birds"')
    editing = rights.filter(
        role, "edit_products", search="name = Birds", override=True, organization_ids=[zoo]
    )
    rights.filter(role, "create_products", search="name = Birds")
    rights.give(id_of(keeper), role)

    listed = keeper.get(PRODUCTS, params={"order": "id ASC"}).json()
    assert [each["id"] for each in listed["results"]] == [birds, far]
    assert listed["total"] == 2
    within = keeper.get(PRODUCTS, params={"organization_id": zoo}).json()["results"]
    assert [each["id"] for each in within] == [birds]
    for hidden in (fish, foreign):
        assert keeper.get(f"{PRODUCTS}/{hidden}").status_code == 404
        assert keeper.put(f"{PRODUCTS}/{hidden}", json={"name": "x"}).status_code == 404
    assert keeper.put(f"{PRODUCTS}/{birds}", json={"description": "fly"}).status_code == 200
    refused(keeper.put(f"{PRODUCTS}/{far}", json={"description": "fly"}), 403, "edit_products")
    # What does not exist yet is found by no search.
    refused(make_product(keeper, "More birds", zoo), 403, "create_products")

    repositories = {
        product: admin.post(
            "/katello/api/repositories",
            json={"name": "nests", "product_id": product, "content_type": "file"},
        ).json()["id"]
        for product in (birds, fish)
    }
    seen = keeper.get("/katello/api/repositories").json()["results"]
    assert [each["id"] for each in seen] == [repositories[birds]]
    path = f"/katello/api/repositories/{repositories[fish]}"
    assert keeper.get(path).status_code == 404
    view = {"name": "V", "organization_id": zoo, "repository_ids": [repositories[fish]]}
    assert keeper.post("/katello/api/content_views", json=view).status_code in (403, 404)
    # A thing that is found no more is gone, with all that is in it.
    admin.put(f"{PRODUCTS}/{birds}", json={"name": "Reptiles"})
    assert keeper.get(f"{PRODUCTS}/{birds}").status_code == 404
    assert keeper.get("/katello/api/repositories").json()["results"] == []
    admin.delete(f"/api/filters/{editing}")
    assert show(admin, f"/api/roles/{role}")["filters"][0]["search"] == 'name ~ "Birds"'


def test_groups_within_groups_give_their_roles(
    served: Control, admin: TestClient, rights: Rights
) -> None:
    zoo = organization(admin, "Zoo")
    keeper = served.user("keeper", organizations=[zoo])
    viewers = rights.role("Viewers of products", "view_products", "create_products")
    inner = rights.group("Inner", user_ids=[id_of(keeper)])
    outer = rights.group("Outer", usergroup_ids=[inner], role_ids=[viewers])

    assert make_product(keeper, "Birds", zoo).status_code == 201
    shown = show(admin, f"/api/usergroups/{outer}")
    assert [each["name"] for each in shown["usergroups"]] == ["Inner"]
    assert [each["name"] for each in shown["roles"]] == ["Viewers of products"]
    assert [each["login"] for each in show(admin, f"/api/usergroups/{inner}")["users"]] == [
        "keeper"
    ]
    listed = admin.get(f"/api/usergroups/{inner}/users").json()["results"]
    assert [each["login"] for each in listed] == ["keeper"]
    circle = {"usergroup": {"usergroup_ids": [outer]}}
    refused(admin.put(f"/api/usergroups/{inner}", json=circle), 422, "itself")
    itself = {"usergroup": {"usergroup_ids": [outer]}}
    refused(admin.put(f"/api/usergroups/{outer}", json=itself), 422, "itself")

    admin.put(f"/api/usergroups/{outer}", json={"usergroup": {"admin": True}})
    assert keeper.get(CURRENT).json()["effective_admin"] is True
    assert keeper.get(CURRENT).json()["admin"] is False
    assert keeper.delete("/api/users/999").status_code == 404
    assert admin.delete(f"/api/usergroups/{outer}").status_code == 200
    refused(make_product(keeper, "Fish", zoo), 403, "create_products")
    assert keeper.get(CURRENT).json()["effective_admin"] is False


def test_users_are_listed_by_role_and_show_what_they_were_given(
    served: Control, admin: TestClient, rights: Rights
) -> None:
    zoo = organization(admin, "Zoo")
    role = rights.role("Viewers of products", "view_products")
    served.user("other")
    body = {"login": "keeper", "organization_ids": [zoo], "role_ids": [role]}
    made = admin.post(
        "/api/users",
        json={"user": {**body, "description": "of birds", "default_organization_id": zoo}},
    ).json()

    assert [each["name"] for each in made["roles"]] == ["Viewers of products"]
    assert made["description"] == "of birds"
    assert made["default_organization"]["name"] == "Zoo"
    listed = admin.get(f"/api/roles/{role}/users").json()["results"]
    assert [each["login"] for each in listed] == ["keeper"]
    found = admin.get("/api/users", params={"search": 'role = "Viewers of products"'}).json()
    assert [each["login"] for each in found["results"]] == ["keeper"]
    refused(admin.put(f"/api/users/{made['id']}", json={"user": {"role_ids": [7777]}}), 404, "role")
    types = admin.get("/api/permissions/resource_types").json()["results"]
    assert {"name": "Katello::Product"} in types


def test_nobody_rises_by_roles_filters_or_groups(
    served: Control, admin: TestClient, rights: Rights
) -> None:
    zoo, park = organization(admin, "Zoo"), organization(admin, "Park")
    power = [f"{verb}_{noun}" for verb in ("view", "create", "edit") for noun in _PEOPLE]
    boss = served.user("boss", organizations=[zoo], permissions=[*power, "view_products"])
    boss_id = id_of(boss)
    strong = rights.role("Strong", "edit_products", organization_ids=[zoo])
    foreign = rights.role("Foreign", "view_products", organization_ids=[park])
    both = rights.role("Both", "view_products", organization_ids=[zoo, park])
    own = Rights(boss)

    plain = own.role("Plain", "view_products", organization_ids=[zoo])
    refused(boss.post("/api/roles", json={"role": {"name": "All"}}), 422, "Organization ids")
    edit = own.permission_ids("edit_products")
    body = {"role_id": plain, "permission_ids": edit}
    refused(boss.post("/api/filters", json={"filter": body}), 403, "more than")
    refused(
        boss.post(f"/api/roles/{strong}/clone", json={"name": "x", "organization_ids": [zoo]}),
        403,
        "more than",
    )
    refused(boss.put(f"/api/users/{boss_id}", json={"user": {"role_ids": [strong]}}), 403, "more")
    assert boss.get(f"/api/roles/{foreign}").status_code == 404
    refused(boss.put(f"/api/roles/{both}", json={"role": {"name": "Ours"}}), 403)
    worker = served.user("worker", organizations=[zoo])
    group = {"name": "Ours", "user_ids": [id_of(worker)]}
    refused(boss.post("/api/usergroups", json={"usergroup": {**group, "role_ids": [strong]}}), 403)
    refused(boss.post("/api/usergroups", json={"usergroup": {**group, "admin": True}}), 403)
    refused(boss.post("/api/usergroups", json={"usergroup": {"name": "Empty"}}), 422, "User ids")
    made = boss.post("/api/usergroups", json={"usergroup": {**group, "role_ids": [plain]}})
    assert made.status_code == 201, made.text
    # Whatever lies around a group is given to whom it has.
    ours = made.json()["id"]
    outer = rights.group("Outer", usergroup_ids=[ours], role_ids=[strong])
    more = {"usergroup": {"user_ids": [boss_id, id_of(worker)]}}
    refused(boss.put(f"/api/usergroups/{ours}", json=more), 403, "more than")
    admin.delete(f"/api/usergroups/{outer}")
    assert boss.put(f"/api/usergroups/{ours}", json=more).status_code == 200
    admin.put(f"/api/users/{id_of(worker)}", json={"user": {"organization_ids": [zoo, park]}})
    refused(boss.put(f"/api/usergroups/{ours}", json=more), 403, "organizations")


_PEOPLE = ("users", "roles", "filters", "usergroups")


def _roles_of(admin: TestClient, user_id: int) -> list[int]:
    return [each["id"] for each in show(admin, f"/api/users/{user_id}")["roles"]]


def _permissions(role: dict[str, Any]) -> set[str]:
    return {each["name"] for held in role["filters"] for each in held["permissions"]}
