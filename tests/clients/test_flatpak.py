"""Debian's flatpak against a started server: it looks at an environment, and installs from it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from support.containers import Containers
from support.flatpak import APPLICATION, RUNTIME, Bundle, Flatpak, build_application, build_runtime
from support.server import PASSWORD, Server, serving
from support.world import World


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Bundle]:
    """An application and its runtime, by the names under which they are pushed."""
    folder = tmp_path_factory.mktemp("bundles")
    return {
        "hello": build_application(folder, greeting="good day"),
        "platform": build_runtime(folder),
    }


class Shop:
    """An organization whose product Birds has the application and its runtime."""

    def __init__(
        self, server: Server, world: World, folder: Path, bundles: Mapping[str, Bundle]
    ) -> None:
        world.product("Birds")
        self.server = server
        self.world = world
        self.folder = folder
        self.host = f"localhost:{server.port}"
        self.pusher = Containers(folder / "pusher")
        self.pusher.trust(self.host, server.ca)
        self.pusher.login(self.host, "admin", PASSWORD)
        for name, bundle in bundles.items():
            self.push(name, bundle)

    def push(self, name: str, bundle: Bundle) -> None:
        """Push a flatpak into a repository of the product."""
        place = f"{self.host}/{self.world.organization_label.lower()}/birds/{name}"
        self.pusher.skopeo("copy", bundle.source, f"docker://{place}:latest")

    def let(self, environment: str, **everybody: bool) -> None:
        """Say what everybody may do in an environment."""
        self.world.put(f"environments/{self.world.environment(environment)}", **everybody)

    def remote(self, place: str) -> str:
        """Return the address of the remote that is a content view environment."""
        return f"oci+https://{self.host}/index/{self.world.organization_label}/{place}"

    def user(self, name: str = "user") -> Flatpak:
        """Return somebody who knows the server's authority."""
        user = Flatpak(self.folder / name)
        user.trust(self.server.ca)
        return user


@pytest.fixture
def shop(server: Server, world: World, tmp_path: Path, bundles: Mapping[str, Bundle]) -> Shop:
    return Shop(server, world, tmp_path, bundles)


def test_everybody_installs_from_where_everybody_may_pull(shop: Shop) -> None:
    shop.let("Library", registry_unauthenticated_pull=True)
    user = shop.user()

    user.add_remote("birds", shop.remote("Library"))
    offered = user.offered("birds")
    user.install("birds", APPLICATION)

    assert offered == [APPLICATION, RUNTIME]
    assert user.installed() == [APPLICATION, RUNTIME]
    assert "good day" in user.file(APPLICATION, "bin/hello").read_text()


def test_who_logs_in_installs_what_is_only_announced(shop: Shop) -> None:
    shop.let("Library", registry_unauthenticated_index=True)
    stranger, user = shop.user("stranger"), shop.user()
    login = ("login", "--username", "admin", "--password", PASSWORD)
    shop.pusher.podman(*login, "--authfile", user.credentials, shop.host)

    for each in (stranger, user):
        each.add_remote("birds", shop.remote("Library"))
        assert each.offered("birds") == [APPLICATION, RUNTIME]
    refused = stranger.fail("install", "--assumeyes", "--noninteractive", "birds", APPLICATION)
    user.install("birds", APPLICATION)

    assert "Authorization failed: Log in" in refused
    assert stranger.installed() == []
    assert user.installed() == [APPLICATION, RUNTIME]


def test_what_is_neither_open_nor_announced_is_not_there(shop: Shop) -> None:
    user = shop.user()
    user.login(shop.host, "admin", PASSWORD)

    user.add_remote("birds", shop.remote("Library"))

    assert "404" in user.fail("remote-ls", "--all", "birds")


def test_whoever_does_not_know_the_authority_sees_nothing(shop: Shop) -> None:
    shop.let("Library", registry_unauthenticated_pull=True)
    user = Flatpak(shop.folder / "user")

    user.add_remote("birds", shop.remote("Library"))

    assert "certificate" in user.fail("remote-ls", "--all", "birds")


def test_an_environment_stays_behind_until_a_version_is_promoted(
    shop: Shop, tmp_path: Path
) -> None:
    test = shop.world.environment("test")
    shop.let("test", registry_unauthenticated_pull=True)
    repositories = [int(each["id"]) for each in shop.world.list("repositories")]
    view = shop.world.view("apps", *repositories)
    shop.world.promote(shop.world.publish(view), test)
    user = shop.user()
    user.add_remote("birds", shop.remote("test/apps"))
    user.install("birds", APPLICATION)

    (tmp_path / "newer").mkdir()
    shop.push("hello", build_application(tmp_path / "newer", greeting="good night"))
    version = shop.world.publish(view)
    user.update()
    before = user.file(APPLICATION, "bin/hello").read_text()
    shop.world.promote(version, test)
    user.update()

    assert "good day" in before
    assert "good night" in user.file(APPLICATION, "bin/hello").read_text()


def test_what_another_headgate_offers_is_mirrored_and_installed(
    server: Server, world: World, tmp_path: Path, bundles: Mapping[str, Bundle]
) -> None:
    with serving(tmp_path / "far") as far, far.client() as client:
        shop = Shop(far, World(client), tmp_path, bundles)
        ca = world.credential("far", far.ca.read_text())
        remote = world.post(
            "flatpak_remotes",
            organization_id=world.organization_id,
            name="far",
            url=f"{far.url}/index/{shop.world.organization_label}/Library",
            username="admin",
            token=PASSWORD,
            ssl_ca_cert_id=ca,
        )
        world.done(world.post(f"flatpak_remotes/{remote['id']}/scan"))
        (offer,) = world.list("flatpak_remote_repositories", search="name ~ hello")
        path = f"flatpak_remote_repositories/{offer['id']}/mirror"
        made = world.done(world.post(path, product_id=world.product()))["output"]
        for each in (made["repository"], *made["dependencies"]):
            world.sync(each["id"])
    world.put(f"environments/{world.environment('Library')}", registry_unauthenticated_pull=True)
    user = Flatpak(tmp_path / "user")
    user.trust(server.ca)

    place = f"localhost:{server.port}/index/{world.organization_label}/Library"
    user.add_remote("birds", f"oci+https://{place}")
    user.install("birds", APPLICATION)

    assert user.installed() == [APPLICATION, RUNTIME]
    assert "good day" in user.file(APPLICATION, "bin/hello").read_text()
