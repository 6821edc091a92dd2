"""The dnf that judges our server is real: here it judges nginx, so that both can be trusted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import nginx
from support.aviary import AVIARY, HERON_1, HERON_2, OWL_2, REED_2
from support.dnf import Dnf


@pytest.fixture(scope="module")
def server(aviary: Path) -> Iterator[nginx.Nginx]:
    with nginx.serving(aviary) as running:
        yield running


@pytest.fixture
def host(tmp_path: Path, server: nginx.Nginx) -> Dnf:
    host = Dnf(tmp_path / "host")
    host.add_repository("aviary", f"{server.tls_url}guarded/", ca=server.ca, client=server.client)
    return host


def test_metadata_is_read_over_tls_with_a_client_certificate(host: Dnf) -> None:
    host.makecache()

    offered = host.repoquery("--disable-modular-filtering")
    assert offered == sorted(rpm.nevra for rpm in AVIARY.rpms)


def test_a_package_installs_with_what_it_needs(host: Dnf) -> None:
    host.install("heron")

    assert host.installed() == [HERON_2.nevra, REED_2.nevra]
    assert (host.root / "usr/share/heron/version").read_text() == "heron 2.0-1\n"


def test_a_group_installs_its_mandatory_packages(host: Dnf) -> None:
    host.group_install("wetland")

    assert host.installed() == [HERON_2.nevra, REED_2.nevra]


def test_a_module_stream_can_be_enabled_and_installed(host: Dnf) -> None:
    assert "owl  1 [d]" in host.module("list").output
    assert OWL_2.nevra not in host.repoquery("owl")

    host.module("enable", "owl:2")
    host.module("install", "owl:2/default")

    assert host.installed() == [OWL_2.nevra]


def test_advisories_for_older_packages_are_listed(host: Dnf) -> None:
    host.install(HERON_1.nevra)

    assert host.advisories() == ["BIRD-2026:0001"]


def test_a_repository_can_be_mirrored(host: Dnf, tmp_path: Path) -> None:
    host.reposync(tmp_path / "mirror", "--download-metadata")

    mirrored = {path.name for path in (tmp_path / "mirror").rglob("*.rpm")}
    assert mirrored == {rpm.filename for rpm in AVIARY.rpms}


def test_without_a_client_certificate_nothing_is_given(host: Dnf, server: nginx.Nginx) -> None:
    host.add_repository("aviary", f"{server.tls_url}guarded/", ca=server.ca)

    assert "Status code: 403" in host.fail("makecache")


def test_an_unknown_authority_is_refused(host: Dnf, server: nginx.Nginx) -> None:
    host.add_repository("aviary", server.tls_url, ca=server.client.certificate)

    assert "SSL" in host.fail("makecache")


def test_plain_http_needs_nothing(host: Dnf, server: nginx.Nginx) -> None:
    host.add_repository("aviary", server.url)

    assert REED_2.nevra in host.repoquery("reed")
