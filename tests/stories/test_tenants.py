"""Every route, with every identifier that it takes, from another organization: not found.

The walk is made from the declarations, so a new action is in it without anybody remembering.
"""

from headgate.apis.katello import RESOURCES
from headgate.services.accounts.permissions import PERMISSIONS
from headgate.stores.db import Database
from support.control import HASH, Control, control, give
from support.tenants import Tenant, tenant
from support.walk import ask, places, replaced, values_of

PLACES = [
    place
    for resource in RESOURCES
    for action in resource.actions
    if not action.public
    for place in places(action, action.params)
]


def test_the_walk_is_as_long_as_the_declarations_say() -> None:
    walked = {place.id_type.__name__ for place in PLACES}

    assert len(PLACES) > 30
    assert {"OrganizationId", "UserId", "TaskId", "PersonalAccessTokenId"} <= walked
    assert any(len(place.keys) > 2 for place in PLACES)


def test_no_route_takes_an_identifier_of_another_organization(database: Database) -> None:
    served = control(database)
    ours, theirs = _two_tenants(served)
    client = served.client(ours.name)
    wrong: list[str] = []

    for place in PLACES:
        for path in place.action.paths:
            values = replaced(values_of(place.action, ours), place, theirs)
            answer = ask(client, place.action, path, values)
            refused = answer.status_code == 404 and "Could not find" in answer.text
            if not refused:
                wrong.append(f"{place} at {path}: {answer.status_code} {answer.text[:200]}")

    assert wrong == []


def test_no_route_takes_a_label_of_another_organization(database: Database) -> None:
    served = control(database)
    ours, theirs = _two_tenants(served)
    client = served.client(ours.name)
    wrong: list[str] = []

    for resource in RESOURCES:
        for action in resource.actions:
            for path in action.paths:
                if "{label}" in path and not action.public:
                    answer = client.request(action.method, path.replace("{label}", theirs.name))
                    if answer.status_code != 404:
                        wrong.append(f"{action.method} {path}: {answer.status_code}")

    assert wrong == []


def test_a_unit_is_found_by_whom_holds_it(database: Database) -> None:
    served = control(database)
    ours, theirs = _two_tenants(served)
    client = served.client(ours.name)
    files = "/katello/api/files"

    assert client.get(f"{files}/{ours.unit_id}").json()["name"] == "ours.txt"
    assert client.get(f"{files}/{theirs.unit_id}").status_code == 404
    both = {"ids[]": [ours.unit_id, theirs.unit_id]}
    assert [each["name"] for each in client.get(files, params=both).json()["results"]] == [
        "ours.txt"
    ]


def test_no_list_shows_anything_of_another_organization(database: Database) -> None:
    served = control(database)
    ours, theirs = _two_tenants(served)
    client, admin = served.client(ours.name), served.client()
    names = {key for key in theirs.ids.values() if isinstance(key, str)} | {theirs.name}
    lists = {
        path
        for resource in RESOURCES
        for action in resource.actions
        for path in action.paths
        if action.name == "index" and "{" not in path and not action.public
    }

    for path in sorted(lists):
        answer = client.get(path)

        # 400 and 422: a list that must be told an organization or a type.
        assert answer.status_code in (200, 400, 422), (path, answer.text)
        assert not [name for name in names if f'"{name}"' in answer.text], path
        shown = [name for name in names if f'"{name}"' in admin.get(path).text]
        if path in _BOTH:
            assert shown, path


# Lists in which an administrator finds a thing of theirs: the test above would see a leak.
_BOTH = {
    "/katello/api/organizations",
    "/katello/api/products",
    "/katello/api/content_views",
    "/foreman_tasks/api/tasks",
    "/api/users",
}


def _two_tenants(served: Control) -> tuple[Tenant, Tenant]:
    with served.database.begin() as tx:
        ours = tenant(tx, "ours", password_hash=HASH)
        theirs = tenant(tx, "theirs", password_hash=HASH)
        give(tx, ours.user_id, PERMISSIONS)
    return ours, theirs
