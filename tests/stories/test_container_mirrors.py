"""Container repositories that follow an upstream: what comes, what is asked, what is left out."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import select

from headgate.content.container.tables import container_signatures
from headgate.content.container.units import SIGNATURE
from headgate.domain.ids import ContentSetId
from headgate.services.units.content_sets import load_content
from headgate.stores.db.tables import content_view_version_repositories
from support.feigned_registry import (
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
from support.push_scene import PushScene, picture


@pytest.fixture
def registry() -> Iterator[FeignedRegistry]:
    with feigned_registry() as running:
        yield running


@pytest.fixture
def upstream(registry: FeignedRegistry) -> Held:
    return registry.repository(NAME)


@pytest.fixture
def scene(house: House, registry: FeignedRegistry) -> MirrorScene:
    world = house.start_worker(DOWNLOADS)
    return MirrorScene(world, house.control.database, registry.url)


def test_images_come_with_their_tags_and_layers(scene: MirrorScene, upstream: Held) -> None:
    image = upstream.image("1.0", "latest", layers=[b"one", b"two"])

    mirror = scene.mirror()

    assert scene.tags(mirror) == {"1.0": image.digest, "latest": image.digest}
    assert scene.manifests(mirror) == {image.digest}
    assert scene.bytes_here(mirror) == set(upstream.blobs)


def test_layers_wait_for_a_client_if_they_may(
    scene: MirrorScene, registry: FeignedRegistry, upstream: Held
) -> None:
    image = upstream.image("1.0", layers=[b"one"])
    config = json.loads(image.body)["config"]["digest"]

    mirror = scene.mirror(download_policy="on_demand")

    assert scene.bytes_here(mirror) == {config}
    assert len(registry.requests("/blobs/")) == 1


def test_nothing_comes_twice(scene: MirrorScene, registry: FeignedRegistry, upstream: Held) -> None:
    for number in range(20):
        upstream.image(f"1.{number}", layers=[b"base", b"%d" % number])
    mirror = scene.mirror()
    upstream.image("2.0", layers=[b"base", b"new"])
    registry.asked.clear()

    again = scene.world.sync(mirror)

    assert again["output"]["added"] == {"docker_manifest": 1, "docker_tag": 1}
    got = [each.path for each in registry.requests(method="GET")]
    assert len([path for path in got if "/manifests/" in path]) == 1
    assert len([path for path in got if "/blobs/" in path]) == 2


def test_layers_of_the_organization_come_once_for_all_its_repositories(
    scene: MirrorScene, registry: FeignedRegistry, upstream: Held
) -> None:
    upstream.image("1.0", layers=[b"base", b"one"])
    scene.mirror()
    registry.repository("nests/wren").image("2.0", layers=[b"base", b"two"])
    registry.asked.clear()

    second = scene.mirror("wren", upstream_name="nests/wren")

    assert len(registry.requests("/blobs/")) == 2  # the configuration and the layer of its own
    assert {digest_of(b"base"), digest_of(b"two")} < scene.bytes_here(second)


def test_an_unchanged_upstream_costs_one_request_for_each_tag(
    scene: MirrorScene, registry: FeignedRegistry, upstream: Held
) -> None:
    children = {
        "linux/amd64": upstream.image(),
        "linux/arm64": upstream.image(architecture="arm64"),
    }
    upstream.index("all", children=children)
    for number in range(10):
        upstream.image(f"1.{number}", layers=[b"%d" % number])
    mirror = scene.mirror()
    registry.asked.clear()

    again = scene.world.sync(mirror)

    assert again["output"]["changed"] is False
    assert len(registry.requests(method="HEAD")) == 11
    assert [each.path.split("/")[-2] for each in registry.requests(method="GET")] == [
        "tags",
        "referrers",
    ]


def test_a_tag_that_moves_is_moved_and_one_that_vanishes_is_gone(
    scene: MirrorScene, upstream: Held
) -> None:
    old = upstream.image("latest", "1.0", layers=[b"old"])
    mirror = scene.mirror(mirroring_policy="mirror_content_only")
    added = scene.mirror("kept", mirroring_policy="additive")
    new = upstream.image("latest", layers=[b"new"])
    del upstream.tags["1.0"]

    scene.world.sync(mirror)
    scene.world.sync(added)

    assert scene.tags(mirror) == {"latest": new.digest}
    assert scene.manifests(mirror) == {new.digest}
    assert scene.tags(added) == {"latest": new.digest, "1.0": old.digest}
    assert scene.manifests(added) == {new.digest, old.digest}


def test_globs_say_which_tags_come(scene: MirrorScene, upstream: Held) -> None:
    for tag in ("1.0", "1.1", "1.1-source", "2.0", "latest"):
        upstream.image(tag, layers=[tag.encode()])

    mirror = scene.mirror(include_tags=["1.*", "l?test"], exclude_tags=["*-source"])

    assert set(scene.tags(mirror)) == {"1.0", "1.1", "latest"}


def test_images_are_mirrored_by_digest_without_a_tag(scene: MirrorScene, upstream: Held) -> None:
    image = upstream.image(layers=[b"untagged"])
    tag = image.digest.replace(":", "-") + ".sig"
    signature = upstream.image(tag, layers=[b"signature"])
    upstream.image("latest")

    mirror = scene.mirror(include_tags=[image.digest])

    assert scene.manifests(mirror) == {image.digest, signature.digest}
    assert scene.tags(mirror) == {tag: signature.digest}


def test_the_newest_versions_stay_within_a_limit(scene: MirrorScene, upstream: Held) -> None:
    for tag in ("1.9", "1.10", "1.10-rc1", "v0.1", "latest"):
        upstream.image(tag, layers=[tag.encode()])

    mirror = scene.mirror(tag_limit_count=2)

    assert set(scene.tags(mirror)) == {"1.10", "1.10-rc1", "latest"}


def test_images_that_are_too_old_stay_away_and_are_not_asked_for_again(
    house: House, scene: MirrorScene, registry: FeignedRegistry, upstream: Held
) -> None:
    now = house.control.clock()
    upstream.image("new", created=(now - timedelta(days=2)).isoformat())
    old = upstream.image("old", created=(now - timedelta(days=20)).isoformat())
    upstream.image("timeless", created="1970-01-01T00:00:00Z")
    mirror = scene.mirror(tag_limit_days=10)
    registry.asked.clear()

    scene.world.sync(mirror)

    assert set(scene.tags(mirror)) == {"new", "timeless"}
    assert registry.requests(old.digest) == []


def test_only_wanted_platforms_come_and_the_index_stays_as_it_is(
    scene: MirrorScene, registry: FeignedRegistry, upstream: Held
) -> None:
    amd = upstream.image(layers=[b"amd"])
    arm = upstream.image(layers=[b"arm"], architecture="arm64")
    attested = {"vnd.docker.reference.digest": amd.digest}
    statement = upstream.image(layers=[b"statement"], architecture="unknown")
    listed = [
        amd.descriptor(platform={"os": "linux", "architecture": "amd64"}),
        arm.descriptor(platform={"os": "linux", "architecture": "arm64", "variant": "v8"}),
        statement.descriptor(
            platform={"os": "unknown", "architecture": "unknown"}, annotations=attested
        ),
    ]
    index = upstream.manifest(
        {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed}, OCI_INDEX, "latest"
    )
    upstream.image("arm-only", layers=[b"other"], architecture="arm64")

    mirror = scene.mirror(container_platforms=["linux/amd64"])

    assert scene.tags(mirror) == {"latest": index.digest}
    assert scene.manifests(mirror) == {index.digest, amd.digest, statement.digest}
    assert registry.requests(arm.digest) == []


def test_other_platforms_come_when_they_are_wanted_later(
    scene: MirrorScene, upstream: Held
) -> None:
    amd = upstream.image(layers=[b"amd"])
    arm = upstream.image(layers=[b"arm"], architecture="arm64")
    index = upstream.index("latest", children={"linux/amd64": amd, "linux/arm64/v8": arm})
    mirror = scene.mirror(container_platforms=["linux/amd64"])

    scene.change(mirror, container_platforms=["linux/amd64", "linux/arm64"])
    scene.world.sync(mirror)

    assert scene.manifests(mirror) == {index.digest, amd.digest, arm.digest}


def test_nested_lists_come_whole(scene: MirrorScene, upstream: Held) -> None:
    image = upstream.image(layers=[b"inner"])
    inner = upstream.index(children={"linux/amd64": image})
    outer = upstream.manifest(
        {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [inner.descriptor()]},
        OCI_INDEX,
        "nested",
    )

    mirror = scene.mirror()

    assert scene.manifests(mirror) == {image.digest, inner.digest, outer.digest}


def test_an_index_without_all_of_its_images_upstream_is_no_fault(
    scene: MirrorScene, registry: FeignedRegistry, upstream: Held
) -> None:
    amd, arm = upstream.image(layers=[b"amd"]), upstream.image(layers=[b"arm"])
    index = upstream.index("latest", children={"linux/amd64": amd, "linux/arm64": arm})
    del upstream.manifests[arm.digest]
    mirror = scene.mirror(missing_files_policy="strict")
    registry.asked.clear()

    scene.world.sync(mirror)

    assert scene.manifests(mirror) == {index.digest, amd.digest}
    assert registry.requests(arm.digest) == []


def test_signatures_follow_the_images_that_are_kept(scene: MirrorScene, upstream: Held) -> None:
    kept, other = upstream.image("1.0", layers=[b"kept"]), upstream.image("2.0", layers=[b"other"])

    def tag(digest: str, suffix: str) -> str:
        return digest.replace(":", "-") + suffix

    signature = upstream.image(tag(kept.digest, ".sig"), layers=[b"signature"])
    upstream.image(tag(kept.digest, ".att"), layers=[b"attestation"])
    upstream.image(tag(other.digest, ".sig"), layers=[b"another"])
    upstream.image(tag(signature.digest, ".sbom"), layers=[b"of the signature"])

    mirror = scene.mirror(include_tags=["1.0"], exclude_tags=["*.att"])

    assert set(scene.tags(mirror)) == {
        "1.0",
        tag(kept.digest, ".sig"),
        tag(signature.digest, ".sbom"),
    }


@pytest.mark.parametrize("by_api", [True, False])
def test_referrers_follow_the_images_that_are_kept(
    scene: MirrorScene, registry: FeignedRegistry, upstream: Held, *, by_api: bool
) -> None:
    registry.referrers = by_api
    image, other = upstream.image("1.0"), upstream.image("2.0", layers=[b"other"])
    empty = upstream.blob(b"{}")

    def referring(to: str, kind: str) -> str:
        content: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": kind,
            "config": {
                "mediaType": "application/vnd.oci.empty.v1+json",
                "digest": empty,
                "size": 2,
            },
            "layers": [],
            "subject": {"mediaType": OCI_MANIFEST, "digest": to, "size": 2},
        }
        stored = upstream.manifest(content, OCI_MANIFEST)
        if not by_api:
            listed = {
                "schemaVersion": 2,
                "mediaType": OCI_INDEX,
                "manifests": [stored.descriptor()],
            }
            upstream.manifest(listed, OCI_INDEX, to.replace(":", "-"))
        return stored.digest

    signature = referring(image.digest, "text/signature")
    bill = referring(signature, "text/bill")
    referring(other.digest, "text/signature")

    mirror = scene.mirror(include_tags=["1.0"])
    scene.world.sync(mirror)

    assert {signature, bill} < scene.manifests(mirror)
    assert len(scene.manifests(mirror)) == (3 if by_api else 5)


def test_referrers_of_known_images_are_asked_for_in_turn(
    scene: MirrorScene, registry: FeignedRegistry, upstream: Held
) -> None:
    registry.referrers = True
    images = [upstream.image(f"1.{number}", layers=[b"%d" % number]) for number in range(100)]
    mirror = scene.mirror(download_policy="on_demand")
    signatures = {
        upstream.image(layers=[b"of %d" % number], subject=image.descriptor()).digest
        for number, image in enumerate(images)
    }
    asked: list[int] = []

    for _ in range(2):
        registry.asked.clear()
        scene.world.sync(mirror)
        asked.append(len(registry.requests("/referrers/", "GET")))

    assert asked[0] < 64 + 100  # those in turn, and the new ones that came with them
    assert signatures < scene.manifests(mirror)
    registry.asked.clear()
    scene.world.sync(mirror)
    assert len(registry.asked) == 100 + 64 + 1


def test_simple_signatures_come_with_what_they_sign(
    scene: MirrorScene, registry: FeignedRegistry, upstream: Held
) -> None:
    image = upstream.image("1.0")
    upstream.image("2.0", layers=[b"unsigned"])
    place = f"/signed/{NAME}@{image.digest.replace(':', '=')}/signature-"
    registry.files |= {f"{place}1": b"one", f"{place}2": b"two", f"{place}4": b"after a gap"}
    mirror = scene.mirror(sigstore_url=f"{registry.url}/signed")
    first = scene.signatures(mirror)
    registry.files[f"{place}1"] = b"another"

    scene.world.sync(mirror)
    again = scene.world.sync(mirror)

    assert first == {(image.digest, b"one"), (image.digest, b"two")}
    assert scene.signatures(mirror) == {(image.digest, b"another"), (image.digest, b"two")}
    assert again["output"]["changed"] is False


def test_a_version_holds_the_signatures_of_the_images_that_its_filters_keep(
    house: House, scene: MirrorScene, registry: FeignedRegistry, upstream: Held
) -> None:
    for tag in ("1.0", "2.0"):
        digest = upstream.image(tag, layers=[tag.encode()]).digest.replace(":", "=")
        registry.files[f"/signed/{NAME}@{digest}/signature-1"] = tag.encode()
    mirror = scene.mirror(sigstore_url=f"{registry.url}/signed")
    view = scene.world.view("Base", mirror)
    scene.world.filter(view, "first", {"name": "1.*"}, type="docker", inclusion=True)

    version = scene.world.publish(view)

    frozen = content_view_version_repositories.c
    with house.control.database.read() as tx:
        query = select(frozen.content_set_id).where(frozen.version_id == version)
        held = load_content(tx, ContentSetId(tx.scalars(query).one()))
        signed = select(container_signatures.c.content)
        kept = signed.where(container_signatures.c.id.in_(held[SIGNATURE]))
        assert list(tx.scalars(kept)) == [b"1.0"]


@pytest.mark.parametrize("answer", [b"x" * 70_000, b""])
def test_what_cannot_be_a_signature_is_left_out_and_said(
    scene: MirrorScene, registry: FeignedRegistry, upstream: Held, answer: bytes
) -> None:
    image = upstream.image("1.0")
    place = f"/signed/{NAME}@{image.digest.replace(':', '=')}/signature-1"
    registry.files[place] = answer
    mirror = scene.repository(sigstore_url=f"{registry.url}/signed")

    task = scene.sync(mirror)

    assert any("signatures of" in warning for warning in warnings_of(task))
    assert scene.signatures(mirror) == set()
    assert set(scene.tags(mirror)) == {"1.0"}


def test_a_registry_that_has_signatures_itself_is_asked_for_them(
    scene: MirrorScene, registry: FeignedRegistry, upstream: Held
) -> None:
    image = upstream.image("1.0")
    signatures: list[dict[str, Any]] = [
        {"schemaVersion": 2, "type": "atomic", "content": b64encode(b"one").decode()},
        {"schemaVersion": 2, "type": "of tomorrow", "content": {}},
    ]
    listed = json.dumps({"signatures": signatures}).encode()
    registry.files[f"/extensions/v2/{NAME}/signatures/{image.digest}"] = listed
    tags = {"name": NAME, "tags": ["1.0"]}
    registry.always(
        f"/v2/{NAME}/tags/list",
        answering(200, {"X-Registry-Supports-Signatures": "1"}, json.dumps(tags).encode()),
    )

    mirror = scene.mirror()

    assert scene.signatures(mirror) == {(image.digest, b"one")}


def test_pages_of_tags_are_followed(
    scene: MirrorScene, registry: FeignedRegistry, upstream: Held
) -> None:
    registry.page = 3
    image = upstream.image(*(f"1.{number}" for number in range(10)))

    mirror = scene.mirror()

    assert scene.tags(mirror) == {f"1.{number}": image.digest for number in range(10)}
    assert len(registry.requests("/tags/list")) == 4


def test_a_registry_that_wants_tokens_gets_one_for_many_requests(
    scene: MirrorScene, registry: FeignedRegistry, upstream: Held
) -> None:
    registry.challenge = "bearer"
    registry.layers_elsewhere = True
    for number in range(10):
        upstream.image(f"1.{number}", layers=[b"%d" % number])

    mirror = scene.mirror(upstream_username=USERNAME, upstream_password=PASSWORD)

    assert len(scene.tags(mirror)) == 10
    assert len(registry.requests("/token")) == 2  # one for each step of the task
    assert {each.authorization for each in registry.requests("/elsewhere/")} == {None}


def test_sha512_names_images_and_layers_as_well(scene: MirrorScene, upstream: Held) -> None:
    layer = upstream.blob(b"long digest", "sha512")
    config = upstream.blob(b"{}")
    image = upstream.manifest(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": config,
                "size": 2,
            },
            "layers": [{"mediaType": "text/plain", "digest": layer, "size": len(b"long digest")}],
        },
        OCI_MANIFEST,
        "long",
    )

    mirror = scene.mirror()

    assert scene.tags(mirror) == {"long": image.digest}
    assert layer in scene.bytes_here(mirror)


def test_schema_1_is_kept_as_it_is_signed(scene: MirrorScene, upstream: Held) -> None:
    layer = upstream.blob(b"old layer")
    payload = json.dumps({"schemaVersion": 1, "name": NAME, "fsLayers": [{"blobSum": layer}]})
    tail = b64encode(b"}").decode().rstrip("=")
    protected = json.dumps({"formatLength": len(payload) - 1, "formatTail": tail})
    signature = {"signature": "x", "protected": b64encode(protected.encode()).decode()}
    signed = payload[:-1] + ', "signatures": ' + json.dumps([signature]) + "}"
    digest = digest_of(payload.encode())
    upstream.manifests[digest] = Stored(
        "application/vnd.docker.distribution.manifest.v1+prettyjws", signed.encode()
    )
    upstream.tags["old"] = digest

    mirror = scene.mirror()
    verified = scene.world.done(scene.world.post(f"repositories/{mirror}/verify_checksum"))

    assert scene.tags(mirror) == {"old": digest}
    assert scene.bytes_here(mirror) == {layer}
    assert verified["output"]["damaged"] == 0


def test_a_registry_that_lists_tags_and_has_none_empties_no_mirror(
    scene: MirrorScene, registry: FeignedRegistry, upstream: Held
) -> None:
    upstream.image("1.0")
    mirror = scene.mirror(mirroring_policy="mirror_content_only")
    registry.always(f"/v2/{NAME}/manifests/1.0", answering(404))

    task = scene.sync(mirror)

    assert task["result"] == "error"
    assert "has none of them" in warnings_of(task)[0]
    assert set(scene.tags(mirror)) == {"1.0"}


def test_a_quota_stops_layers_before_they_come(
    house: House, scene: MirrorScene, registry: FeignedRegistry, upstream: Held
) -> None:
    upstream.image("1.0", layers=[b"large" * 1_000])
    scene.world.put(f"organizations/{house.organization}/quota", hard_bytes=2_000)

    task = scene.sync(scene.repository())

    assert task["result"] == "error"
    assert registry.requests(digest_of(b"large" * 1_000)) == []


def test_what_failed_is_tried_again(
    scene: MirrorScene, registry: FeignedRegistry, upstream: Held
) -> None:
    good, bad = upstream.image("good"), upstream.image("bad", layers=[b"bad"])
    path = f"/v2/{NAME}/manifests/{bad.digest}"
    registry.fail(path, answering(200, {"Content-Type": OCI_MANIFEST}, good.body))
    mirror = scene.repository()

    first = scene.sync(mirror)
    between = scene.tags(mirror)
    second = scene.sync(mirror)

    assert first["result"] == "warning"
    assert any("wrong bytes" in words for words in warnings_of(first))
    assert between == {"good": good.digest}
    assert second["result"] == "success"
    assert scene.tags(mirror) == {"good": good.digest, "bad": bad.digest}


def test_what_was_pushed_while_a_sync_ran_stays(
    house: House, scene: MirrorScene, registry: FeignedRegistry, upstream: Held
) -> None:
    upstream.image("1.0")
    mirror = scene.repository()
    ships = PushScene(house)

    async def become_another(_: web.Request) -> web.StreamResponse:
        def change() -> None:
            scene.change(mirror, url="", docker_upstream_name="")
            ships.push(mirror, picture("pushed"), "pushed")

        await asyncio.to_thread(change)
        return web.json_response({"name": NAME, "tags": ["1.0"]})

    registry.fail(f"/v2/{NAME}/tags/list", become_another)

    task = scene.sync(mirror)

    assert task["result"] == "error"
    assert "was changed while this task was at work on it" in warnings_of(task)[0]
    assert scene.tags(mirror) == {"pushed": picture("pushed").digest}
