"""`/api/audits`: who changed what, when, from where."""

from datetime import datetime
from typing import Any, Final

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc, list_page
from headgate.domain.ids import AuditId, OrganizationId
from headgate.services.access import AnyRow
from headgate.services.accounts.audits import AUDITS, VIEW, changes, load_change, prune

audits = Resource("audits", "Audits", dialect="foreman")

_PATH: Final = "/api/audits"


class Index(ListParams):
    """List all changes."""

    organization_id: OrganizationId | None = doc("Scope by organizations", default=None)


@audits.action(
    "index",
    "GET",
    _PATH,
    also=["/api/organizations/{organization_id}/audits"],
    permission=VIEW,
)
def index(call: Call, params: Index) -> Listing:
    """List changes, the newest first."""
    query = changes(call.actor, organization_id=params.organization_id)
    return list_page(call, params, query, catalog=AUDITS, show=_shown)


class Show(Params):
    """Show a change."""

    id: AuditId = doc("ID of the change")


@audits.action("show", "GET", f"{_PATH}/{{id}}", permission=VIEW)
def show(call: Call, params: Show) -> dict[str, Any]:
    """Show one."""
    return _shown(load_change(call.tx, call.actor, params.id))


class Prune(Params):
    """Delete changes that are older than a moment."""

    before: datetime = doc("What happened before this moment is forgotten")


@audits.action("prune", "DELETE", _PATH)
def prune_before(call: Call, params: Prune) -> dict[str, Any]:
    """Forget what is old; the log keeps that it was done."""
    gone = prune(
        call.tx,
        actor=call.actor,
        author=call.author,
        clock=call.services.clock,
        before=params.before,
    )
    return {"deleted": gone}


def _shown(row: AnyRow) -> dict[str, Any]:
    organization = {"id": row.organization_id, "name": row.organization_name}
    return {
        "id": row.id,
        "created_at": row.created_at,
        "action": row.action,
        "auditable_type": row.auditable_type,
        "auditable_id": row.auditable_id,
        "auditable_name": row.auditable_name,
        "audited_changes": row.changes,
        "user_id": row.user_id,
        "user_type": None if row.username is None else "User",
        "user_name": row.username,
        "username": row.username,
        "via": row.way,
        "remote_address": row.remote_address,
        "request_uuid": row.request_uuid,
        "task_id": row.task_id,
        "associated_id": None,
        "associated_type": None,
        "associated_name": None,
        "comment": None,
        "affected_organizations": [] if row.organization_id is None else [organization],
        "affected_locations": [],
    }
