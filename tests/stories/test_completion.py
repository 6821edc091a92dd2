"""`auto_complete_search`: every list offers how a search may go on, with what its asker may see."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from headgate.apis.actions import ListParams
from headgate.apis.katello import RESOURCES
from headgate.stores.db import Database
from support.house import House, built
from support.rights import Rights

LISTED = [
    action
    for resource in RESOURCES
    for action in resource.actions
    if action.name == "index" and issubclass(action.params, ListParams) and action.lacks is None
]


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    with built(database, tmp_path) as house:
        yield house


def offered(client: TestClient, path: str, search: str, **parameters: Any) -> Sequence[str]:
    """Return the searches that are offered."""
    given = {"search": search, **parameters}
    answer = client.get(f"{path}/auto_complete_search", params=given)
    assert answer.status_code == 200, answer.text
    return [each["label"] for each in answer.json()]


def test_what_is_offered_can_be_searched_for(house: House) -> None:
    for name in ("Herons", "Hawks of prey", 'The "he\\ron"', "h%_x"):
        house.world.product(name)

    assert offered(house.admin, "/katello/api/products", "lab") == ["label"]
    assert offered(house.admin, "/katello/api/products", "name ")[:2] == ["name =", "name !="]
    values = offered(house.admin, "/katello/api/products", "id > 0 and name = ")
    assert sorted(values) == [
        'id > 0 and name = "Hawks of prey"',
        'id > 0 and name = "The \\"he\\\\ron\\""',
        "id > 0 and name = Herons",
        "id > 0 and name = h%_x",
    ]
    for search in values:
        assert house.get("products", search=search).json()["subtotal"] == 1
    assert offered(house.admin, "/katello/api/products", "name = h%") == ["name = h%_x"]
    assert len(offered(house.admin, "/katello/api/products", 'name = "ha')) == 1

    answer = house.get("products/auto_complete_search", search="name = Herons and na")
    assert answer.json()[0] == {
        "completed": "name = Herons ",
        "part": "and name",
        "label": "name = Herons and name",
        "category": "",
    }
    joined = house.get("products/auto_complete_search", search="name = Herons ").json()
    assert [each["label"] for each in joined if each["category"] == "Operators"] == [
        f"name = Herons {word}" for word in ("and", "or", "not", "has")
    ]


def test_values_are_those_that_the_asker_may_see(house: House) -> None:
    other = house.world.another()
    house.world.product("Herons")
    other.product("Hawks")
    keeper = house.control.user(
        "keeper", organizations=[house.organization], permissions=["view_products"]
    )
    path = "/katello/api/products"

    assert len(offered(house.admin, path, "name = H")) == 2
    assert offered(keeper, path, "name = H") == ["name = Herons"]
    mine = {"organization_id": other.organization_id}
    assert offered(house.admin, path, "name = H", **mine) == ["name = Hawks"]
    nested = f"/katello/api/organizations/{other.organization_id}/products"
    assert offered(house.admin, nested, "name = H") == ["name = Hawks"]
    assert keeper.get(f"{nested}/auto_complete_search").status_code == 404
    assert keeper.get("/api/users/auto_complete_search").status_code == 403
    assert house.control.anonymous().get(f"{path}/auto_complete_search").status_code == 401


def test_values_are_at_most_twenty_in_one_statement(house: House) -> None:
    for number in range(25):
        house.world.product(f"Nest {number}")
    house.get("products")
    with house.control.counted() as statements:
        house.get("content_types")
    who = len(statements)

    with house.control.counted() as statements:
        found = offered(house.admin, "/katello/api/products", "name = Nest")

    assert len(found) == 20
    assert len(statements) - who <= 4


def test_values_of_what_stands_beside_are_those_that_the_asker_may_see_too(house: House) -> None:
    _gather(house)
    seeing = ["view_hosts", "view_activation_keys", "view_products"]
    everything = [*seeing, "view_lifecycle_environments", "view_content_views"]
    everything.append("view_host_collections")
    own = [house.organization]
    blind = house.control.user("blind", organizations=own, permissions=seeing)
    keen = house.control.user("keen", organizations=own, permissions=everything)
    marshal = house.control.user("marshal", organizations=own)
    rights = Rights(house.admin)
    role = rights.role("Moors", *seeing)
    rights.filter(role, "view_host_collections", search="name = Moor")
    (user,) = house.admin.get("/api/users", params={"search": "login = marshal"}).json()["results"]
    rights.give(user["id"], role)
    hosts, keys = "/api/hosts", "/katello/api/activation_keys"
    cases = [
        (hosts, "environment = ", ["Dev"]),
        (hosts, "lifecycle_environment = d", ["Dev"]),
        (hosts, "content_view = ", ["Waders"]),
        (hosts, "host_collection = M", ["Marsh"]),
        (keys, "host_collection = ", ["Marsh"]),
        (keys, "content_view ^ (W", ["Waders"]),
        ("/katello/api/content_views", "environment = D", ["Dev"]),
        ("/katello/api/host_collections", "host = ", ["one"]),
        ("/katello/api/content_view_versions", "repository = ", ["nests"]),
    ]
    for path, search, values in cases:
        start = search.rpartition(" ")[0] + (" (" if "(" in search else " ")
        expected = [start + value for value in values]
        for client in (house.admin, keen):
            assert offered(client, path, search) == expected, (path, search)
        if path in (hosts, keys):
            assert offered(blind, path, search) == [], (path, search)
            assert offered(marshal, path, search) == [], (path, search)

    with house.control.counted() as statements:
        offered(blind, hosts, "name = nobody")
    who = len(statements)
    with house.control.counted() as statements:
        offered(blind, hosts, "environment = ")
    assert len(statements) <= who + 1
    assert offered(house.admin, hosts, "owner = ") == ["owner = admin"]
    assert offered(keen, hosts, "owner = ") == []
    for client in (house.admin, blind):
        assert offered(client, hosts, "facts.net::mtu = ") == ["facts.net::mtu = 1500"]
        assert offered(client, hosts, "facts.net") == ["facts.net::mtu"]
        assert offered(client, hosts, "name = x and has facts.unb") == []
        assert offered(client, hosts, "has facts.uname") == ["has facts.uname.machine"]
        assert offered(client, hosts, "params.") == ["params.rack"]
        assert offered(client, hosts, "params = ") == ["params = r1"]
        assert offered(client, hosts, "params.token = ") == []
    assert offered(house.admin, "/foreman_tasks/api/tasks", "resource_type = Katello::C") == [
        "resource_type = Katello::ContentView",
        "resource_type = Katello::ContentViewVersion",
    ]


def test_what_cannot_be_read_is_answered_in_the_form_of_foreman(house: House) -> None:
    answer = house.get("products/auto_complete_search", search="nest = 1")

    assert answer.status_code == 200
    assert answer.json() == [{"error": "Field 'nest' not recognized for searching!"}]


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_every_list_completes_its_searches(house: House) -> None:
    served: set[str] = set()
    for action in LISTED:
        path = action.paths[0]
        if "{" in path:
            continue
        names = offered(house.admin, path, "", content_type="yum")
        for name in (each for each in names if each not in ("not", "has")):
            offered(house.admin, path, f"{name} = ", content_type="yum")
            served.add(action.resource)

    assert served >= {
        *("content_credentials", "content_view_versions", "content_views"),
        *(
            "docker_manifests",
            "docker_tags",
            "lifecycle_environments",
            "errata",
            "file_units",
            "http_proxies",
        ),
        *("flatpak_remotes", "locations", "module_streams", "organizations", "package_groups"),
        *("packages", "products", "recurring_logics", "repositories", "smart_proxies", "srpms"),
        *("sync_plans", "foreman_tasks", "users"),
    }


def _gather(house: House) -> None:
    """Make a host and a key that have a view, an environment and a collection; one is idle."""
    world = house.start_worker()
    egg = house.files("nests", egg=b"1")
    dev = world.environment("Dev")
    view = world.view("Waders", egg)
    world.promote(world.publish(view), dev)
    house.stop_worker()
    collection = world.post("host_collections", organization_id=house.organization, name="Marsh")
    world.post("host_collections", organization_id=house.organization, name="Moor")
    key = {"organization_id": house.organization, "name": "key", "environment_id": dev}
    made = world.post("activation_keys", **key, content_view_id=view)
    world.post(
        f"activation_keys/{made['id']}/host_collections", host_collection_ids=[collection["id"]]
    )
    facet = {"content_view_id": view, "lifecycle_environment_id": dev}
    host = {"name": "one", "organization_id": house.organization, "content_facet_attributes": facet}
    shown = {"name": "rack", "value": "r1"}
    hidden = {"name": "token", "value": "hush", "hidden_value": True}
    host |= {"host_parameters_attributes": [shown, hidden]}
    answer = house.admin.post("/api/hosts", json={"host": host})
    assert answer.status_code == 201, answer.text
    facts = {"name": "one", "facts": {"uname.machine": "x86_64", "net": {"mtu": "1500"}}}
    house.admin.post("/api/hosts/facts", json=facts | {"organization_id": house.organization})
    world.put(f"host_collections/{collection['id']}/add_hosts", host_ids=[answer.json()["id"]])
