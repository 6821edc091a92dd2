"""Mirroring what flatpak remotes offer: container repositories that follow their registries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, select, update

from headgate.domain.clock import Clock
from headgate.domain.container_repositories import CONTAINER
from headgate.domain.errors import BadRequestError, NotFoundError, ValidationError
from headgate.domain.ids import FlatpakRemoteRepositoryId, OrganizationId, ProductId
from headgate.services.access import Actor, AnyRow, load, load_many
from headgate.services.containers.flatpak_offers import (
    dependencies_of,
    manifests_of,
    offers_of_runtimes,
    runtimes_of,
)
from headgate.services.containers.flatpak_remotes import find_flatpak_remote, may_see_credentials
from headgate.services.containers.repository_settings import set_container_settings
from headgate.services.repositories.repositories import insert_repository
from headgate.services.uniqueness import require_unique
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    container_repositories,
    flatpak_remote_repositories,
    flatpak_remotes,
    organizations,
    products,
    repositories,
)

VIEW: Final = "view_flatpak_remotes"
CREATE: Final = "create_products"

_TAGS: Final = ("latest",)
_own = flatpak_remote_repositories.c


@dataclass(frozen=True, slots=True)
class MirrorPlan:
    """What is to be mirrored, checked: each offer into a repository of the product."""

    offer: Row[Any]
    product: Row[Any]
    dependency_ids: Sequence[int]


def plan_mirror(
    tx: Transaction,
    *,
    actor: Actor,
    offer_id: FlatpakRemoteRepositoryId,
    product_id: ProductId,
    dependency_ids: Sequence[FlatpakRemoteRepositoryId] | None,
) -> MirrorPlan:
    """Return what to mirror, with these dependencies: unless told, all that are not here yet.

    ValidationError for a product or dependencies of elsewhere and for a name that is taken.
    """
    offer = load(tx, actor, flatpak_remote_repositories, offer_id)
    remote = load(tx, actor, flatpak_remotes, offer.flatpak_remote_id, permission=VIEW)
    product = load(tx, actor, products, product_id, permission=CREATE)
    if product.organization_id != remote.organization_id:
        raise ValidationError({"product_id": ["must be of the remote's organization"]})
    if dependency_ids is None:
        known = dependencies_of(tx, offer, manifests_of(tx, [offer.id]).get(offer.id, []))
        here = _mirrored_names(tx, remote)
        chosen = [row for row in known if row.name not in here]
    else:
        rows = load_many(tx, actor, flatpak_remote_repositories, dependency_ids)
        if any(row.flatpak_remote_id != remote.id for row in rows):
            raise ValidationError({"dependency_ids": ["must be of the same flatpak remote"]})
        chosen = [row for row in rows if row.id != offer.id]
    for each in (offer, *chosen):
        require_unique(tx, repositories, name=each.name, product_id=product.id)
    return MirrorPlan(offer, product, list(dict.fromkeys(each.id for each in chosen)))


def product_named(
    tx: Transaction, actor: Actor, organization_id: OrganizationId, name: str
) -> ProductId:
    """Return the product of this name; NotFoundError if the organization has none."""
    load(tx, actor, organizations, organization_id)
    found = select(products.c.id).where(
        products.c.organization_id == organization_id, products.c.name == name
    )
    product_id = tx.scalar(found)
    if product_id is None:
        raise NotFoundError(f"Could not find product with name {name[:255]}")
    return ProductId(product_id)


def mirror(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    offer_id: int,
    product_id: int,
    dependency_ids: Sequence[int],
) -> Mapping[str, Any]:
    """Make the repositories; they are filled by their first synchronization.

    Returns `repository`, `dependencies`, `missing_runtimes` (which neither this nor an earlier
    mirror brings) and `credentials_copied`. Who may no longer do it is refused.
    """
    offer = load(tx, actor, flatpak_remote_repositories, offer_id)
    remote = find_flatpak_remote(tx, offer.flatpak_remote_id)
    product = load(tx, actor, products, product_id, permission=CREATE)
    rows = load_many(tx, actor, flatpak_remote_repositories, dependency_ids)
    wanted = [offer, *rows]
    made = [_make(tx, remote, product, each, actor=actor, clock=clock) for each in wanted]
    manifests = manifests_of(tx, [each.id for each in wanted])
    runtimes = runtimes_of(row for each in manifests.values() for row in each)
    return {
        "repository": made[0],
        "dependencies": made[1:],
        "missing_runtimes": _missing(tx, remote, runtimes),
        "credentials_copied": remote.token is None or may_see_credentials(remote),
    }


def _make(
    tx: Transaction,
    remote: Row[Any],
    product: Row[Any],
    offer: Row[Any],
    *,
    actor: Actor,
    clock: Clock,
) -> dict[str, Any]:
    if not remote.registry_url:
        raise BadRequestError(
            f"Flatpak remote '{remote.name}' was not scanned since its address changed; scan it"
        )
    trusted = may_see_credentials(remote)
    repository_id = insert_repository(
        tx,
        clock=clock,
        product=product,
        values={
            "name": offer.name,
            "label": offer.label,
            "content_type": CONTAINER,
            "url": remote.registry_url,
            "unprotected": True,
            "upstream_username": remote.username if trusted else None,
            "upstream_password": remote.token if trusted else None,
            "ssl_ca_cert_id": remote.ssl_ca_cert_id,
        },
    )
    set_container_settings(
        tx,
        actor=actor,
        repository_id=repository_id,
        changes={"docker_upstream_name": offer.name, "include_tags": list(_TAGS)},
        permission=CREATE,
    )
    tx.execute(
        update(flatpak_remote_repositories)
        .where(_own.id == offer.id)
        .values(mirror_id=repository_id, mirrored_at=clock())
    )
    return {"id": repository_id, "name": offer.name}


def _missing(tx: Transaction, remote: Row[Any], runtimes: Sequence[str]) -> list[str]:
    offers: Mapping[str, Sequence[AnyRow]] = offers_of_runtimes(tx, remote.id, runtimes)
    here = _mirrored_names(tx, remote)
    return [
        runtime
        for runtime in runtimes
        if not any(row.name in here for row in offers.get(runtime, ()))
    ]


def _mirrored_names(tx: Transaction, remote: Row[Any]) -> set[str]:
    """Return the names in the remote's registry that repositories of its organization follow."""
    found = (
        select(container_repositories.c.docker_upstream_name)
        .join(repositories, repositories.c.id == container_repositories.c.repository_id)
        .where(
            repositories.c.organization_id == remote.organization_id,
            repositories.c.url == remote.registry_url,
            container_repositories.c.docker_upstream_name.is_not(None),
        )
    )
    return set(tx.scalars(found))
