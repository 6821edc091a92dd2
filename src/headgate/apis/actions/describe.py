"""The declarations as plain data: what apidoc, OpenAPI and the command line are drawn from."""

from collections.abc import Iterable
from typing import Any

from headgate.apis.actions.params import Parameter, Params, Shape, parameters_of
from headgate.apis.actions.resources import Action, Resource


def describe(resources: Iterable[Resource]) -> list[dict[str, Any]]:
    """Return resources with their actions and parameters, in the order of declaration.

    Hidden actions are left out; hidden parameters say `hidden`.
    """
    return [
        {
            "name": resource.name,
            "title": resource.title,
            "dialect": resource.dialect,
            "actions": [_action(action) for action in resource.actions if not action.hidden],
        }
        for resource in resources
    ]


def _action(action: Action) -> dict[str, Any]:
    return {
        "name": action.name,
        "method": action.method,
        "paths": list(action.paths),
        "summary": action.summary,
        "status": action.status,
        "async_task": action.async_task,
        "public": action.public,
        "permission": action.permission,
        "writes": action.writes,
        "lacks": action.lacks,
        "media_types": sorted(action.body.media_types) if action.method != "GET" else [],
        "params": _params(action.params),
    }


def _params(params: type[Params]) -> list[dict[str, Any]]:
    return [_param(parameter) for parameter in parameters_of(params)]


def _param(parameter: Parameter) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": parameter.name,
        "type": parameter.shape.kind,
        "required": parameter.required,
        "nullable": parameter.shape.nullable,
        "description": parameter.doc.description,
        "enum": list(parameter.enum),
        "aliases": list(parameter.doc.aliases),
        "minimum": parameter.doc.minimum,
        "maximum": parameter.doc.maximum,
        "max_length": parameter.doc.max_length,
        "wrapped": parameter.doc.wrapped,
        "hidden": parameter.doc.hidden,
    }
    if not parameter.required:
        described["default"] = parameter.default()
    return described | _shape(parameter.shape)


def _shape(shape: Shape) -> dict[str, Any]:
    """Return what an identifier names, what a list holds and what a hash nests."""
    found: dict[str, Any] = {}
    if shape.id_type is not None:
        found["id_type"] = shape.id_type.__name__
    if shape.item is not None:
        found["item"] = {"type": shape.item.kind, **_shape(shape.item)}
    if shape.params is not None:
        found["params"] = _params(shape.params)
    return found
