"""Client certificates: what is read of our own, and that others are nobody's."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from headgate.domain.clock import utc_now
from headgate.pki.authority import Authority
from headgate.pki.clients import ClientCertificate, ClientCertificates


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.open_folder(tmp_path / "ca", clock=utc_now)


def der(pem: str) -> bytes:
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)


def read(authority: Authority, pem: str) -> ClientCertificate | None:
    return ClientCertificates(authority.certificate).read(der(pem))


def test_our_own_certificate_says_what_it_opens(authority: Authority) -> None:
    issued = authority.issue_entitlement("ACME", paths=["/ACME/Dev"], name="b9f1")

    found = read(authority, issued.certificate)

    assert found is not None
    assert (found.organization, found.name, found.serial) == ("ACME", "b9f1", issued.serial)
    assert found.opens("/ACME/Dev/cv/custom/p/r/repodata/repomd.xml")
    assert not found.opens("/ACME/Prod/cv/custom/p/r/repodata/repomd.xml")


def test_a_certificate_is_current_between_its_dates(authority: Authority) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    issued = authority.issue_entitlement(
        "ACME", paths=["/ACME"], not_before=now - timedelta(days=2), not_after=now
    )

    found = read(authority, issued.certificate)

    assert found is not None
    assert found.is_current(now)
    assert not found.is_current(now + timedelta(seconds=1))
    assert not found.is_current(now - timedelta(days=3))


def test_a_label_longer_than_x509_likes_is_kept_whole(authority: Authority) -> None:
    label = "o" * 128

    found = read(authority, authority.issue_debug(label).certificate)

    assert found is not None
    assert found.organization == label
    assert found.opens(f"/{label}/Library")


def test_a_certificate_of_another_authority_is_nobodys(
    authority: Authority, tmp_path: Path
) -> None:
    other = Authority.open_folder(tmp_path / "other", clock=utc_now)

    assert read(authority, other.issue_debug("ACME").certificate) is None


def test_an_impostor_with_the_name_of_our_authority_is_nobodys(authority: Authority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    genuine = x509.load_pem_x509_certificate(authority.issue_debug("ACME").certificate.encode())
    builder = x509.CertificateBuilder(
        issuer_name=genuine.issuer,
        subject_name=genuine.subject,
        public_key=key.public_key(),
        serial_number=genuine.serial_number,
        not_valid_before=genuine.not_valid_before_utc,
        not_valid_after=genuine.not_valid_after_utc,
        extensions=list(genuine.extensions),
    )
    forged = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)

    assert ClientCertificates(authority.certificate).read(forged) is None


def test_a_server_certificate_is_no_client_certificate(authority: Authority) -> None:
    assert read(authority, authority.issue_server(["localhost"]).certificate) is None


def test_the_authority_itself_is_no_client(authority: Authority) -> None:
    assert read(authority, authority.certificate_pem) is None


@pytest.mark.parametrize("data", [b"", b"\x30\x03\x02\x01\x01", b"nonsense" * 100])
def test_bytes_that_are_no_certificate_are_nobodys(authority: Authority, data: bytes) -> None:
    assert ClientCertificates(authority.certificate).read(data) is None


def test_a_certificate_is_parsed_once(authority: Authority) -> None:
    certificates = ClientCertificates(authority.certificate)
    presented = der(authority.issue_debug("ACME").certificate)

    assert certificates.read(presented) is certificates.read(bytes(presented))
