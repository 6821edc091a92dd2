"""Certificates that the database holds, for whoever looks when they end."""

from dataclasses import dataclass

from sqlalchemy import select

from headgate.stores.db import Transaction
from headgate.stores.db.tables import content_credentials, organizations


@dataclass(frozen=True, slots=True)
class StoredCertificate:
    """Sealed PEM text with whose it is, and what to do when it ends."""

    code: str
    what: str
    sealed: bytes
    fix: str


def stored_certificates(tx: Transaction) -> list[StoredCertificate]:
    """Return the organizations' debug certificates and the content credentials, of everybody."""
    organization = organizations.c
    debug = tx.execute(
        select(organization.label, organization.debug_certificate).where(
            organization.debug_certificate.is_not(None)
        )
    )
    credential = content_credentials.c
    kept = tx.execute(
        select(credential.id, credential.name, credential.content).where(
            credential.content_type == "cert"
        )
    )
    return [
        *(
            StoredCertificate(
                "debug_certificate",
                f"The debug certificate of organization '{row.label}'",
                row.debug_certificate,
                "`headgate organization revoke-debug-certificate`, then download a new one",
            )
            for row in debug
        ),
        *(
            StoredCertificate(
                "content_credential",
                f"The content credential '{row.name}' ({row.id})",
                row.content,
                "ask the upstream for a new one and put it in with"
                " `headgate content-credentials update`",
            )
            for row in kept
        ),
    ]
