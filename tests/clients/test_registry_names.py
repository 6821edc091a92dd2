"""podman without a login: where everybody may pull, and with a host's certificate."""

from collections.abc import Callable
from pathlib import Path

import pytest

from support.certificates import Pair
from support.containers import Containers
from support.server import PASSWORD, Server
from support.world import World

Person = Callable[..., Containers]


@pytest.fixture
def person(server: Server, tmp_path: Path) -> Person:
    """Makes people who know the registry by its authority."""

    def make(name: str) -> Containers:
        made = Containers(tmp_path / name)
        made.trust(f"localhost:{server.port}", server.ca)
        return made

    return make


@pytest.fixture
def fleet(server: Server, world: World, person: Person) -> str:
    """Push an image `ORG/ships/sloop:1`; return its name, with the registry's."""
    world.product("Ships")
    name = f"localhost:{server.port}/{world.organization_label.lower()}/ships/sloop:1"
    pusher = person("pusher")
    pusher.login(f"localhost:{server.port}", "admin", PASSWORD)
    pusher.build(name, {"/etc/sails": b"one\n"})
    pusher.podman("push", name)
    return name


def test_an_environment_names_images_and_opens_them_to_everybody(
    server: Server, world: World, person: Person, fleet: str
) -> None:
    host, org = f"localhost:{server.port}", world.organization_label.lower()
    dev = world.environment("Dev")
    world.put(
        f"environments/{dev}",
        registry_name_pattern="fleet/<%= organization.label %>/<%= repository.label %>",
        registry_unauthenticated_pull=True,
    )
    (repository,) = (each["id"] for each in world.list("repositories", name="sloop"))
    version = world.publish(world.view("Fleet", repository))
    stranger = person("stranger")

    open_name = f"{host}/fleet/{org}/sloop:1"
    stranger.fail("podman", "pull", open_name)
    world.promote(version, dev)
    stranger.podman("pull", open_name)

    found = [line for line in stranger.podman("search", f"{host}/sloop").lines if org in line]
    assert [line.split()[0] for line in found] == [f"{host}/fleet/{org}/sloop"]
    for closed in (
        fleet,
        f"{host}/{org}/library/fleet/ships/sloop:1",
        f"{host}/{org}/fleet/1_0/ships/sloop:1",
    ):
        stranger.fail("podman", "pull", closed)
    stranger.podman("tag", open_name, fleet)
    stranger.fail("podman", "push", fleet)
    stranger.login(host, "admin", PASSWORD)
    stranger.podman("pull", f"{host}/{org}/fleet/1_0/ships/sloop:1")
    names = [line.split()[0] for line in stranger.podman("search", f"{host}/sloop").lines]
    assert f"{host}/{org}/ships/sloop" in names
    assert f"{host}/{org}/library/fleet/ships/sloop" in names


def test_a_hosts_certificate_pulls_what_it_covers(
    server: Server, world: World, person: Person, fleet: str, tmp_path: Path
) -> None:
    host = f"localhost:{server.port}"
    other = world.another()
    machine, neighbour = person("machine"), person("neighbour")
    _give(machine, host, _debug_certificate(world, tmp_path / "own.pem"))
    _give(neighbour, host, _debug_certificate(other, tmp_path / "other.pem"))

    machine.podman("pull", fleet)
    machine.fail("podman", "push", fleet)
    neighbour.fail("podman", "pull", fleet)

    path = f"/katello/api/organizations/{world.organization_label}/debug_certificate"
    assert world.client.delete(path).status_code == 200
    machine.podman("rmi", fleet)
    machine.fail("podman", "pull", fleet)


def _debug_certificate(world: World, path: Path) -> Pair:
    label = world.organization_label
    answer = world.client.get(f"/katello/api/organizations/{label}/download_debug_certificate")
    assert answer.status_code == 200, answer.text
    path.write_bytes(answer.content)
    return Pair(path, path)


def _give(user: Containers, host: str, pair: Pair) -> None:
    """Put a certificate where podman looks for it, as registration of a host does."""
    folder = user.folder / "home" / ".config" / "containers" / "certs.d" / host
    (folder / "client.cert").write_bytes(pair.certificate.read_bytes())
    (folder / "client.key").write_bytes(pair.key.read_bytes())
