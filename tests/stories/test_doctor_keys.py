"""`headgate doctor` tells of keys before they end, and of what to do."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from headgate.domain.clock import utc_now
from headgate.domain.findings import Finding
from headgate.server.doctor import Examination, examine
from headgate.server.settings import Settings
from support.certificates import Authority
from support.openpgp import Gnupg
from support.server import serving
from support.world import World

PATIENT = Examination(slow_milliseconds=60_000)


@pytest.fixture(scope="module")
def gnupg() -> Iterator[Gnupg]:
    made = Gnupg()
    yield made
    made.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, gnupg: Gnupg) -> Path:
    """The home of a server that keeps keys of all kinds."""
    folder = tmp_path_factory.mktemp("keys")
    lasting, ending = gnupg.key("lasting"), gnupg.key("ending", expires="100d")
    gnupg.key("lost")
    gnupg.key("yearly", expires="200d")
    gnupg.run("--quick-gen-key", "offline", "ed25519", "cert", "never")
    gnupg.run("--quick-add-key", gnupg.fingerprint("offline"), "ed25519", "sign", "100d")
    with serving(folder / "home") as server, server.client() as client:
        world = World(client)
        world.credential("lasting", lasting, kind="gpg_key")
        world.credential("ending", ending, kind="gpg_key")
        world.credential("renewed", f"{ending}\n{lasting}", kind="gpg_key")
        world.credential("lost", gnupg.revoke("lost"), kind="gpg_key")
        authority = Authority(folder / "authority")
        world.credential("client", authority.client("mirror").certificate.read_text())
        world.credential("authority", authority.certificate.read_text())
        world.signing_key("made here")
        for name in ("yearly", "offline"):
            world.post(
                "signing_keys",
                organization_id=world.organization_id,
                name=name,
                secret=gnupg.secret(name),
            )
    return folder / "home"


def look(home: Path, *kinds: str, days: int) -> list[Finding]:
    """Return what is found about keys of these kinds so much later."""
    later = utc_now() + timedelta(days=days)
    found = examine(Settings(home=home), PATIENT, clock=lambda: later).findings
    return [each for each in found if each.code.startswith(kinds or ("gpg_key", "signing_key"))]


def told(found: list[Finding]) -> list[tuple[str, str, str]]:
    """Return level, code and the name of what is meant."""
    return sorted((each.level, each.code, each.message.split("'")[1]) for each in found)


def test_keys_that_last_are_no_finding_and_a_revoked_one_is(home: Path) -> None:
    found = look(home, days=0)

    assert told(found) == [("warning", "gpg_key_revoked", "lost")]
    assert "headgate content-credentials update --id" in found[0].fix


def test_keys_are_told_of_a_month_before_they_end(home: Path, gnupg: Gnupg) -> None:
    found = look(home, days=80)

    assert told(found) == [
        ("warning", "gpg_key_expiring", "ending"),
        ("warning", "gpg_key_revoked", "lost"),
        ("warning", "signing_key_expiring", "offline"),
    ]
    words = {each.code: each for each in found}
    assert gnupg.fingerprint("ending")[-16:] in words["gpg_key_expiring"].message
    assert "headgate signing-key rotate --id" in words["signing_key_expiring"].fix


def test_a_key_that_signs_no_more_is_an_error_and_one_that_signed_a_warning(home: Path) -> None:
    found = look(home, days=180)

    assert told(found) == [
        ("error", "signing_key_expired", "offline"),
        ("warning", "gpg_key_expired", "ending"),
        ("warning", "gpg_key_revoked", "lost"),
        ("warning", "signing_key_expiring", "yearly"),
    ]


def test_certificates_of_credentials_are_told_of_as_well(home: Path) -> None:
    expiring = look(home, "content_credential", days=0)
    expired = look(home, "content_credential", days=31)

    assert told(expiring) == [
        ("warning", "content_credential_expiring", name) for name in ("authority", "client")
    ]
    assert told(expired) == [
        ("error", "content_credential_expired", name) for name in ("authority", "client")
    ]
