"""A client that asks as hammer does, without its Ruby (katello.md 2.5, 3.5).

Like hammer it knows nothing of the API but what the apidoc says: which actions there are, what they
take, which parameters are needed, at which address and within which object they go. Names become
ids by the searches that hammer sends, lists are read in its pages, tasks polled as it polls them.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

import httpx2

Json = Mapping[str, Any]

_LANGUAGES: Final = ("v2.en_US.json", "v2.en.json", "v2.json")
_HEADERS: Final = {
    "Accept": "application/json;version=2",
    "Accept-Language": "en",
    "Content-Type": "application/json",
    "User-Agent": "rest-client/2.1.0 (linux x86_64) ruby/3.1.2p20",
}
_PER_PAGE: Final = 1000
_ENDED: Final = ("stopped", "paused")
_CHUNK: Final = 2_500_000  # bytes of a form's field
# Found by a search; the others take the name as a parameter of its own.
_SEARCHED: Final = {
    "organizations": "name",
    "locations": "title",
    "users": "login",
    "smart_proxies": "name",
    "http_proxies": "name",
    "settings": "name",
    "roles": "name",
}


class Hammer:
    """Commands are run by whoever holds `client`; `stranger` shows no credentials."""

    def __init__(self, client: httpx2.Client, stranger: httpx2.Client) -> None:
        self._client = client
        self._checksum = str(stranger.get("/apidoc/apipie_checksum").json()["checksum"])
        self._resources = _apidoc(stranger)

    @property
    def names(self) -> set[str]:
        """The resources that the apidoc lists."""
        return set(self._resources)

    def knows(self, action: str) -> bool:
        """Say whether there is a `resource#action`."""
        resource, _, verb = action.partition("#")
        methods = self._resources.get(resource, {}).get("methods", [])
        return any(each["name"] == verb for each in methods)

    def only_looks(self, action: str) -> bool:
        """Say whether a `resource#action` changes nothing."""
        resource, _, verb = action.partition("#")
        apis = self._method(resource, verb)["apis"]
        return all(each["http_method"] == "GET" for each in apis)

    def call(self, resource: str, action: str, **params: Any) -> Any:
        """Run an action with flat parameters and return what it answers."""
        answer = self.ask(resource, action, **params)
        assert answer.is_success, f"{resource}#{action}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def ask(self, resource: str, action: str, **params: Any) -> httpx2.Response:
        """Send what an action takes, each parameter where the apidoc wants it."""
        method = self._method(resource, action)
        placed = _placed(method, params)
        route, variables = _route(method, placed)
        path = re.sub(r":(\w+)", lambda found: str(placed[found[1]]), route["api_url"])
        rest = {name: value for name, value in placed.items() if name not in variables}
        verb: str = route["http_method"]
        if verb in ("GET", "DELETE"):
            answer = self._client.request(verb, path, params=_query(rest), headers=_HEADERS)
        else:
            answer = self._client.request(
                verb, path, content=json.dumps(rest).encode(), headers=_HEADERS
            )
        assert answer.headers["apipie-checksum"] == self._checksum
        return answer

    def id_of(self, resource: str, name: str, **scope: Any) -> int:
        """Find the one thing of this name."""
        if by := _SEARCHED.get(resource):
            wanted: dict[str, Any] = {"search": f'{by} = "{name}"'}
        else:
            wanted = {"name": name}
        results = self.call(resource, "index", **wanted, **scope)["results"]
        assert len(results) == 1, (resource, name, results)
        return int(results[0]["id"])

    def listed(self, resource: str, **params: Any) -> Sequence[Json]:
        """Return a whole list: the first page as it comes, then pages of a thousand."""
        first = self.call(resource, "index", **params)
        assert {"total", "subtotal", "page", "per_page", "search", "sort"} <= first.keys()
        assert first["subtotal"] <= first["total"]
        found: list[Json] = []
        page = 1
        while len(found) < first["subtotal"] or page == 1:
            answer = self.call(resource, "index", **params, page=page, per_page=_PER_PAGE)
            found += answer["results"]
            assert int(answer["page"]) == page
            if not answer["results"]:
                break
            page += 1
        assert len(found) == first["subtotal"]
        return found

    def done(self, task: Json) -> Json:
        """Poll a task until it ends, as the progress bar does; it must succeed."""
        while task["state"] not in _ENDED:
            assert task["pending"]
            assert 0.0 <= float(task["progress"]) <= 1.0
            time.sleep(0.02)  # between two requests, as hammer's own two seconds
            task = self.call("foreman_tasks", "show", id=task["id"])
        assert task["result"] == "success", task["humanized"]["errors"]
        assert not task["pending"]
        assert isinstance(task["humanized"]["output"], str)
        return task

    def upload(self, repository: int, name: str, content: bytes) -> Json:
        """Upload a file in chunks, import it, and forget the upload."""
        begun = self.call("content_uploads", "create", repository_id=repository, size=len(content))
        upload = str(begun["upload_id"])
        for offset in range(0, len(content), _CHUNK):
            chunk = content[offset : offset + _CHUNK]
            answer = self._client.put(
                f"/katello/api/repositories/{repository}/content_uploads/{upload}",
                data={
                    "offset": str(offset),
                    "size": str(len(content)),
                    "content": chunk.decode("latin-1"),
                },
            )
            assert answer.status_code == 204, answer.text
        uploads = [{"id": upload, "name": name, "size": len(content)}]
        imported = self.call("repositories", "import_uploads", id=repository, uploads=uploads)
        return self.done(imported)

    def _method(self, resource: str, action: str) -> Json:
        methods = self._resources[resource]["methods"]
        return next(method for method in methods if method["name"] == action)


def _apidoc(stranger: httpx2.Client) -> Mapping[str, Json]:
    for language in _LANGUAGES:
        answer = stranger.get(f"/apidoc/{language}")
        if answer.is_success:
            found: Mapping[str, Json] = answer.json()["docs"]["resources"]
            return found
    raise AssertionError("no apidoc in any language")


def _placed(method: Json, params: Mapping[str, Any]) -> dict[str, Any]:
    """Put flat parameters where the apidoc nests them; the needed ones must all be there."""
    placed: dict[str, Any] = {}
    taken: set[str] = set()
    for declared in method["params"]:
        name: str = declared["name"]
        inner = [each["name"] for each in declared.get("params", ())]
        within = {each: params[each] for each in inner if each in params and name not in params}
        if name in params:
            placed[name] = params[name]
            taken.add(name)
        elif declared["expected_type"] == "hash" and within:
            placed[name] = within
            taken |= within.keys()
        for needed in declared.get("params", ()) if name in placed and within else ():
            assert not needed["required"] or needed["name"] in within, needed["full_name"]
        assert not declared["required"] or name in placed, f"{method['name']} needs {name}"
    in_path = {name for api in method["apis"] for name in re.findall(r":(\w+)", api["api_url"])}
    placed |= {name: params[name] for name in in_path & params.keys()}
    unknown = params.keys() - taken - in_path
    assert not unknown, f"the apidoc of {method['name']} does not list {unknown}"
    return placed


def _route(method: Json, given: Mapping[str, Any]) -> tuple[Json, Sequence[str]]:
    """Choose the route with the most variables that are all given."""
    routes = [(api, re.findall(r":(\w+)", api["api_url"])) for api in method["apis"]]
    fitting = [each for each in routes if all(name in given for name in each[1])]
    return max(fitting, key=lambda each: len(each[1]))


def _query(params: Mapping[str, Any]) -> list[tuple[str, str | int | float | bool | None]]:
    return list(_pairs(params))


def _pairs(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in params.items():
        if isinstance(value, list):
            for each in cast("list[Any]", value):
                yield f"{name}[]", _plain(each)
        elif isinstance(value, dict):
            for key, each in cast("dict[str, Any]", value).items():
                yield f"{name}[{key}]", _plain(each)
        else:
            yield name, _plain(value)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
