"""Every action as declared, asked with values that parse: what walks over all routes share."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.testclient import TestClient

from headgate.apis.actions import MULTIPART, Action, Params
from headgate.apis.actions.params import Parameter, Shape, parameters_of
from headgate.domain.ids import PermissionId, UnitId
from headgate.services.kinds import TABLE_OF_ID
from support.tenants import Tenant

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
    """Yield every place of an identifier that is of one organization."""
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


def values_of(action: Action, tenant: Tenant) -> dict[str, Any]:
    """Return values that parse for all that is required, and for all that holds identifiers."""
    return _values(action.params, tenant)


def replaced(values: dict[str, Any], place: Place, tenant: Tenant) -> dict[str, Any]:
    """Put in one place the identifier of another tenant."""
    _put(values, place.keys, _id_of(tenant, place.id_type))
    return values


def ask(client: TestClient, action: Action, path: str, values: dict[str, Any]) -> Any:
    """Send a request of an action to one of its paths, the values wherever they belong."""
    parameters = {name: each for each in parameters_of(action.params) for name in each.names}
    for variable in re.findall(r"\{(\w+)\}", path):
        value = values.pop(parameters[variable].name, "1")
        path = path.replace(f"{{{variable}}}", str(value))
    if action.method == "GET":
        return client.get(f"{path}?{urlencode(_flat(values))}")
    if MULTIPART in action.body.media_types:
        files = dict.fromkeys(action.body.files or {"content"}, ("file", b"x"))
        plain = {name: str(value) for name, value in values.items() if name not in files}
        return client.request(action.method, path, data=plain, files=files)
    return client.request(action.method, path, json=values)


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
