"""Giving back the bytes of content on demand: upstream has them, and is asked again when needed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyroaring import BitMap
from sqlalchemy import func, select

from headgate.domain.clock import Clock
from headgate.domain.content import Content
from headgate.plugin import ContentType
from headgate.services.repositories.missing import offered_by
from headgate.services.storage.blob_references import unpinned, unreferenced
from headgate.services.storage.collection import request_collection
from headgate.services.storage.collection_lock import begin_collection
from headgate.services.units.content_sets import union_of
from headgate.stores.db import Transaction
from headgate.stores.db.statements import batched
from headgate.stores.db.tables import (
    blobs,
    content_view_version_repositories,
    repositories,
    repository_versions,
    unit_pins,
)


@dataclass(frozen=True, slots=True)
class Reclaimed:
    """How many files were let go of, and how many bytes the disk gets back."""

    files: int
    bytes: int


def reclaim(
    tx: Transaction,
    *,
    content_type: ContentType,
    repository_id: int,
    clock: Clock,
) -> Reclaimed:
    """Let go of the bytes that the repository's upstream offers and nobody else keeps.

    Uploaded files stay, so does what upstream has dropped, and what any repository holds that is
    not on demand, or whose own upstream has it no longer. The collector then frees the bytes.
    """
    begin_collection(tx)
    offered = offered_by(tx, repository_id)
    loose = offered - _kept(tx, offered)
    held = [file.blob_id for file in content_type.files_of(tx, loose) if file.blob_id is not None]
    content_type.forget_bytes(tx, loose)
    freed = 0
    for batch in batched(set(held)):
        useless = select(func.coalesce(func.sum(blobs.c.size), 0)).where(
            blobs.c.id.in_(batch), unreferenced(), unpinned()
        )
        freed += int(tx.scalar(useless) or 0)
    request_collection(tx, clock)
    return Reclaimed(len(held), freed)


def _kept(tx: Transaction, wanted: Content) -> Content:
    """Return which of the units somebody holds who could not get their bytes again."""
    kept: dict[str, BitMap] = {unit_type: _pinned(tx, unit_type) for unit_type in wanted.units}
    lasting: set[int] = set()
    for repository_id, sets in _content_sets(tx).items():
        offered = offered_by(tx, repository_id) if _is_on_demand(tx, repository_id) else Content()
        if not offered.units:
            lasting |= sets
            continue
        for unit_type in kept:
            kept[unit_type] |= union_of(tx, sets, unit_type) - offered[unit_type]
    for unit_type in kept:
        kept[unit_type] |= union_of(tx, lasting, unit_type)
    return Content.of(kept) & wanted


def _content_sets(tx: Transaction) -> Mapping[int, set[int]]:
    frozen = content_view_version_repositories.c
    versions = select(repository_versions.c.repository_id, repository_versions.c.content_set_id)
    held = select(frozen.repository_id, frozen.content_set_id)
    found: dict[int, set[int]] = {}
    for repository_id, content_set_id in tx.execute(versions.union(held)):
        found.setdefault(repository_id, set()).add(content_set_id)
    return found


def _is_on_demand(tx: Transaction, repository_id: int) -> bool:
    found = tx.execute(
        select(repositories.c.download_policy, repositories.c.url).where(
            repositories.c.id == repository_id
        )
    ).one_or_none()
    return found is not None and found.download_policy == "on_demand" and bool(found.url)


def _pinned(tx: Transaction, unit_type: str) -> BitMap:
    rows: Sequence[bytes] = tx.scalars(
        select(unit_pins.c.units).where(unit_pins.c.unit_type == unit_type)
    ).all()
    return BitMap.union(*(BitMap.deserialize(units) for units in rows)) if rows else BitMap()
