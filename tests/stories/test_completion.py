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
