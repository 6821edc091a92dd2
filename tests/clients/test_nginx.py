"""Headgate behind Debian's nginx, with the configuration that ships."""

import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from oauthlib.oauth1 import Client

from headgate.domain.clock import utc_now
from headgate.pki.authority import Authority
from headgate.services.organizations.certificates import revoke_certificate
from headgate.stores.db import Database
from support import needs
from support.nginx import front_of, proxied
from support.oidc_provider import CLIENT, OidcProvider, oidc_provider, rsa_key
from support.ports import free_ports
from support.server import Server, serving
from support.world import World

CURRENT = "/api/current_user"
SECRET = "a consumer secret of 32 characters"  # noqa: S105 - of these tests


@dataclass(frozen=True, slots=True)
class Front:
    """nginx before a server that holds one guarded and one open repository."""

    server: Server
    port: int
    http_port: int
    guarded: str
    open: str
    debug: Path  # the organization's debug certificate
    provider: OidcProvider

    @property
    def url(self) -> str:
        """Its address with TLS, as clients know it."""
        return f"https://localhost:{self.port}"

    def ask(self, path: str, *, at: str | None = None, **headers: str) -> httpx2.Response:
        """Ask the API in the name of whom the headers tell of; TLS is verified."""
        trusted = ssl.create_default_context(cafile=str(self.server.ca))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with httpx2.Client(base_url=at or self.url, verify=trusted, trust_env=False) as client:
            return client.get(path, headers=named)

    def bearing(self, token: str) -> int:
        """Return the status for somebody who comes with a token of the provider."""
        return self.ask(CURRENT, authorization=f"Bearer {token}").status_code

    def signed(self, url: str, **chosen: str) -> dict[str, str]:
        """Return the headers by which the consumer signs a request to this address."""
        signer: Any = Client("installer", client_secret=chosen.get("secret", SECRET))
        _, headers, _ = signer.sign(url)
        return {"authorization": headers["Authorization"], "foreman_user": "admin"}

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
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcProvider]:
    with oidc_provider(tmp_path_factory.mktemp("oidc")) as running:
        yield running


@pytest.fixture(scope="module")
def front(
    tmp_path_factory: pytest.TempPathFactory, aviary: Path, provider: OidcProvider
) -> Iterator[Front]:
    work = tmp_path_factory.mktemp("front")
    ports = free_ports(2)
    settings = {
        **proxied(work),
        "HEADGATE_LISTEN_URL": f"https://localhost:{ports[0]}",
        "HEADGATE_UPSTREAM_FILE_ROOTS": str(aviary.parent),
        "HEADGATE_OIDC_ISSUER": provider.issuer,
        "HEADGATE_OIDC_AUDIENCE": CLIENT,
        "HEADGATE_OIDC_CA_FILE": str(provider.ca),
        "HEADGATE_OIDC_CREATE_USERS": "yes",
        "HEADGATE_OAUTH_CONSUMER_KEY": "installer",
        "HEADGATE_OAUTH_CONSUMER_SECRET": SECRET,
    }
    with serving(work / "home", settings=settings) as server, server.client() as client:
        world = World(client, organization="Front")
        world.mirror("guarded", aviary.as_uri() + "/", unprotected=False)
        world.mirror("open", aviary.as_uri() + "/", unprotected=True)
        debug = work / "debug.pem"
        debug.write_text(
            client.get("/katello/api/organizations/Front/download_debug_certificate").text
        )
        with front_of(server, work, ports=ports) as (port, http_port):
            guarded, free = (world.content_path(name) for name in ("guarded", "open"))
            yield Front(server, port, http_port, guarded, free, debug, provider)


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


def test_a_token_of_the_provider_lets_its_user_in_through_nginx(front: Front) -> None:
    provider = front.provider
    answer = front.ask(CURRENT, authorization=f"Bearer {provider.token('robin')}")

    assert answer.json()["login"] == "robin"
    assert answer.headers["server"].startswith("nginx")
    now = int(time.time())
    for name, token in {
        "expired": provider.token("robin", iat=now - 600, nbf=now - 600, exp=now - 300),
        "another audience": provider.token("robin", aud="another"),
        "another issuer": provider.token("robin", iss="https://elsewhere.example"),
        "another key": provider.token("robin", key=rsa_key("first")),
    }.items():
        assert front.bearing(token) == 401, name


def test_a_signed_request_is_of_the_address_that_clients_of_nginx_see(front: Front) -> None:
    seen = f"{front.url}{CURRENT}"
    searched = "/api/users?search=login+%3D+admin&per_page=5"
    own = f"{front.server.url}{CURRENT}"

    assert front.ask(CURRENT, **front.signed(seen)).json()["login"] == "admin"
    assert front.ask(searched, **front.signed(front.url + searched)).json()["subtotal"] == 1
    headers = front.signed(seen)
    assert front.ask(CURRENT, **headers).status_code == 200
    assert front.ask(CURRENT, **headers).status_code == 401  # replayed
    for name, signed in {
        "the address behind nginx": front.signed(own),
        "no port": front.signed(f"https://localhost{CURRENT}"),
        "another scheme": front.signed(seen.replace("https", "http")),
        "another secret": front.signed(seen, secret="x" * 32),
    }.items():
        assert front.ask(CURRENT, **signed).status_code == 401, name


def test_what_clients_say_of_their_own_address_counts_nowhere(front: Front) -> None:
    seen, own = f"{front.url}{CURRENT}", f"{front.server.url}{CURRENT}"
    plain = seen.replace("https", "http")
    forged = {
        "x_forwarded_proto": "http",
        "x_forwarded_host": "elsewhere.example",
        "x_forwarded_port": "80",
        "x_forwarded_for": "203.0.113.9",
    }

    assert front.ask(CURRENT, **front.signed(seen), **forged).status_code == 200
    assert front.ask(CURRENT, **front.signed(plain), **forged).status_code == 401
    elsewhere = front.signed(f"https://elsewhere.example{CURRENT}")
    assert front.ask(CURRENT, **elsewhere, **forged).status_code == 401
    # Headgate's own port is no proxy's: nobody is believed there.
    direct = {"at": front.server.url, **forged}
    assert front.ask(CURRENT, **front.signed(own), **direct).status_code == 200
    plain = own.replace("https", "http")
    assert front.ask(CURRENT, **front.signed(plain), **direct).status_code == 401


def test_the_smart_proxy_of_the_server_is_where_clients_reach_it(front: Front) -> None:
    with front.server.client() as client:
        (proxy,) = client.get("/api/smart_proxies").json()["results"]
        capsule = client.get(f"/katello/api/capsules/{proxy['id']}").json()

    assert (proxy["url"], capsule["url"]) == (front.url, front.url)
    assert front.ask("/healthz", at=proxy["url"]).status_code == 200


def test_a_provider_that_changes_its_key_is_believed_by_the_new_one(front: Front) -> None:
    provider = front.provider
    assert front.bearing(provider.token("robin")) == 200
    first, provider.keys[0] = provider.token("robin"), rsa_key("second")
    deadline = time.monotonic() + 30

    # It is asked at most every ten seconds.
    while front.bearing(provider.token("robin")) != 200:
        assert time.monotonic() < deadline, "the new key is not found"
        time.sleep(0.25)

    assert front.bearing(first) == 401
    assert provider.asked.count("/realm/keys") == 2
