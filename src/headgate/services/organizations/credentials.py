"""Content credentials: the keys and certificates that products and repositories refer to."""

from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy import delete, update

from headgate.domain.clock import Clock
from headgate.domain.errors import ValidationError
from headgate.domain.ids import CredentialId, OrganizationId
from headgate.services.access import Actor, load
from headgate.services.organizations.trust_stamps import credential_changed
from headgate.services.uniqueness import free_name
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import content_credentials, organizations

CONTENT_TYPES = ("gpg_key", "cert")
CONTENT_BYTES = 1 << 20  # a bundle of every public CA is a quarter of this

_PGP_BEGINS = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
_PGP_ENDS = "-----END PGP PUBLIC KEY BLOCK-----"

Seal = Callable[[bytes], bytes]


def create_credential(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    seal: Seal,
    organization_id: OrganizationId,
    name: str,
    content_type: str,
    content: str,
) -> CredentialId:
    """Store a GPG key or a certificate (or a client key, which Katello calls `cert` too)."""
    load(tx, actor, organizations, organization_id)
    actor.require("create_content_credentials", organization_id=organization_id)
    if content_type not in CONTENT_TYPES:
        raise ValidationError({"content_type": [f"must be one of: {', '.join(CONTENT_TYPES)}"]})
    check_content(content_type, content)
    free_name(tx, content_credentials, name, organization_id=organization_id)
    now = clock()
    credential_id = insert_row(
        tx,
        content_credentials,
        {
            "organization_id": organization_id,
            "name": name,
            "content_type": content_type,
            "content": seal(content.encode()),
            "created_at": now,
            "updated_at": now,
        },
    )
    return CredentialId(credential_id)


def update_credential(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    seal: Seal,
    credential_id: CredentialId,
    name: str | None = None,
    content: str | None = None,
) -> None:
    """Rename the credential or replace its content; its kind stays."""
    row = load(tx, actor, content_credentials, credential_id, permission="edit_content_credentials")
    changes: dict[str, object] = {"updated_at": clock()}
    if name is not None and name != row.name:
        changes["name"] = free_name(
            tx, content_credentials, name, except_id=row.id, organization_id=row.organization_id
        )
    if content is not None:
        check_content(row.content_type, content)
        changes["content"] = seal(content.encode())
        credential_changed(tx, credential_id)
    tx.execute(
        update(content_credentials).where(content_credentials.c.id == row.id).values(changes)
    )


def delete_credential(tx: Transaction, *, actor: Actor, credential_id: CredentialId) -> None:
    """Delete the credential; what referred to it goes on without one."""
    row = load(
        tx, actor, content_credentials, credential_id, permission="destroy_content_credentials"
    )
    credential_changed(tx, credential_id)
    tx.execute(delete(content_credentials).where(content_credentials.c.id == row.id))


def check_content(content_type: str, content: str) -> None:
    """Raise ValidationError unless the text is what its kind says."""
    if not content.strip():
        raise ValidationError({"content": ["can't be blank"]})
    if len(content.encode()) > CONTENT_BYTES:
        raise ValidationError({"content": [f"is larger than {CONTENT_BYTES} bytes"]})
    if content_type == "gpg_key" and _PGP_ENDS not in content.partition(_PGP_BEGINS)[2]:
        raise ValidationError({"content": ["must contain a PGP public key block"]})
    if content_type == "cert" and not _is_pem(content.encode()):
        raise ValidationError({"content": ["must be a PEM certificate or private key"]})


def _is_pem(content: bytes) -> bool:
    try:
        return bool(x509.load_pem_x509_certificates(content))
    except ValueError:
        pass
    try:
        load_pem_private_key(content, password=None)
    except (ValueError, TypeError):
        return False
    return True
