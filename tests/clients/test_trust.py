"""dnf, told to check signatures, against what Headgate serves and signs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from headgate.pki.openpgp import read_signature
from headgate.pki.openpgp_packets import split_signatures
from support.aviary import REED_1, REED_2, ROOK
from support.dnf import Dnf
from support.openpgp import Gnupg, SignedRpms
from support.repositories import YumRepository
from support.rpms import Rpm, RpmStore
from support.server import Server
from support.upstream import Upstream
from support.world import World


@pytest.fixture(scope="module")
def gnupg() -> Iterator[Gnupg]:
    made = Gnupg()
    made.key("vendor", "rsa2048")
    made.key("stranger")
    yield made
    made.close()


@dataclass(frozen=True, slots=True)
class Vendor:
    """Writes upstream repositories whose packages are signed."""

    gnupg: Gnupg
    store: RpmStore
    web: Upstream

    def offer(self, name: str, *rpms: Rpm, by: str = "vendor", repomd_by: str | None = None) -> str:
        """Write a repository in the place of the one before; return its URL."""
        folder = self.web.root / name
        signed = SignedRpms(self.gnupg.home / "rpms", self.store, self.gnupg, by)
        YumRepository(rpms=rpms).write(folder, signed)
        if repomd_by:
            repomd = folder / "repodata" / "repomd.xml"
            asc = self.gnupg.sign(repomd_by, repomd.read_bytes())
            repomd.with_suffix(".xml.asc").write_bytes(asc)
        return f"{self.web.url}{name}/"


@pytest.fixture
def vendor(gnupg: Gnupg, rpm_store: RpmStore, web: Upstream) -> Vendor:
    return Vendor(gnupg, rpm_store, web)


@pytest.fixture
def careful(server: Server, tmp_path: Path) -> "Careful":
    return Careful(server, tmp_path)


@dataclass(slots=True)
class Careful:
    """Makes hosts that check packages and metadata with the key at one URL."""

    server: Server
    folder: Path
    made: int = 0

    def __call__(self, path: str, key: str, checks: Sequence[str] = ("gpg", "repo_gpg")) -> Dnf:
        self.made += 1
        dnf = Dnf(self.folder / f"careful-{self.made}")
        options = {f"{each}check": "1" for each in checks}
        dnf.add_repository(
            "birds",
            self.server.url + path,
            ca=self.server.ca,
            options={**options, "gpgkey": self.server.url + key},
        )
        return dnf


def served_key(repository: int) -> str:
    return f"/katello/api/v2/repositories/{repository}/gpg_key_content"


def signer(server: Server, path: str) -> str | None:
    """The id of the key that signed the metadata at a path."""
    with server.client() as client:
        (packet,) = split_signatures(client.get(f"{path}repodata/repomd.xml.asc").content)
    return read_signature(packet).key_id


def test_dnf_checks_packages_and_metadata_with_the_served_keys(
    world: World, vendor: Vendor, server: Server, careful: Careful
) -> None:
    key = world.credential("vendor", vendor.gnupg.public("vendor"), kind="gpg_key")
    signing = world.signing_key("Birds")
    repository = world.mirror(
        "trusted",
        vendor.offer("trusted", REED_1, REED_2, ROOK),
        gpg_key_id=key,
        package_signature_policy="enforce",
        signing_key_id=signing,
    )
    view = world.view("some", repository)
    world.filter(view, "old", {"name": "rook"})
    world.publish(view)
    filtered = world.content_path("trusted", view="some")

    library = careful(world.content_path("trusted"), served_key(repository))
    within_view = careful(filtered, served_key(repository))
    by_path = careful(filtered, f"{filtered}repodata/repomd.xml.key", checks=["repo_gpg"])
    library.install("rook")
    within_view.install("reed")

    assert library.installed() == [ROOK.nevra]
    assert within_view.installed() == [REED_2.nevra]
    assert len(by_path.repoquery()) == 2

    old, new = signer(server, filtered), world.post(f"signing_keys/{signing}/rotate")
    world.publish(view)
    world.sync(repository)

    # A host that knew the old key alone fetches the new one by itself.
    assert len(within_view.repoquery()) == 2
    assert old != signer(server, filtered) == new["fingerprint"][-16:]
    assert signer(server, world.content_path("trusted")) == new["fingerprint"][-16:]


def test_dnf_refuses_what_another_key_has_signed(
    world: World, vendor: Vendor, careful: Careful
) -> None:
    key = world.credential("vendor", vendor.gnupg.public("vendor"), kind="gpg_key")
    signing, other = world.signing_key("Birds"), world.signing_key("Others")
    url = vendor.offer("strange", ROOK, by="stranger")
    repository = world.repository("strange", url=url, gpg_key_id=key, signing_key_id=signing)
    task = world.ended(world.post(f"repositories/{repository}/sync"))

    host = careful(world.content_path("strange"), served_key(repository))

    assert task["result"] == "warning"
    assert "Packages/" in str(task["humanized"]["errors"])
    assert "GPG check FAILED" in host.fail("install", "rook")

    world.put(f"repositories/{repository}", signing_key_id=other)
    world.ended(world.post(f"repositories/{repository}/sync"))
    elsewhere = world.repository("elsewhere", signing_key_id=signing)

    # Its metadata is signed by a key that the host is not given.
    fresh = careful(world.content_path("strange"), served_key(elsewhere))
    assert "repomd.xml GPG signature verification error" in fresh.fail("makecache")


def test_a_mirror_keeps_the_signature_of_upstream(
    world: World, vendor: Vendor, careful: Careful
) -> None:
    key = world.credential("vendor", vendor.gnupg.public("vendor"), kind="gpg_key")
    repository = world.mirror(
        "exact",
        vendor.offer("exact", ROOK, repomd_by="vendor"),
        gpg_key_id=key,
        mirroring_policy="mirror_complete",
        metadata_signature_policy="enforce",
        package_signature_policy="enforce",
    )

    host = careful(world.content_path("exact"), served_key(repository))
    host.install("rook")

    assert host.installed() == [ROOK.nevra]


def test_what_is_fetched_on_demand_is_checked_before_its_first_byte_leaves(
    world: World, vendor: Vendor, server: Server, careful: Careful
) -> None:
    key = world.credential("vendor", vendor.gnupg.public("vendor"), kind="gpg_key")
    policy = {
        "gpg_key_id": key,
        "download_policy": "on_demand",
        "package_signature_policy": "enforce",
    }
    world.mirror("good", vendor.offer("good", ROOK), **policy)
    url = vendor.offer("bad", REED_1, by="stranger")
    world.mirror("bad", url, **policy)
    location = f"Packages/r/{REED_1.filename}"

    with server.client() as client:
        refused = [client.get(world.content_path("bad") + location) for _ in range(2)]
        world.mirror("careless", url, download_policy="on_demand")
        careless = client.get(world.content_path("careless") + location)
        again = client.get(world.content_path("bad") + location)
    good = careful(world.content_path("good"), served_key(0), checks=[])
    good.install("rook")

    assert [each.status_code for each in (*refused, careless, again)] == [403, 403, 200, 403]
    assert "is signed by a key that is not one of the repository's" in refused[0].text
    assert vendor.gnupg.fingerprint("stranger")[-16:] in refused[0].text
    assert "(vendor)" in refused[0].text
    assert good.installed() == [ROOK.nevra]
