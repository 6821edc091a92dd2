"""What flatpak remotes offer: as a list, with what each offer needs, and as a scan found it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Select, delete, insert, select, update

from headgate.domain.clock import Clock
from headgate.domain.flatpaks import OfferedFlatpak, OfferedRepository, runtime_ref
from headgate.domain.ids import FlatpakRemoteId, FlatpakRemoteRepositoryId, OrganizationId
from headgate.domain.names import label_of
from headgate.search import Field, Fields, Related
from headgate.services.access import Actor, AnyRow, load, scoped
from headgate.services.listing import Catalog, where_equal
from headgate.services.related import Grouped, grouped
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among, among_texts
from headgate.stores.db.statements import batched
from headgate.stores.db.tables import (
    flatpak_remote_manifests,
    flatpak_remote_repositories,
    flatpak_remotes,
    repositories,
)

_remote, _own = flatpak_remotes.c, flatpak_remote_repositories.c
_manifest = flatpak_remote_manifests.c
_INSERTED: Final = 1_000  # rows at once


_HAVING: Final = Related(_own.id, _manifest.flatpak_remote_repository_id, own=True)

OFFERS: Final = Catalog(
    key=_own.id,
    fields=Fields(
        {
            "id": Field(_own.id, "integer"),
            "name": Field(_own.name, default=True),
            "label": Field(_own.label),
            "flatpak_remote_id": Field(_own.flatpak_remote_id, "integer"),
            "ref": Field(_manifest.flatpak_ref, within=_HAVING),
            "runtime": Field(_manifest.runtime, within=_HAVING),
            "architecture": Field(_manifest.architecture, within=_HAVING),
            "digest": Field(_manifest.digest, within=_HAVING),
            "mirrored": Field(_own.mirror_id.is_not(None), "boolean"),
        }
    ),
)


def query(
    actor: Actor, *, organization_id: OrganizationId | None = None, **plain: object
) -> Select[Any]:
    """Select offers with their remote and the repository that mirrors them."""
    joined = (
        select(
            flatpak_remote_repositories,
            _remote.organization_id,
            _remote.name.label("remote_name"),
            _remote.url.label("remote_url"),
            _remote.registry_url,
            repositories.c.name.label("mirror_name"),
            repositories.c.product_id.label("mirror_product_id"),
        )
        .select_from(flatpak_remote_repositories)
        .join(flatpak_remotes, _remote.id == _own.flatpak_remote_id)
        .outerjoin(repositories, repositories.c.id == _own.mirror_id)
    )
    narrowed = scoped(joined, actor, flatpak_remote_repositories, organization_id=organization_id)
    return where_equal(narrowed, flatpak_remote_repositories, **plain)


def load_offer(tx: Transaction, actor: Actor, offer_id: FlatpakRemoteRepositoryId) -> AnyRow:
    """Return one offer as `query` gives it."""
    load(tx, actor, flatpak_remote_repositories, offer_id)
    return tx.execute(query(actor).where(_own.id == offer_id)).one()


def manifests_of(tx: Transaction, offer_ids: Iterable[int]) -> Grouped:
    """Return the images of offers, by offer."""
    ids = set(offer_ids)
    found = (
        select(flatpak_remote_manifests)
        .where(among(tx, _manifest.flatpak_remote_repository_id, ids))
        .order_by(_manifest.flatpak_ref, _manifest.digest)
    )
    return grouped(tx.execute(found), "flatpak_remote_repository_id")


def runtimes_of(manifests: Iterable[AnyRow]) -> Sequence[str]:
    """Return the runtimes that images run in, each once: NAME/ARCH/BRANCH."""
    return sorted({each.runtime for each in manifests if each.runtime is not None})


def offers_of_runtimes(
    tx: Transaction, remote_id: int, runtimes: Iterable[str]
) -> Mapping[str, Sequence[AnyRow]]:
    """Return by runtime the repositories of the remote that offer it."""
    by_ref = {runtime_ref(runtime): runtime for runtime in runtimes}
    found = (
        select(flatpak_remote_repositories, _manifest.flatpak_ref)
        .join(flatpak_remote_manifests, _manifest.flatpak_remote_repository_id == _own.id)
        .where(
            _own.flatpak_remote_id == remote_id,
            among_texts(tx, _manifest.flatpak_ref, list(by_ref)),
        )
        .order_by(_own.name, _own.id)
    )
    offers: dict[str, list[AnyRow]] = {}
    for row in tx.execute(found):
        offers.setdefault(by_ref[row.flatpak_ref], []).append(row)
    return offers


def dependencies_of(
    tx: Transaction, offer: AnyRow, manifests: Sequence[AnyRow]
) -> Sequence[AnyRow]:
    """Return the other repositories of its remote with runtimes that the offer runs in."""
    found = offers_of_runtimes(tx, offer.flatpak_remote_id, runtimes_of(manifests))
    rows = {row.id: row for each in found.values() for row in each if row.id != offer.id}
    return list(rows.values())


def save_scan(
    tx: Transaction,
    *,
    clock: Clock,
    remote_id: FlatpakRemoteId,
    registry_url: str,
    offered: Sequence[OfferedRepository],
) -> Mapping[str, int]:
    """Let the remote offer just this; what it offered before under the same names keeps its id.

    A registry that a user named stays. Returns numbers of repositories: found, added, removed.
    """
    known: dict[str, int] = {
        row.name: row.id
        for row in tx.execute(select(_own.name, _own.id).where(_own.flatpak_remote_id == remote_id))
    }
    names = {each.name for each in offered}
    gone = [offer_id for name, offer_id in known.items() if name not in names]
    for batch in batched(gone):
        tx.execute(delete(flatpak_remote_repositories).where(_own.id.in_(batch)))
    fresh = [
        {"flatpak_remote_id": remote_id, "name": each.name, "label": label_of(each.name)}
        for each in offered
        if each.name not in known
    ]
    for batch in batched(fresh, _INSERTED):
        tx.execute(insert(flatpak_remote_repositories), batch)
    _save_manifests(tx, remote_id, offered)
    chosen = select(_remote.registry_url_chosen).where(_remote.id == remote_id)
    values: dict[str, Any] = {"scanned_at": clock()}
    if not tx.scalar(chosen):
        values["registry_url"] = registry_url
    tx.execute(update(flatpak_remotes).where(_remote.id == remote_id).values(values))
    return {"found": len(offered), "added": len(fresh), "removed": len(gone)}


def _save_manifests(tx: Transaction, remote_id: int, offered: Sequence[OfferedRepository]) -> None:
    """Write all images anew: nothing refers to them."""
    mine = select(_own.id).where(_own.flatpak_remote_id == remote_id)
    tx.execute(
        delete(flatpak_remote_manifests).where(_manifest.flatpak_remote_repository_id.in_(mine))
    )
    ids: dict[str, int] = {
        row.name: row.id
        for row in tx.execute(select(_own.name, _own.id).where(_own.flatpak_remote_id == remote_id))
    }
    rows = [
        _row(ids[repository.name], flatpak)
        for repository in offered
        for flatpak in repository.flatpaks
    ]
    for batch in batched(rows, _INSERTED):
        tx.execute(insert(flatpak_remote_manifests), batch)


def _row(offer_id: int, flatpak: OfferedFlatpak) -> dict[str, Any]:
    return {
        "flatpak_remote_repository_id": offer_id,
        "digest": flatpak.digest,
        "tags": list(flatpak.tags),
        "flatpak_ref": flatpak.ref,
        "runtime": flatpak.runtime,
        "os": flatpak.os,
        "architecture": flatpak.architecture,
    }
