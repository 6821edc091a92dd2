"""Content credentials: the keys and certificates that products and repositories refer to."""

from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy import delete, or_, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import ConflictError, ValidationError
from headgate.domain.ids import CredentialId, OrganizationId
from headgate.services.access import Actor, load
from headgate.services.organizations.trust_stamps import credential_changed
from headgate.services.repositories.products import CREDENTIAL_KINDS
from headgate.services.uniqueness import free_name
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    content_credentials,
    flatpak_remotes,
    organizations,
    products,
    repositories,
)

CONTENT_TYPES = ("gpg_key", "cert")
CONTENT_BYTES = 1 << 20  # a bundle of every public CA is a quarter of this

_PGP_BEGINS = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
_PGP_ENDS = "-----END PGP PUBLIC KEY BLOCK-----"

Seal = Callable[[bytes], bytes]
Unseal = Callable[[bytes], bytes]


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
    unseal: Unseal,
    name: str | None = None,
    content_type: str | None = None,
    content: str | None = None,
) -> None:
    """Rename the credential, replace its content, or make it one of the other type.

    The content must be of the type; ConflictError if something refers to it as what it was.
    """
    row = load(tx, actor, content_credentials, credential_id, permission="edit_content_credentials")
    changes: dict[str, object] = {"updated_at": clock()}
    if name is not None and name != row.name:
        changes["name"] = free_name(
            tx, content_credentials, name, except_id=row.id, organization_id=row.organization_id
        )
    kind = content_type or row.content_type
    if kind != row.content_type:
        _require_unused(tx, row.id, row.name)
        check_content(kind, unseal(row.content).decode() if content is None else content)
        changes["content_type"] = kind
    if content is not None:
        check_content(kind, content)
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


def _require_unused(tx: Transaction, credential_id: int, name: str) -> None:
    """Raise ConflictError while something refers to the credential as what it is."""
    for table, columns in (
        (products, CREDENTIAL_KINDS),
        (repositories, CREDENTIAL_KINDS),
        (flatpak_remotes, ("ssl_ca_cert_id",)),
    ):
        refers = or_(*(table.c[column] == credential_id for column in columns))
        user = tx.scalar(select(table.c.name).where(refers).limit(1))
        if user is not None:
            raise ConflictError(
                f"Content credential '{name}' stays of its type: '{user}' refers to it. Let that"
                " refer to another one first."
            )


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
