"""`/katello/api/signing_keys`: keys with which an organization signs what it publishes."""

from typing import Any

from sqlalchemy import Row

from headgate.apis.actions import Call, Listing, ListParams, Params, Raw, Resource, doc
from headgate.apis.katello.shapes import organization_of, permissions
from headgate.domain.ids import OrganizationId, SigningKeyId
from headgate.engine import enqueue
from headgate.services.access import load
from headgate.services.listing import page
from headgate.services.organizations.signing_keys import (
    SIGNING_KEYS,
    create_signing_key,
    delete_signing_key,
    load_signing_key,
    new_key,
    query,
    rename_signing_key,
    require_keeper,
    rotate_signing_key,
)
from headgate.stores.db.tables import signing_keys as table
from headgate.workflows.repair_requests import sign_many_task

signing_keys = Resource("signing_keys", "Signing Keys")

_PATH = "/katello/api/signing_keys"
_VIEW = "view_content_credentials"


class Index(ListParams):
    """List the keys with which published metadata is signed."""

    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    id: SigningKeyId | None = doc("Signing key ID", default=None)
    name: str | None = doc("Name of the signing key", default=None)


@signing_keys.action("index", "GET", _PATH, permission=_VIEW)
def index(call: Call, params: Index) -> Listing:
    """List them; their secrets are shown by nothing."""
    found = query(
        call.actor, organization_id=params.organization_id, id=params.id, name=params.name
    )
    listed = page(
        call.tx, found, catalog=SIGNING_KEYS, window=params.window, clock=call.services.clock
    )
    return Listing.of(listed, lambda row: _shown(call, row))


class One(Params):
    """Show a signing key."""

    id: SigningKeyId = doc("Signing key ID")


@signing_keys.action("show", "GET", f"{_PATH}/{{id}}", permission=_VIEW)
def show(call: Call, params: One) -> dict[str, Any]:
    """Show one with its public key."""
    return _one(call, params.id)


class Secrets(Params):
    """A secret key of one's own."""

    secret: str | None = doc(
        "Armored PGP private key block; without it a key is made", default=None
    )
    passphrase: str | None = doc("Passphrase of the private key block", default=None)


class Create(Secrets):
    """Make a signing key, or upload one."""

    organization_id: OrganizationId = doc("Organization ID")
    name: str = doc("Name of the signing key; the user id of a key that is made", max_length=255)


@signing_keys.action("create", "POST", _PATH)
def create(call: Call, params: Create) -> dict[str, Any]:
    """Keep one; the numbers of a new key are sought before the database is locked."""
    with call.services.database.read() as tx:
        require_keeper(tx, call.actor, params.organization_id)
    key = new_key(
        params.name, call.services.clock, secret=params.secret, passphrase=params.passphrase
    )
    key_id = create_signing_key(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        seal=call.services.seal,
        organization_id=params.organization_id,
        name=params.name,
        key=key,
    )
    return _one(call, key_id)


class Update(Params):
    """Rename a signing key."""

    id: SigningKeyId = doc("Signing key ID")
    name: str = doc("Name of the signing key", max_length=255)


@signing_keys.action("update", "PUT", f"{_PATH}/{{id}}")
def update(call: Call, params: Update) -> dict[str, Any]:
    """Rename it."""
    rename_signing_key(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        key_id=params.id,
        name=params.name,
    )
    return _one(call, params.id)


class Rotate(Secrets):
    """Sign with another key: new versions, and at once what repositories serve by themselves."""

    id: SigningKeyId = doc("Signing key ID")
    forget_former: bool = doc(
        "Serve the public halves of former keys no more: for a stolen key", default=False
    )


@signing_keys.action("rotate", "POST", f"{_PATH}/{{id}}/rotate", status=200)
def rotate(call: Call, params: Rotate) -> dict[str, Any]:
    """Put another key in its place."""
    with call.services.database.read() as tx:
        row = load(tx, call.actor, table, params.id, permission="edit_content_credentials")
    key = new_key(row.name, call.services.clock, secret=params.secret, passphrase=params.passphrase)
    signed = rotate_signing_key(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        seal=call.services.seal,
        key_id=params.id,
        key=key,
        forget_former=params.forget_former,
    )
    if signed:
        enqueue(call.tx, sign_many_task(row, signed, user_id=call.actor.user_id))
    return _one(call, params.id)


class Destroy(One):
    """Destroy a signing key."""


@signing_keys.action("destroy", "DELETE", f"{_PATH}/{{id}}")
def destroy(call: Call, params: Destroy) -> dict[str, Any]:
    """Delete it; return it as it was."""
    shown = _one(call, params.id)
    delete_signing_key(call.tx, actor=call.actor, key_id=params.id)
    return shown


class PublicKey(One):
    """Return the public key, for gpgkey= of hosts."""


@signing_keys.action("public_key", "GET", f"{_PATH}/{{id}}/public_key", permission=_VIEW)
def public_key(call: Call, params: PublicKey) -> Raw:
    """Return it with those of former keys that are still served."""
    row = load_signing_key(call.tx, call.actor, params.id)
    return Raw(f"{row.public}\n{row.former}".strip().encode() + b"\n")


def _one(call: Call, key_id: SigningKeyId) -> dict[str, Any]:
    row = load_signing_key(call.tx, call.actor, key_id)
    return {**_shown(call, row), "public_key": row.public}


def _shown(call: Call, row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "fingerprint": row.fingerprint.upper(),
        "organization_id": row.organization_id,
        "organization": organization_of(row),
        "permissions": permissions(
            call,
            row.organization_id,
            "view_content_credentials",
            "edit_content_credentials",
            "destroy_content_credentials",
        ),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
