"""Reaching upstreams that want to know who asks, through the API with real synchronizations."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.aviary import AVIARY
from support.certificates import Authority
from support.proxy import Proxy
from support.proxy import proxy as forwarding
from support.server import Server
from support.upstream import PASSWORD, USERNAME, Upstream, upstream
from support.world import RefusedError, TaskFailedError, World

BINARY = sorted(rpm.nvra for rpm in AVIARY.rpms if rpm.arch != "src")
MINE = {"upstream_username": USERNAME, "upstream_password": PASSWORD}
BASIC = "Basic " + base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()


@pytest.fixture
def origin(aviary: Path, tmp_path: Path) -> Iterator[Upstream]:
    """An upstream of the test's own: it looks at every request."""
    with upstream(aviary, tmp_path / "origin") as serving:
        yield serving


def content(world: World, repository: int) -> list[str]:
    return sorted(each["nvra"] for each in world.list("packages", repository_id=repository))


def told(world: World, url: str, **fields: object) -> str:
    """Synchronize in vain and return what the task says."""
    with pytest.raises(TaskFailedError) as failed:
        world.mirror("birds", url, **fields)
    return str(failed.value)


def test_basic_authentication(world: World, origin: Upstream) -> None:
    assert content(world, world.mirror("birds", f"{origin.url}private/", **MINE)) == BINARY


@pytest.mark.parametrize("fields", [{}, MINE | {"upstream_password": "wrong"}])
def test_refused_credentials_are_told_as_what_they_are(
    world: World, origin: Upstream, fields: dict[str, str]
) -> None:
    said = told(world, f"{origin.url}private/", **fields)

    assert f"{origin.url}private/repodata/repomd.xml" in said
    assert "username and password" in said
    assert "wrong" not in said


def test_a_password_is_not_shown_again(world: World, origin: Upstream) -> None:
    repository = world.repository("birds", url=f"{origin.url}private/", **MINE)

    shown = world.show("repositories", repository)

    assert PASSWORD not in str(shown)
    assert shown["upstream_password_exists"] is True


def test_a_client_certificate_and_an_own_authority(world: World, origin: Upstream) -> None:
    repository = world.mirror(
        "birds",
        f"{origin.tls_url}guarded/",
        ssl_ca_cert_id=world.credential("ca", origin.ca.read_text()),
        ssl_client_cert_id=world.credential("cert", origin.client.certificate.read_text()),
        ssl_client_key_id=world.credential("key", origin.client.key.read_text()),
    )

    assert content(world, repository) == BINARY


def test_a_missing_client_certificate_is_told(world: World, origin: Upstream) -> None:
    said = told(
        world,
        f"{origin.tls_url}guarded/",
        ssl_ca_cert_id=world.credential("ca", origin.ca.read_text()),
    )

    assert "client certificate" in said


@pytest.mark.parametrize("other", [False, True], ids=["none", "another"])
def test_an_unknown_authority_is_refused_unless_told_otherwise(
    world: World, origin: Upstream, tmp_path: Path, *, other: bool
) -> None:
    ca = None
    if other:
        wrong = Authority(tmp_path / "wrong", "Wrong authority").certificate.read_text()
        ca = world.credential("ca", wrong)

    said = told(world, origin.tls_url, ssl_ca_cert_id=ca)

    assert "SSL CA certificate" in said
    assert origin.asked == []
    (repository,) = world.list("repositories", name="birds")
    world.put(f"repositories/{repository['id']}", verify_ssl_on_sync=False)
    world.sync(int(repository["id"]))
    assert content(world, int(repository["id"])) == BINARY


def test_a_redirect_to_another_origin_takes_no_credentials_along(
    world: World, origin: Upstream
) -> None:
    repository = world.mirror(
        "birds",
        f"{origin.url}moved/",
        ssl_ca_cert_id=world.credential("ca", origin.ca.read_text()),
        **MINE,
    )

    assert content(world, repository) == BINARY
    first = [asked for asked in origin.asked if not asked.tls]
    second = [asked for asked in origin.asked if asked.tls]
    assert {asked.headers.get("Authorization") for asked in first} == {BASIC}
    assert {asked.headers.get("Authorization") for asked in second} == {None}


def test_a_redirect_from_tls_to_plain_http_is_refused(world: World, origin: Upstream) -> None:
    ca = world.credential("ca", origin.ca.read_text())

    said = told(world, f"{origin.tls_url}moved/", ssl_ca_cert_id=ca, **MINE)

    assert "from https to http" in said
    assert all(asked.tls for asked in origin.asked)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with forwarding(credentials="courier:s3cret/word") as running:
        yield running


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_everything_goes_through_the_proxy(
    world: World, origin: Upstream, proxy: Proxy, *, tls: bool
) -> None:
    with_user = proxy.url.replace("http://", "http://courier:s3cret%2Fword@")
    ca = world.credential("ca", origin.ca.read_text())
    url = origin.tls_url if tls else origin.url

    repository = world.mirror("birds", url, http_proxy_url=with_user, ssl_ca_cert_id=ca)

    assert content(world, repository) == BINARY
    assert proxy.asked
    wanted = "CONNECT localhost:" if tls else f"GET {origin.url}"
    assert all(line.startswith(wanted) for line in proxy.asked)
    assert all("Proxy-Authorization" not in asked.headers for asked in origin.asked)
    assert "s3cret" not in str(world.show("repositories", repository))


def test_a_proxy_that_refuses_is_told_apart_from_the_upstream(
    world: World, origin: Upstream, proxy: Proxy
) -> None:
    said = told(world, origin.url, http_proxy_url=proxy.url)

    assert "HTTP proxy asks for credentials" in said
    assert origin.asked == []


def test_files_of_this_machine_only_below_the_allowed_folders(
    world: World, aviary: Path, tmp_path: Path
) -> None:
    assert content(world, world.mirror("near", f"file://{aviary}/")) == BINARY
    link = aviary.parent / "link"
    link.symlink_to(tmp_path)
    (tmp_path / "repodata").mkdir()
    (tmp_path / "repodata" / "repomd.xml").write_text("<repomd/>")
    for number, url in enumerate(
        [f"file://{tmp_path}/", f"file://{aviary}/../../x/", f"file://{link}/", "file:///etc/"]
    ):
        try:
            repository = world.repository(f"far-{number}", url=url)
        except RefusedError:
            continue
        with pytest.raises(TaskFailedError, match=r"allowed only|out of its folder|symbolic"):
            world.sync(repository)
    link.unlink()


def test_an_unlisted_private_network_is_not_reached(server: Server, world: World) -> None:
    """The metadata service of clouds; loopback is allowed to these tests by a setting."""
    del server

    said = told(world, "http://169.254.169.254/latest/")

    assert "an administrator may allow the network" in said
