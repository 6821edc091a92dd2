"""Keys with which an organization signs the metadata that it publishes."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Row, Select, delete, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import ConflictError, InvalidContentError, ValidationError
from headgate.domain.ids import OrganizationId, RepositoryId, SigningKeyId
from headgate.domain.secret import Secret
from headgate.pki.openpgp_signing import SigningKey, make_signing_key, read_signing_key
from headgate.search import Field, Fields
from headgate.services.access import Actor, load
from headgate.services.listing import Catalog, of_organizations
from headgate.services.organizations.credential_records import public_gpg_key
from headgate.services.organizations.trust_stamps import trust_changed
from headgate.services.uniqueness import free_name
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import organizations, repositories, signing_keys

Seal = Callable[[bytes], bytes]

# A key with all its certifications is rarely a tenth of this.
KEY_BYTES: Final = 1 << 20
_MOST_FORMER_BYTES: Final = 64 << 10

SIGNING_KEYS: Final = Catalog(
    key=signing_keys.c.id,
    fields=Fields(
        {
            "id": Field(signing_keys.c.id, "integer"),
            "name": Field(signing_keys.c.name, default=True),
            "fingerprint": Field(signing_keys.c.fingerprint),
            "organization_id": Field(signing_keys.c.organization_id, "integer"),
        }
    ),
)


def query(
    actor: Actor, *, organization_id: OrganizationId | None = None, **plain: object
) -> Select[Any]:
    """Select keys with their organization, never with the secret."""
    joined = select(*(column for column in signing_keys.c if column.name != "secret"))
    return of_organizations(joined, actor, signing_keys, organization_id=organization_id, **plain)


def load_signing_key(tx: Transaction, actor: Actor, key_id: SigningKeyId) -> Row[Any]:
    """Return one key as `query` gives it."""
    load(tx, actor, signing_keys, key_id)
    return tx.execute(query(actor).where(signing_keys.c.id == key_id)).one()


def require_keeper(tx: Transaction, actor: Actor, organization_id: OrganizationId) -> None:
    """Raise unless the actor may give the organization a key."""
    load(tx, actor, organizations, organization_id)
    actor.require("create_content_credentials", organization_id=organization_id)


def new_key(name: str, clock: Clock, *, secret: str | None, passphrase: str | None) -> SigningKey:
    """Return the key that was uploaded, or make one; to be called before the database is locked."""
    if secret is None:
        return make_signing_key(name, clock())
    if len(secret.encode()) > KEY_BYTES:
        raise ValidationError({"secret": [f"is larger than {KEY_BYTES} bytes"]})
    try:
        return read_signing_key(secret, (passphrase or "").rstrip("\r\n"))
    except InvalidContentError as error:
        raise ValidationError({"secret": [f"cannot be used: {error.message}"]}) from error


def create_signing_key(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    seal: Seal,
    organization_id: OrganizationId,
    name: str,
    key: SigningKey,
) -> SigningKeyId:
    """Keep a key; its secret is sealed and leaves the server in signatures only."""
    require_keeper(tx, actor, organization_id)
    free_name(tx, signing_keys, name, organization_id=organization_id)
    now = clock()
    key_id = insert_row(
        tx,
        signing_keys,
        {
            "organization_id": organization_id,
            "name": name,
            **_columns(key, seal),
            "former": "",
            "created_at": now,
            "updated_at": now,
        },
    )
    return SigningKeyId(key_id)


def rotate_signing_key(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    seal: Seal,
    key_id: SigningKeyId,
    key: SigningKey,
    forget_former: bool = False,
) -> Sequence[Row[Any]]:
    """Sign with another key from now on; return the repositories that serve what the old one did.

    The old public key is still served, so hosts trust both until all is published anew, unless
    `forget_former`: for a key that has been stolen.
    """
    row = load(tx, actor, signing_keys, key_id, permission="edit_content_credentials")
    if key.fingerprint == row.fingerprint:
        raise ValidationError({"secret": ["is the key that signs already"]})
    former = "" if forget_former else f"{row.public}\n{row.former}"
    if len(former) > _MOST_FORMER_BYTES:
        raise ConflictError(
            "There are too many former keys; rotate once with forget_former, when all hosts know"
            " the present one."
        )
    tx.execute(
        update(signing_keys)
        .where(signing_keys.c.id == key_id)
        .values(**_columns(key, seal), former=former, updated_at=clock())
    )
    using = repositories.c.signing_key_id == key_id
    tx.execute(update(repositories).where(using).values(signing_fingerprint=key.fingerprint))
    trust_changed(tx, using)
    served = select(repositories).where(using, repositories.c.latest_version_id.is_not(None))
    return tx.execute(served.order_by(repositories.c.id)).all()


def rename_signing_key(
    tx: Transaction, *, actor: Actor, clock: Clock, key_id: SigningKeyId, name: str
) -> None:
    """Call the key something else; the user id in it stays."""
    row = load(tx, actor, signing_keys, key_id, permission="edit_content_credentials")
    free_name(tx, signing_keys, name, except_id=row.id, organization_id=row.organization_id)
    tx.execute(
        update(signing_keys)
        .where(signing_keys.c.id == key_id)
        .values(name=name, updated_at=clock())
    )


def delete_signing_key(tx: Transaction, *, actor: Actor, key_id: SigningKeyId) -> None:
    """Delete the key; ConflictError while repositories sign with it."""
    row = load(tx, actor, signing_keys, key_id, permission="destroy_content_credentials")
    using = tx.scalars(
        select(repositories.c.name)
        .where(repositories.c.signing_key_id == key_id)
        .order_by(repositories.c.name)
        .limit(5)
    ).all()
    if using:
        raise ConflictError(
            f"Signing key '{row.name}' signs repositories ({', '.join(using)}); give these another"
            " one, or none, first."
        )
    tx.execute(delete(signing_keys).where(signing_keys.c.id == key_id))


def key_for(
    tx: Transaction, repository_signing: str, unseal: Callable[[bytes], bytes]
) -> SigningKey | None:
    """Return the key with this fingerprint; None when it was rotated away or deleted."""
    row = tx.execute(
        select(signing_keys).where(signing_keys.c.fingerprint == repository_signing).limit(1)
    ).one_or_none()
    if row is None:
        return None
    kept: dict[str, str] = json.loads(unseal(row.secret))
    return SigningKey(
        secret=Secret(kept["key"]),
        passphrase=Secret(kept["passphrase"]),
        fingerprint=row.fingerprint,
        user=row.name,
        public=row.public,
    )


def served_keys(
    tx: Transaction, repository_id: RepositoryId, unseal: Callable[[bytes], bytes]
) -> str | None:
    """Return all that `gpgkey=` of the repository needs: for its packages and for its metadata.

    For everybody: hosts fetch it before they have proved who they are (katello.md 4.3).
    """
    row = tx.execute(
        select(signing_keys.c.public, signing_keys.c.former)
        .join(repositories, repositories.c.signing_key_id == signing_keys.c.id)
        .where(repositories.c.id == repository_id)
    ).one_or_none()
    parts = [public_gpg_key(tx, repository_id, unseal)]
    parts += [] if row is None else [row.public, row.former]
    return "\n".join(part.strip("\n") + "\n" for part in parts if part) or None


def _columns(key: SigningKey, seal: Seal) -> dict[str, Any]:
    kept = {"key": key.secret.reveal(), "passphrase": key.passphrase.reveal()}
    return {
        "fingerprint": key.fingerprint,
        "secret": seal(json.dumps(kept).encode()),
        "public": key.public,
    }
