"""Flatpak remotes: addresses at which others offer flatpaks, made, changed and reached."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import Row, Select, delete, select, update
from yarl import URL

from headgate.domain.clock import Clock
from headgate.domain.errors import NotFoundError, ValidationError
from headgate.domain.ids import FlatpakRemoteId, OrganizationId
from headgate.domain.repositories import fault_of_url
from headgate.search import Field, Fields
from headgate.services.access import Actor, AnyRow, load
from headgate.services.listing import Catalog, of_organizations
from headgate.services.repositories.products import checked_credentials
from headgate.services.repositories.remotes import default_proxy
from headgate.services.uniqueness import free_name
from headgate.services.work.busy import require_free
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    content_credentials,
    flatpak_remotes,
    organizations,
)
from headgate.upstream import Remote

Seal = Callable[[bytes], bytes]
Unseal = Callable[[bytes], bytes]

_own = flatpak_remotes.c
_CA: Final = "ssl_ca_cert_id"
_INDEX: Final = "index/static"
# What flatpak itself asks for; architectures are for whoever mirrors to choose.
_QUERY: Final = {"label:org.flatpak.ref:exists": "1", "tag": "latest"}

FLATPAK_REMOTES: Final = Catalog(
    key=_own.id,
    fields=Fields(
        {
            "id": Field(_own.id, "integer"),
            "name": Field(_own.name, default=True),
            "url": Field(_own.url, default=True),
            "registry_url": Field(_own.registry_url),
            "organization_id": Field(_own.organization_id, "integer"),
        }
    ),
)


def query(
    actor: Actor, *, organization_id: OrganizationId | None = None, **plain: object
) -> Select[Any]:
    """Select remotes with their organization, without their secrets."""
    joined = (
        select(
            *(column for column in _own if column.name != "token"),
            _own.token.is_not(None).label("token_exists"),
            content_credentials.c.name.label("ssl_ca_cert_name"),
        )
        .select_from(flatpak_remotes)
        .outerjoin(content_credentials, content_credentials.c.id == _own.ssl_ca_cert_id)
    )
    return of_organizations(
        joined, actor, flatpak_remotes, organization_id=organization_id, **plain
    )


def load_flatpak_remote(tx: Transaction, actor: Actor, remote_id: FlatpakRemoteId) -> AnyRow:
    """Return one remote as `query` gives it."""
    load(tx, actor, flatpak_remotes, remote_id)
    return tx.execute(query(actor).where(_own.id == remote_id)).one()


def create_flatpak_remote(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    seal: Seal,
    organization_id: OrganizationId,
    values: Mapping[str, Any],
) -> FlatpakRemoteId:
    """Make a remote from API values; its token comes in plain text and is stored sealed."""
    load(tx, actor, organizations, organization_id)
    actor.require("create_flatpak_remotes", organization_id=organization_id)
    _check(values)
    free_name(tx, flatpak_remotes, values["name"], organization_id=organization_id)
    now = clock()
    row = {
        **_columns(tx, actor, seal, organization_id, values),
        "organization_id": organization_id,
        "created_at": now,
        "updated_at": now,
    }
    return FlatpakRemoteId(insert_row(tx, flatpak_remotes, row))


def update_flatpak_remote(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    seal: Seal,
    remote_id: FlatpakRemoteId,
    changes: Mapping[str, Any],
) -> None:
    """Change what is given; a key with None clears it.

    ValidationError if a stored token would be shown to another server: who sends it there must
    know it. With another address, what the old one's index said of its registry is forgotten.
    """
    row = load(tx, actor, flatpak_remotes, remote_id, permission="edit_flatpak_remotes")
    present = {column.name: getattr(row, column.name) for column in flatpak_remotes.columns}
    _check({**present, **changes})
    if changes.get("name", row.name) != row.name:
        free_name(
            tx,
            flatpak_remotes,
            changes["name"],
            except_id=row.id,
            organization_id=row.organization_id,
        )
    if row.token is not None and "token" not in changes and _moves(row, changes):
        raise ValidationError({"token": ["must be given again for another server"]})
    values = _columns(tx, actor, seal, row.organization_id, changes)
    if changes.get("url", row.url) != row.url and not row.registry_url_chosen:
        values.setdefault("registry_url", None)
    tx.execute(
        update(flatpak_remotes).where(_own.id == row.id).values(updated_at=clock(), **values)
    )


def delete_flatpak_remote(tx: Transaction, *, actor: Actor, remote_id: FlatpakRemoteId) -> None:
    """Delete it with what was found there; repositories that mirror it stay as they are."""
    row = load(tx, actor, flatpak_remotes, remote_id, permission="destroy_flatpak_remotes")
    require_free(tx, f"flatpak_remote:{row.id}", name=f"Flatpak remote '{row.name}'")
    tx.execute(delete(flatpak_remotes).where(_own.id == row.id))


def find_flatpak_remote(tx: Transaction, remote_id: int) -> Row[Any]:
    """Return the remote that a task is about; NotFoundError if it was deleted meanwhile."""
    row = tx.execute(select(flatpak_remotes).where(_own.id == remote_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"Flatpak remote {remote_id} was deleted before the task was done")
    return row


def index_remote(tx: Transaction, row: Row[Any], unseal: Unseal) -> Remote:
    """Return where the remote's index is, with the credentials that it may see."""
    base = URL(row.url.rstrip("/") + "/")
    ca = None
    if row.ssl_ca_cert_id is not None:
        ca = tx.scalar(
            select(content_credentials.c.content).where(
                content_credentials.c.id == row.ssl_ca_cert_id
            )
        )
    return Remote(
        url=str(base.join(URL(_INDEX)).with_query(_QUERY)),
        username=row.username,
        password=None if row.token is None else unseal(row.token).decode(),
        ca=None if ca is None else unseal(ca).decode(),
        proxy=default_proxy(tx, unseal),
    )


def may_see_credentials(row: Row[Any]) -> bool:
    """Say whether the remote's registry may have its credentials.

    It may if it is at the origin that they were given for, or a user named it: an index alone
    could send them anywhere.
    """
    if row.registry_url is None or row.registry_url_chosen:
        return True
    return Remote(row.url).trusts(URL(row.registry_url))


def _moves(row: Row[Any], changes: Mapping[str, Any]) -> bool:
    """Say whether credentials would be shown to somebody else than they were given for."""
    trusted = [Remote(row.url)]
    if row.registry_url_chosen:
        trusted.append(Remote(row.registry_url))
    wanted = [changes[name] for name in ("url", "registry_url") if changes.get(name)]
    return not all(any(each.trusts(URL(url)) for each in trusted) for url in wanted)


def _columns(
    tx: Transaction,
    actor: Actor,
    seal: Seal,
    organization_id: OrganizationId,
    values: Mapping[str, Any],
) -> dict[str, Any]:
    columns = {name: values[name] for name in ("name", "url", "description") if name in values}
    if "username" in values:
        columns["username"] = values["username"] or None
    if "token" in values:
        token = values["token"]
        columns["token"] = seal(token.encode()) if token else None
    if "registry_url" in values:
        columns["registry_url"] = values["registry_url"] or None
        columns["registry_url_chosen"] = columns["registry_url"] is not None
    chosen = {_CA: values[_CA]} if _CA in values else {}
    return columns | checked_credentials(tx, actor, organization_id, chosen)


def _check(values: Mapping[str, Any]) -> None:
    errors: dict[str, list[str]] = {}
    if fault := _fault(values.get("url") or ""):
        errors["url"] = [fault]
    if values.get("registry_url") and (fault := _fault(values["registry_url"])):
        errors["registry_url"] = [fault]
    if values.get("token") and not values.get("username"):
        errors["username"] = ["must be given with a token"]
    if errors:
        raise ValidationError(errors)


def _fault(url: str) -> str | None:
    fault = fault_of_url(url, schemes=("http", "https"))
    if fault is None and ("?" in url or "#" in url):
        return "must not have a query or a fragment"
    return fault
