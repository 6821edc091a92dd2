"""The log of changes: who may read it, by what it is searched, and what an administrator prunes."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Text, and_, cast, delete, insert, select

from headgate.domain.authors import Author
from headgate.domain.clock import Clock
from headgate.domain.errors import ValidationError
from headgate.domain.ids import AuditId, OrganizationId
from headgate.search import Field, Fields, Related
from headgate.services.access import Actor, AnyRow, AnySelect, load, scoped
from headgate.services.listing import Catalog
from headgate.stores.db import Transaction
from headgate.stores.db.tables import audits, organizations

VIEW: Final = "view_audit_logs"

_PRUNING: Final = "audit"


def _of_host(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(audits.c.auditable_type == "host", condition)


AUDITS: Final = Catalog(
    key=audits.c.id,
    fields=Fields(
        {
            "id": Field(audits.c.id, "integer"),
            "type": Field(audits.c.auditable_type),
            "auditable_type": Field(audits.c.auditable_type),
            "auditable_id": Field(audits.c.auditable_id, "integer"),
            "auditable_name": Field(audits.c.auditable_name, default=True),
            "host": Field(audits.c.auditable_name, within=_of_host),
            "action": Field(audits.c.action),
            "user": Field(audits.c.username, default=True),
            "username": Field(audits.c.username),
            "user_id": Field(audits.c.user_id, "integer"),
            "remote_address": Field(audits.c.remote_address),
            "request_uuid": Field(audits.c.request_uuid),
            "via": Field(audits.c.way),
            "task_id": Field(audits.c.task_id),
            "organization": Field(
                organizations.c.name, within=Related(audits.c.organization_id, organizations.c.id)
            ),
            "organization_id": Field(audits.c.organization_id, "integer"),
            "changes": Field(cast(audits.c.changes, Text), default=True),
            "time": Field(audits.c.created_at, "datetime"),
            "created_at": Field(audits.c.created_at, "datetime"),
        }
    ),
    default_sort=("id", "desc"),
)


def changes(actor: Actor, *, organization_id: OrganizationId | None = None) -> AnySelect:
    """Select the changes that the actor may see.

    Those of things in no one organization - users, proxies - are for administrators, and for
    whoever made the change.
    """
    query = select(audits, organizations.c.name.label("organization_name")).outerjoin(
        organizations, organizations.c.id == audits.c.organization_id
    )
    return scoped(query, actor, audits, organization_id=organization_id)


def load_change(tx: Transaction, actor: Actor, audit_id: AuditId) -> AnyRow:
    """Return one change, with its organization's name."""
    load(tx, actor, audits, audit_id, permission=VIEW)
    return tx.execute(changes(actor).where(audits.c.id == audit_id)).one()


def prune(tx: Transaction, *, actor: Actor, author: Author, clock: Clock, before: datetime) -> int:
    """Delete what is older, for good, and return how many it were; the log says that it was done.

    Nothing else ever deletes from the log.
    """
    actor.require_admin()
    now = clock()
    if before > now:
        raise ValidationError({"before": ["must not be in the future"]})
    gone = tx.execute(delete(audits).where(audits.c.created_at < before)).rowcount
    note: dict[str, Any] = {
        "created_at": now,
        "action": "destroy",
        "auditable_type": _PRUNING,
        "auditable_name": f"before {before.isoformat()}",
        "user_id": actor.user_id,
        "username": actor.login,
        "way": author.way,
        "remote_address": author.address,
        "request_uuid": author.request_id,
        "changes": {"count": gone},
    }
    tx.execute(insert(audits).values(note))
    return gone
