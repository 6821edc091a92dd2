"""Who may do what in the registry: every route for every kind of caller."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count

import httpx2
import pytest

from support import oci
from support.conformance.bench import check_no_blob
from support.conformance.headgate import judged
from support.conformance.refusals import IMAGE, prepared
from support.conformance.registry import Repository, expect, header, json_of
from support.oci import Blob
from support.rights import Rights
from support.server import PASSWORD, Server
from support.world import World

_numbers = count(1)
_BLOB = IMAGE.blobs[1]
_OTHER = oci.image(about=IMAGE.blobs[0], annotations={"org.example.word": "other"})
_NEW = Blob("text/plain", b"pushed by whoever may\n")

_READ = {
    "list tags": ("GET", "tags/list"),
    "get a manifest by tag": ("GET", "manifests/v1"),
    "head a manifest by tag": ("HEAD", "manifests/v1"),
    "get a manifest by digest": ("GET", f"manifests/{IMAGE.digest}"),
    "get a blob": ("GET", f"blobs/{_BLOB.digest}"),
    "head a blob": ("HEAD", f"blobs/{_BLOB.digest}"),
    "list referrers": ("GET", f"referrers/{IMAGE.digest}"),
}
_PUSH = {
    "begin an upload": ("POST", "blobs/uploads/"),
    "push a blob": ("POST", f"blobs/uploads/?digest={_NEW.digest}"),
    "push a manifest by digest": ("PUT", f"manifests/{_OTHER.digest}"),
    "move a tag": ("PUT", "manifests/v1"),
}
# In this order: what is deleted first is not needed by what comes later.
_DELETE = {
    "delete a tag": ("DELETE", "manifests/v1"),
    "delete a manifest": ("DELETE", f"manifests/{IMAGE.digest}"),
    "delete a blob": ("DELETE", f"blobs/{_BLOB.digest}"),
}
_ROUTES = {**_READ, **_PUSH, **_DELETE}
_MAY = {
    "nobody": {},
    "a user of another organization": {},
    "a user without permissions": {},
    "a viewer": _READ,
    "a pusher": _READ | _PUSH,
    "an editor": _READ | _DELETE,
    "an administrator": _ROUTES,
    "a token for pulling": _READ,
    "a token of another repository": {},
    "a revoked token": {},
    "a forged token": {},
}


@dataclass(slots=True)
class Scene:
    """A repository with one image, and the ways in which callers show who they are."""

    server: Server
    world: World
    repository: Repository
    client: httpx2.Client

    def headers_of(self, caller: str) -> Mapping[str, str]:
        """Return what a caller shows; nothing for nobody."""
        admin, name = ("admin", PASSWORD), self.repository.name
        ways: Mapping[str, Callable[[], Mapping[str, str]]] = {
            "nobody": dict[str, str],
            "a user of another organization": lambda: self._token(
                self._user(self.world.another(), "view_products", "sync_products", "edit_products")
            ),
            "a user without permissions": lambda: self._token(self._user(self.world)),
            "a viewer": lambda: self._token(self._user(self.world, "view_products")),
            "a pusher": lambda: self._token(
                self._user(self.world, "view_products", "sync_products")
            ),
            "an editor": lambda: self._token(
                self._user(self.world, "view_products", "edit_products")
            ),
            "an administrator": lambda: self._token(admin),
            "a token for pulling": lambda: self._token(admin, f"repository:{name}:pull"),
            "a token of another repository": lambda: self._token(
                admin, f"repository:{name}-other:pull,push,delete"
            ),
            "a revoked token": self._revoked,
            "a forged token": lambda: {"Authorization": "Bearer hgr_Zm9yZ2Vk"},
        }
        return ways[caller]()

    @staticmethod
    def is_believed(caller: str) -> bool:
        """Say whether another login, or another token, would not help."""
        return caller.startswith("a user") or caller in {"a viewer", "a pusher", "an editor"}

    @staticmethod
    def is_member(caller: str) -> bool:
        """Say whether the caller sees the organization at all."""
        return caller != "a user of another organization"

    def send(self, route: str, headers: Mapping[str, str]) -> httpx2.Response:
        """Send the request of a route."""
        method, path = _ROUTES[route]
        content, media_type = None, "application/octet-stream"
        if path.startswith("manifests/") and method == "PUT":
            content, media_type = _OTHER.content, _OTHER.media_type
        elif method == "POST":
            content = _NEW.content if "digest" in path else b""
        given = {**headers, "Content-Type": media_type, "Accept": oci.IMAGE}
        url = f"/v2/{self.repository.name}/{path}"
        return self.client.request(method, url, headers=given, content=content)

    def _user(self, world: World, *permissions: str) -> tuple[str, str]:
        login, password = f"caller-{next(_numbers)}", "wades at dusk"
        role = Rights(self.world.client).role(login, *permissions)
        made = self.world.client.post(
            "/api/users",
            json={
                "user": {
                    "login": login,
                    "password": password,
                    "organization_ids": [world.organization_id],
                    "role_ids": [role],
                }
            },
        )
        assert made.is_success, made.text
        return login, password

    def _token(self, who: tuple[str, str], scope: str | None = None) -> Mapping[str, str]:
        challenge = header(expect(self.client.get("/v2/"), 401), "WWW-Authenticate")
        asked = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        chosen = scope or f"repository:{self.repository.name}:pull,push,delete"
        query = {"service": asked["service"], "scope": chosen}
        answer = self.client.get(asked["realm"], params=query, auth=who)
        return {"Authorization": f"Bearer {json_of(expect(answer, 200))['token']}"}

    def _revoked(self) -> Mapping[str, str]:
        """Return a token that was had by a personal access token, which is revoked since."""
        tokens = "/api/users/1/personal_access_tokens"
        name = f"revoked {next(_numbers)}"
        made = self.world.client.post(tokens, json={"name": name})
        assert made.is_success, made.text
        had = self._token(("admin", made.json()["token_value"]))
        assert self.world.client.delete(f"{tokens}/{made.json()['id']}").is_success
        return had


@pytest.fixture
def scene(server: Server) -> Iterator[Scene]:
    with server.client() as admin:
        world = World(admin, organization=f"Matrix{next(_numbers)}")
        with judged(server, world) as registry:
            yield Scene(server, world, prepared(registry), registry.client)


@pytest.mark.parametrize("caller", _MAY)
def test_every_route_is_open_to_those_who_may_and_to_nobody_else(
    scene: Scene, caller: str, subtests: pytest.Subtests
) -> None:
    headers = scene.headers_of(caller)

    for route in _ROUTES:
        with subtests.test(f"{caller}: {route}"):
            answer = scene.send(route, headers)
            if route in _MAY[caller]:
                expect(answer, 200, 201, 202)
            elif scene.is_believed(caller):
                # Whoever may not even read it is not told that it is there.
                expect(answer, 403 if route not in _READ and scene.is_member(caller) else 404)
            else:
                expect(answer, 401)
                assert header(answer, "WWW-Authenticate").startswith("Bearer realm=")


@pytest.mark.parametrize("caller", [each for each in _MAY if not _MAY[each]])
def test_what_was_refused_has_changed_nothing(scene: Scene, caller: str) -> None:
    headers = scene.headers_of(caller)

    for route in (*_PUSH, *_DELETE):
        scene.send(route, headers)

    manifest = scene.repository.get("manifests/v1", headers={"Accept": oci.IMAGE})
    assert expect(manifest, 200).content == IMAGE.content
    assert json_of(expect(scene.repository.get("tags/list"), 200))["tags"] == ["v1"]
    check_no_blob(scene.repository, _NEW)


def test_who_may_not_push_does_not_learn_which_products_there_are(scene: Scene) -> None:
    headers = scene.headers_of("a user without permissions")
    organization = scene.repository.name.partition("/")[0]

    answers = [
        scene.client.post(f"/v2/{organization}/{rest}/blobs/uploads/", headers=headers)
        for rest in ("birds/none", "fishes/none", scene.repository.name.partition("/")[2])
    ]

    told = [(each.status_code, json_of(each)["errors"][0]["code"]) for each in answers]
    assert told == [(403, "DENIED")] * 3
