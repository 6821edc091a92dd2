"""Client certificates as the key to protected content."""

from base64 import b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headgate.apis.content import CertificateGuard, Denied
from headgate.apis.scope import CLIENT_CERTIFICATE
from headgate.pki.authority import Authority, Issued
from headgate.pki.clients import ClientCertificates

NOW = datetime(2026, 11, 20, tzinfo=UTC)
PATH = "/ACME/Dev/web/custom/P/birds/a.rpm"


def clock() -> datetime:
    return NOW


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.open_folder(tmp_path / "pki", clock=clock)


@pytest.fixture
def revoked() -> list[str]:
    return []


@pytest.fixture
def guard(authority: Authority, revoked: list[str]) -> CertificateGuard:
    return CertificateGuard(
        ClientCertificates(authority.certificate),
        is_revoked=lambda serial: serial in revoked,
        clock=clock,
    )


def presenting(issued: Issued) -> dict[str, bytes]:
    lines = issued.certificate.split("-----")[2]
    return {CLIENT_CERTIFICATE: b64decode(lines)}


def reason(denied: Denied | None) -> str | None:
    return denied.reason if denied else None


def test_a_debug_certificate_opens_its_own_organization_alone(
    guard: CertificateGuard, authority: Authority
) -> None:
    scope = presenting(authority.issue_debug("ACME"))

    assert guard(scope, PATH, 1) is None
    assert "does not cover" in str(reason(guard(scope, PATH.replace("ACME", "ACME2"), 1)))
    assert "does not cover" in str(reason(guard(scope, PATH.replace("ACME", "Other"), 1)))


def test_without_a_certificate_nothing_is_opened(guard: CertificateGuard) -> None:
    assert "with a certificate only" in str(reason(guard({}, PATH, 1)))


def test_a_certificate_of_another_authority_opens_nothing(
    guard: CertificateGuard, tmp_path: Path
) -> None:
    foreign = Authority.open_folder(tmp_path / "foreign", clock=clock)

    denied = guard(presenting(foreign.issue_debug("ACME")), PATH, 1)

    assert "not of this server's authority" in str(reason(denied))


def test_an_expired_certificate_opens_nothing(
    guard: CertificateGuard, authority: Authority
) -> None:
    day = timedelta(days=1)
    issued = authority.issue_entitlement(
        "ACME", paths=["/ACME"], not_before=NOW - 2 * day, not_after=NOW - day
    )

    assert "expired" in str(reason(guard(presenting(issued), PATH, 1)))


def test_a_revoked_certificate_is_refused_as_soon_as_the_database_says_so(
    guard: CertificateGuard, authority: Authority, revoked: list[str]
) -> None:
    issued = authority.issue_debug("ACME")
    scope = presenting(issued)
    assert guard(scope, PATH, 1) is None

    revoked.append(issued.serial)

    assert "revoked" in str(reason(guard(scope, PATH, 2)))
    assert guard(presenting(authority.issue_debug("ACME")), PATH, 2) is None
