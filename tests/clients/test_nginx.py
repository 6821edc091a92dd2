"""Headgate behind Debian's nginx, with the configuration that ships."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import pytest

from headgate.domain.clock import utc_now
from headgate.pki.authority import Authority
from headgate.services.organizations.certificates import revoke_certificate
from headgate.stores.db import Database
from support import needs
from support.nginx import front_of, proxied
from support.server import Server, serving
from support.world import World


@dataclass(frozen=True, slots=True)
class Front:
    """nginx before a server that holds one guarded and one open repository."""

    server: Server
    port: int
    http_port: int
    guarded: str
    open: str
    debug: Path  # the organization's debug certificate

    def get(self, path: str, *options: str, plain: bool = False) -> tuple[int, str, bytes]:
        """Return status, headers and body as curl gets them."""
        work = self.debug.parent
        where = f"http://localhost:{self.http_port}" if plain else f"https://localhost:{self.port}"
        curl = [needs.program("curl"), "-sS", "--cacert", self.server.ca, "-w", "%{http_code}"]
        curl += ["-D", work / "answer-headers", "-o", work / "answer"]
        done = subprocess.run(
            [*curl, *options, where + path],
            check=True,
            capture_output=True,
            text=True,
        )
        headers = (work / "answer-headers").read_text()
        return int(done.stdout), headers, (work / "answer").read_bytes()

    def certificate(self, authority: Authority, *, expired: bool = False) -> tuple[str, str]:
        """Return curl's options for a certificate of this organization."""
        now = datetime.now(UTC)
        issued = authority.issue_entitlement(
            "Front",
            paths=["/Front"],
            not_before=now - timedelta(days=2),
            not_after=now + timedelta(days=-1 if expired else 1),
        )
        bundle = self.debug.with_name(f"{issued.serial}.pem")
        bundle.write_text(issued.bundle.reveal())
        return "--cert", str(bundle)


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory, aviary: Path) -> Iterator[Front]:
    work = tmp_path_factory.mktemp("front")
    settings = {**proxied(work), "HEADGATE_UPSTREAM_FILE_ROOTS": str(aviary.parent)}
    with serving(work / "home", settings=settings) as server, server.client() as client:
        world = World(client, organization="Front")
        world.mirror("guarded", aviary.as_uri() + "/", unprotected=False)
        world.mirror("open", aviary.as_uri() + "/", unprotected=True)
        debug = work / "debug.pem"
        debug.write_text(
            client.get("/katello/api/organizations/Front/download_debug_certificate").text
        )
        with front_of(server, work) as (port, http_port):
            guarded, free = (world.content_path(name) for name in ("guarded", "open"))
            yield Front(server, port, http_port, guarded, free, debug)


@pytest.fixture
def authority(front: Front) -> Authority:
    return Authority.open_folder(front.server.home / "ca", clock=utc_now)


def test_the_control_plane_answers_through_nginx(front: Front) -> None:
    status, headers, _ = front.get("/katello/api/ping")

    assert status == 200
    assert "server: nginx" in headers.lower()


def test_nginx_sends_the_bytes_that_headgate_allows(front: Front, aviary: Path) -> None:
    package = next(aviary.rglob("heron-1*.rpm"))
    path = front.guarded + quote(str(package.relative_to(aviary)))

    status, headers, body = front.get(path, "--cert", str(front.debug))

    assert status == 200
    assert sha256(body).digest() == sha256(package.read_bytes()).digest()
    assert "x-content-type-options: nosniff" in headers.lower()
    assert "content-security-policy: default-src 'none'" in headers.lower()


def test_nginx_sends_a_part_of_a_file(front: Front, aviary: Path) -> None:
    package = next(aviary.rglob("heron-1*.rpm"))
    path = front.open + quote(str(package.relative_to(aviary)))

    status, _, body = front.get(path, "--range", "100-199")

    assert status == 206
    assert body == package.read_bytes()[100:200]


def test_without_a_certificate_guarded_content_is_refused(front: Front) -> None:
    path = f"{front.guarded}repodata/repomd.xml"

    assert front.get(path)[0] == 403
    assert front.get(path, plain=True)[0] == 403
    assert front.get(path, "--cert", str(front.debug))[0] == 200


def test_an_expired_or_foreign_certificate_is_refused_in_words(
    front: Front, authority: Authority, tmp_path: Path
) -> None:
    path = f"{front.guarded}repodata/repomd.xml"
    foreign = Authority.open_folder(tmp_path / "foreign", clock=utc_now)

    assert front.get(path, *front.certificate(authority))[0] == 200
    expired = front.get(path, *front.certificate(authority, expired=True))
    assert (expired[0], b"expired" in expired[2]) == (403, True)
    other = front.get(path, *front.certificate(foreign))
    assert (other[0], b"authority" in other[2]) == (403, True)


def test_a_revoked_certificate_is_refused_at_once(front: Front, authority: Authority) -> None:
    path = f"{front.guarded}repodata/repomd.xml"
    certificate = front.certificate(authority)
    serial = Path(certificate[1]).stem
    assert front.get(path, *certificate)[0] == 200

    database = Database(f"sqlite:///{front.server.home}/headgate.db")
    with database.begin() as tx:
        revoke_certificate(tx, serial=serial, reason="lost", clock=utc_now)
    database.close()

    status, _, body = front.get(path, *certificate)
    assert (status, b"revoked" in body) == (403, True)


def test_whatever_certificate_a_client_has_it_gets_open_content(
    front: Front, authority: Authority, tmp_path: Path
) -> None:
    path = f"{front.open}repodata/repomd.xml"
    foreign = Authority.open_folder(tmp_path / "foreign", clock=utc_now)

    assert front.get(path)[0] == 200
    assert front.get(path, plain=True)[0] == 200
    assert front.get(path, *front.certificate(authority, expired=True))[0] == 200
    assert front.get(path, *front.certificate(foreign))[0] == 200
    assert front.get(path, *front.certificate(foreign, expired=True))[0] == 200


@pytest.mark.parametrize("name", ["X-Client-Cert", "X_Client_Cert", "x_client-cert"])
@pytest.mark.parametrize("plain", [True, False])
def test_a_certificate_header_of_a_client_goes_nowhere(
    front: Front, name: str, plain: bool
) -> None:
    certificate = front.debug.read_text().partition("-----BEGIN CERTIFICATE-----")
    forged = f"{name}: {quote(''.join(certificate[1:]))}"

    status, _, _ = front.get(f"{front.guarded}repodata/repomd.xml", "--header", forged, plain=plain)

    assert status == 403


def test_the_folder_of_blobs_is_not_reachable_from_outside(front: Front) -> None:
    blob = next(path for path in (front.server.home / "blobs").rglob("*") if path.is_file())
    below = blob.relative_to(front.server.home / "blobs")

    assert front.get(f"/.headgate-blobs/{below}")[0] == 404
