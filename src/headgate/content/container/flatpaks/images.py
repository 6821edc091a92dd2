"""The flatpaks of content sets, without their labels: a flatpak's icon may be among these."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyroaring import BitMap
from sqlalchemy import Row, select, true

from headgate.content.container.tables import (
    container_children,
    container_manifests,
    container_tags,
)
from headgate.content.container.units import LISTING, MANIFEST, TAG
from headgate.domain.ids import ContentSetId
from headgate.stores.db import Transaction
from headgate.stores.db.statements import batched, rows_of
from headgate.stores.db.tables import content_set_members

# Steps from tags through lists to images: what no repository needs, and lists of lists can ask for.
_MOST_STEPS: Final = 200_000

_manifest, _child, _tag = container_manifests.c, container_children.c, container_tags.c
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FlatpakImage:
    """An image that some tag leads to, be it through lists."""

    digest: str
    media_type: str
    os: str | None
    architecture: str | None
    tags: tuple[str, ...]


def flatpaks_in(
    tx: Transaction, content_sets: Iterable[ContentSetId]
) -> dict[ContentSetId, Sequence[FlatpakImage]]:
    """Return the flatpaks of each content set in the order of their digests; none of most."""
    wanted = set(content_sets)
    found: dict[ContentSetId, Sequence[FlatpakImage]] = dict.fromkeys(wanted, ())
    if not wanted:
        return found
    flatpaks = BitMap(tx.scalars(select(_manifest.id).where(_manifest.flatpak == true())))
    for content_set_id, units in _units(tx, wanted):
        held = flatpaks & (units.get(MANIFEST, BitMap()) | units.get(LISTING, BitMap()))
        if held:
            found[content_set_id] = _images(tx, held, units.get(TAG, BitMap()))
    return found


def labels_of(tx: Transaction, digests: Iterable[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the labels of manifests by their digests, some at a time."""
    for batch in batched(sorted(set(digests)), 500):
        query = select(_manifest.name, _manifest.labels).where(_manifest.name.in_(batch))
        yield from ((row.name, row.labels) for row in tx.execute(query))


def _units(
    tx: Transaction, content_sets: set[ContentSetId]
) -> Iterator[tuple[ContentSetId, dict[str, BitMap]]]:
    members = content_set_members.c
    for batch in batched(sorted(content_sets), 500):
        found: dict[ContentSetId, dict[str, BitMap]] = {}
        query = select(members.content_set_id, members.content_type, members.units).where(
            members.content_set_id.in_(batch)
        )
        for held, unit_type, units in tx.execute(query):
            found.setdefault(ContentSetId(held), {})[unit_type] = BitMap.deserialize(units)
        yield from found.items()


def _images(tx: Transaction, held: BitMap, tags: BitMap) -> Sequence[FlatpakImage]:
    columns = [
        _manifest.id,
        _manifest.name,
        _manifest.media_type,
        _manifest.listing,
        _manifest.os,
        _manifest.architecture,
    ]
    manifests = {row.name: row for row in rows_of(tx, columns, _manifest.id, held)}
    lists = BitMap(row.id for row in manifests.values() if row.listing)
    listed: dict[int, list[str]] = {}
    for row in rows_of(tx, [_child.manifest_id, _child.child], _child.manifest_id, lists):
        if row.child in manifests:
            listed.setdefault(row.manifest_id, []).append(row.child)
    names = _tags_by_image(
        rows_of(tx, [_tag.name, _tag.manifest], _tag.id, tags), manifests, listed
    )
    return [
        FlatpakImage(
            row.name, row.media_type, row.os, row.architecture, tuple(sorted(names[row.name]))
        )
        for row in sorted(manifests.values(), key=lambda row: row.name)
        if row.name in names
    ]


def _tags_by_image(
    tags: Iterable[Row[Any]],
    manifests: Mapping[str, Row[Any]],
    listed: Mapping[int, Sequence[str]],
) -> Mapping[str, set[str]]:
    """Return by the digests of images the tags that lead to them."""
    found: dict[str, set[str]] = {}
    steps = 0
    for tag in tags:
        for row in _reached(tag.manifest, manifests, listed):
            steps += 1
            if steps > _MOST_STEPS:
                _log.warning("Tags of a repository lead to more flatpaks than an index can show")
                return found
            if not row.listing:
                found.setdefault(row.name, set()).add(tag.name)
    return found


def _reached(
    root: str, manifests: Mapping[str, Row[Any]], listed: Mapping[int, Sequence[str]]
) -> Iterator[Row[Any]]:
    """Yield the flatpaks to which a digest leads, lists included, each of them once."""
    waiting, seen = [root] if root in manifests else [], {root}
    while waiting:
        row = manifests[waiting.pop()]
        yield row
        fresh = [child for child in listed.get(row.id, ()) if child not in seen]
        seen.update(fresh)
        waiting += fresh
