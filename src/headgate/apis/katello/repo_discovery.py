"""`/katello/api/organizations/:id/repo_discover`: what repositories there are below a URL."""

from typing import Any

from headgate.apis.actions import Call, Params, doc
from headgate.apis.katello.organizations import organizations
from headgate.domain.errors import ValidationError
from headgate.domain.ids import OrganizationId, TaskId
from headgate.domain.repositories import fault_of_url
from headgate.engine import enqueue
from headgate.services.access import find, load
from headgate.services.repositories.discoveries import cancel_discoveries
from headgate.stores.db.tables import organizations as organizations_table
from headgate.workflows.discover import discover_task

_PATH = "/katello/api/organizations"
_PERMISSION = "create_products"


class RepoDiscover(Params):
    """Discover Repositories."""

    id: OrganizationId = doc("Organization ID")
    url: str = doc("Base URL to perform repo discovery on", max_length=2048)
    content_type: str = doc("One of yum", default="yum", enum=("yum",))
    upstream_username: str | None = doc("Username to access URL", default=None, max_length=255)
    upstream_password: str | None = doc("Password to access URL", default=None, max_length=255)
    search: str | None = doc("Only here for other types of content", default=None, hidden=True)


@organizations.action("repo_discover", "PUT", f"{_PATH}/{{id}}/repo_discover", async_task=True)
def repo_discover(call: Call, params: RepoDiscover) -> TaskId:
    """Ask for a crawl."""
    row = load(call.tx, call.actor, organizations_table, params.id)
    call.actor.require(_PERMISSION, organization_id=params.id)
    fault = fault_of_url(params.url, schemes=("http", "https"))
    if fault:
        raise ValidationError({"url": [fault]})
    task = discover_task(
        row,
        url=params.url,
        username=params.upstream_username,
        password=params.upstream_password,
        seal=call.services.seal,
        user_id=call.actor.user_id,
    )
    return enqueue(call.tx, task)


class CancelRepoDiscover(Params):
    """Cancel repository discovery."""

    label: str = doc("Organization label")
    url: str | None = doc("Base URL of the discovery; all of them unless given", default=None)


@organizations.action("cancel_repo_discover", "PUT", f"{_PATH}/{{label}}/cancel_repo_discover")
def cancel_repo_discover(call: Call, params: CancelRepoDiscover) -> dict[str, Any]:
    """Cancel those that the caller may cancel."""
    row = find(call.tx, call.actor, organizations_table, label=params.label)
    call.actor.require(_PERMISSION, organization_id=row.id)
    cancelled = cancel_discoveries(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        organization=row,
        url=params.url,
    )
    return {"cancelled": cancelled}
