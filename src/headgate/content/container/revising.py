"""Changing by hand what a container repository holds: tags by digest, and removals."""

from collections.abc import Sequence

from pyroaring import BitMap
from sqlalchemy import select

from headgate.content.container.combining import with_units
from headgate.content.container.immutable_tags import require_movable
from headgate.content.container.tables import (
    container_manifests,
    container_signatures,
    container_tags,
)
from headgate.content.container.units import LISTING, MANIFEST, SIGNATURE, TAG, insert_tags
from headgate.domain.content import Content
from headgate.domain.errors import BadRequestError
from headgate.engine.port import Run
from headgate.plugin import Ports, Upload
from headgate.services.storage.collection import pin_units
from headgate.services.storage.collection_lock import hold_off_collection
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among_texts
from headgate.stores.db.statements import rows_of

_tag, _manifest = container_tags.c, container_manifests.c


def make_tags(ports: Ports, run: Run, uploads: Sequence[Upload]) -> Content:
    """Make units of tags by digest, pinned by the run; no file is read.

    BadRequestError for what is no tag: images are pushed (katello.md 1.3).
    """
    wanted: list[tuple[str, str]] = []
    for each in uploads:
        if each.unit_type != TAG or each.digest is None:
            raise BadRequestError("Images are not uploaded but pushed: use podman push")
        wanted.append((each.name, each.digest))
    with ports.database.begin() as tx:
        hold_off_collection(tx)
        units = {TAG: insert_tags(tx, wanted).values()}
        pin_units(tx, holder=run.task_id, units=units)
    return Content.of(units)


def revised(
    tx: Transaction, repository_id: int, content: Content, *, added: Content, removed: Content
) -> Content:
    """Return the content without some units, with others in the place of tags of their names.

    With a manifest go the tags that point to it, and its simple signatures. TagImmutableError for
    tags that stay where they are, BadRequestError for new ones that would point to nothing.
    """
    gone = content & removed
    left = content - gone - _hanging_on(tx, content, _digests(tx, gone))
    _require_targets(tx, left, added)
    after = with_units(tx, left, added)
    moved = rows_of(tx, [_tag.name], _tag.id, content[TAG] - after[TAG])
    require_movable(tx, repository_id, sorted(row.name for row in moved))
    return after


def _digests(tx: Transaction, content: Content) -> list[str]:
    manifests = content[MANIFEST] | content[LISTING]
    return [row.name for row in rows_of(tx, [_manifest.name], _manifest.id, manifests)]


def _hanging_on(tx: Transaction, content: Content, digests: Sequence[str]) -> Content:
    """Return what goes with manifests."""
    if not digests:
        return Content()
    found: dict[str, BitMap] = {}
    for unit_type, columns in ((TAG, _tag), (SIGNATURE, container_signatures.c)):
        query = select(columns.id).where(among_texts(tx, columns.manifest, digests))
        found[unit_type] = BitMap(tx.scalars(query)) & content[unit_type]
    return Content.of(found)


def _require_targets(tx: Transaction, content: Content, added: Content) -> None:
    tags = {
        row.manifest: row.name
        for row in rows_of(tx, [_tag.name, _tag.manifest], _tag.id, added[TAG])
    }
    held = content[MANIFEST] | content[LISTING]
    query = select(_manifest.id, _manifest.name).where(among_texts(tx, _manifest.name, list(tags)))
    here = {row.name for row in tx.execute(query) if row.id in held}
    for digest, name in tags.items():
        if digest not in here:
            raise BadRequestError(
                f"The repository holds no manifest {digest}, to which the tag '{name}' is to point:"
                " push it first"
            )
