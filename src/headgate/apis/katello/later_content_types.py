"""`/katello/api/debs`, `.../ansible_collections` and `.../content_units`.

Declared for the clients that ask for them; no repository of these types can be made yet, so
nothing holds such a unit.
"""

from typing import Final

from headgate.apis.actions import Call, Listing, Params, Resource, doc
from headgate.apis.katello import units
from headgate.apis.katello.unlisted import nothing_listed
from headgate.domain.ids import HostId, OrganizationId, RepositoryId

_LACKS: Final = "Content of this type"


class Index(units.Index):
    """List content units of a type."""


class IndexDebs(Index):
    """List deb packages."""

    host_id: HostId | None = doc("Host ID", default=None)
    packages_restrict_applicable: bool = doc("Only what the host could use", default=False)
    packages_restrict_upgradable: bool = doc("Only what the host could upgrade", default=False)
    packages_restrict_latest: bool = doc("Only the latest of each name", default=False)


class IndexUnits(Index):
    """List content units of a type that is named."""

    content_type: str = doc("Content type")


class ShowUnit(units.Show):
    """Show a content unit of a type that is named."""

    content_type: str = doc("Content type")


class CompareUnits(units.Compare):
    """Compare content view versions by units of a type that is named."""

    content_type: str = doc("Content type")


def _later(
    name: str, title: str, path: str, show: type[units.Show], compare: type[units.Compare]
) -> Resource:
    """Declare show and compare of a type of which there are no units."""
    resource = Resource(name, title)
    base = f"/katello/api/{path}"
    of_repository = f"/katello/api/repositories/{{repository_id}}/{path}/{{id}}"
    resource.unbacked(
        "compare", "GET", f"{base}/compare", compare, lacks=_LACKS, permission="view_products"
    )
    resource.unbacked(
        "show",
        "GET",
        f"{base}/{{id}}",
        show,
        also=[of_repository],
        lacks=_LACKS,
        permission="view_products",
    )
    return resource


class DefaultSort(Params):
    """Show refs of ostree and packages of Python."""

    id: str | None = doc("Unit identifier", default=None)
    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    repository_id: RepositoryId | None = doc("Repository ID", default=None)
    content_type: str | None = doc("Content type", default=None)


debs = _later("debs", "Debs", "debs", units.Show, units.Compare)
ansible_collections = _later(
    "ansible_collections", "Ansible collections", "ansible_collections", units.Show, units.Compare
)
generic_content_units = _later(
    "generic_content_units", "Content units", "content_units", ShowUnit, CompareUnits
)


generic_content_units.unbacked(
    "default_sort",
    "GET",
    "/katello/api/ostree_refs",
    DefaultSort,
    also=[
        "/katello/api/ostree_refs/{id}",
        "/katello/api/repositories/{repository_id}/ostree_refs/{id}",
        "/katello/api/python_packages",
        "/katello/api/python_packages/{id}",
        "/katello/api/repositories/{repository_id}/python_packages/{id}",
    ],
    lacks=_LACKS,
    permission="view_products",
)


@units.declare_index(debs)
def index_debs(call: Call, params: IndexDebs) -> Listing:
    """List none."""
    return nothing_listed(call, params)


@units.declare_index(ansible_collections)
def index_collections(call: Call, params: Index) -> Listing:
    """List none."""
    return nothing_listed(call, params)


@units.declare_index(generic_content_units, "content_units")
def index_units(call: Call, params: IndexUnits) -> Listing:
    """List none."""
    return nothing_listed(call, params)
