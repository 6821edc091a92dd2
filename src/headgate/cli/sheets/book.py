"""What the server has, by the names that sheets call it; each list is asked for once."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from headgate.cli.client import Api
from headgate.cli.errors import NOT_FOUND, REFUSED, CliError
from headgate.cli.output import value_at
from headgate.cli.sheets.cells import joined
from headgate.cli.sheets.nouns import Noun

Json = Mapping[str, Any]

_PAGE: Final = 1000
_ANYWHERE: Final = 0  # the organization of what is of none

# Kind -> noun for messages, list, what its name is made of.
_KINDS: Final[Mapping[str, tuple[str, str, Sequence[str]]]] = {
    "organization": ("organization", "/katello/api/organizations", ("name",)),
    "location": ("location", "/api/locations", ("title",)),
    "role": ("role", "/api/roles", ("name",)),
    "credential": ("content credential", "/katello/api/content_credentials", ("name",)),
    "plan": ("sync plan", "/katello/api/sync_plans", ("name",)),
    "product": ("product", "/katello/api/products", ("name",)),
    "repository": ("repository", "/katello/api/repositories", ("product.name", "name")),
    "environment": ("lifecycle environment", "/katello/api/environments", ("name",)),
    "view": ("content view", "/katello/api/content_views", ("name",)),
    "collection": ("host collection", "/katello/api/host_collections", ("name",)),
    "key": ("activation key", "/katello/api/activation_keys", ("name",)),
    "host": ("host", "/api/hosts", ("name",)),
    "filter": (
        "content view filter",
        "/katello/api/content_view_filters",
        ("content_view.name", "name"),
    ),
}
# Rules about a group of packages or a module stream name it by what another server calls otherwise.
_BY_ID: Final = frozenset({"uuid", "module_stream"})
_OF_NONE: Final = frozenset({"organization", "location", "role"})


class Book:
    """The things that the user may see."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._lists: dict[tuple[str, int], Sequence[Json]] = {}
        self._ids: dict[tuple[str, int], dict[str, list[int]]] = {}
        self._names: dict[tuple[str, int], dict[int, str]] = {}

    def organizations(self) -> Mapping[str, int]:
        """Return the id of each organization by its name."""
        return {name: ids[0] for name, ids in self._known("organization", _ANYWHERE).items()}

    def rows(self, noun: Noun, organization_id: int) -> Sequence[Json]:
        """Return the things of a noun, as its list has them, in an order in which to make them."""
        if noun.path == "/katello/api/environments":
            return _in_order(self._listed(noun.path, organization_id))
        if "{content_view_filter_id}" in noun.path:
            filters = self._listed("/katello/api/content_view_filters", organization_id)
            rules: list[Json] = [rule for each in filters for rule in each["rules"]]
            return [rule for rule in rules if not _BY_ID & rule.keys()]
        listed = self._listed(noun.path, organization_id)
        return [row for row in listed if not row.get("default")]

    def details(self, noun: Noun, row: Json) -> Json:
        """Return all that is shown of a thing."""
        return self.api.get(f"{noun.path}/{row['id']}")

    def listed(self, kind: str, organization_id: int) -> Sequence[Json]:
        """Return the things of a kind, as their list has them."""
        return self._listed(_KINDS[kind][1], organization_id)

    def name_of(self, kind: str, organization_id: int, key: int) -> str:
        """Return what a thing is called; its id, if its list does not have it."""
        where = (kind, organization_id)
        if where not in self._names:
            known = self._known(kind, organization_id)
            self._names[where] = {each: name for name, ids in known.items() for each in ids}
        return self._names[where].get(key, f"#{key}")

    def id_of(self, kind: str, organization_id: int, name: str) -> int:
        """Return the id of the thing of this name; CliError if there is none, or several."""
        ids = self._known(kind, organization_id).get(name, [])
        if len(ids) == 1:
            return ids[0]
        noun = _KINDS[kind][0]
        if ids:
            raise CliError(f"{len(ids)} things are {noun} '{name}'", REFUSED)
        raise CliError(f"there is no {noun} '{name}'", NOT_FOUND)

    def note(self, kind: str, organization_id: int, name: str, key: int) -> None:
        """Know a thing that was made meanwhile."""
        self._known(kind, organization_id).setdefault(name, []).append(key)

    def _known(self, kind: str, organization_id: int) -> dict[str, list[int]]:
        where = (kind, _ANYWHERE if kind in _OF_NONE else organization_id)
        if where not in self._ids:
            _, path, parts = _KINDS[kind]
            found: dict[str, list[int]] = {}
            for row in self._listed(path, where[1]):
                name = joined((str(value_at(row, part) or "") for part in parts), "/")
                plain = str(value_at(row, parts[0])) if len(parts) == 1 else name
                found.setdefault(plain, []).append(row["id"])
            self._ids[where] = found
        return self._ids[where]

    def _listed(self, path: str, organization_id: int) -> Sequence[Json]:
        where = (path, organization_id)
        if where not in self._lists:
            if path == "/katello/api/content_view_filters":
                views = self._listed("/katello/api/content_views", organization_id)
                self._lists[where] = [
                    row
                    for view in views
                    if view["filtered"]
                    for row in self.pages(path, content_view_id=view["id"])
                ]
            else:
                self._lists[where] = self.pages(path, organization_id=organization_id or None)
        return self._lists[where]

    def pages(self, path: str, **query: Any) -> Sequence[Json]:
        """Return all of a list."""
        found: list[Json] = []
        page = 1
        while True:
            answer = self.api.get(path, **query, order="id ASC", page=page, per_page=_PAGE)
            found += answer["results"]
            if len(found) >= answer["subtotal"] or not answer["results"]:
                return found
            page += 1


def _in_order(environments: Sequence[Json]) -> Sequence[Json]:
    """Return environments, each behind the one that it follows."""
    found: list[Json] = []
    known: set[int | None] = {None}
    left = list(environments)
    while left:
        ready = [row for row in left if value_at(row, "prior.id") in known]
        if not ready:
            return [*found, *left]
        known |= {row["id"] for row in ready}
        found += ready
        left = [row for row in left if row["id"] not in known]
    return found
