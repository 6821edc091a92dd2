"""Reading tags and manifests: how they are searched, and what stands beside them in lists."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pyroaring import BitMap
from sqlalchemy import Integer, String, cast, literal, null, select, union_all

from headgate.content.container.tables import (
    container_children,
    container_manifests,
    container_tags,
)
from headgate.content.container.units import LISTING, MANIFEST, TAG
from headgate.search import Field, Fields, Related
from headgate.services.access import AnyRow, AnySelect
from headgate.services.listing import Catalog
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among_texts, within

# Units by type, all within the reach of who asks.
Held = Mapping[str, BitMap]

_tag, _manifest, _child = container_tags.c, container_manifests.c, container_children.c

TAGS: Final = Catalog(
    key=_tag.id,
    fields=Fields(
        {
            "id": Field(_tag.id, "integer"),
            "name": Field(_tag.name, default=True),
            "tag": Field(_tag.name),
            "digest": Field(_tag.manifest),
            "schema_version": Field(_manifest.schema_version, "integer"),
        }
    ),
)


@dataclass(slots=True)
class Beside:
    """What lists of tags and manifests show besides their rows, by digests."""

    tags: dict[str, list[AnyRow]] = field(default_factory=lambda: defaultdict(list))
    children: dict[str, list[AnyRow]] = field(default_factory=lambda: defaultdict(list))


def with_manifests(query: AnySelect) -> AnySelect:
    """Let a selection of tags have what their manifests are."""
    joined = query.outerjoin(container_manifests, _manifest.name == _tag.manifest)
    return joined.add_columns(
        _manifest.id.label("manifest_id"),
        _manifest.listing,
        _manifest.schema_version,
        _manifest.kind,
        _manifest.compressed_size,
        _manifest.bootable,
        _manifest.flatpak,
        _manifest.created,
    )


def manifests_of_tags(tx: Transaction, tags: BitMap, named: Callable[[AnyRow], bool]) -> BitMap:
    """Return the manifests (lists, too) to which those of the tags point that are named so."""
    rows = tx.execute(
        select(_manifest.id, _tag.name)
        .join(container_tags, _tag.manifest == _manifest.name)
        .where(within(tx, _tag.id, tags))
    )
    return BitMap(row.id for row in rows if named(row))


def manifests_catalog(tx: Transaction, held: Held) -> Catalog:
    """Return how manifests and lists are searched: also by tags and lists, of those held alone."""
    tags, lists = held.get(TAG, BitMap()), held.get(LISTING, BitMap())
    listed = (
        select(_child.child)
        .join(container_manifests, _manifest.id == _child.manifest_id)
        .where(within(tx, _child.manifest_id, lists))
        .correlate(None)
    )
    return Catalog(
        key=_manifest.id,
        fields=Fields(
            {
                "id": Field(_manifest.id, "integer"),
                "digest": Field(_manifest.name, default=True),
                "name": Field(_manifest.name),
                "schema_version": Field(_manifest.schema_version, "integer"),
                "type": Field(_manifest.kind),
                "media_type": Field(_manifest.media_type),
                "artifact_type": Field(_manifest.artifact_type),
                "subject": Field(_manifest.subject),
                "os": Field(_manifest.os),
                "architecture": Field(_manifest.architecture),
                "bootable": Field(_manifest.bootable, "boolean"),
                "is_bootable": Field(_manifest.bootable, "boolean"),
                "flatpak": Field(_manifest.flatpak, "boolean"),
                "is_flatpak": Field(_manifest.flatpak, "boolean"),
                "created": Field(_manifest.created, "datetime"),
                "tag": Field(
                    _tag.name,
                    within=Related(
                        _manifest.name,
                        _tag.manifest,
                        where=[within(tx, _tag.id, tags)],
                        own=True,
                    ),
                ),
                "manifest_list_digest": Field(
                    _manifest.name,
                    within=lambda compared: _manifest.name.in_(listed.where(compared)),
                ),
            }
        ),
        default_sort=("digest", "asc"),
        sorts={"compressed_size": _manifest.compressed_size},
    )


def beside(tx: Transaction, held: Held, digests: Sequence[str]) -> Beside:
    """Return the tags that point to these manifests, and what they list; in one statement."""
    tags = select(
        literal("tag").label("role"),
        _tag.manifest.label("digest"),
        _tag.id.label("id"),
        _tag.name.label("name"),
        literal(0).label("position"),
        *(cast(null(), String).label(name) for name in ("media_type", "os", "architecture")),
        cast(null(), String).label("variant"),
        cast(null(), Integer).label("size"),
        cast(null(), Integer).label("owner_id"),
    ).where(among_texts(tx, _tag.manifest, digests))
    parent, child = container_manifests, container_manifests.alias("child")
    children = (
        select(
            literal("child"),
            parent.c.name,
            child.c.id,
            _child.child,
            _child.position,
            _child.media_type,
            _child.os,
            _child.architecture,
            _child.variant,
            _child.size,
            parent.c.id,
        )
        .select_from(container_children)
        .join(parent, parent.c.id == _child.manifest_id)
        .outerjoin(child, child.c.name == _child.child)
        .where(among_texts(tx, parent.c.name, digests))
    )
    found = Beside()
    mine, lists = held.get(TAG, BitMap()), held.get(LISTING, BitMap())
    for row in tx.execute(union_all(tags, children).order_by("position", "name")):
        if row.role == "tag" and row.id in mine:
            found.tags[row.digest].append(row)
        elif row.role == "child" and row.owner_id in lists:
            found.children[row.digest].append(row)
    return found


def is_here(held: Held, manifest_id: int | None) -> bool:
    """Say whether a manifest that something lists is held, too."""
    if manifest_id is None:
        return False
    return any(manifest_id in held.get(unit_type, BitMap()) for unit_type in (MANIFEST, LISTING))
