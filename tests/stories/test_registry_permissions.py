"""The permission matrix of the registry: every route and method, asked by everybody.

What a route asks for is written down once (`ROUTES`); the table of who holds what is `HOLDS`. A
route or a method that the application has and this page has not fails the first test.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from sqlalchemy import update

from headgate.apis.registry import app
from headgate.stores.db.tables import personal_access_tokens
from support import oci
from support.house import House
from support.registry_door import basic
from support.registry_house import Registry, registry

# What is asked here does not depend on the database; the stories ask each of them.
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

PULL, PUSH, DELETE, LIST = "pull", "push", "delete", "list"
NOTHING: Final = frozenset[str]()


@dataclass(frozen=True, slots=True)
class Route:
    """A route, the methods that it takes, and what each of them needs."""

    kind: str  # as the application calls it
    path: str
    needs: dict[str, str]


READING: Final = {"GET": PULL, "HEAD": PULL}
ROUTES: Final = (
    Route("manifest", "/v2/{name}/manifests/latest", {**READING, "PUT": PUSH, "DELETE": DELETE}),
    Route("blob", "/v2/{name}/blobs/{blob}", {**READING, "DELETE": DELETE}),
    Route("uploads", "/v2/{name}/blobs/uploads/", {"POST": PUSH}),
    Route(
        "upload",
        "{upload}",
        {"GET": PUSH, "PATCH": PUSH, "PUT": PUSH, "DELETE": PUSH},
    ),
    Route("tags", "/v2/{name}/tags/list", READING),
    Route("referrers", "/v2/{name}/referrers/{blob}", READING),
    Route("signatures", "/extensions/v2/{name}/signatures/{manifest}", {"GET": PULL}),
    Route("catalog", "/v2/_catalog", {"GET": LIST, "HEAD": LIST}),
)
PAIRS: Final = [(route, method) for route in ROUTES for method in route.needs]
# Served to everybody, who then see what is theirs: their stories tell.
OPEN: Final = {
    "search": {"GET", "HEAD"},
    "search ping": {"GET", "HEAD"},
    "flatpaks": {"GET", "HEAD"},
}

# Who may do what to the pushed repository of the organization.
HOLDS: Final = {
    "anonymous": NOTHING,
    "foreign organization": NOTHING,
    "no permission": NOTHING,
    "viewer": frozenset({PULL}),
    "pusher": frozenset({PULL, PUSH}),
    "editor": frozenset({PULL, DELETE}),
    "admin": frozenset({PULL, PUSH, DELETE}),
    "revoked token": NOTHING,
    "expired token": NOTHING,
    "token of another repository": NOTHING,
    "token to pull": frozenset({PULL}),
    "token of nobody": NOTHING,
}
# They are told that nothing is there, or that they may not: another login would not help them.
KNOWN: Final = {"foreign organization", "no permission", "viewer", "pusher", "editor", "admin"}
# Whoever is believed may list names; those that it may not read are absent.
LISTS: Final = KNOWN | {"token of another repository", "token to pull", "token of nobody"}


@dataclass(slots=True)
class Scene:
    """A pushed image, an upload that is going on, and everybody's way to ask."""

    served: Registry
    name: str
    image: oci.Manifest
    authorization: dict[str, str | None]

    def send(self, who: str, method: str, path: str, **more: Any) -> httpx2.Response:
        """Ask as somebody."""
        return self.served.ask(method, path, self.authorization[who], **more)

    def fresh_upload(self) -> str:
        """Begin an upload of the administrator; return where it goes on."""
        answer = self.send("admin", "POST", f"/v2/{self.name}/blobs/uploads/")
        assert answer.status_code == 202
        return str(answer.headers["location"])

    def loose_blob(self) -> str:
        """Push a blob that belongs to no image; return its digest."""
        content = b"driftwood"
        digest = oci.digest_of(content)
        path = f"/v2/{self.name}/blobs/uploads/?digest={digest}"
        assert self.send("admin", "POST", path, content=content).status_code == 201
        return digest

    def there(self) -> tuple[int, int]:
        """Return whether the image and its layer are there."""
        layer = self.image.blobs[-1].digest
        paths = (f"/v2/{self.name}/manifests/latest", f"/v2/{self.name}/blobs/{layer}")
        manifest, blob = (self.send("admin", "HEAD", path).status_code for path in paths)
        return manifest, blob


@pytest.fixture
def scene(house: House, tmp_path: Path) -> Iterator[Scene]:
    """A registry, an image `acme/ships/sloop`, another repository, and users of all kinds."""
    world = house.world
    world.product("Ships")
    stranger = world.another()
    name = f"{world.organization_label.lower()}/ships/sloop"
    other = f"{world.organization_label.lower()}/ships/brig"
    everything = ["view_products", "sync_products", "edit_products", "create_products"]
    people: dict[str, tuple[list[int], list[str]]] = {
        "foreign": ([stranger.organization_id], everything),
        "plain": ([house.organization], []),
        "viewer": ([house.organization], ["view_products"]),
        "pusher": ([house.organization], ["view_products", "sync_products"]),
        "editor": ([house.organization], ["view_products", "edit_products"]),
        "leaver": ([house.organization], everything),
        "sleeper": ([house.organization], everything),
    }
    for login, (organizations, permissions) in people.items():
        house.control.user(login, organizations=organizations, permissions=permissions)
    with registry(house, tmp_path) as served:
        image = served.push(name)
        served.push(other)
        personal = house.admin.post(
            "/api/users/1/personal_access_tokens", json={"name": "leaving"}
        ).json()
        revoked = served.token("admin", secret=personal["token_value"])
        with house.control.database.begin() as tx:
            tx.execute(update(personal_access_tokens).values(revoked=True))
        expired = served.token("sleeper")
        house.control.clock.now += timedelta(minutes=6)
        yield Scene(
            served,
            name,
            image,
            {
                "anonymous": None,
                "foreign organization": basic("foreign"),
                "no permission": basic("plain"),
                "viewer": served.token("viewer"),
                "pusher": served.token("pusher"),
                "editor": served.token("editor", f"repository:{name}:*"),
                "admin": basic("admin"),
                "revoked token": revoked,
                "expired token": expired,
                "token of another repository": served.token("admin", f"repository:{other}:*"),
                "token to pull": served.token("admin", f"repository:{name}:pull"),
                "token of nobody": served.token(None),
            },
        )


def test_every_route_and_method_is_asked(scene: Scene) -> None:
    handlers: dict[str, dict[str, Any]] = vars(scene.served.app)["_handlers"]
    written = {route.kind: set(route.needs) for route in ROUTES}

    assert {kind: set(methods) for kind, methods in handlers.items()} == written | OPEN
    assert set(vars(app)["_ROUTES"]) == set(handlers)


@pytest.mark.parametrize("who", HOLDS)
def test_everybody_may_do_what_they_hold_and_nothing_else(scene: Scene, who: str) -> None:
    surprises: list[str] = []
    for route, method in PAIRS:
        need = route.needs[method]
        upload = scene.fresh_upload() if route.kind == "upload" else ""
        answer = _asked(scene, who, route, method, upload)
        allowed = who in LISTS if need == LIST else need in HOLDS[who]
        # An upload is its user's alone: for anybody else there is none.
        if route.kind == "upload" and who != "admin" and allowed:
            wanted = answer.status_code == 404
        else:
            wanted = answer.status_code < 300 if allowed else _is_refusal(answer, who)
        if not wanted:
            surprises.append(f"{who}: {method} {route.path}: {answer.status_code} {answer.text}")
        if not allowed and scene.there() != (200, 200):
            surprises.append(f"{who}: {method} {route.path}: took something away")
        if allowed and need == DELETE:
            _restore(scene)

    assert surprises == []


def test_refusals_tell_nothing_of_what_is_there(scene: Scene) -> None:
    absent = scene.name.replace("sloop", "kayak")
    strangers = ("anonymous", "foreign organization", "no permission", "token of nobody")
    named = [(route, method) for route, method in PAIRS if "{name}" in route.path]
    for who, (route, method) in product(strangers, named):
        there = _asked(scene, who, route, method, "")
        missing = _asked(scene, who, route, method, "", name=absent)

        assert _told(there, scene.name) == _told(missing, absent), (who, method, route.path)


def _is_refusal(answer: httpx2.Response, who: str) -> bool:
    """Known users hear 403 or 404, others how to log in (for HEAD without a body)."""
    if who in KNOWN:
        return answer.status_code in (403, 404)
    return answer.status_code == 401 and answer.headers["www-authenticate"].startswith("Bearer ")


def _told(answer: httpx2.Response, name: str) -> tuple[int, str, str | None]:
    challenge = answer.headers.get("www-authenticate")
    return (
        answer.status_code,
        answer.text.replace(name, "NAME"),
        None if challenge is None else challenge.replace(name, "NAME"),
    )


def _asked(
    scene: Scene, who: str, route: Route, method: str, upload: str, *, name: str | None = None
) -> httpx2.Response:
    layer = scene.image.blobs[-1]
    # A blob that an image is made of is not deleted by itself.
    blob = scene.loose_blob() if (route.kind, method) == ("blob", "DELETE") else layer.digest
    path = route.path.format(
        name=name or scene.name, blob=blob, manifest=scene.image.digest, upload=upload
    )
    more: dict[str, Any] = {}
    if (route.kind, method) == ("manifest", "PUT"):
        more = {"headers": {"content-type": scene.image.media_type}, "content": scene.image.content}
    elif method == "PATCH":
        more = {"content": b"some bytes"}
    elif (route.kind, method) == ("upload", "PUT"):
        path += f"{'&' if '?' in path else '?'}digest={layer.digest}"
        more = {"content": layer.content}
    return scene.send(who, method, path, **more)


def _restore(scene: Scene) -> None:
    scene.served.push(scene.name)
