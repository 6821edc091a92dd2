"""Lists as every client of the control plane relies on them (katello.md 2.1)."""

from collections.abc import Iterator

import pytest
from inline_snapshot import snapshot
from starlette.testclient import TestClient

from headgate.apis.katello import RESOURCES
from headgate.services.access import Actor
from headgate.services.accounts.permissions import PERMISSIONS
from headgate.services.organizations.organizations import create_organization
from headgate.stores.db import Database
from support.control import Control, control
from support.tenants import tenant

ORGANIZATIONS = "/katello/api/organizations"

# What happens before any statement is the same on every database.
on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def served(database: Database) -> Control:
    return control(database)


@pytest.fixture
def admin(served: Control) -> Iterator[TestClient]:
    with served.client() as client:
        yield client


def organization(admin: TestClient, name: str) -> int:
    response = admin.post(ORGANIZATIONS, json={"organization": {"name": name}})
    assert response.status_code == 201, response.text
    return int(response.json()["id"])


def organizations(served: Control, count: int) -> list[int]:
    boss = Actor(user_id=None, login="boss", admin=True)
    with served.database.begin() as tx:
        return [
            create_organization(tx, actor=boss, clock=served.clock, name=f"Org {number}")
            for number in range(count)
        ]


def test_a_list_has_katellos_envelope(admin: TestClient) -> None:
    for name in ("Beta", "alpha", "Gamma"):
        organization(admin, name)

    response = admin.get(ORGANIZATIONS, params={"search": "name ~ a", "per_page": 2})

    body = response.json()
    assert [each["name"] for each in body.pop("results")] == ["Beta", "Gamma"]
    assert body == snapshot(
        {
            "total": 3,
            "subtotal": 3,
            "selectable": 3,
            "page": 1,
            "per_page": "2",
            "error": None,
            "search": "name ~ a",
            "sort": {"by": "name", "order": "asc"},
        }
    )


def test_foremans_envelope_knows_neither_selectable_nor_error(admin: TestClient) -> None:
    body = admin.get("/api/users", params={"per_page": "5"}).json()

    assert body.keys() == {
        *("total", "subtotal", "page", "per_page", "search", "sort", "results"),
    }
    assert body["per_page"] == 5


@pytest.mark.parametrize(
    ("asked", "echoed", "shown"),
    [
        ({}, 20, 20),
        ({"per_page": "4294967296"}, "4294967296", 25),
        ({"per_page": "99999999999999999999"}, "99999999999999999999", 25),
        ({"per_page": "all"}, "all", 25),
        ({"full_result": "true"}, 25, 25),
        ({"page": "2"}, 20, 5),
        ({"page": "0"}, 20, 20),
        ({"page": "9223372036854775807", "per_page": "4294967296"}, "4294967296", 0),
        ({"per_page": "0"}, "0", 0),
    ],
)
def test_pages_are_cut_as_asked(
    served: Control, admin: TestClient, asked: dict[str, str], echoed: object, shown: int
) -> None:
    organizations(served, 25)

    body = admin.get(ORGANIZATIONS, params=asked).json()

    assert (body["per_page"], len(body["results"]), body["total"]) == (echoed, shown, 25)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"order": "name DESC"}, ["c", "b", "a"]),
        ({"sort_by": "name", "sort_order": "desc"}, ["c", "b", "a"]),
        ({"order": "id"}, ["b", "c", "a"]),
        ({"sort_order": "DESC"}, ["c", "b", "a"]),
        ({"name": "c"}, ["c"]),
        ({"label": "b", "search": "id > 0"}, ["b"]),
        ({"name": "nobody"}, []),
    ],
)
def test_lists_are_sorted_and_narrowed_by_plain_parameters(
    admin: TestClient, asked: dict[str, str], names: list[str]
) -> None:
    for name in ("b", "c", "a"):
        organization(admin, name)

    results = admin.get(ORGANIZATIONS, params=asked).json()["results"]

    assert [each["name"] for each in results] == names


@on_sqlite
@pytest.mark.parametrize(
    "asked",
    [
        {"order": "password_hash"},
        {"order": "name; DROP TABLE users"},
        {"sort_by": "(SELECT 1)"},
        {"sort_order": "sideways"},
        {"per_page": "-1"},
        {"per_page": "some"},
        {"page": "first"},
    ],
)
def test_what_a_list_cannot_be_sorted_or_cut_by_is_refused(
    admin: TestClient, asked: dict[str, str]
) -> None:
    assert admin.get(ORGANIZATIONS, params=asked).status_code == 422


def test_an_unreadable_search_finds_nothing_and_says_why(admin: TestClient) -> None:
    organization(admin, "Zoo")

    response = admin.get(ORGANIZATIONS, params={"search": "nest = 1"})

    assert response.status_code == 200
    body = response.json()
    assert (body["total"], body["subtotal"], body["results"]) == (1, 0, [])
    assert body["error"] == "Field 'nest' not recognized for searching!"


def test_an_unreadable_search_of_a_foreman_resource_is_a_bad_request(admin: TestClient) -> None:
    response = admin.get("/api/users", params={"search": "nest = 1"})

    assert response.status_code == 400
    assert response.json()["error"]["message"] == "Field 'nest' not recognized for searching!"


def test_no_list_takes_more_than_five_statements(served: Control, admin: TestClient) -> None:
    with served.database.begin() as tx:
        ids = [tenant(tx, name).organization_id for name in ("zoo", "park")]
    member = served.user("member", organizations=ids, permissions=sorted(PERMISSIONS))
    many: list[str] = []

    for client in (admin, member):
        client.get(ORGANIZATIONS)  # argon2 once; then it is remembered
        for path in sorted(LISTS):
            with served.counted() as statements:
                response = client.get(path, params={"search": "id > 0", "full_result": "1"})

            assert response.status_code in (200, 400, 422), (path, response.text)
            listing = [text for text in statements if not _asks_for_the_caller(text)]
            if len(listing) > 5:
                many.append(f"{path}: {len(listing)}")

    assert many == []


LISTS = {
    path
    for resource in RESOURCES
    for action in resource.actions
    for path in action.paths
    if action.name == "index" and "{" not in path and not action.public
}


def _asks_for_the_caller(statement: str) -> bool:
    """Whether it reads the row or the grants of who asks, as every request does."""
    return "WHERE users.login = " in statement or "WITH RECURSIVE around" in statement
