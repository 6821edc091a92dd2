"""Layers that come when the first client asks: once, verified, and only from where they may."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from headgate.stores.db import Database
from support.feigned_registry import (
    PASSWORD,
    USERNAME,
    FeignedRegistry,
    Held,
    answering,
    digest_of,
    feigned_registry,
)
from support.mirror_scene import NAME, MirrorScene
from support.server import Server
from support.world import World

_LARGE = bytes(range(256)) * 8_000  # goes through the store
_SMALL = b"small"  # waits in memory


@pytest.fixture
def registry() -> Iterator[FeignedRegistry]:
    with feigned_registry() as running:
        running.challenge = "bearer"
        yield running


@pytest.fixture
def upstream(registry: FeignedRegistry, request: pytest.FixtureRequest) -> Held:
    held = registry.repository(NAME)
    # An image of its own for each test: the server has what came for those of others.
    held.image("1.0", layers=[_LARGE, _SMALL], annotations={"test": request.node.nodeid})
    return held


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    opened = Database(f"sqlite:///{server.home / 'headgate.db'}")
    yield opened
    opened.close()


@pytest.fixture
def layers(
    server: Server, world: World, database: Database, registry: FeignedRegistry, upstream: Held
) -> "Layers":
    """A mirrored repository of the started server, without its layers."""
    assert upstream.tags
    scene = MirrorScene(world, database, registry.url)
    mirror = scene.mirror(
        download_policy="on_demand", upstream_username=USERNAME, upstream_password=PASSWORD
    )
    registry.asked.clear()
    return Layers(server, scene, mirror)


class Layers:
    """Asks the registry for the blobs of a mirrored repository."""

    def __init__(self, server: Server, scene: MirrorScene, mirror: int) -> None:
        self._server = server
        self._scene = scene
        self._mirror = mirror
        self._name = scene.name("robin")

    def get(self, data: bytes, *, method: str = "GET") -> httpx2.Response:
        """Ask for the blob with these bytes."""
        path, scope = f"/v2/{self._name}/blobs/{digest_of(data)}", f"repository:{self._name}:pull"
        with self._server.client() as client:
            token = client.get("/v2/token", params={"scope": scope}).json()["token"]
            return client.request(method, path, auth=_bearing(token))

    def here(self) -> set[str]:
        """Return the digests of what has come."""
        return self._scene.bytes_here(self._mirror)


def _bearing(token: str) -> Callable[[httpx2.Request], httpx2.Request]:
    def bear(request: httpx2.Request) -> httpx2.Request:
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return bear


@pytest.mark.parametrize("data", [_LARGE, _SMALL])
def test_many_who_ask_at_once_cost_upstream_one_request(
    layers: Layers, registry: FeignedRegistry, data: bytes
) -> None:
    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(layers.get, [data] * 8))

    assert [answer.status_code for answer in answers] == [200] * 8
    assert {answer.content for answer in answers} == {data}
    got = registry.requests(digest_of(data))
    assert len([each for each in got if each.authorization]) == 1


def test_a_head_asks_upstream_for_nothing(layers: Layers, registry: FeignedRegistry) -> None:
    answer = layers.get(_LARGE, method="HEAD")

    assert answer.status_code == 200
    assert int(answer.headers["Content-Length"]) == len(_LARGE)
    assert registry.asked == []


@pytest.mark.parametrize("data", [_LARGE, _SMALL])
def test_wrong_bytes_reach_no_client(
    layers: Layers, registry: FeignedRegistry, data: bytes
) -> None:
    registry.always(f"/v2/{NAME}/blobs/{digest_of(data)}", answering(200, body=data[::-1]))

    answer = layers.get(data)

    assert answer.status_code == 502
    assert data[::-1] not in answer.content
    assert digest_of(data) not in layers.here()


def test_a_layer_that_upstream_keeps_elsewhere_comes_without_credentials(
    layers: Layers, registry: FeignedRegistry
) -> None:
    registry.layers_elsewhere = True

    answer = layers.get(_LARGE)

    assert answer.content == _LARGE
    assert {each.authorization for each in registry.requests("/elsewhere/")} == {None}


def test_a_layer_that_upstream_has_no_more_is_an_error_that_says_so(
    layers: Layers, upstream: Held
) -> None:
    upstream.blobs.clear()

    answer = layers.get(_LARGE)

    assert answer.status_code == 502
    assert "no such file" in answer.text
