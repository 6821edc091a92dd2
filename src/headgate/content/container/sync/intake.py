"""Taking in manifests: those of the last sync are known, new ones are kept in groups.

Known is only what this repository held, or what this very task has brought before it was killed.
Anything else is asked of the upstream although another repository may have it: who knows a digest
is not thereby given what it names. Layers are shared within the organization.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self

from pyroaring import BitMap
from sqlalchemy import select

from headgate.content.container.image_configs import MOST_BYTES, ImageConfig, parse_config
from headgate.content.container.manifests import Descriptor, Manifest, parse_synced
from headgate.content.container.sync.registry import Given
from headgate.content.container.tables import container_manifests
from headgate.content.container.units import (
    LISTING,
    MANIFEST,
    NewManifest,
    blobs_of,
    insert_manifests,
)
from headgate.domain.content import Content
from headgate.domain.platforms import Platform, platform_of
from headgate.plugin import Ports
from headgate.services.repositories.healing import content_sets_of
from headgate.services.storage.blobs import keep
from headgate.services.storage.collection import pin_units
from headgate.services.storage.collection_lock import hold_off_collection
from headgate.services.units.content_sets import union_of
from headgate.stores.blobs import Digest, Spool
from headgate.stores.db import Transaction
from headgate.stores.db.statements import batched
from headgate.stores.db.tables import blobs, unit_pins
from headgate.stores.db.writes import write

# Manifests made durable and remembered together.
_GROUP: Final = 32
# Lists whose rows are written in one transaction.
_LISTS: Final = 500

_own = container_manifests.c
_KNOWN = select(
    _own.id,
    _own.name,
    _own.media_type,
    _own.listing,
    _own.os,
    _own.architecture,
    _own.variant,
    _own.created,
    _own.subject,
    blobs.c.digest.label("stored"),
).join(blobs, blobs.c.id == _own.blob_id)


@dataclass(frozen=True, slots=True)
class Seen:
    """A manifest that is here, as far as it decides what else is taken."""

    digest: str
    listing: bool
    children: Sequence[Descriptor] = ()
    platform: Platform | None = None  # of an image
    created: datetime | None = None
    subject: str | None = None
    new: bool = False  # it came just now


@dataclass(frozen=True, slots=True)
class _Arrival:
    given: Given
    spool: Spool | None  # of the configuration
    config: ImageConfig


class ManifestIntake:
    """Collects the manifests of one sync; a context manager that drops what was not kept."""

    def __init__(
        self, ports: Ports, *, holder: str, organization_id: int, previous: Content
    ) -> None:
        self._ports = ports
        self._holder = holder
        self._organization_id = organization_id
        self._held = previous[MANIFEST] | previous[LISTING]
        self._shared = BitMap()  # the organization's: their layers need not come again
        self._group: list[_Arrival] = []
        self._lists: dict[str, NewManifest] = {}  # their rows come after those of their children
        self._ids: dict[str, tuple[str, int]] = {}

    def __enter__(self) -> Self:
        with self._ports.database.read() as tx:
            pinned = select(unit_pins.c.units).where(
                unit_pins.c.holder == self._holder,
                unit_pins.c.unit_type.in_((MANIFEST, LISTING)),
            )
            for units in tx.scalars(pinned):
                self._held = self._held | BitMap.deserialize(units)
            sets = content_sets_of(tx, self._organization_id)
            self._shared = self._held | union_of(tx, sets, MANIFEST)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for each in self._group:
            if each.spool is not None:
                each.spool.close()

    def known(self, digests: Iterable[str]) -> list[Seen]:
        """Return those of the manifests that need not be fetched."""
        with self._ports.database.read() as tx:
            rows: list[Any] = [
                row
                for batch in batched(digests)
                for row in tx.execute(_KNOWN.where(_own.name.in_(batch)))
                if row.id in self._held
            ]
        self._ids.update({row.name: (_unit_type(row.listing), row.id) for row in rows})
        return [self._known(row) for row in rows]

    def referrers_here(self, subjects: Iterable[str]) -> dict[str, str]:
        """Return what the last sync brought that refers to one of these, with what it refers to."""
        columns = (_own.id, _own.name, _own.subject)
        with self._ports.database.read() as tx:
            return {
                row.name: row.subject
                for batch in batched(subjects)
                for row in tx.execute(select(*columns).where(_own.subject.in_(batch)))
                if row.id in self._held
            }

    async def take(self, given: Given, spool: Spool | None) -> Seen:
        """Take a new manifest with its configuration, which is the intake's to close from now."""
        config = ImageConfig()
        if spool is not None and spool.size <= MOST_BYTES:
            config = parse_config(b"".join(spool.read()))
        self._group.append(_Arrival(given, spool, config))
        if len(self._group) >= _GROUP:
            await self.flush()
        return _seen(given.digest, given.manifest, config)

    async def flush(self) -> None:
        """Make durable what was taken."""
        group, self._group = self._group, []
        if group:
            await asyncio.to_thread(self._keep, group)

    def finish(self, digests: Iterable[str]) -> Content:
        """Return these manifests as units, pinned by the task."""
        for rank in _ranks(self._lists):
            for batch in batched(rank, _LISTS):
                self._insert([self._lists[digest] for digest in batch], {})
        units: dict[str, BitMap] = {}
        for digest in digests:
            unit_type, unit_id = self._ids[digest]
            units.setdefault(unit_type, BitMap()).add(unit_id)
        write(self._ports.database, lambda tx: pin_units(tx, holder=self._holder, units=units))
        return Content.of(units)

    def _known(self, row: Any) -> Seen:
        children: Sequence[Descriptor] = ()
        if row.listing:
            content = b"".join(self._ports.store.read(Digest(row.stored)))
            children = parse_synced(content, row.media_type).children
        return Seen(
            row.name,
            bool(row.listing),
            children,
            platform=platform_of(row.os, row.architecture, row.variant),
            created=row.created,
            subject=row.subject,
        )

    def _keep(self, group: Sequence[_Arrival]) -> None:
        with ExitStack() as stack:
            spools: dict[str, Spool] = {}
            for each in group:
                if each.spool is not None and each.given.manifest.config is not None:
                    stack.enter_context(each.spool)
                    spools[each.given.manifest.config.digest] = each.spool
            manifests = [stack.enter_context(self._ports.store.spool()) for _ in group]
            for spool, each in zip(manifests, group, strict=True):
                spool.write(each.given.content)
            kept = keep(
                self._ports.database,
                self._ports.store,
                [*manifests, *spools.values()],
                holder=self._holder,
                clock=self._ports.clock,
            )
        found = [
            NewManifest(each.given.digest, each.given.manifest, blob.size, blob.id, each.config)
            for each, blob in zip(group, kept, strict=False)
        ]
        configs = {digest: blob.id for digest, blob in zip(spools, kept[len(group) :], strict=True)}
        self._lists |= {each.digest: each for each in found if each.manifest.listing}
        self._insert([each for each in found if not each.manifest.listing], configs)

    def _insert(self, found: Sequence[NewManifest], configs: Mapping[str, int]) -> None:
        """Write the rows; `configs` are ids of the blobs that have come, by their digests."""
        if not found:
            return

        def insert(tx: Transaction) -> dict[str, int]:
            hold_off_collection(tx)
            layers = [layer.digest for each in found for layer in each.manifest.layers]
            ids = insert_manifests(tx, found, blobs_of(tx, self._shared, layers) | dict(configs))
            units: dict[str, BitMap] = {}
            for each in found:
                units.setdefault(each.unit_type, BitMap()).add(ids[each.digest])
            pin_units(tx, holder=self._holder, units=units)
            return ids

        ids = write(self._ports.database, insert)
        self._ids.update({each.digest: (each.unit_type, ids[each.digest]) for each in found})


def _unit_type(listing: bool) -> str:
    return LISTING if listing else MANIFEST


def _seen(digest: str, manifest: Manifest, config: ImageConfig) -> Seen:
    return Seen(
        digest,
        manifest.listing,
        manifest.children,
        platform=platform_of(config.os, config.architecture, config.variant),
        created=config.created,
        subject=None if manifest.subject is None else manifest.subject.digest,
        new=True,
    )


def _ranks(lists: Mapping[str, NewManifest]) -> list[list[str]]:
    """Return the lists so that each comes in a later group than the lists that it lists."""
    ranks: list[list[str]] = []
    waiting = set(lists)
    while waiting:
        ready = [
            digest
            for digest in waiting
            if not any(child.digest in waiting for child in lists[digest].manifest.children)
        ]
        ranks.append(sorted(ready))
        waiting.difference_update(ready)
    return ranks
