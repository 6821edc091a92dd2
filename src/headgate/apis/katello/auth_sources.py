"""`/api/auth_sources`: where users prove who they are: here, or at an OpenID Connect provider."""

from typing import Any, Final

from headgate.apis.actions import Call, Listing, ListParams, Resource, doc, list_page
from headgate.domain.ids import LocationId, OrganizationId
from headgate.services.accounts.auth_sources import AUTH_SOURCES, SOURCES, query

auth_sources = Resource("auth_sources", "Authentication sources", dialect="foreman")

_PATH: Final = "/api/auth_sources"
_EVERYWHERE: Final = "Only here for old clients: the sources are the same everywhere"


class Index(ListParams):
    """List authentication sources."""

    organization_id: OrganizationId | None = doc(_EVERYWHERE, default=None)
    location_id: LocationId | None = doc(_EVERYWHERE, default=None)


@auth_sources.action(
    "index",
    "GET",
    _PATH,
    also=[
        "/api/locations/{location_id}/auth_sources",
        "/api/organizations/{organization_id}/auth_sources",
    ],
    permission="view_authenticators",
)
def index(call: Call, params: Index) -> Listing:
    """List the internal one and, where there is a provider, the external one."""
    found = query(external=call.services.provider is not None)
    return list_page(
        call, params, found, catalog=AUTH_SOURCES, show=lambda row: shown_source(row.id)
    )


def shown_source(source_id: int) -> dict[str, Any]:
    """Return a source as users show it, too."""
    name = SOURCES[source_id]
    return {"id": source_id, "type": f"AuthSource{name}", "name": name}
