"""A list takes at most five SQL statements, however much there is to list.

Finding out who asks is not a part of the list; it is the same for every request (two at most).
Lists of units that a content view filter narrows take up to three more, whatever they hold: the
filter with its rules, what the rules name, and that all in the path is within reach. Tags that
are searched by their repositories take one more: what each of these holds.
"""

import re
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from headgate.apis.actions import ListParams
from headgate.apis.katello import RESOURCES
from headgate.services.accounts.permissions import PERMISSIONS
from support.house import House
from support.push_scene import PushScene, picture, pictures

_MOST = 5
_OF_FILTERS = 3
_OF_HOLDERS = 1
LISTS = [
    action
    for resource in RESOURCES
    for action in resource.actions
    if action.name == "index" and issubclass(action.params, ListParams) and not action.lacks
]


def test_every_list_is_counted() -> None:
    names = {action.resource for action in LISTS}

    assert {"products", "repositories", "content_views", "content_view_versions"} <= names


def test_no_list_takes_more_than_five_statements(house: House) -> None:
    found = _furnish(house)
    keeper = house.control.user(
        "keeper", organizations=[house.organization], permissions=sorted(PERMISSIONS)
    )
    too_many: list[str] = []

    for client in (house.admin, keeper):
        client.get("/katello/api/organizations")  # argon2 once; then it is remembered
        for action in LISTS:
            for path in action.paths:
                url = _filled(path, found)
                # Lists of several types of content want one named.
                parameters = {"search": "id > 0", "full_result": True, "content_type": "yum"}
                parameters |= {"include": "parameters"}
                answer, statements = _counted(house, client, url, parameters)

                assert answer.status_code in (200, 400, 404), answer.text
                most = _MOST + (_OF_FILTERS if "{content_view_filter_id}/" in path else 0)
                if len(statements) > most:
                    too_many.append(f"{url}: {len(statements)}\n" + "\n".join(statements))

    assert too_many == []


def test_plain_parameters_cost_no_more(house: House) -> None:
    found = _furnish(house)
    view, version, library = found["content_view_id"], found["version_id"], found["environment_id"]

    for path, parameters in (
        ("environments", {"library": True, "name": "Library"}),
        ("repositories", {"content_view_version_id": version}),
        ("repositories", {"environment_id": library, "content_view_id": view}),
        ("repositories", {"content_view_id": view, "available_for": "content_view"}),
        ("content_views", {"environment_id": library, "nondefault": True}),
        ("content_view_versions", {"content_view_id": view, "version": "1.0"}),
        ("content_view_versions", {"environment_id": library}),
    ):
        answer, statements = _counted(house, house.admin, f"/katello/api/{path}", parameters)

        assert answer.json()["results"] or "available_for" in parameters
        assert len(statements) <= _MOST, (path, parameters, statements)

    for path, search, more in (
        ("packages", "modular or modular = false", 0),
        ("module_streams", "host = a or host ~ b", 0),
        ("repositories", "distribution_version = 1 or null? distribution_arch", 0),
        ("docker_tags", "repository ~ ship or image ~ ship", _OF_HOLDERS),
    ):
        answer, statements = _counted(
            house, house.admin, f"/katello/api/{path}", {"search": search}
        )

        assert answer.json()["error"] is None
        assert len(statements) <= _MOST + more, (path, search, statements)


def _counted(
    house: House, client: TestClient, url: str, parameters: dict[str, Any]
) -> tuple[httpx2.Response, list[str]]:
    """Ask, and return the statements that the list itself took."""
    with house.control.counted() as statements:
        client.get("/katello/api/content_types")  # asks nothing of the database by itself
    who = len(statements)
    with house.control.counted() as statements:
        answer = client.get(url, params=parameters)
    return answer, statements[who:]


def _furnish(house: House) -> dict[str, Any]:
    """Make several of everything; return an id for each variable of a path."""
    world = house.start_worker()
    owner = {"organization_id": house.organization}
    repositories = [house.files(f"nests{number}", egg=b"%d" % number) for number in range(3)]
    credential = world.credential("Key", _KEY, kind="gpg_key")
    for repository in repositories:
        house.put(f"repositories/{repository}", gpg_key_id=credential)
    ships = PushScene(house)
    for number in range(3):
        repositories.append(ships.repository(f"ship{number}"))
        ships.push(repositories[-1], pictures("amd64", "arm64", name=f"{number}"), "1.0", "latest")
        ships.push(repositories[-1], picture(f"one{number}"), "2.0")
    views = [world.view(f"View {number}", *repositories) for number in range(3)]
    filters = [world.filter(view, "some", {"name": "a"}, {"name": "b"}) for view in views]
    versions = [world.publish(view) for view in views]
    composite = world.view("Composite", composite=True, component_ids=versions)
    world.publish(composite)
    world.view("Rolling", *repositories, rolling=True, environment_ids=[world.environment("Dev")])
    task = world.promote(versions[-1], world.environment("Dev"))
    house.stop_worker()  # its heartbeat is a statement, too
    timing = {"interval": "daily", "sync_date": "2026-12-31"}
    plans = [world.post("sync_plans", **owner, **timing, name=name) for name in ("One", "Two")]
    house.put(f"sync_plans/{plans[0]['id']}/add_products", product_ids=[world.product()])
    members = world.post("host_collections", **owner, name="Web")
    keys = [
        world.post(
            "activation_keys",
            **owner,
            name=f"Key {number}",
            content_view_environments=["Library", "Library/View_1"],
        )
        for number in range(3)
    ]
    for key in keys:
        house.post(
            f"activation_keys/{key['id']}/host_collections", host_collection_ids=[members["id"]]
        )
    hosts = [_host(house, f"web{number}", members["id"]) for number in range(3)]
    remote = world.post("flatpak_remotes", **owner, name="Remote", url="https://flatpak.example/")
    role, group = _role_and_group(house)
    return {
        "role_id": role,
        "usergroup_id": group,
        "flatpak_remote_id": remote["id"],
        "activation_key_id": keys[0]["id"],
        "host_id": hosts[0],
        "hostgroup_id": 1,
        "organization_id": house.organization,
        "product_id": world.product(),
        "environment_id": world.environment("Library"),
        "content_view_id": views[-1],
        "composite_content_view_id": composite,
        "content_view_filter_id": filters[-1],
        "filter_id": filters[-1],
        "version_id": versions[-1],
        "repository_id": repositories[0],
        "sync_plan_id": plans[0]["id"],
        "user_id": 1,
        "location_id": house.admin.get("/api/locations").json()["results"][0]["id"],
        "parent_task_id": task["id"],
        "id": views[-1],
    }


def _host(house: House, name: str, collection: int) -> int:
    fields = {
        "name": name,
        "organization_id": house.organization,
        "host_parameters_attributes": [{"name": "role", "value": name}],
        "content_facet_attributes": {"content_view_environments": ["Library", "Library/View_1"]},
    }
    host = house.admin.post("/api/hosts", json={"host": fields}).json()
    house.put(f"host_collections/{collection}/add_hosts", host_ids=[host["id"]])
    return int(host["id"])


def _role_and_group(house: House) -> tuple[int, int]:
    """Make a role with filters, and a group that groups of a provider stand for."""
    role = house.admin.post("/api/roles", json={"role": {"name": "Reader"}}).json()["id"]
    group = house.admin.post("/api/usergroups", json={"usergroup": {"name": "Keepers"}}).json()[
        "id"
    ]
    for number in range(3):
        mapped = {"name": f"keepers{number}", "auth_source_id": 2}
        path = f"/api/usergroups/{group}/external_usergroups"
        made = house.admin.post(path, json={"external_usergroup": mapped})
        assert made.status_code == 201, made.text
    return role, group


def _filled(path: str, found: dict[str, Any]) -> str:
    missing = [name for name in re.findall(r"\{(\w+)\}", path) if name not in found]
    if missing:
        pytest.fail(f"no {missing} to try {path} with")
    return re.sub(r"\{(\w+)\}", lambda match: str(found[match[1]]), path)


_KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----\n"
