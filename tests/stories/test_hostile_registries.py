"""Upstream registries that lie, fail or want too much: what is refused, and in which words."""

import json
from collections.abc import Iterator

import pytest
from aiohttp import web

from support.feigned_registry import (
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    PASSWORD,
    USERNAME,
    FeignedRegistry,
    Held,
    Stored,
    answering,
    digest_of,
    feigned_registry,
)
from support.house import House
from support.mirror_scene import DOWNLOADS, NAME, MirrorScene, warnings_of

_MANIFESTS = f"/v2/{NAME}/manifests/"
_TAGS = f"/v2/{NAME}/tags/list"


@pytest.fixture
def database_kind() -> str:
    """What upstream says wrong never reaches the database: one is enough."""
    return "sqlite"


@pytest.fixture
def registry() -> Iterator[FeignedRegistry]:
    with feigned_registry() as running:
        yield running


@pytest.fixture
def upstream(registry: FeignedRegistry) -> Held:
    held = registry.repository(NAME)
    held.image("good", layers=[b"good"])
    return held


@pytest.fixture
def scene(house: House, registry: FeignedRegistry) -> MirrorScene:
    world = house.start_worker(DOWNLOADS)
    return MirrorScene(world, house.control.database, registry.url)


def _serve(upstream: Held, body: bytes, media_type: str) -> None:
    digest = digest_of(body)
    upstream.manifests[digest] = Stored(media_type, body)
    upstream.tags["bad"] = digest


def _image(**changes: object) -> bytes:
    descriptor = {"mediaType": "application/json", "digest": digest_of(b"{}"), "size": 2}
    body: dict[str, object] = {"schemaVersion": 2, "mediaType": OCI_MANIFEST}
    body |= {"config": descriptor, "layers": []}
    return json.dumps(body | changes).encode()


_INDEX = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}).encode()
_BAD = {
    "no JSON": (b"<html>", OCI_MANIFEST, "no JSON"),
    "a key twice": (
        _image().replace(b'"layers"', b'"layers": [], "layers"'),
        OCI_MANIFEST,
        "stands twice",
    ),
    "another type than it says": (_INDEX, OCI_MANIFEST, "mediaType is"),
    "two documents in one": (_image(manifests=[]), OCI_MANIFEST, "must not have 'manifests'"),
    "no type of a manifest": (_image(mediaType="text/html"), "text/html", "of no manifest"),
    "too large": (b" " * (9 << 20), OCI_MANIFEST, "larger than"),
    "nested too deep": (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, OCI_MANIFEST, "no JSON"),
    "a digest that leads elsewhere": (
        _image(config={"mediaType": "a/b", "digest": "sha256:../../../etc/passwd", "size": 1}),
        OCI_MANIFEST,
        "no digest",
    ),
    "a configuration that is not there": (_image(), OCI_MANIFEST, "not its configuration"),
    "schema 2 without a type": (
        json.dumps({"schemaVersion": 2, "config": {}, "layers": []}).encode(),
        DOCKER_MANIFEST,
        "mediaType is missing",
    ),
}


@pytest.mark.parametrize("fault", _BAD)
def test_a_bad_manifest_is_left_out_and_the_rest_comes(
    scene: MirrorScene, upstream: Held, fault: str
) -> None:
    body, media_type, words = _BAD[fault]
    _serve(upstream, body, media_type)
    mirror = scene.repository()

    task = scene.sync(mirror)

    assert task["result"] == "warning"
    assert any(words in warning for warning in warnings_of(task)), warnings_of(task)
    assert set(scene.tags(mirror)) == {"good"}


def test_an_index_whose_images_are_bad_is_tried_again(scene: MirrorScene, upstream: Held) -> None:
    image = upstream.image(layers=[b"in a list"])
    index = upstream.index("all", children={"linux/amd64": image})
    config = json.loads(image.body)["config"]["digest"]
    bytes_of_it = upstream.blobs.pop(config)
    mirror = scene.repository()

    first = scene.sync(mirror)
    between = scene.tags(mirror)
    upstream.blobs[config] = bytes_of_it
    second = scene.sync(mirror)

    assert any("not its configuration" in warning for warning in warnings_of(first))
    assert set(between) == {"good"}
    assert second["result"] == "success"
    assert scene.tags(mirror)["all"] == index.digest


def test_a_bad_manifest_ends_a_strict_sync(scene: MirrorScene, upstream: Held) -> None:
    _serve(upstream, *_BAD["no JSON"][:2])
    mirror = scene.repository(missing_files_policy="strict")

    task = scene.sync(mirror)

    assert task["result"] == "error"
    assert "no JSON" in warnings_of(task)[0]
    assert scene.tags(mirror) == {}


def test_where_nothing_is_good_there_is_nothing_to_keep(scene: MirrorScene, upstream: Held) -> None:
    _serve(upstream, *_BAD["no JSON"][:2])
    del upstream.tags["good"]
    mirror = scene.repository(include_tags=[upstream.tags["bad"]])

    task = scene.sync(mirror)

    assert task["result"] == "error"


def test_a_tag_whose_new_image_is_bad_points_to_its_old_one(
    scene: MirrorScene, upstream: Held
) -> None:
    mirror = scene.mirror(mirroring_policy="mirror_content_only")
    before = scene.tags(mirror)
    upstream.image("other", layers=[b"other"])
    _serve(upstream, *_BAD["no JSON"][:2])
    upstream.tags["good"] = upstream.tags.pop("bad")

    task = scene.sync(mirror)

    assert task["result"] == "warning"
    assert scene.tags(mirror) == before | {"other": upstream.tags["other"]}


@pytest.mark.parametrize("said", ["sha256:abc", "md5:" + "a" * 32, "latest", "sha256:" + "A" * 64])
def test_a_tag_whose_digest_is_none_is_left_out(
    scene: MirrorScene, registry: FeignedRegistry, upstream: Held, said: str
) -> None:
    upstream.image("bad", layers=[b"bad"])
    registry.always(_MANIFESTS + "bad", answering(200, {"Docker-Content-Digest": said}))
    mirror = scene.repository()

    task = scene.sync(mirror)

    assert any("is no digest" in warning for warning in warnings_of(task))
    assert set(scene.tags(mirror)) == {"good"}


def test_a_registry_that_tells_no_digests_is_read_by_tag(
    scene: MirrorScene, registry: FeignedRegistry, upstream: Held
) -> None:
    good = upstream.manifests[upstream.tags["good"]]

    async def silent(request: web.Request) -> web.StreamResponse:
        body = good.body if request.method == "GET" else b""
        return web.Response(body=body, headers={"Content-Type": good.media_type})

    registry.always(_MANIFESTS + "good", silent)

    mirror = scene.mirror()

    assert scene.tags(mirror) == {"good": good.digest}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"[]", "no JSON object"),
        (b'{"tags": {"a": 1}}', "no list of names"),
        (b'{"tags": ["../../../etc/passwd"]}', "etc/passwd"),
        (b'{"tags": ["a b"]}', "'a b'"),
        (b" " * (9 << 20), "larger than"),
    ],
)
def test_a_list_of_tags_that_is_none_ends_the_sync(
    scene: MirrorScene, registry: FeignedRegistry, upstream: Held, answer: bytes, words: str
) -> None:
    assert upstream.tags
    registry.always(_TAGS, answering(200, body=answer))

    task = scene.sync(scene.repository())

    assert task["result"] == "error"
    assert words in warnings_of(task)[0]


def test_pages_without_end_end(
    scene: MirrorScene, registry: FeignedRegistry, upstream: Held
) -> None:
    assert upstream.tags
    pages = 0

    async def another(_request: web.Request) -> web.StreamResponse:
        nonlocal pages
        pages += 1
        link = f'<{_TAGS}?last={pages}>; rel="next"'
        return web.json_response({"tags": ["good"]}, headers={"Link": link})

    registry.always(_TAGS, another)

    task = scene.sync(scene.repository())

    assert "pages" in warnings_of(task)[0]
    assert pages == 2_000


def test_a_next_page_elsewhere_is_asked_at_home(
    scene: MirrorScene, registry: FeignedRegistry, upstream: Held
) -> None:
    registry.challenge = "basic"
    upstream.image("more", layers=[b"more"])
    link = f'<{registry.other_url}{_TAGS}?last=good>; rel="next"'

    async def first(request: web.Request) -> web.StreamResponse:
        if "Authorization" not in request.headers:
            headers = {"WWW-Authenticate": 'Basic realm="feigned"'}
            return web.Response(status=401, headers=headers)
        return web.json_response({"tags": ["good"]}, headers={"Link": link})

    registry.fail(_TAGS, first, first)

    mirror = scene.mirror(upstream_username=USERNAME, upstream_password=PASSWORD)

    assert set(scene.tags(mirror)) == {"good", "more"}
    assert {each.port for each in registry.asked} == {registry.port}


def test_lists_within_lists_without_end_are_left_out(scene: MirrorScene, upstream: Held) -> None:
    inner = upstream.image(layers=[b"inner"])
    for _ in range(9):
        body = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [inner.descriptor()]}
        inner = upstream.manifest(body, OCI_INDEX)
    upstream.tags["deep"] = inner.digest
    mirror = scene.repository()

    task = scene.sync(mirror)

    assert any("nested deeper" in warning for warning in warnings_of(task))
    assert "good" in scene.tags(mirror)


def test_referrers_that_refer_to_something_else_are_left_out(
    scene: MirrorScene, registry: FeignedRegistry, upstream: Held
) -> None:
    other = upstream.image(layers=[b"other"])
    listed = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [other.descriptor()]}
    good = upstream.tags["good"]
    registry.always(
        f"/v2/{NAME}/referrers/{good}", answering(200, body=json.dumps(listed).encode())
    )

    mirror = scene.mirror()

    assert scene.manifests(mirror) == {good}


def test_a_layer_of_other_bytes_is_never_kept(
    scene: MirrorScene, registry: FeignedRegistry, upstream: Held
) -> None:
    upstream.image("bad", layers=[b"what it says"])
    layer = digest_of(b"what it says")
    registry.always(f"/v2/{NAME}/blobs/{layer}", answering(200, body=b"what it is.."))
    mirror = scene.repository()

    task = scene.sync(mirror)

    assert any("wrong bytes" in warning for warning in warnings_of(task))
    assert layer not in scene.bytes_here(mirror)
    assert digest_of(b"good") in scene.bytes_here(mirror)


def test_credentials_stay_away_from_a_token_service_elsewhere(
    scene: MirrorScene, registry: FeignedRegistry, upstream: Held
) -> None:
    assert upstream.tags
    registry.challenge = "bearer"
    registry.realm = f"{registry.other_url}/token"
    mirror = scene.repository(upstream_username=USERNAME, upstream_password=PASSWORD)

    refused = scene.sync(mirror)
    seen = [each.authorization for each in registry.requests("/token")]
    scene.change(mirror, upstream_authentication_hosts=[f"127.0.0.1:{registry.other_port}"])
    scene.world.sync(mirror)

    assert refused["result"] == "error"
    assert f"'127.0.0.1:{registry.other_port}'" in warnings_of(refused)[0]
    assert set(seen) == {None}
    assert set(scene.tags(mirror)) == {"good"}


def test_a_rate_limit_is_waited_for(
    scene: MirrorScene, registry: FeignedRegistry, upstream: Held
) -> None:
    for number in range(30):
        upstream.image(f"1.{number}", layers=[b"%d" % number])
    busy = answering(429, {"Retry-After": "0"})
    for tag in ("1.3", "1.4", "1.5"):
        registry.fail(_MANIFESTS + tag, busy)

    mirror = scene.mirror()

    assert len(scene.tags(mirror)) == 31


def test_an_upstream_that_is_down_ends_the_sync_soon(
    scene: MirrorScene, registry: FeignedRegistry, upstream: Held
) -> None:
    for number in range(100):
        upstream.image(f"1.{number}", layers=[b"%d" % number])
        registry.always(f"{_MANIFESTS}1.{number}", answering(503))
    mirror = scene.repository()

    task = scene.sync(mirror)

    assert task["result"] == "error"
    assert "answers 503" in warnings_of(task)[0]
    assert len(registry.asked) < 150


@pytest.mark.parametrize("policy", ["immediate", "on_demand"])
def test_who_names_the_layer_of_another_tenant_is_not_given_it(
    house: House, scene: MirrorScene, upstream: Held, policy: str
) -> None:
    scene.mirror()
    secret = digest_of(b"good")
    with feigned_registry() as hostile:
        held = hostile.repository(NAME)
        held.image("stolen", layers=[b"good"], created="2026-02-02T02:02:02Z")
        del held.blobs[secret]
        other = MirrorScene(scene.world.another(), house.control.database, hostile.url)
        mirror = other.repository(download_policy=policy)

        other.sync(mirror)

    assert upstream.tags["good"] not in other.manifests(mirror)
    assert set(other.tags(mirror)) == {"stolen"}
    assert secret not in other.bytes_here(mirror)


def test_who_knows_the_digest_of_another_tenants_image_is_not_given_it(
    house: House, scene: MirrorScene, upstream: Held
) -> None:
    scene.mirror()
    secret = upstream.tags["good"]
    with feigned_registry() as hostile:
        hostile.repository(NAME).tags["stolen"] = secret
        said = answering(200, {"Docker-Content-Digest": secret})
        hostile.fail(_MANIFESTS + "stolen", said)
        other = MirrorScene(scene.world.another(), house.control.database, hostile.url)
        mirror = other.repository()

        task = other.sync(mirror)

    assert task["result"] == "error"
    assert other.manifests(mirror) == set()
