"""Things that are parts of others: components of views, members of collections, overrides.

Each line of their sheets is told to the server in one request, so it is done whole or not at all.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from headgate.cli.errors import NOT_FOUND, REFUSED, CellError
from headgate.cli.output import value_at
from headgate.cli.sheets.book import Book
from headgate.cli.sheets.nouns import Noun

Json = Mapping[str, Any]

LATEST: Final = "latest"
_ON_HOSTS: Final = ("yum", "deb")  # the types of content that overrides are about


class Request(NamedTuple):
    """What is PUT, and where."""

    path: str
    body: Json


class Parts(NamedTuple):
    """One kind of part: those there are, as columns show them, and how one is made or changed.

    `request` is given the values of a line by the names of their columns, and the part that is
    there already, if one is.
    """

    rows: Callable[[Book, int], Sequence[Json]]
    request: Callable[[Book, int, Json, Json | None], Request]


def _components(book: Book, organization_id: int) -> Sequence[Json]:
    return [
        {
            "id": each["id"],
            "composite_id": view["id"],
            "view_id": each["content_view"]["id"],
            "version": LATEST if each["latest"] else value_at(each, "content_view_version.version"),
        }
        for view in book.listed("view", organization_id)
        for each in view["content_view_components"]
    ]


def _component(book: Book, organization_id: int, values: Json, there: Json | None) -> Request:
    path = f"/katello/api/content_views/{values['composite_id']}/content_view_components"
    version = _version_of(book, organization_id, values)
    if there is not None:
        return Request(f"{path}/{there['id']}", version)
    return Request(
        f"{path}/add", {"components": [{"content_view_id": values["view_id"], **version}]}
    )


def _version_of(book: Book, organization_id: int, values: Json) -> Json:
    number = values["version"]
    if number == LATEST:
        return {"latest": True}
    views = book.listed("view", organization_id)
    (view,) = (each for each in views if each["id"] == values["view_id"])
    for version in view["versions"]:
        if version["version"] == number:
            return {"latest": False, "content_view_version_id": version["id"]}
    raise CellError(
        "Version", f"'{view['name']}' has no version '{number}'; or say {LATEST}", NOT_FOUND
    )


def _members(book: Book, organization_id: int) -> Sequence[Json]:
    return [
        {"id": host_id, "host_collection_id": collection["id"], "host_id": host_id}
        for collection in book.listed("collection", organization_id)
        for host_id in book.api.get(f"/katello/api/host_collections/{collection['id']}")["host_ids"]
    ]


def _member(_book: Book, _organization_id: int, values: Json, _there: Json | None) -> Request:
    path = f"/katello/api/host_collections/{values['host_collection_id']}/add_hosts"
    return Request(path, {"host_ids": [values["host_id"]]})


def _overrides(kind: str, parameter: str) -> Callable[[Book, int], Sequence[Json]]:
    def rows(book: Book, organization_id: int) -> Sequence[Json]:
        return [
            {
                "owner_id": owner["id"],
                "repository_id": content["repositories"][0]["id"],
                "name": each["name"],
                "value": each["value"],
            }
            for owner in book.listed(kind, organization_id)
            for content in book.pages(
                "/katello/api/repository_sets", status="overridden", **{parameter: owner["id"]}
            )
            for each in content["overrides"]
        ]

    return rows


def _override(path: str) -> Callable[[Book, int, Json, Json | None], Request]:
    def request(book: Book, organization_id: int, values: Json, _there: Json | None) -> Request:
        repositories = book.listed("repository", organization_id)
        (found,) = (each for each in repositories if each["id"] == values["repository_id"])
        if found["content_type"] not in _ON_HOSTS:
            what = f"it is of type {found['content_type']}, which hosts have no lists of"
            raise CellError("Repository", what, REFUSED)
        said = {name: values[name] for name in ("name", "value")}
        return Request(
            path.format(values["owner_id"]),
            {"content_overrides": [{"content_label": found["content_label"], **said}]},
        )

    return request


PARTS: Final[Mapping[str, Parts]] = {
    "component": Parts(_components, _component),
    "member": Parts(_members, _member),
    "key override": Parts(
        _overrides("key", "activation_key_id"),
        _override("/katello/api/activation_keys/{}/content_override"),
    ),
    "host override": Parts(
        _overrides("host", "host_id"),
        _override("/api/hosts/{}/subscriptions/content_override"),
    ),
}


def rows_of(book: Book, noun: Noun, organization_id: int) -> Sequence[Json]:
    """Return the things of a noun, in an order in which to make them."""
    if not noun.parts:
        return book.rows(noun, organization_id)
    return PARTS[noun.parts].rows(book, organization_id)
