"""`/katello/api/repositories/repository_types`: which kinds of repositories and units there are."""

from typing import Any

from headgate.apis.actions import Call, Params, doc
from headgate.apis.katello.repositories import repositories


class RepositoryTypes(Params):
    """Show the available repository types."""

    creatable: bool = doc("Only types that can be created", default=False)


@repositories.action("repository_types", "GET", "/katello/api/repositories/repository_types")
def repository_types(call: Call, params: RepositoryTypes) -> list[dict[str, Any]]:
    """List content types with their kinds of units."""
    del params
    return [
        {
            "name": name,
            "id": name,
            "managed_content_types": [
                {"name": unit.name, "label": unit.name} for unit in found.unit_types.values()
            ],
        }
        for name, found in sorted(call.services.content_types.items())
    ]


class ContentTypes(Params):
    """List all kinds of content in repositories."""


@repositories.action("content_types", "GET", "/katello/api/content_types")
def content_types(call: Call, params: ContentTypes) -> list[dict[str, Any]]:
    """List kinds of units."""
    del params
    return [
        {"label": unit.name, "content_type": name}
        for name, found in sorted(call.services.content_types.items())
        for unit in found.unit_types.values()
        if unit.counted
    ]
