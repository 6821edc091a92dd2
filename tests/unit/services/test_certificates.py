"""Debug certificates and revocation."""

from pathlib import Path

import pytest
from cryptography.x509 import load_pem_x509_certificates
from sqlalchemy import select

from headgate.domain.clock import utc_now
from headgate.domain.errors import NotFoundError, PermissionDeniedError
from headgate.domain.ids import OrganizationId
from headgate.pki.authority import Authority
from headgate.pki.sealing import Sealer
from headgate.services.access import Actor
from headgate.services.organizations.certificates import (
    debug_certificate,
    is_revoked,
    revoke_certificate,
    revoke_debug_certificate,
)
from headgate.stores.db import Database, Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import organizations

ADMIN = Actor(user_id=None, login="admin", admin=True)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.open_folder(tmp_path / "ca", clock=utc_now)


@pytest.fixture
def sealer(tmp_path: Path) -> Sealer:
    return Sealer.open_folder(tmp_path / "keys")


def make_organization(tx: Transaction) -> OrganizationId:
    stamps = {"created_at": utc_now(), "updated_at": utc_now()}
    return OrganizationId(
        insert_row(tx, organizations, {"name": "ACME", "label": "ACME", **stamps})
    )


def test_the_debug_certificate_is_made_once_and_kept_sealed(
    database: Database, authority: Authority, sealer: Sealer
) -> None:
    with database.begin() as tx:
        organization_id = make_organization(tx)
        first, second = (
            debug_certificate(
                tx,
                actor=ADMIN,
                organization_id=organization_id,
                authority=authority,
                seal=sealer.seal,
                unseal=sealer.unseal,
            )
            for _ in range(2)
        )
        stored = tx.execute(select(organizations.c.debug_certificate)).scalar_one()

    assert first == second
    assert "PRIVATE KEY" in first
    assert b"PRIVATE KEY" not in stored


def test_whoever_may_only_look_gets_no_debug_certificate(
    database: Database, authority: Authority, sealer: Sealer
) -> None:
    with database.begin() as tx:
        organization_id = make_organization(tx)
        for organization_ids, refusal in (
            (frozenset([organization_id]), PermissionDeniedError),
            (frozenset[OrganizationId](), NotFoundError),
        ):
            actor = Actor(
                user_id=None,
                login="viewer",
                organization_ids=organization_ids,
                permissions=frozenset(["view_organizations"]),
            )
            with pytest.raises(refusal):
                debug_certificate(
                    tx,
                    actor=actor,
                    organization_id=organization_id,
                    authority=authority,
                    seal=sealer.seal,
                    unseal=sealer.unseal,
                )


def test_a_revoked_serial_stays_revoked_however_it_is_written(database: Database) -> None:
    with database.begin() as tx:
        assert not is_revoked(tx, "1f")
        revoke_certificate(tx, serial="001F", reason="lost", clock=utc_now)
        revoke_certificate(tx, serial="1f", reason="again", clock=utc_now)

        assert is_revoked(tx, "1f")
        assert not is_revoked(tx, "1e")


def test_a_revoked_debug_certificate_is_refused_and_replaced(
    database: Database, authority: Authority, sealer: Sealer
) -> None:
    with database.begin() as tx:
        organization_id = make_organization(tx)

        def download() -> str:
            return debug_certificate(
                tx,
                actor=ADMIN,
                organization_id=organization_id,
                authority=authority,
                seal=sealer.seal,
                unseal=sealer.unseal,
            )

        def revoke() -> bool:
            return revoke_debug_certificate(
                tx,
                actor=ADMIN,
                organization_id=organization_id,
                unseal=sealer.unseal,
                clock=utc_now,
            )

        assert not revoke()
        first = download()
        revoked, second = revoke(), download()
        serials = [
            f"{load_pem_x509_certificates(bundle.encode())[0].serial_number:x}"
            for bundle in (first, second)
        ]

        assert revoked
        assert [is_revoked(tx, serial) for serial in serials] == [True, False]
