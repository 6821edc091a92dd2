"""`/openapi.json`: the declarations as an OpenAPI 3.1 document.

What an action takes is described in full. Of what it answers there are the envelope of lists, the
task, the error, and that an object is an object: its members are those of Katello's API.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias, get_origin, get_type_hints

from headgate.apis.actions.describe import describe
from headgate.apis.actions.lists import Listing
from headgate.apis.actions.rendering import Raw
from headgate.apis.actions.resources import PATH_VARIABLE, Action, Resource
from headgate.apis.ports import KATELLO_VERSION

Json: TypeAlias = dict[str, Any]

_TYPES: Final[Mapping[str, Json]] = {
    "string": {"type": "string"},
    "bytes": {"type": "string", "contentEncoding": "binary"},
    "file": {"type": "string", "contentMediaType": "application/octet-stream"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "datetime": {"type": "string"},
    "hash": {"type": "object"},
    "any": {},
}
_TEXT_OR_NULL: Final[Json] = {"type": ["string", "null"]}
_SCHEMAS: Final[Json] = {
    "Error": {
        "type": "object",
        "required": ["displayMessage", "message", "errors", "full_messages", "error"],
        "properties": {
            "displayMessage": {"type": "string"},
            "message": {"type": "string"},
            "code": {"type": "string"},
            "errors": {"type": ["array", "object"]},
            "full_messages": {"type": "array", "items": {"type": "string"}},
            "error": {"type": "object"},
        },
    },
    "List": {
        "type": "object",
        "required": ["total", "subtotal", "page", "per_page", "search", "sort", "results"],
        "properties": {
            "total": {"type": "integer"},
            "subtotal": {"type": "integer"},
            "selectable": {"type": "integer"},
            "page": {"type": "integer"},
            "per_page": {"type": ["integer", "string"]},
            "error": _TEXT_OR_NULL,
            "search": _TEXT_OR_NULL,
            "sort": {"type": "object"},
            "results": {"type": "array"},
        },
    },
    "Task": {
        "type": "object",
        "required": ["id", "label", "action", "state", "result", "started_at", "humanized"],
        "properties": {
            "id": {"type": "string"},
            "label": {"type": "string"},
            "pending": {"type": "boolean"},
            "action": {"type": "string"},
            "username": _TEXT_OR_NULL,
            "started_at": _TEXT_OR_NULL,
            "ended_at": _TEXT_OR_NULL,
            "state": {"type": "string"},
            "result": {"type": "string"},
            "progress": {"type": "number"},
            "input": {"type": "object"},
            "output": {"type": "object"},
            "humanized": {"type": "object"},
        },
    },
}


def openapi(resources: Iterable[Resource]) -> Json:
    """Return the document; `operationId` is the action as `resource#action`."""
    resources = list(resources)
    paths: Json = {}
    for resource, described in zip(resources, describe(resources), strict=True):
        shown = [action for action in resource.actions if not action.hidden]
        for action, of in zip(shown, described["actions"], strict=True):
            for number, path in enumerate(action.paths):
                operation = _operation(action, of, path, number)
                paths.setdefault(path, {})[action.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Headgate",
            "version": KATELLO_VERSION,
            "license": {"name": "GPL-2.0-or-later", "identifier": "GPL-2.0-or-later"},
        },
        "tags": [{"name": each.name, "description": each.title} for each in resources],
        "security": [{"password": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": _SCHEMAS,
            "securitySchemes": {
                "password": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "A password, or a personal access token in its place",
                },
                "session": {"type": "apiKey", "in": "cookie", "name": "_session_id"},
            },
        },
    }


def _operation(action: Action, described: Json, path: str, number: int) -> Json:
    """Describe an action at one of its paths; `number` tells their ids apart."""
    in_path = set(PATH_VARIABLE.findall(path))
    rest = [each for each in described["params"] if not in_path & _names(each)]
    operation: Json = {
        "operationId": f"{action.resource}#{action.name}" + (f"#{number + 1}" if number else ""),
        "tags": [action.resource],
        "summary": described["summary"],
        "parameters": list(_variables(described["params"], in_path)),
        "responses": _responses(action),
    }
    if action.public:
        operation["security"] = [{}]
    if action.method == "GET":
        operation["parameters"] += [_query(each) for each in rest]
    elif rest:
        schema = _object(rest)
        operation["requestBody"] = {
            "required": "required" in schema,
            "content": {kind: {"schema": schema} for kind in described["media_types"]},
        }
    return operation


def _names(parameter: Json) -> set[str]:
    return {parameter["name"], *parameter["aliases"]}


def _variables(parameters: Iterable[Json], in_path: set[str]) -> Iterator[Json]:
    for each in parameters:
        for name in sorted(_names(each) & in_path):
            yield {
                "name": name,
                "in": "path",
                "required": True,
                "description": each["description"],
                "schema": _typed({**each, "nullable": False}),
            }


def _query(parameter: Json) -> Json:
    described: Json = {
        "name": parameter["name"],
        "in": "query",
        "required": parameter["required"],
        "description": parameter["description"],
        "schema": _typed({**parameter, "nullable": False}),
    }
    if parameter["type"] == "list":
        described |= {"style": "form", "explode": True}
    elif parameter["type"] == "hash":
        described |= {"style": "deepObject", "explode": True}
    return described


def _object(parameters: Iterable[Json]) -> Json:
    parameters = list(parameters)
    required = [each["name"] for each in parameters if each["required"]]
    schema: Json = {
        "type": "object",
        "properties": {
            each["name"]: {**_typed(each), "description": each["description"]}
            for each in parameters
        },
    }
    return {**schema, "required": required} if required else schema


def _typed(parameter: Json) -> Json:
    """Return the schema of a parameter, or of a list's members."""
    if parameter["type"] == "list":
        schema: Json = {"type": "array", "items": _typed(parameter["item"])}
        if parameter.get("enum"):
            schema["items"] = {**schema["items"], "enum": list(parameter["enum"])}
    elif parameter.get("params"):
        schema = _object(parameter["params"])
    else:
        schema = dict(_TYPES[parameter["type"]])
        if "id_type" in parameter:
            schema |= {"minimum": 1} if parameter["type"] == "integer" else {"format": "uuid"}
        if parameter.get("enum"):
            schema["enum"] = list(parameter["enum"])
    return _or_null(parameter, _limited(parameter, schema))


def _limited(parameter: Json, schema: Json) -> Json:
    """Add the limits of a number, text or list."""
    for key in ("minimum", "maximum"):
        if parameter.get(key) is not None:
            schema[key] = parameter[key]
    if parameter.get("max_length") is not None:
        schema["maxItems" if parameter["type"] == "list" else "maxLength"] = parameter["max_length"]
    return schema


def _or_null(parameter: Json, schema: Json) -> Json:
    """Let null be taken where it is."""
    if parameter.get("nullable") and "type" in schema:
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return schema


def _responses(action: Action) -> Json:
    refused = {
        "description": "Refused, and why",
        "content": {"application/json": {"schema": _reference("Error")}},
    }
    if action.lacks is not None:
        return {"4XX": refused, "501": {**refused, "description": f"{action.lacks}: not yet"}}
    return {str(action.status): _answer(action), "4XX": refused, "5XX": refused}


def _answer(action: Action) -> Json:
    returned = get_type_hints(action.handler).get("return")
    if action.status == 204:
        return {"description": "Done"}
    if returned is Raw:
        return {"description": "The content itself", "content": {"*/*": {}}}
    schema: Json = {"type": ["object", "array", "null"]}
    if action.async_task:
        schema = _reference("Task")
    elif returned is Listing:
        schema = _reference("List")
    elif get_origin(returned) is dict:
        schema = {"type": "object"}
    return {"description": "Done", "content": {"application/json": {"schema": schema}}}


def _reference(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
