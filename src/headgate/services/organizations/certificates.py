"""Certificates that organizations and hosts are given, and taking them back."""

from collections.abc import Callable

from cryptography.x509 import load_pem_x509_certificates
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from headgate.domain.clock import Clock
from headgate.domain.errors import ConflictError
from headgate.domain.ids import OrganizationId
from headgate.pki.authority import Authority
from headgate.services.access import Actor, load
from headgate.stores.db import Transaction
from headgate.stores.db.tables import organizations, revoked_certificates

_SERIAL_DIGITS = 40


def debug_certificate(
    tx: Transaction,
    *,
    actor: Actor,
    organization_id: OrganizationId,
    authority: Authority,
    seal: Callable[[bytes], bytes],
    unseal: Callable[[bytes], bytes],
) -> str:
    """Return key and certificate (PEM) that open all content of the organization.

    Made on first asking and the same afterwards: whoever installed it keeps access. It is a
    key to everything the organization publishes, so seeing the organization is not enough.
    """
    row = load(tx, actor, organizations, organization_id)
    actor.require("edit_organizations", organization_id=organization_id)
    if row.debug_certificate is not None:
        return unseal(row.debug_certificate).decode()
    bundle = authority.issue_debug(row.label).bundle.reveal()
    made = tx.execute(
        update(organizations)
        .where(organizations.c.id == row.id, organizations.c.debug_certificate.is_(None))
        .values(debug_certificate=seal(bundle.encode()))
    )
    if made.rowcount != 1:
        raise ConflictError("The debug certificate is being made by another request; ask again")
    return bundle


def revoke_debug_certificate(
    tx: Transaction,
    *,
    actor: Actor,
    organization_id: OrganizationId,
    unseal: Callable[[bytes], bytes],
    clock: Clock,
) -> bool:
    """Refuse the organization's debug certificate from now on; the next asking makes a new one.

    False if there is none.
    """
    row = load(tx, actor, organizations, organization_id)
    actor.require("edit_organizations", organization_id=organization_id)
    if row.debug_certificate is None:
        return False
    (certificate,) = load_pem_x509_certificates(unseal(row.debug_certificate))
    serial = f"{certificate.serial_number:x}"
    revoke_certificate(tx, serial=serial, reason=f"debug certificate of {row.label}", clock=clock)
    tx.execute(
        update(organizations).where(organizations.c.id == row.id).values(debug_certificate=None)
    )
    return True


def revoke_certificate(tx: Transaction, *, serial: str, reason: str, clock: Clock) -> None:
    """Refuse the certificate from now on; revoking it again changes nothing.

    `serial` is lower-case hex without leading zeros, as `ClientCertificate.serial`.
    """
    serial = f"{int(serial, 16):x}"
    if len(serial) > _SERIAL_DIGITS or is_revoked(tx, serial):
        return
    values = {"serial": serial, "reason": reason, "revoked_at": clock()}
    try:
        with tx.begin_nested():
            tx.execute(insert(revoked_certificates).values(values))
    except IntegrityError:
        return  # somebody else revoked it just now


def is_revoked(tx: Transaction, serial: str) -> bool:
    """Tell whether the certificate with this serial (lower-case hex) has been revoked."""
    found = select(revoked_certificates.c.serial).where(revoked_certificates.c.serial == serial)
    return tx.execute(found).first() is not None
