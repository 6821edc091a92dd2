"""Every route, with every identifier that it takes, from another organization: not found.

The walk is made from the declarations, so a new action is in it without anybody remembering.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.testclient import TestClient

from headgate.apis.actions import MULTIPART, Action, Params
from headgate.apis.actions.params import Parameter, Shape, parameters_of
from headgate.apis.katello import RESOURCES
from headgate.domain.ids import PermissionId, UnitId
from headgate.services.access import TABLE_OF_ID
from headgate.services.accounts.permissions import PERMISSIONS
from headgate.stores.db import Database
from support.control import HASH, Control, control, give
from support.tenants import Tenant, tenant

_DUMMIES: dict[str, Any] = {
    "string": "x",
    "bytes": "x",
    "integer": 1,
    "number": 1.0,
    "boolean": True,
    "datetime": "2026-12-31",
    "any": "x",
    "hash": {},
    "file": "x",  # sent as a part of its own
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the parameters of an action an identifier stands: names and list positions."""

    action: Action
    keys: tuple[str | int, ...]
    id_type: Any

    def __str__(self) -> str:
        """Name it for whoever reads the failure."""
        return f"{self.action.resource}#{self.action.name} {'.'.join(map(str, self.keys))}"


def places(action: Action, params: type[Params], *within: str | int) -> Iterator[Place]:
    for parameter in parameters_of(params):
        yield from _places_in(action, parameter.shape, (*within, parameter.name))


def _places_in(action: Action, shape: Shape, keys: tuple[str | int, ...]) -> Iterator[Place]:
    if shape.id_type is PermissionId:
        return  # they are the same for every organization
    if shape.id_type is not None:
        yield Place(action, keys, shape.id_type)
    elif shape.item is not None:
        yield from _places_in(action, shape.item, (*keys, 0))
    elif shape.params is not None:
        yield from places(action, shape.params, *keys)


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
            answer = _ask(client, place, path, ours=ours, theirs=theirs)
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


def _ask(client: TestClient, place: Place, path: str, *, ours: Tenant, theirs: Tenant) -> Any:
    values = _values(place.action.params, ours)
    _put(values, place.keys, _id_of(theirs, place.id_type))
    parameters = {name: each for each in parameters_of(place.action.params) for name in each.names}
    for variable in re.findall(r"\{(\w+)\}", path):
        value = values.pop(parameters[variable].name, "1")
        path = path.replace(f"{{{variable}}}", str(value))
    if place.action.method == "GET":
        return client.get(f"{path}?{urlencode(_flat(values))}")
    if MULTIPART in place.action.body.media_types:
        files = dict.fromkeys(place.action.body.files or {"content"}, ("file", b"x"))
        plain = {name: str(value) for name, value in values.items() if name not in files}
        return client.request(place.action.method, path, data=plain, files=files)
    return client.request(place.action.method, path, json=values)


def _values(params: type[Params], ours: Tenant) -> dict[str, Any]:
    """Return values that parse for all that is required, and for all that holds identifiers."""
    return {
        parameter.name: _value(parameter, parameter.shape, ours)
        for parameter in parameters_of(params)
        if parameter.required or any(_places_in(None, parameter.shape, ()))  # type: ignore[arg-type]
    }


def _value(parameter: Parameter, shape: Shape, ours: Tenant) -> Any:
    if shape.id_type is PermissionId:
        return 1
    if shape.id_type is not None:
        return _id_of(ours, shape.id_type)
    if shape.item is not None:
        return [_value(parameter, shape.item, ours)]
    if shape.params is not None:
        return _values(shape.params, ours)
    if parameter.enum:
        return parameter.enum[0]
    return _DUMMIES[shape.kind]


def _id_of(tenant: Tenant, id_type: Any) -> Any:
    if id_type is UnitId:
        return tenant.unit_id
    return tenant.ids[TABLE_OF_ID[id_type]]


def _put(values: Any, keys: tuple[str | int, ...], value: object) -> None:
    *steps, last = keys
    for step in steps:
        values = values[step]
    values[last] = value


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Write nested values as a query does."""
    found: list[tuple[str, str]] = []
    for name, value in values.items():
        key = f"{prefix}[{name}]" if prefix else name
        if isinstance(value, dict):
            found += _flat(value, key)  # type: ignore[reportUnknownArgumentType]
        elif isinstance(value, list):
            found += [(f"{key}[]", str(item)) for item in value]  # type: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        else:
            found.append((key, str(value)))
    return found
