"""Manifests and tags as units: rows that every repository which holds them shares."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pyroaring import BitMap
from sqlalchemy import delete, func, select

from headgate.content.container.digests import signature_digest, tag_digest, unit_digest
from headgate.content.container.image_configs import ImageConfig
from headgate.content.container.manifests import Descriptor, Manifest
from headgate.content.container.tables import (
    container_children,
    container_manifest_blobs,
    container_manifests,
    container_signatures,
    container_tags,
)
from headgate.services.units.unit_rows import insert_missing, insert_units
from headgate.stores.db import Transaction
from headgate.stores.db.statements import batched, upsert

MANIFEST: Final = "docker_manifest"
LISTING: Final = "docker_manifest_list"
TAG: Final = "docker_tag"
SIGNATURE: Final = "docker_signature"

_BOOTABLE: Final = "containers.bootc"
_FLATPAK: Final = "org.flatpak.ref"


@dataclass(frozen=True, slots=True)
class NewManifest:
    """A manifest whose bytes are in the blob store, about to become a unit."""

    digest: str
    manifest: Manifest
    size: int  # bytes
    blob_id: int
    config: ImageConfig = field(default_factory=ImageConfig)

    @property
    def unit_type(self) -> str:
        """Which kind of unit it becomes."""
        return LISTING if self.manifest.listing else MANIFEST


def insert_manifests(
    tx: Transaction, found: Sequence[NewManifest], here: Mapping[str, int]
) -> dict[str, int]:
    """Make units of the manifests, children before what lists them; return the ids by digest.

    What is known already stays as it is. `here` are the ids of blobs, by digest, whose bytes
    whoever brings the manifests has: nobody is given those of others for knowing what they are
    called. The caller has held off collection (`services/storage/collection_lock.py`), and pins
    what it does not put into a set at once.
    """
    ids: dict[str, int] = {}
    for lists in (False, True):
        some = [each for each in found if each.manifest.listing is lists]
        inherited = _inherited(tx, some) if lists else {}
        rows = [_row(each, inherited.get(each.digest, (False, False))) for each in some]
        known = insert_units(tx, container_manifests, rows)
        ids.update({each.digest: known[unit_digest(each.digest)] for each in some})
    _insert_children(tx, found, ids)
    _insert_blobs(tx, found, ids, here)
    return ids


def insert_tags(tx: Transaction, tags: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Make units of tags, each a name and the digest that it points to; return ids by name."""
    digests = {(name, manifest): tag_digest(name, manifest) for name, manifest in tags}
    rows = [
        {"digest": digest, "name": name, "manifest": manifest}
        for (name, manifest), digest in digests.items()
    ]
    known = insert_units(tx, container_tags, rows)
    return {name: known[digest] for (name, _), digest in digests.items()}


def insert_signatures(tx: Transaction, signatures: Iterable[tuple[str, bytes]]) -> list[int]:
    """Make units of signatures, each the digest of a manifest and what signs it."""
    rows = {
        signature_digest(manifest, content): {"manifest": manifest, "content": content}
        for manifest, content in signatures
    }
    known = insert_units(
        tx, container_signatures, [{"digest": digest, **row} for digest, row in rows.items()]
    )
    return sorted(known.values())


def blobs_of(tx: Transaction, manifests: BitMap, digests: Iterable[str]) -> dict[str, int]:
    """Return the ids of the blobs that came for one of the manifests, by digest."""
    found: dict[str, int] = {}
    own = container_manifest_blobs.c
    for batch in batched(set(digests)):
        query = select(own.manifest_id, own.digest, own.blob_id).where(
            own.digest.in_(batch), own.blob_id.is_not(None)
        )
        found.update(
            (row.digest, row.blob_id) for row in tx.execute(query) if row.manifest_id in manifests
        )
    return found


def drop_units(tx: Transaction, units: Mapping[str, BitMap]) -> None:
    """Delete units that nothing holds."""
    for batch in batched(units.get(TAG, BitMap())):
        tx.execute(delete(container_tags).where(container_tags.c.id.in_(batch)))
    for batch in batched(units.get(SIGNATURE, BitMap())):
        tx.execute(delete(container_signatures).where(container_signatures.c.id.in_(batch)))
    for batch in batched(units.get(MANIFEST, BitMap()) | units.get(LISTING, BitMap())):
        tx.execute(delete(container_manifests).where(container_manifests.c.id.in_(batch)))


def _row(each: NewManifest, inherited: tuple[bool, bool]) -> dict[str, Any]:
    manifest, config = each.manifest, each.config
    marks = {**config.labels, **manifest.annotations}
    return {
        "digest": unit_digest(each.digest),
        "name": each.digest,
        "media_type": manifest.media_type,
        "listing": manifest.listing,
        "kind": manifest.kind,
        "schema_version": manifest.schema_version,
        "size": each.size,
        "blob_id": each.blob_id,
        "artifact_type": manifest.described_type,
        "subject": None if manifest.subject is None else manifest.subject.digest,
        "annotations": dict(manifest.annotations),
        "labels": dict(config.labels),
        "os": config.os,
        "architecture": config.architecture,
        "variant": config.variant,
        "compressed_size": manifest.compressed_size,
        "created": config.created,
        "bootable": marks.get(_BOOTABLE) in ("1", "true") or inherited[0],
        "flatpak": _FLATPAK in marks or inherited[1],
    }


def _inherited(tx: Transaction, lists: Sequence[NewManifest]) -> dict[str, tuple[bool, bool]]:
    """Return whether one of the children that are here is bootable, and one is a flatpak."""
    own = container_manifests.c
    wanted = {child.digest for each in lists for child in each.manifest.children}
    marked: dict[str, tuple[bool, bool]] = {}
    for batch in batched(wanted):
        rows = tx.execute(select(own.name, own.bootable, own.flatpak).where(own.name.in_(batch)))
        marked.update({row.name: (bool(row.bootable), bool(row.flatpak)) for row in rows})
    return {
        each.digest: (
            any(marked.get(child.digest, (False, False))[0] for child in each.manifest.children),
            any(marked.get(child.digest, (False, False))[1] for child in each.manifest.children),
        )
        for each in lists
    }


def _insert_children(tx: Transaction, found: Sequence[NewManifest], ids: Mapping[str, int]) -> None:
    rows = [
        {
            "manifest_id": ids[each.digest],
            "position": position,
            "child": child.digest,
            "media_type": child.media_type,
            "size": child.size,
            "os": child.os,
            "architecture": child.architecture,
            "variant": child.variant,
        }
        for each in found
        for position, child in enumerate(each.manifest.children)
    ]
    insert_missing(tx, container_children, rows)


def _insert_blobs(
    tx: Transaction,
    found: Sequence[NewManifest],
    ids: Mapping[str, int],
    here: Mapping[str, int],
) -> None:
    rows = [
        {
            "manifest_id": ids[each.digest],
            "position": position,
            "digest": blob.digest,
            "size": blob.size,
            "role": role,
            "media_type": blob.media_type,
            "foreign": blob.foreign,
            "blob_id": here.get(blob.digest),
        }
        for each in found
        for position, (role, blob) in enumerate(_blobs_of(each.manifest))
    ]
    statement = upsert(tx, container_manifest_blobs)
    # Of a manifest that is known already, more bytes may be here now.
    known, brought = container_manifest_blobs.c.blob_id, statement.excluded["blob_id"]
    statement = statement.on_conflict_do_update(
        index_elements=["manifest_id", "position"],
        set_={"blob_id": func.coalesce(known, brought)},
    )
    for batch in batched(rows, 1_000):
        tx.execute(statement, list(batch))


def _blobs_of(manifest: Manifest) -> list[tuple[str, Descriptor]]:
    config = [] if manifest.config is None else [("config", manifest.config)]
    return [*config, *(("layer", layer) for layer in manifest.layers)]
