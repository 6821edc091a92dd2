"""Verifying, republishing and reclaiming space: of repositories, versions, products."""

from headgate.apis.actions import Call, Params, doc
from headgate.apis.katello.content_view_versions import content_view_versions
from headgate.apis.katello.products_bulk_actions import Chosen as ChosenProducts
from headgate.apis.katello.products_bulk_actions import products_bulk_actions
from headgate.apis.katello.repositories import repositories
from headgate.apis.katello.repositories_bulk_actions import Chosen as ChosenRepositories
from headgate.apis.katello.repositories_bulk_actions import repositories_bulk_actions
from headgate.domain.errors import BadRequestError
from headgate.domain.ids import ContentViewVersionId, RepositoryId, TaskId
from headgate.engine import enqueue
from headgate.services.access import load_many, require_for
from headgate.services.related import AnyRow
from headgate.services.repositories.repository_records import load_repository
from headgate.services.repositories.verification import holdings_of_version, repositories_by_id
from headgate.services.views.content_view_records import load_view
from headgate.services.views.version_records import load_version
from headgate.services.work.bulk import repositories_of_products
from headgate.stores.db.tables import content_view_versions as versions_table
from headgate.stores.db.tables import repositories as repositories_table
from headgate.workflows.repair_requests import (
    reclaim_space_task,
    repair_many_task,
    republish_task,
    verify_checksum_task,
    version_task,
)

__all__ = ["content_view_versions", "products_bulk_actions", "repositories"]

_REPOSITORY = "/katello/api/repositories/{id}"
_VERSION = "/katello/api/content_view_versions/{id}"
_NOT_ON_DEMAND = "Only On Demand repositories may have space reclaimed."
_MIRRORED = (
    "Metadata of a repository with the mirroring policy mirror_complete is upstream's, and writing"
    " it anew loses upstream's signature; pass force to do so. The next synchronization brings"
    " upstream's metadata back."
)


class OneRepository(Params):
    """A repository."""

    id: RepositoryId = doc("Repository ID")


class VerifyChecksum(OneRepository):
    """Verify checksum of repository contents."""


@repositories.action("verify_checksum", "POST", f"{_REPOSITORY}/verify_checksum", async_task=True)
def verify_checksum(call: Call, params: VerifyChecksum) -> TaskId:
    """Read everything again; repair what is damaged or gone."""
    row = load_repository(call.tx, call.actor, params.id)
    require_for(call.tx, call.actor, repositories_table, [row], "sync_products")
    return enqueue(call.tx, verify_checksum_task(row, user_id=call.actor.user_id))


class ReclaimSpace(OneRepository):
    """Reclaim space from an On Demand repository."""


@repositories.action("reclaim_space", "POST", f"{_REPOSITORY}/reclaim_space", async_task=True)
def reclaim_space(call: Call, params: ReclaimSpace) -> TaskId:
    """Let go of bytes that can be fetched again; the task tells how many."""
    row = load_repository(call.tx, call.actor, params.id)
    require_for(call.tx, call.actor, repositories_table, [row], "edit_products")
    if row.download_policy != "on_demand":
        raise BadRequestError(_NOT_ON_DEMAND)
    return enqueue(call.tx, reclaim_space_task(row, user_id=call.actor.user_id))


class Republish(OneRepository):
    """Forces a republish of the specified repository."""

    force: bool = doc("Republish although it mirrors its upstream completely", default=False)


@repositories.action("republish", "PUT", f"{_REPOSITORY}/republish", async_task=True)
def republish(call: Call, params: Republish) -> TaskId:
    """Write its metadata anew."""
    row = load_repository(call.tx, call.actor, params.id)
    require_for(call.tx, call.actor, repositories_table, [row], "edit_products")
    _require_force([row], force=params.force)
    return enqueue(call.tx, republish_task(row, user_id=call.actor.user_id))


class OneVersion(Params):
    """A content view version."""

    id: ContentViewVersionId = doc("Content view version ID")


class VerifyVersion(OneVersion):
    """Verify checksum of repository contents in the content view version."""


@content_view_versions.action(
    "verify_checksum", "POST", f"{_VERSION}/verify_checksum", async_task=True
)
def verify_version(call: Call, params: VerifyVersion) -> TaskId:
    """Read everything again that it serves; repair what is damaged or gone."""
    row = load_version(call.tx, call.actor, params.id)
    require_for(call.tx, call.actor, versions_table, [row], "publish_content_views")
    view = load_view(call.tx, call.actor, row.content_view_id)
    task = version_task("verify_checksum", view, row, user_id=call.actor.user_id)
    return enqueue(call.tx, task)


class RepublishVersion(OneVersion):
    """Forces a republish of the version's repositories' metadata."""

    force: bool = doc("Republish although a repository mirrors upstream fully", default=False)


@content_view_versions.action(
    "republish_repositories", "PUT", f"{_VERSION}/republish_repositories", async_task=True
)
def republish_version(call: Call, params: RepublishVersion) -> TaskId:
    """Write the metadata of its repositories anew."""
    row = load_version(call.tx, call.actor, params.id)
    require_for(call.tx, call.actor, versions_table, [row], "publish_content_views")
    held = repositories_by_id(call.tx, holdings_of_version(call.tx, row.id))
    _require_force(list(held.values()), force=params.force)
    view = load_view(call.tx, call.actor, row.content_view_id)
    return enqueue(call.tx, version_task("republish", view, row, user_id=call.actor.user_id))


class ReclaimRepositories(ChosenRepositories):
    """Reclaim space from On Demand repositories."""


@repositories_bulk_actions.action(
    "reclaim_space_from_repositories",
    "POST",
    "/katello/api/repositories/bulk/reclaim_space",
    async_task=True,
)
def reclaim_repositories(call: Call, params: ReclaimRepositories) -> TaskId:
    """Reclaim each in a sub-task; those that are not on demand are left out."""
    rows = load_many(call.tx, call.actor, repositories_table, list(dict.fromkeys(params.ids)))
    for row in rows:
        require_for(call.tx, call.actor, repositories_table, [row], "edit_products")
    on_demand = [row for row in rows if row.download_policy == "on_demand"]
    if not on_demand:
        raise BadRequestError(_NOT_ON_DEMAND)
    task = repair_many_task("reclaim_space", on_demand, user_id=call.actor.user_id)
    return enqueue(call.tx, task)


class VerifyProducts(ChosenProducts):
    """Verify checksum for one or more products."""


@products_bulk_actions.action(
    "verify_checksum_products",
    "PUT",
    "/katello/api/products/bulk/verify_checksum",
    async_task=True,
)
def verify_products(call: Call, params: VerifyProducts) -> TaskId:
    """Verify each repository in a sub-task."""
    found = repositories_of_products(call.tx, call.actor, params.ids, permission="sync_products")
    if not found:
        raise BadRequestError("No repositories to verify in these products.")
    task = repair_many_task("verify_checksum", found, user_id=call.actor.user_id)
    return enqueue(call.tx, task)


def _require_force(rows: list[AnyRow], *, force: bool) -> None:
    if not force and any(row.mirroring_policy == "mirror_complete" for row in rows):
        raise BadRequestError(_MIRRORED)
