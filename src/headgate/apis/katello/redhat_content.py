"""Actions of organizations about a vendor's content: declared, with nothing behind them yet."""

from typing import Final, Literal

from headgate.apis.actions import Params, doc
from headgate.apis.katello.organizations import organizations
from headgate.domain.ids import CredentialId, OrganizationId

_BASE: Final = "/katello/api/organizations/{id}"
_LACKS: Final = "Taking content from a vendor's CDN"


class CdnConfiguration(Params):
    """Say where a vendor's content comes from."""

    id: OrganizationId = doc("Organization ID")
    type: Literal["redhat_cdn", "custom_cdn", "network_sync", "export_sync"] = doc(
        "Kind of the source"
    )
    url: str | None = doc("Address of the source", default=None)
    username: str | None = doc("User name at the source", default=None)
    password: str | None = doc("Password at the source", default=None)
    upstream_organization_label: str | None = doc("Organization there", default=None)
    upstream_content_view_label: str | None = doc("Content view there", default=None)
    upstream_lifecycle_environment_label: str | None = doc(
        "Lifecycle environment there", default=None
    )
    ssl_ca_credential_id: CredentialId | None = doc("Credential with its CA", default=None)
    custom_cdn_auth_enabled: bool | None = doc(
        "Whether the products' certificates are shown to it", default=None
    )


class RedhatProvider(Params):
    """Show where a vendor's content comes from."""

    id: OrganizationId = doc("Organization ID")


organizations.unbacked(
    "cdn_configuration",
    "PUT",
    f"{_BASE}/cdn_configuration",
    CdnConfiguration,
    lacks=_LACKS,
    permission="edit_organizations",
)
organizations.unbacked(
    "redhat_provider",
    "GET",
    f"{_BASE}/redhat_provider",
    RedhatProvider,
    lacks=_LACKS,
    permission="view_organizations",
)
