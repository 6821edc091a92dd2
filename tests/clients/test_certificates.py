"""A protected repository opens to certificates that cover its path, and to nothing else.

Asked by dnf and by curl: both must be told 403 by the server, not be dropped in the handshake.
"""

import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

from clients.conftest import Host
from headgate.domain.clock import utc_now
from headgate.pki.authority import Authority as OwnAuthority
from headgate.pki.authority import Issued, KeyKind
from headgate.services.organizations.certificates import revoke_certificate
from headgate.stores.db import Database
from support.aviary import HERON_2, REED_2
from support.certificates import Authority, Pair
from support.dnf import Dnf
from support.server import Server
from support.upstream import Upstream
from support.world import World

PROTECTED, OPEN = "protected", "open"


@dataclass(frozen=True, slots=True)
class Asked:
    """What curl got."""

    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Wallet:
    """Certificates of the started server's authority, each in files of its own."""

    server: Server
    folder: Path

    def debug(self, world: World) -> Pair:
        """The debug certificate that an organization's admin downloads: key and certificate."""
        answer = world.client.get(
            f"/katello/api/organizations/{world.organization_label}/download_debug_certificate"
        )
        assert answer.status_code == 200, answer.text
        path = self.folder / f"{world.organization_label}-debug.pem"
        path.write_bytes(answer.content)
        return Pair(path, path)

    def save(self, issued: Issued) -> Pair:
        path = self.folder / f"{issued.serial}.pem"
        path.write_text(issued.bundle.reveal())
        return Pair(path, path)

    def entitlement(self, world: World, *paths: str, **options: object) -> Pair:
        return self.save(self.issue(world, *paths, **options))

    def issue(self, world: World, *paths: str, **options: object) -> Issued:
        authority = OwnAuthority.open_folder(self.server.home / "ca", clock=utc_now)
        label = world.organization_label
        whole = [f"/{label}{path}" for path in paths]
        return authority.issue_entitlement(label, paths=whole, **options)  # type: ignore[arg-type]

    def revoke(self, issued: Issued) -> None:
        database = Database(f"sqlite:///{self.server.home / 'headgate.db'}")
        with database.begin() as tx:
            revoke_certificate(tx, serial=issued.serial, reason="lost", clock=utc_now)
        database.close()


@pytest.fixture
def wallet(server: Server, tmp_path: Path) -> Wallet:
    return Wallet(server, tmp_path)


@pytest.fixture(scope="module")
def birds(server: Server, web: Upstream) -> Iterator[World]:
    """The repositories `protected` and `open`, in Library and Dev as view `birds`."""
    with server.client() as client:
        world = World(client)
        ids = [
            world.mirror(name, f"{web.url}aviary/", unprotected=name == OPEN)
            for name in (PROTECTED, OPEN)
        ]
        world.promote(world.publish(world.view("birds", *ids)), world.environment("Dev"))
        yield world


def curl(
    server: Server, path: str, client: Pair | None = None, *options: str, plain: bool = False
) -> Asked:
    """Ask over TLS, unless `plain`."""
    keys = ["--cert", client.certificate, "--key", client.key] if client else []
    base = server.http_url if plain else server.url
    done = subprocess.run(
        [
            "curl",
            "-sS",
            "--cacert",
            server.ca,
            *keys,
            *options,
            "-w",
            "\n%{http_code}",
            base + path,
        ],
        check=False,
        capture_output=True,
    )
    assert not done.returncode, done.stderr.decode()
    body, _, status = done.stdout.decode(errors="replace").rpartition("\n")
    return Asked(int(status), body)


def repomd(world: World, repository: str, **place: str) -> str:
    return f"{world.content_path(repository, **place)}repodata/repomd.xml"


def none(_wallet: Wallet, _world: World) -> Pair | None:
    return None


def foreign(wallet: Wallet, world: World) -> Pair:
    return wallet.debug(world.another())


def expired(wallet: Wallet, world: World) -> Pair:
    past = utc_now() - timedelta(days=2)
    return wallet.entitlement(
        world, "", not_before=past, not_after=past + timedelta(days=1), kind="OrgLevel"
    )


def not_yet(wallet: Wallet, world: World) -> Pair:
    return wallet.entitlement(world, "", not_before=utc_now() + timedelta(days=1))


def revoked(wallet: Wallet, world: World) -> Pair:
    issued = wallet.issue(world, "")
    wallet.revoke(issued)
    return wallet.save(issued)


def of_another_authority(wallet: Wallet, _world: World) -> Pair:
    return Authority(wallet.folder / "other", "Other authority").client("somebody")


def forged(wallet: Wallet, world: World) -> Pair:
    """Says all the right things, but another authority of the same name has signed it."""
    other = OwnAuthority.open_folder(wallet.folder / "forged", clock=utc_now)
    return wallet.save(other.issue_debug(world.organization_label))


def of_a_server(wallet: Wallet, _world: World) -> Pair:
    authority = OwnAuthority.open_folder(wallet.server.home / "ca", clock=utc_now)
    return wallet.save(authority.issue_server(["host.example.org"]))


def of_dev_alone(wallet: Wallet, world: World) -> Pair:
    return wallet.entitlement(world, "/Dev")


def of_a_longer_name(wallet: Wallet, world: World) -> Pair:
    """The path tree covers `/ORG/Lib`, which is not `/ORG/Library`."""
    return wallet.entitlement(world, "/Lib")


Refused = Callable[[Wallet, World], Pair | None]
REFUSED: dict[Refused, str] = {
    none: "served to clients with a certificate only",
    foreign: "does not cover this path",
    expired: "has expired",
    not_yet: "not valid yet",
    revoked: "revoked",
    of_another_authority: "not of this server's authority",
    forged: "not of this server's authority",
    of_a_server: "not of this server's authority",
    of_dev_alone: "does not cover this path",
    of_a_longer_name: "does not cover this path",
}


@pytest.mark.parametrize("certificate", REFUSED, ids=lambda each: each.__name__)
def test_curl_is_refused_with_the_reason(
    birds: World, server: Server, wallet: Wallet, certificate: Refused
) -> None:
    presented = certificate(wallet, birds)

    for view in (None, "birds"):
        base = birds.content_path(PROTECTED, view=view)
        for path in ("repodata/repomd.xml", "Packages/h/heron-2.0-1.noarch.rpm", "", "no/such"):
            asked = curl(server, base + path, presented)
            assert asked.status == 403, path
            assert REFUSED[certificate] in asked.body


@pytest.mark.parametrize(
    "certificate", [none, foreign, expired, revoked, of_another_authority], ids=lambda e: e.__name__
)
def test_dnf_is_refused_and_says_so(
    birds: World, host: Host, wallet: Wallet, certificate: Refused
) -> None:
    dnf = host(birds, PROTECTED, view="birds", client=certificate(wallet, birds))

    assert "Status code: 403" in dnf.fail("makecache")


def test_the_debug_certificate_opens_everything_of_its_organization(
    birds: World, host: Host, server: Server, wallet: Wallet
) -> None:
    debug = wallet.debug(birds)
    dnf = host(birds, PROTECTED, view="birds", client=debug)

    dnf.install("heron")

    assert dnf.installed() == [HERON_2.nevra, REED_2.nevra]
    for environment, view in [("Library", None), ("Library", "birds"), ("Dev", "birds")]:
        path = repomd(birds, PROTECTED, environment=environment, view=view)  # type: ignore[arg-type]
        assert curl(server, path, debug).status == 200


def test_the_debug_certificate_stays_the_same(birds: World, wallet: Wallet) -> None:
    first = wallet.debug(birds).certificate.read_bytes()

    assert wallet.debug(birds).certificate.read_bytes() == first


@pytest.mark.parametrize("key_kind", list(KeyKind), ids=lambda kind: kind.value)
def test_a_path_tree_of_dev_opens_dev(
    birds: World, host: Host, wallet: Wallet, key_kind: KeyKind
) -> None:
    client = wallet.entitlement(birds, "/Dev/birds", name="host-1", key_kind=key_kind)
    on_dev = host(birds, PROTECTED, environment="Dev", view="birds", client=client)
    on_library = host(birds, PROTECTED, view="birds", client=client)

    assert HERON_2.nevra in on_dev.repoquery("heron")
    assert "Status code: 403" in on_library.fail("makecache")


def test_a_revoked_certificate_is_refused_at_once_on_an_open_connection(
    birds: World, server: Server, wallet: Wallet
) -> None:
    issued = wallet.issue(birds, "")
    context = ssl.create_default_context(cafile=str(server.ca))
    context.load_cert_chain(wallet.save(issued).certificate)
    path = repomd(birds, PROTECTED)
    with httpx2.Client(base_url=server.url, verify=context, trust_env=False) as kept_alive:
        before = kept_alive.get(path)
        wallet.revoke(issued)
        after = kept_alive.get(path)

    assert (before.status_code, after.status_code) == (200, 403)


@pytest.mark.parametrize(
    "certificate", [none, foreign, expired, revoked, of_another_authority], ids=lambda e: e.__name__
)
def test_an_unprotected_repository_asks_nobody(
    birds: World, host: Host, wallet: Wallet, certificate: Refused
) -> None:
    dnf = host(birds, OPEN, view="birds", client=certificate(wallet, birds))

    assert HERON_2.nevra in dnf.repoquery("heron")


@pytest.mark.parametrize("plain", [False, True], ids=["tls", "plain"])
@pytest.mark.parametrize("header", ["X-Client-Cert", "X_Client_Cert", "SSL-CLIENT-CERT"])
def test_a_certificate_in_a_header_is_not_believed(
    birds: World, server: Server, wallet: Wallet, header: str, *, plain: bool
) -> None:
    pem = wallet.debug(birds).certificate.read_text()
    text = quote(pem[pem.index("-----BEGIN CERTIFICATE") :])

    asked = curl(
        server,
        repomd(birds, PROTECTED),
        None,
        *("-H", f"{header}: {text}"),
        *("-H", "X-Forwarded-Proto: https", "-H", "X-Forwarded-For: 127.0.0.1"),
        plain=plain,
    )

    assert asked.status == 403


def test_plain_http_gives_unprotected_content_only(birds: World, server: Server) -> None:
    assert curl(server, repomd(birds, OPEN, view="birds"), plain=True).status == 200
    assert curl(server, repomd(birds, PROTECTED, view="birds"), plain=True).status == 403


def test_protection_may_be_switched_without_publishing_again(
    world: World, server: Server, web: Upstream
) -> None:
    repository = world.mirror("birds", f"{web.url}aviary/")
    world.publish(world.view("view", repository))
    paths = [repomd(world, "birds"), repomd(world, "birds", view="view")]
    assert [curl(server, path).status for path in paths] == [200, 200]

    world.put(f"repositories/{repository}", unprotected=False)

    assert [curl(server, path).status for path in paths] == [403, 403]


def test_listings_hide_what_the_client_may_not_read(
    birds: World, server: Server, wallet: Wallet
) -> None:
    product = birds.content_path(PROTECTED, view="birds").removesuffix(f"{PROTECTED}/")
    opened = wallet.debug(birds)

    def names(client: Pair | None) -> set[str]:
        page = curl(server, product, client).body
        return {name for name in (PROTECTED, OPEN) if f">{name}/<" in page}

    assert names(None) == {OPEN}
    assert names(foreign(wallet, birds)) == {OPEN}
    assert names(opened) == {PROTECTED, OPEN}


def test_dnf_takes_key_and_certificate_from_separate_files(
    birds: World, host: Host, wallet: Wallet, tmp_path: Path
) -> None:
    bundle = wallet.debug(birds).certificate.read_text()
    start = bundle.index("-----BEGIN CERTIFICATE")
    pair = Pair(tmp_path / "it.pem", tmp_path / "it.key")
    pair.key.write_text(bundle[:start])
    pair.certificate.write_text(bundle[start:])
    dnf: Dnf = host(birds, PROTECTED, client=pair)

    assert HERON_2.nevra in dnf.repoquery("heron")
