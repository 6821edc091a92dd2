"""What podman pulls from environments: frozen, promoted, rolled back; who needs a login there."""

import json
from pathlib import Path

import pytest

from support.container_place import Place
from support.containers import Containers
from support.server import Server
from support.world import World


@pytest.fixture
def place(server: Server, world: World, tmp_path: Path) -> Place:
    return Place(server, world, tmp_path)


def test_two_environments_serve_one_tag_with_different_images(place: Place) -> None:
    world = place.world
    dev = world.environment("Dev")
    place.pushed("heron", "latest", b"first")
    view = world.view("Fleet", place.id_of("heron"))
    first = world.publish(view)
    world.promote(first, dev)
    place.pushed("heron", "latest", b"second")
    assert _content(place, "heron", "library/fleet") == b"first"

    world.publish(view)

    assert _content(place, "heron", "library/fleet") == b"second"
    assert _content(place, "heron", "dev/fleet") == b"first"


def test_a_rollback_is_seen_by_the_next_pull(place: Place) -> None:
    world = place.world
    dev = world.environment("Dev")
    place.pushed("kite", "latest", b"first")
    view = world.view("Fleet", place.id_of("kite"))
    first = world.publish(view)
    place.pushed("kite", "latest", b"second")
    world.promote(world.publish(view), dev)
    assert _content(place, "kite", "dev/fleet") == b"second"

    world.promote(first, dev, force=True)

    assert _content(place, "kite", "dev/fleet") == b"first"


def test_everybody_pulls_where_that_is_allowed_and_nowhere_else(place: Place) -> None:
    world = place.world
    opened, closed = world.environment("Open"), world.environment("Closed")
    place.pushed("owl", "1")
    version = world.publish(world.view("Fleet", place.id_of("owl")))
    world.promote(version, opened, closed)
    world.put(f"environments/{opened}", registry_unauthenticated_pull=True)
    stranger = place.stranger("stranger")

    stranger.podman("pull", place.name("owl", "1", served_from="open/fleet"))

    for served_from in ("closed/fleet", "library/fleet", ""):
        said = stranger.fail("podman", "pull", place.name("owl", "1", served_from=served_from))
        assert "unauthorized" in said.lower() or "authentication required" in said.lower()
    found = stranger.podman("search", f"{place.host}/owl").lines
    assert [line.split()[0] for line in found[1:]] == [place.name("owl", served_from="open/fleet")]


def test_an_open_environment_takes_no_pushes_and_no_deletions(place: Place) -> None:
    world = place.world
    opened = world.environment("Open")
    place.pushed("rail", "1")
    world.promote(world.publish(world.view("Fleet", place.id_of("rail"))), opened)
    world.put(f"environments/{opened}", registry_unauthenticated_pull=True)
    served = place.name("rail", "1", served_from="open/fleet")
    stranger = place.stranger("stranger")
    stranger.podman("pull", served)
    place.user.podman("pull", served)

    assert "unauthorized" in stranger.fail("podman", "push", served).lower()
    assert "served from a content view" in place.user.fail("podman", "push", served)
    place.user.fail("skopeo", "delete", f"docker://{served}")

    place.user.podman("pull", served)


def test_a_client_certificate_of_the_organization_pulls_without_a_login(place: Place) -> None:
    world = place.world
    place.pushed("teal", "1")
    world.promote(world.publish(world.view("Fleet", place.id_of("teal"))), world.environment("Dev"))
    host = place.stranger("host")
    host.present(place.host, _debug_certificate(world))
    stranger = place.stranger("stranger")

    host.podman("pull", place.name("teal", "1", served_from="dev/fleet"))

    stranger.fail("podman", "pull", place.name("teal", "1", served_from="dev/fleet"))
    foreign = place.stranger("foreign")
    foreign.present(place.host, _debug_certificate(world.another()))
    foreign.fail("podman", "pull", place.name("teal", "1", served_from="dev/fleet"))


def _debug_certificate(world: World) -> str:
    label = world.organization_label
    return world.client.get(f"/katello/api/organizations/{label}/download_debug_certificate").text


def _content(place: Place, repository: str, served_from: str) -> bytes:
    """Return the file of the image that a fresh pull brings."""
    name = place.name(repository, "latest", served_from=served_from)
    _pull(place.user, name)
    return place.user.file_of(name, "etc/content")


def _pull(user: Containers, name: str) -> None:
    digest = json.loads(user.skopeo("inspect", f"docker://{name}").output)["Digest"]
    user.podman("pull", name)
    shown = json.loads(user.podman("image", "inspect", name).output)[0]
    assert any(each.endswith(digest) for each in shown["RepoDigests"])
