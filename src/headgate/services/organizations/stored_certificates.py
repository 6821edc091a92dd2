"""Certificates and keys that the database holds, for whoever looks when they end."""

from dataclasses import dataclass

from sqlalchemy import select

from headgate.stores.db import Transaction
from headgate.stores.db.tables import content_credentials, organizations, signing_keys


@dataclass(frozen=True, slots=True)
class StoredCertificate:
    """Sealed PEM text with whose it is, and what to do when it ends."""

    code: str
    what: str
    sealed: bytes
    fix: str


@dataclass(frozen=True, slots=True)
class StoredKey:
    """An armored public key with whose it is, and what to do when it ends.

    `verifies` what others sign; else it is what signs here.
    """

    code: str
    what: str
    consequence: str
    fix: str
    verifies: bool
    sealed: bytes = b""
    public: str | None = None  # None: it is sealed


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


def stored_keys(tx: Transaction) -> list[StoredKey]:
    """Return the gpg keys of content credentials and the keys that sign metadata, of everybody."""
    credential, signing = content_credentials.c, signing_keys.c
    kept = tx.execute(
        select(credential.id, credential.name, credential.content)
        .where(credential.content_type == "gpg_key")
        .order_by(credential.id)
    )
    own = tx.execute(select(signing.id, signing.name, signing.public).order_by(signing.id))
    return [
        *(
            StoredKey(
                "gpg_key",
                f"the content credential '{row.name}' ({row.id})",
                "what it signs after that is not believed",
                "ask the upstream for its new key and put it in, with the old one while that is"
                f" needed: `headgate content-credentials update --id {row.id} --path FILE`",
                verifies=True,
                sealed=row.content,
            )
            for row in kept
        ),
        *(
            StoredKey(
                "signing_key",
                f"the signing key '{row.name}' ({row.id})",
                "hosts refuse what it signs after that",
                f"`headgate signing-key rotate --id {row.id}`; hosts learn the new key from the"
                " repositories' gpgkey",
                verifies=False,
                public=row.public,
            )
            for row in own
        ),
    ]
