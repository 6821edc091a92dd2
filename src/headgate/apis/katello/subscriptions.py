"""`/katello/api/subscriptions` and `.../upstream_subscriptions`.

Declared for the clients that ask for them; no vendor's manifest can be brought yet, so no
organization has subscriptions.
"""

from collections.abc import Sequence
from typing import Final

from headgate.apis.actions import (
    MULTIPART,
    BodyRules,
    Call,
    Listing,
    ListParams,
    Params,
    Resource,
    UploadedFile,
    doc,
)
from headgate.apis.actions.resources import Method
from headgate.apis.katello.unlisted import nothing_listed
from headgate.domain.ids import ActivationKeyId, HostId, OrganizationId
from headgate.services.access import require_visible
from headgate.stores.db.tables import organizations

subscriptions = Resource("subscriptions", "Subscriptions")
upstream_subscriptions = Resource("upstream_subscriptions", "Upstream subscriptions")

_BASE: Final = "/katello/api/subscriptions"
_NESTED: Final = "/katello/api/organizations/{organization_id}/subscriptions"
_UPSTREAM: Final = "/katello/api/organizations/{organization_id}/upstream_subscriptions"
_LACKS: Final = "Bringing subscriptions of a vendor's manifest"


class Index(ListParams):
    """List the subscriptions of an organization."""

    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    activation_key_id: ActivationKeyId | None = doc("Of an activation key", default=None)
    host_id: HostId | None = doc("Of a host", default=None)
    name: str | None = doc("Name of the subscription", default=None)
    available_for: str | None = doc("What the subscription could be used for", default=None)
    match_host: bool = doc("Only what fits the host's hardware", default=False)
    match_installed: bool = doc("Only what fits the host's installed products", default=False)
    no_overlap: bool = doc("Only what covers products that nothing else covers", default=False)


@subscriptions.action(
    "index",
    "GET",
    _NESTED,
    also=[_BASE, "/katello/api/activation_keys/{activation_key_id}/subscriptions"],
    permission="view_subscriptions",
)
def index(call: Call, params: Index) -> Listing:
    """List none."""
    return nothing_listed(call, params)


class _InOrganization(Params):
    organization_id: OrganizationId = doc("Organization ID")


class Show(Params):
    """Show a subscription."""

    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    id: int = doc("Subscription ID")


class Upload(_InOrganization):
    """Bring a vendor's manifest."""

    content: UploadedFile = doc("The manifest, a zip file")


class Refresh(_InOrganization):
    """Bring the manifest anew from the vendor."""


class Delete(_InOrganization):
    """Delete the manifest and what came with it."""


class History(_InOrganization):
    """List what happened to the manifest."""


subscriptions.unbacked(
    "show",
    "GET",
    f"{_NESTED}/{{id}}",
    Show,
    also=[f"{_BASE}/{{id}}"],
    lacks=_LACKS,
    permission="view_subscriptions",
)
subscriptions.unbacked(
    "upload",
    "POST",
    f"{_NESTED}/upload",
    Upload,
    lacks=_LACKS,
    permission="import_manifest",
    body=BodyRules(
        media_types=frozenset({MULTIPART}), limit=64 * 1024 * 1024, files=frozenset({"content"})
    ),
)
_OF_MANIFEST: Final[Sequence[tuple[str, Method, type[Params], str]]] = (
    ("refresh_manifest", "PUT", Refresh, "import_manifest"),
    ("delete_manifest", "POST", Delete, "delete_manifest"),
)
for _name, _method, _params, _permission in _OF_MANIFEST:
    subscriptions.unbacked(
        _name, _method, f"{_NESTED}/{_name}", _params, lacks=_LACKS, permission=_permission
    )


@subscriptions.action(
    "manifest_history", "GET", f"{_NESTED}/manifest_history", permission="view_subscriptions"
)
def manifest_history(call: Call, params: History) -> list[object]:
    """List nothing: there was no manifest."""
    require_visible(call.tx, call.actor, organizations, [params.organization_id])
    return []


class IndexUpstream(_InOrganization):
    """List the subscriptions that the vendor has for the organization."""

    page: int | None = doc("Page number, starting at 1", default=None)
    per_page: int | None = doc("Number of results per page to return", default=None)
    order: str | None = doc("Sort field and order, such as 'name DESC'", default=None)
    sort_by: str | None = doc("Field to sort the results on", default=None)
    pool_ids: list[str] | None = doc("Pools to list", default=None)
    quantities_only: bool = doc("Only how many there are", default=False)
    attachable: bool = doc("Only what could be added", default=False)


class Quantity(Params):
    """How much of a pool."""

    id: str = doc("Pool")
    quantity: int = doc("How many of it")


class _Pools(_InOrganization):
    pools: list[Quantity] = doc("Pools and how much of each")


class CreateUpstream(_Pools):
    """Add subscriptions to what the vendor's manifest holds."""


class UpdateUpstream(_Pools):
    """Change how much of its subscriptions the vendor's manifest holds."""


class DestroyUpstream(_InOrganization):
    """Take subscriptions out of the vendor's manifest."""

    pool_ids: list[str] = doc("Pools to take out")


class Ping(_InOrganization):
    """Tell whether the vendor's server answers."""


_OF_VENDOR: Final[Sequence[tuple[str, Method, str, type[Params], str]]] = (
    ("index", "GET", _UPSTREAM, IndexUpstream, "view_subscriptions"),
    ("create", "POST", _UPSTREAM, CreateUpstream, "manage_subscription_allocations"),
    ("update", "PUT", _UPSTREAM, UpdateUpstream, "manage_subscription_allocations"),
    ("destroy", "DELETE", _UPSTREAM, DestroyUpstream, "manage_subscription_allocations"),
    ("ping", "GET", f"{_UPSTREAM}/ping", Ping, "view_subscriptions"),
)
for _name, _method, _path, _params, _permission in _OF_VENDOR:
    upstream_subscriptions.unbacked(
        _name, _method, _path, _params, lacks=_LACKS, permission=_permission
    )
