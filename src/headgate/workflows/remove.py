"""Taking things away: versions, views, products, keys, organizations.

The bytes go with the collector.
"""

from collections.abc import Mapping
from typing import Any

from headgate.domain.ids import (
    ActivationKeyId,
    ContentViewId,
    EnvironmentId,
    OrganizationId,
    ProductId,
)
from headgate.engine.port import Run
from headgate.services.hosts.activation_keys import delete_key
from headgate.services.hosts.leaving import Replacements, let_go, places_of
from headgate.services.organizations.organizations import delete_organization
from headgate.services.repositories.products import delete_product
from headgate.services.views.content_views import delete_content_view
from headgate.services.views.promotions import remove_from_environment
from headgate.services.views.version_removal import delete_versions, lock_versions, require_unused
from headgate.stores.db import Transaction
from headgate.workflows.workshop import Workshop


def remove_versions(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Take the view out of `environment_ids`, then delete `version_ids`, and the view if asked."""
    clock = workshop.ports.clock
    view_id = ContentViewId(run.input["content_view_id"])
    user = run.input["user"]

    replacements = Replacements(
        for_hosts=run.input.get("host_replacement_id"),
        for_keys=run.input.get("key_replacement_id"),
    )
    environment_ids: list[EnvironmentId] = run.input.get("environment_ids", [])

    def remove(tx: Transaction) -> None:
        let_go(tx, places_of(tx, view_id, environment_ids), replacements)
        for environment_id in environment_ids:
            remove_from_environment(
                tx,
                clock=clock,
                content_view_id=view_id,
                environment_id=environment_id,
                user=user,
            )
        version_ids: list[int] = run.input.get("version_ids", [])
        require_unused(tx, lock_versions(tx, version_ids))
        delete_versions(tx, clock=clock, version_ids=version_ids, user=user)
        if run.input.get("destroy_content_view"):
            delete_content_view(tx, clock=clock, content_view_id=view_id)

    run.transaction("remove", remove)
    return {}


def remove_product(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Delete the product in `product_id` with its repositories."""
    product_id = ProductId(run.input["product_id"])
    clock = workshop.ports.clock
    run.transaction("remove", lambda tx: delete_product(tx, clock=clock, product_id=product_id))
    return {}


def remove_activation_key(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Delete the key in `activation_key_id`."""
    del workshop
    key_id = ActivationKeyId(run.input["activation_key_id"])
    run.transaction("remove", lambda tx: delete_key(tx, key_id=key_id))
    return {}


def remove_organization(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Delete the organization in `organization_id` with all that it owns."""
    organization_id = OrganizationId(run.input["organization_id"])
    clock = workshop.ports.clock
    run.transaction(
        "remove",
        lambda tx: delete_organization(tx, clock=clock, organization_id=organization_id),
    )
    return {}
