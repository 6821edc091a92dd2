"""`/katello/api/content_credentials`: gpg keys and certificates."""

from typing import Any

from sqlalchemy import Row

from headgate.apis.actions import (
    JSON,
    MULTIPART,
    BodyRules,
    Call,
    Listing,
    ListParams,
    Params,
    Raw,
    Resource,
    UploadedFile,
    doc,
)
from headgate.apis.katello.shapes import named_all, organization_of, permissions
from headgate.domain.errors import ValidationError
from headgate.domain.ids import CredentialId, OrganizationId
from headgate.services.listing import page
from headgate.services.organizations.credential_records import (
    CREDENTIALS,
    Users,
    content_of,
    load_credential,
    query,
    users_of,
)
from headgate.services.organizations.credentials import (
    CONTENT_BYTES,
    CONTENT_TYPES,
    create_credential,
    delete_credential,
    update_credential,
)

content_credentials = Resource("content_credentials", "Content Credentials")

_PATH = "/katello/api/content_credentials"
_VIEW = "view_content_credentials"
# Where Katello shows what refers to a credential by each column.
_USERS = {
    "gpg_key_id": ("products", "repositories"),
    "ssl_ca_cert_id": ("ssl_ca_products", "ssl_ca_root_repos"),
    "ssl_client_cert_id": ("ssl_client_products", "ssl_client_root_repos"),
    "ssl_client_key_id": ("ssl_key_products", "ssl_key_root_repos"),
}
# A key comes as JSON, or as a file of a multipart body, as hammer sends it.
_BODY = BodyRules(
    media_types=frozenset({JSON, MULTIPART}),
    limit=2 * CONTENT_BYTES,
    files=frozenset({"content"}),
)


class Index(ListParams):
    """List content credentials."""

    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    id: CredentialId | None = doc("Content credential ID", default=None)
    name: str | None = doc("Name of the content credential", default=None)
    content_type: str | None = doc("Type of content", default=None)


@content_credentials.action("index", "GET", _PATH, permission=_VIEW)
def index(call: Call, params: Index) -> Listing:
    """List them, without their content."""
    found = query(
        call.actor,
        organization_id=params.organization_id,
        id=params.id,
        name=params.name,
        content_type=params.content_type,
    )
    listed = page(
        call.tx, found, catalog=CREDENTIALS, window=params.window, clock=call.services.clock
    )
    users = users_of(call.tx, listed.rows)
    return Listing.of(listed, lambda row: _shown(call, row, users))


class One(Params):
    """Show a content credential."""

    id: CredentialId = doc("Content credential ID")


@content_credentials.action("show", "GET", f"{_PATH}/{{id}}", permission=_VIEW)
def show(call: Call, params: One) -> dict[str, Any]:
    """Show one with its content."""
    return _one(call, params.id)


class Create(Params):
    """Create a content credential."""

    organization_id: OrganizationId = doc("Organization ID")
    name: str = doc("Name of the content credential")
    content_type: str = doc("Type of content", enum=CONTENT_TYPES)
    content: Any = doc("Public key block or certificate, in DER encoding as text or file")


@content_credentials.action("create", "POST", _PATH, body=_BODY)
def create(call: Call, params: Create) -> dict[str, Any]:
    """Keep one."""
    credential_id = create_credential(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        seal=call.services.seal,
        organization_id=params.organization_id,
        name=params.name,
        content_type=params.content_type,
        content=_text(params.content),
    )
    return _one(call, credential_id)


class Update(Params):
    """Update a content credential."""

    id: CredentialId = doc("Content credential ID")
    name: str | None = doc("Name of the content credential", default=None)
    content_type: str | None = doc(
        "Type of content; of one that something refers to it stays",
        default=None,
        enum=CONTENT_TYPES,
    )
    content: Any = doc("Public key block or certificate, as text or file", default=None)


@content_credentials.action("update", "PUT", f"{_PATH}/{{id}}", body=_BODY)
def update(call: Call, params: Update) -> dict[str, Any]:
    """Rename it, replace its content, or make it one of the other type."""
    update_credential(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        seal=call.services.seal,
        unseal=call.services.unseal,
        credential_id=params.id,
        name=params.name,
        content_type=params.content_type,
        content=None if params.content is None else _text(params.content),
    )
    return _one(call, params.id)


class Destroy(One):
    """Destroy a content credential."""


@content_credentials.action("destroy", "DELETE", f"{_PATH}/{{id}}")
def destroy(call: Call, params: Destroy) -> dict[str, Any]:
    """Delete it; return it as it was."""
    row = load_credential(call.tx, call.actor, params.id)
    shown = _shown(call, row, users_of(call.tx, [row]))
    delete_credential(call.tx, actor=call.actor, credential_id=params.id)
    return shown


class Content(One):
    """Return the content of a content credential, used directly by yum."""


@content_credentials.action("content", "GET", f"{_PATH}/{{id}}/content", permission=_VIEW)
def content(call: Call, params: Content) -> Raw:
    """Return the key or certificate itself."""
    text = content_of(call.tx, call.actor, params.id, call.services.unseal)
    return Raw(text.encode())


class SetContent(One):
    """Upload content credential contents."""

    content: Any = doc("Public key block or certificate, as file or text")


@content_credentials.action(
    "set_content", "POST", f"{_PATH}/{{id}}/content", status=200, body=_BODY
)
def set_content(call: Call, params: SetContent) -> dict[str, Any]:
    """Replace the content."""
    update_credential(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        seal=call.services.seal,
        unseal=call.services.unseal,
        credential_id=params.id,
        content=_text(params.content),
    )
    return _one(call, params.id)


def _text(given: object) -> str:
    """Return the text that was sent as such or as a file."""
    if isinstance(given, str):
        return given
    raw = given if isinstance(given, bytes) else b""
    if isinstance(given, UploadedFile):
        if given.spool.size > CONTENT_BYTES:
            raise ValidationError({"content": [f"is larger than {CONTENT_BYTES} bytes"]})
        raw = b"".join(given.spool.read())
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise ValidationError({"content": ["must be text"]}) from error


def _one(call: Call, credential_id: CredentialId) -> dict[str, Any]:
    row = load_credential(call.tx, call.actor, credential_id)
    text = content_of(call.tx, call.actor, credential_id, call.services.unseal)
    return {**_shown(call, row, users_of(call.tx, [row])), "content": text}


def _repository(row: Row[Any]) -> dict[str, Any]:
    product = {"id": row.product_id, "name": row.product_name}
    return {"id": row.id, "name": row.name, "content_type": row.content_type, "product": product}


def _shown(call: Call, row: Row[Any], users: Users) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": row.id,
        "name": row.name,
        "content_type": row.content_type,
        "organization_id": row.organization_id,
        "organization": organization_of(row),
    }
    for column, (product_key, repository_key) in _USERS.items():
        using = [each for each in users.products if getattr(each, column) == row.id]
        shown[product_key] = named_all(using)
        using = [each for each in users.repositories if getattr(each, column) == row.id]
        shown[repository_key] = [_repository(each) for each in using]
    shown["permissions"] = permissions(
        call,
        row.organization_id,
        "view_content_credentials",
        "edit_content_credentials",
        "destroy_content_credentials",
    )
    shown |= {"created_at": row.created_at, "updated_at": row.updated_at}
    return shown
