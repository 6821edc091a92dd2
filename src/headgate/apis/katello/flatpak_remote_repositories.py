"""`/katello/api/flatpak_remote_repositories`: what flatpak remotes offer (katello.md 1.11)."""

from collections.abc import Mapping, Sequence
from typing import Any

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc
from headgate.apis.katello.shapes import named_all
from headgate.domain.errors import ValidationError
from headgate.domain.ids import (
    FlatpakRemoteId,
    FlatpakRemoteRepositoryId,
    OrganizationId,
    ProductId,
    TaskId,
)
from headgate.engine import enqueue
from headgate.services.access import AnyRow
from headgate.services.containers.flatpak_mirrors import plan_mirror, product_named
from headgate.services.containers.flatpak_offers import (
    OFFERS,
    dependencies_of,
    load_offer,
    manifests_of,
    query,
    runtimes_of,
)
from headgate.services.listing import page
from headgate.workflows.flatpaks import mirror_task

flatpak_remote_repositories = Resource("flatpak_remote_repositories", "Flatpak Remote Repositories")

_FLAT = "/katello/api/flatpak_remote_repositories"
_ONE = f"{_FLAT}/{{id}}"
_ELSEWHERE = (
    "/katello/api/organizations/{organization_id}/flatpak_remote_repositories",
    "/katello/api/flatpak_remotes/{flatpak_remote_id}/flatpak_remote_repositories",
)
_VIEW = "view_flatpak_remotes"


class Index(ListParams):
    """List flatpak remote repositories."""

    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    flatpak_remote_id: FlatpakRemoteId | None = doc("Flatpak remote ID", default=None)
    name: str | None = doc("Name of the repository", default=None)
    label: str | None = doc("Label of the repository", default=None)


@flatpak_remote_repositories.action("index", "GET", _FLAT, also=_ELSEWHERE, permission=_VIEW)
def index(call: Call, params: Index) -> Listing:
    """List them."""
    names = ("flatpak_remote_id", "name", "label")
    found = query(
        call.actor,
        organization_id=params.organization_id,
        **{name: getattr(params, name) for name in names},
    )
    listed = page(call.tx, found, catalog=OFFERS, window=params.window, clock=call.services.clock)
    manifests = manifests_of(call.tx, [row.id for row in listed.rows])
    return Listing.of(listed, lambda row: _shown(row, manifests.get(row.id, [])))


class Show(Params):
    """Show a flatpak remote repository."""

    id: FlatpakRemoteRepositoryId = doc("Flatpak remote repository ID")
    manifests: bool = doc("Show the images, too", default=True)


@flatpak_remote_repositories.action("show", "GET", _ONE, permission=_VIEW)
def show(call: Call, params: Show) -> dict[str, Any]:
    """Show one, with what it needs of the same remote."""
    row = load_offer(call.tx, call.actor, params.id)
    manifests = manifests_of(call.tx, [row.id]).get(row.id, [])
    needed = dependencies_of(call.tx, row, manifests)
    shown = {
        **_shown(row, manifests),
        "repository_dependencies": named_all(needed, "label", "flatpak_remote_id"),
    }
    if params.manifests:
        shown["manifests"] = [_manifest(each) for each in manifests]
    return shown


class Mirror(Params):
    """Mirror a flatpak remote repository."""

    id: FlatpakRemoteRepositoryId = doc("Flatpak remote repository ID")
    product_id: ProductId | None = doc("Product to mirror it into", default=None)
    product_name: str | None = doc(
        "Name of that product, with organization_id", default=None, max_length=255, hidden=True
    )
    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    dependency_ids: list[FlatpakRemoteRepositoryId] | None = doc(
        "Repositories of the same remote to mirror with it; unless given, those with its runtimes"
        " that no repository of the organization mirrors yet",
        default=None,
        max_length=100,
    )


@flatpak_remote_repositories.action("mirror", "POST", f"{_ONE}/mirror", async_task=True)
def mirror(call: Call, params: Mirror) -> TaskId:
    """Make repositories that follow it and its runtimes."""
    plan = plan_mirror(
        call.tx,
        actor=call.actor,
        offer_id=params.id,
        product_id=_product(call, params),
        dependency_ids=params.dependency_ids,
    )
    return enqueue(call.tx, mirror_task(plan, user_id=call.actor.user_id))


def _product(call: Call, params: Mirror) -> ProductId:
    if params.product_id is not None:
        return params.product_id
    if params.product_name is None or params.organization_id is None:
        raise ValidationError(
            {"product_id": ["must be given, or product_name with organization_id"]}
        )
    return product_named(call.tx, call.actor, params.organization_id, params.product_name)


def _shown(row: AnyRow, manifests: Sequence[AnyRow]) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "label": row.label,
        "flatpak_remote_id": row.flatpak_remote_id,
        "flatpak_remote": {
            "id": row.flatpak_remote_id,
            "name": row.remote_name,
            "url": row.remote_url,
        },
        "flatpak_refs": sorted({each.flatpak_ref for each in manifests}),
        "runtimes": runtimes_of(manifests),
        "last_mirrored": _mirrored(row),
    }


def _mirrored(row: AnyRow) -> Mapping[str, Any] | None:
    if row.mirror_id is None:
        return None
    return {
        "mirrored_at": row.mirrored_at,
        "repository": {
            "id": row.mirror_id,
            "name": row.mirror_name,
            "product_id": row.mirror_product_id,
        },
    }


def _manifest(row: AnyRow) -> dict[str, Any]:
    kind, name, *_ = row.flatpak_ref.split("/")
    return {
        "id": row.id,
        "name": name,
        "digest": row.digest,
        "tags": row.tags,
        "flatpak_ref": row.flatpak_ref,
        "application": name if kind == "app" else None,
        "runtime": row.runtime,
        "os": row.os,
        "architecture": row.architecture,
    }
