"""What hammer wants listed before it loads: resources of provisioning, of which there are none.

Hammer's Foreman module refuses to start unless the apidoc has these nine (katello.md 0, finding 3).
Headgate provisions nothing: their lists are empty, and nothing has an id.
"""

from typing import Any, Final

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc
from headgate.apis.katello.unlisted import nothing_listed
from headgate.domain.errors import NotFoundError

_TITLES: Final = {
    "hostgroups": "Host groups",
    "domains": "Domains",
    "media": "Installation media",
    "subnets": "Subnets",
    "compute_resources": "Compute resources",
    "provisioning_templates": "Provisioning templates",
    "operatingsystems": "Operating systems",
    "architectures": "Architectures",
    "ptables": "Partition tables",
}


class Index(ListParams):
    """List them."""


class Show(Params):
    """Show one."""

    id: str = doc("Identifier or name", max_length=255)


def _nothing(name: str, title: str) -> Resource:
    resource = Resource(name, title, dialect="foreman")

    @resource.action("index", "GET", f"/api/{name}", summary=f"List {title.lower()}")
    def index(call: Call, params: Index) -> Listing:  # pyright: ignore[reportUnusedFunction] - declared
        """List nothing."""
        return nothing_listed(call, params)

    @resource.action("show", "GET", f"/api/{name}/{{id}}", summary=f"Show one of {title.lower()}")
    def show(call: Call, params: Show) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction] - declared
        """Find nothing."""
        del call
        raise NotFoundError(f"Could not find {title.lower()} with id {params.id[:64]}")

    return resource


PROVISIONING: Final = tuple(_nothing(name, title) for name, title in _TITLES.items())
