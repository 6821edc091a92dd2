"""Which package or image a path of a published yum repository names."""

from collections.abc import Sequence
from typing import Any

from pyroaring import BitMap
from sqlalchemy import bindparam, func, select, update

from headgate.content.rpm.media import media_type
from headgate.content.rpm.metadata.packages import WEAK_CHECKSUMS
from headgate.content.rpm.tables import distribution_tree_files, distribution_trees, rpm_packages
from headgate.content.rpm.upstream import source_path
from headgate.domain.ids import ContentSetId, UnitId
from headgate.plugin import Located, Source, UnitFile
from headgate.services.units.content_sets import load_units
from headgate.stores.blobs import Digest
from headgate.stores.db import Transaction
from headgate.stores.db.tables import blobs

PACKAGE_TYPE = "application/x-rpm"

# Put together once: content requests wait for it.
_PACKAGES_AT = (
    select(
        rpm_packages.c.id,
        rpm_packages.c.arch,
        rpm_packages.c.size,
        rpm_packages.c.checksum_type,
        rpm_packages.c.checksum,
        rpm_packages.c.location_base,
        blobs.c.digest,
    )
    .outerjoin(blobs, blobs.c.id == rpm_packages.c.blob_id)
    .where(rpm_packages.c.location == bindparam("path"))
    .order_by(rpm_packages.c.id)
)


def located(tx: Transaction, content_set_id: ContentSetId, path: str) -> Located | None:
    """Return what is at the path, whether its bytes are here or not."""
    return _package_at(tx, content_set_id, path) or _tree_file_at(tx, content_set_id, path)


def listed(tx: Transaction, content_set_id: ContentSetId, folder: str) -> Sequence[str]:
    """Return the names in a folder (`` or `a/b/`); those of folders end with `/`."""
    packages = load_units(tx, content_set_id, "rpm") | load_units(tx, content_set_id, "srpm")
    trees = load_units(tx, content_set_id, "distribution_tree")
    below = rpm_packages.c.location.startswith(folder, autoescape=True)
    found = tx.execute(select(rpm_packages.c.id, rpm_packages.c.location).where(below))
    names = {_first(path, folder) for unit_id, path in found if unit_id in packages}
    if trees:
        files = distribution_tree_files.c
        below = files.path.startswith(folder, autoescape=True)
        own = distribution_trees.c
        rows = tx.scalars(
            select(files.path)
            .where(files.tree_id.in_(trees), below)
            .union_all(
                select(own.path).where(
                    own.id.in_(trees), own.path.startswith(folder, autoescape=True)
                )
            )
        )
        names |= {_first(path, folder) for path in rows}
    return sorted(names)


def arrived(tx: Transaction, found: Located, path: str, blob_id: int) -> None:
    """Remember that the bytes of what was located at `path` are here now."""
    _note_bytes(tx, found.unit_type, found.unit_id, path, blob_id)


def arrived_file(tx: Transaction, file: UnitFile, blob_id: int) -> None:
    """Remember that the bytes of a unit's file are here now."""
    _note_bytes(tx, file.unit_type, file.unit_id, file.path, blob_id)


def _note_bytes(tx: Transaction, unit_type: str, unit_id: int, path: str, blob_id: int) -> None:
    if unit_type == "distribution_tree":
        files = distribution_tree_files.c
        tx.execute(
            update(distribution_tree_files)
            .where(files.tree_id == unit_id, files.path == path)
            .values(blob_id=blob_id)
        )
        return
    if unit_type in ("rpm", "srpm"):
        here = update(rpm_packages).where(rpm_packages.c.id == unit_id)
        tx.execute(here.values(blob_id=blob_id))


def _package_at(tx: Transaction, content_set_id: ContentSetId, path: str) -> Located | None:
    rows = tx.execute(_PACKAGES_AT, {"path": path}).all()
    held = _held(tx, content_set_id, rows)
    if held is None:
        return None
    return Located(
        size=held.size,
        media_type=PACKAGE_TYPE,
        digest=None if held.digest is None else Digest(held.digest),
        source=_source(held, path),
        unit_type=_unit_type(held),
        unit_id=UnitId(held.id),
    )


def _source(row: Any, path: str) -> Source | None:
    """Return where the bytes come from; nothing is fetched for a client on a weak checksum."""
    if row.checksum_type in WEAK_CHECKSUMS:
        return None
    return Source(source_path(row.location_base, path), row.checksum_type, row.checksum)


def _held(tx: Transaction, content_set_id: ContentSetId, rows: Sequence[Any]) -> Any | None:
    """Return the row whose package the set holds: other repositories use the same paths.

    Of two at one path, which an index can claim, one is a lie: what has come is the truth.
    """
    held: dict[str, BitMap] = {}
    first: Any | None = None
    for row in rows:
        unit_type = _unit_type(row)
        if unit_type not in held:
            held[unit_type] = load_units(tx, content_set_id, unit_type)
        if row.id in held[unit_type]:
            if row.digest is not None:
                return row
            first = first or row
    return first


def _unit_type(row: Any) -> str:
    return "srpm" if row.arch in ("src", "nosrc") else "rpm"


def _tree_file_at(tx: Transaction, content_set_id: ContentSetId, path: str) -> Located | None:
    trees = load_units(tx, content_set_id, "distribution_tree")
    if not trees:
        return None
    files = distribution_tree_files.c
    own = tx.execute(
        select(distribution_trees.c.id, blobs.c.size, blobs.c.digest)
        .join(blobs, blobs.c.id == distribution_trees.c.blob_id)
        .where(distribution_trees.c.id.in_(trees), distribution_trees.c.path == path)
    ).first()
    if own is not None:
        return Located(
            size=own.size,
            media_type="text/plain; charset=utf-8",
            digest=Digest(own.digest),
            source=None,
            unit_type="distribution_tree",
            unit_id=UnitId(own.id),
        )
    row = tx.execute(
        select(
            files.tree_id,
            files.source,
            files.checksum_type,
            files.checksum,
            func.coalesce(files.size, blobs.c.size).label("size"),
            blobs.c.digest,
        )
        .outerjoin(blobs, blobs.c.id == files.blob_id)
        .where(files.tree_id.in_(trees), files.path == path)
    ).first()
    if row is None:
        return None
    source = None
    if row.checksum_type:
        source = Source(row.source or path, row.checksum_type, row.checksum)
    return Located(
        size=row.size,
        media_type=media_type(path),
        digest=None if row.digest is None else Digest(row.digest),
        source=source,
        unit_type="distribution_tree",
        unit_id=UnitId(row.tree_id),
    )


def _first(path: str, folder: str) -> str:
    """`a/b/c` in `a/` is listed as `b/`."""
    name, slash, _ = path[len(folder) :].partition("/")
    return name + slash
