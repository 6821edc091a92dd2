"""The installation's own authority: what is kept, what is issued."""

import os
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from headgate.domain.clock import utc_now
from headgate.domain.errors import ConfigurationError
from headgate.pki.authority import Authority, KeyKind, server_certificate
from headgate.pki.files import write_file
from headgate.pki.profile import path_tree

HOSTS = ["repo.example.com", "localhost", "127.0.0.1", "::1"]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.open_folder(tmp_path / "ca", clock=utc_now)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_an_authority_is_made_once(tmp_path: Path) -> None:
    first = Authority.open_folder(tmp_path / "ca", clock=utc_now)
    second = Authority.open_folder(tmp_path / "ca", clock=utc_now)

    assert first.certificate == second.certificate


def test_no_two_installations_share_a_key_or_a_name(tmp_path: Path) -> None:
    one = Authority.open_folder(tmp_path / "one", clock=utc_now).certificate
    other = Authority.open_folder(tmp_path / "other", clock=utc_now).certificate

    assert one.public_key() != other.public_key()
    assert one.subject != other.subject


def test_keys_are_for_their_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        authority = Authority.open_folder(tmp_path / "ca", clock=utc_now)
        server_certificate(authority, tmp_path / "ca", HOSTS, clock=utc_now)
    finally:
        os.umask(before)

    assert mode(tmp_path / "ca") == 0o700
    assert mode(tmp_path / "ca" / "ca.key") == 0o600
    assert mode(tmp_path / "ca" / "server.pem") == 0o600
    assert mode(tmp_path / "ca" / "ca.crt") == 0o644


def test_a_file_that_cannot_be_finished_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()

    with pytest.raises(OSError, match="taken"):
        write_file(tmp_path / "taken", b"secret", mode=0o600)

    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_lost_key_is_an_error_and_not_a_new_authority(tmp_path: Path) -> None:
    Authority.open_folder(tmp_path / "ca", clock=utc_now)
    (tmp_path / "ca" / "ca.key").unlink()

    with pytest.raises(ConfigurationError, match="restore"):
        Authority.open_folder(tmp_path / "ca", clock=utc_now)


def test_the_key_of_another_authority_is_refused(tmp_path: Path) -> None:
    Authority.open_folder(tmp_path / "ca", clock=utc_now)
    Authority.open_folder(tmp_path / "other", clock=utc_now)
    (tmp_path / "other" / "ca.key").replace(tmp_path / "ca" / "ca.key")

    with pytest.raises(ConfigurationError, match="not the key of"):
        Authority.open_folder(tmp_path / "ca", clock=utc_now)


def test_the_server_certificate_stays_while_hosts_and_dates_allow(
    authority: Authority, tmp_path: Path
) -> None:
    def serial_after(*, hosts: list[str] = HOSTS, now: datetime | None = None) -> int:
        path, _ = server_certificate(
            authority, tmp_path, hosts, clock=lambda: now or datetime.now(UTC)
        )
        return x509.load_pem_x509_certificate(path.read_bytes()).serial_number

    first = serial_after()

    assert serial_after() == first
    assert serial_after(hosts=list(reversed(HOSTS))) == first
    soon_over = datetime.now(UTC) + timedelta(days=750)
    assert serial_after(now=soon_over) != first
    again = serial_after()
    assert serial_after(hosts=[*HOSTS, "10.1.2.3"]) != again


def test_a_server_certificate_of_another_authority_is_replaced(
    authority: Authority, tmp_path: Path
) -> None:
    other = Authority.open_folder(tmp_path / "other", clock=utc_now)
    path, _ = server_certificate(other, tmp_path, HOSTS, clock=utc_now)
    before = path.read_bytes()

    server_certificate(authority, tmp_path, HOSTS, clock=utc_now)

    assert path.read_bytes() != before


def test_openssl_verifies_what_is_issued(authority: Authority, tmp_path: Path) -> None:
    server = tmp_path / "server.pem"
    server.write_text(authority.issue_server(HOSTS).certificate)
    client = tmp_path / "client.pem"
    client.write_text(authority.issue_debug("ACME").certificate)
    verify = ["openssl", "verify", "-x509_strict", "-CAfile", str(tmp_path / "ca" / "ca.crt")]

    for purpose, file in (("sslserver", server), ("sslclient", client)):
        subprocess.run([*verify, "-purpose", purpose, str(file)], check=True, capture_output=True)
    for name in HOSTS[:2]:
        subprocess.run(
            [*verify, "-verify_hostname", name, str(server)], check=True, capture_output=True
        )


def test_the_debug_certificate_opens_all_of_its_organization(authority: Authority) -> None:
    issued = authority.issue_debug("ACME")
    certificate = x509.load_pem_x509_certificate(issued.certificate.encode())
    tree = path_tree(certificate)

    assert certificate.subject.rfc4514_string() == "O=ACME"
    assert issued.serial == f"{certificate.serial_number:x}"
    assert tree is not None
    assert tree.opens("/ACME/Library/custom/p/r")
    assert not tree.opens("/ACME2/Library/custom/p/r")
    assert issued.bundle.reveal().count("-----BEGIN") == 2


def test_serials_fit_a_signed_64_bit_integer(authority: Authority) -> None:
    serials = {int(authority.issue_debug("ACME").serial, 16) for _ in range(50)}

    assert len(serials) == 50
    assert all(0 < serial < 2**63 for serial in serials)


def test_a_host_may_have_an_rsa_key(authority: Authority) -> None:
    issued = authority.issue_entitlement(
        "ACME", paths=["/ACME/Dev"], name="uuid", kind="OrgLevel", key_kind=KeyKind.RSA
    )

    certificate = x509.load_pem_x509_certificate(issued.certificate.encode())

    assert certificate.subject.rfc4514_string() == "CN=uuid,O=ACME"
    assert certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_encipherment


def test_a_key_is_not_shown(authority: Authority) -> None:
    assert "PRIVATE" not in repr(authority.issue_debug("ACME"))
