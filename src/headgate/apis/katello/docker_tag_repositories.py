"""`/katello/api/docker_tags/:id/repositories`: where a tag points to the same manifest."""

from headgate.apis.actions import Call, Listing, ListParams, doc
from headgate.apis.katello.container_units import docker_tags
from headgate.apis.katello.repository_shapes import summary
from headgate.content.container.units import TAG
from headgate.domain.ids import OrganizationId, UnitId
from headgate.services.listing import page
from headgate.services.repositories.repository_records import (
    REPOSITORIES,
    Place,
    holding,
    last_syncs,
    only,
    query,
)
from headgate.services.units.units import require_unit


class Repositories(ListParams):
    """List the repositories that hold a tag, pointing where it points."""

    id: UnitId = doc("Tag ID")
    organization_id: OrganizationId | None = doc("Organization ID", default=None)


@docker_tags.action(
    "repositories",
    "GET",
    "/katello/api/docker_tags/{id}/repositories",
    permission="view_products",
)
def tag_repositories(call: Call, params: Repositories) -> Listing:
    """List them."""
    require_unit(call.tx, call.actor, TAG, params.id)
    found = query(call.actor, Place(organization_id=params.organization_id))
    found = only(found, call.tx, holding(call.tx, call.actor, TAG, params.id))
    listed = page(
        call.tx, found, catalog=REPOSITORIES, window=params.window, clock=call.services.clock
    )
    syncs = last_syncs(call.tx, listed.rows)
    return Listing.of(listed, lambda row: summary(call, row, syncs.get(row.id)))
