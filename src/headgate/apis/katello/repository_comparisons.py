"""`/katello/api/repositories/compare`: which content view versions hold which repositories."""

from typing import Any

from headgate.apis.actions import Call, Listing
from headgate.apis.katello.repositories import repositories
from headgate.apis.katello.repository_shapes import summary
from headgate.apis.katello.units import Compare as CompareUnits
from headgate.services.access import load
from headgate.services.listing import page
from headgate.services.repositories.repository_records import (
    REPOSITORIES,
    last_syncs,
    only,
    query,
    repositories_of_version,
)
from headgate.stores.db import tables


class Compare(CompareUnits):
    """Compare the repositories of content view versions."""


@repositories.action(
    "compare", "GET", "/katello/api/repositories/compare", permission="view_products"
)
def compare(call: Call, params: Compare) -> Listing:
    """List the repositories of the versions, each with the versions that hold it."""
    holding: dict[int, set[int]] = {}
    for version_id in dict.fromkeys(params.content_view_version_ids):
        load(call.tx, call.actor, tables.content_view_versions, version_id)
        holding[version_id] = repositories_of_version(call.tx, version_id)
    anywhere = set[int]().union(*holding.values())
    everywhere = anywhere.intersection(*holding.values())
    chosen = {"same": everywhere, "different": anywhere - everywhere}
    ids = chosen.get(params.restrict_comparison or "all", anywhere)
    if params.repository_id is not None:
        ids = ids & {params.repository_id}
    found = only(query(call.actor), call.tx, sorted(ids))
    listed = page(
        call.tx, found, catalog=REPOSITORIES, window=params.window, clock=call.services.clock
    )
    syncs = last_syncs(call.tx, listed.rows)

    def shown(row: Any) -> dict[str, Any]:
        versions = [version_id for version_id, held in holding.items() if row.id in held]
        return {**summary(call, row, syncs.get(row.id)), "comparison": versions}

    return Listing.of(listed, shown)
