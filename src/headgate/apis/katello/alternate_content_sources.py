"""`/katello/api/alternate_content_sources` and its bulk actions.

Declared for the clients that ask for them; no such source can be made yet.
"""

from collections.abc import Sequence
from typing import Final, Literal

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc
from headgate.apis.actions.resources import Method
from headgate.apis.katello.unlisted import nothing_listed
from headgate.domain.ids import CredentialId, ProductId, SmartProxyId

alternate_content_sources = Resource("alternate_content_sources", "Alternate content sources")
alternate_content_sources_bulk_actions = Resource(
    "alternate_content_sources_bulk_actions", "Alternate content sources bulk actions"
)

_BASE: Final = "/katello/api/alternate_content_sources"
_LACKS: Final = "Taking content from alternate sources"


class Index(ListParams):
    """List alternate content sources."""

    name: str | None = doc("Name of the source", default=None)


@alternate_content_sources.action(
    "index", "GET", _BASE, permission="view_alternate_content_sources"
)
def index(call: Call, params: Index) -> Listing:
    """List none."""
    return nothing_listed(call, params)


class _One(Params):
    id: int = doc("Alternate content source ID")


class Show(_One):
    """Show an alternate content source."""


class _Fields(Params):
    name: str | None = doc("Name of the source", default=None)
    description: str | None = doc("Description of the source", default=None)
    base_url: str | None = doc("Address that paths are below", default=None)
    subpaths: list[str] | None = doc("Paths of the repositories, ending with a slash", default=None)
    smart_proxy_ids: list[SmartProxyId] | None = doc("Proxies that use the source", default=None)
    smart_proxy_names: list[str] | None = doc("Proxies that use the source", default=None)
    upstream_username: str | None = doc("User name at the source", default=None)
    upstream_password: str | None = doc("Password at the source", default=None)
    ssl_ca_cert_id: CredentialId | None = doc("Credential with the source's CA", default=None)
    ssl_client_cert_id: CredentialId | None = doc(
        "Credential with the client certificate", default=None
    )
    ssl_client_key_id: CredentialId | None = doc(
        "Credential with the client certificate's key", default=None
    )
    verify_ssl: bool | None = doc("Whether to verify the source's certificate", default=None)
    use_http_proxies: bool | None = doc("Whether to go through the proxies' proxy", default=None)
    product_ids: list[ProductId] | None = doc("Products whose repositories use it", default=None)


class Create(_Fields):
    """Create an alternate content source."""

    alternate_content_source_type: Literal["custom", "simplified", "rhui"] | None = doc(
        "Where the addresses come from", default=None
    )
    content_type: Literal["file", "yum", "deb"] | None = doc("What the source has", default=None)


class Update(_Fields, _One):
    """Update an alternate content source."""


class Destroy(_One):
    """Delete an alternate content source."""


class Refresh(_One):
    """Read anew what an alternate content source has."""


_OF_ONE: Final[Sequence[tuple[str, Method, str, type[Params], str]]] = (
    ("show", "GET", f"{_BASE}/{{id}}", Show, "view"),
    ("create", "POST", _BASE, Create, "create"),
    ("update", "PUT", f"{_BASE}/{{id}}", Update, "edit"),
    ("destroy", "DELETE", f"{_BASE}/{{id}}", Destroy, "destroy"),
    ("refresh", "POST", f"{_BASE}/{{id}}/refresh", Refresh, "edit"),
)
for _name, _method, _path, _params, _verb in _OF_ONE:
    alternate_content_sources.unbacked(
        _name,
        _method,
        _path,
        _params,
        lacks=_LACKS,
        permission=f"{_verb}_alternate_content_sources",
    )


class _Several(Params):
    ids: list[int] = doc("Alternate content source IDs")


class DestroySeveral(_Several):
    """Delete alternate content sources."""


class RefreshSeveral(_Several):
    """Read anew what alternate content sources have."""


class RefreshAll(Params):
    """Read anew what all alternate content sources have."""


_OF_SEVERAL: Final[Sequence[tuple[str, Method, type[Params], str]]] = (
    ("destroy", "PUT", DestroySeveral, "destroy"),
    ("refresh", "POST", RefreshSeveral, "edit"),
    ("refresh_all", "POST", RefreshAll, "edit"),
)
for _name, _method, _params, _verb in _OF_SEVERAL:
    alternate_content_sources_bulk_actions.unbacked(
        f"{_name}_alternate_content_sources",
        _method,
        f"{_BASE}/bulk/{_name}",
        _params,
        lacks=_LACKS,
        permission=f"{_verb}_alternate_content_sources",
    )
