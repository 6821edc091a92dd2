"""The books of a server at rest: rows and files agree, and nothing is there for no reason."""

from hashlib import sha256
from pathlib import Path
from typing import Any

from pyroaring import BitMap
from sqlalchemy import Table, func, select, text, union

from headgate.content.rpm.tables import rpm_packages, rpm_packs, rpm_segments
from headgate.server.content_types import content_types
from headgate.services.storage.blob_collection import collectable
from headgate.stores.blobs import FolderBlobStore
from headgate.stores.db import Database, Transaction
from headgate.stores.db.tables import (
    blob_pins,
    blobs,
    collection_requests,
    content_set_members,
    content_sets,
    content_uploads,
    content_view_version_repositories,
    content_view_versions,
    publications,
    repository_versions,
    task_locks,
    task_steps,
    tasks,
    unit_pins,
)

# Rows of these are only there while something is under way.
_PASSING = (blob_pins, unit_pins, collection_requests, task_steps)


def disk_bytes(root: Path) -> int:
    """Return the bytes of all blobs below a home."""
    return sum(path.stat().st_size for path in (root / "blobs").rglob("*") if path.is_file())


def require_order(database: Database, root: Path) -> None:
    """Check everything that must hold once all tasks have ended and collection has run."""
    with database.read() as tx:
        assert _unended(tx) == []
        left = {table.name: _count(tx, table) for table in _PASSING}
        assert left == dict.fromkeys(left, 0)
        # Clients delete an upload after its import; it has a row for them until then, or for a day.
        waiting = select(func.count()).where(content_uploads.c.imported_at.is_(None))
        assert tx.scalar(waiting) == 0
        live = select(func.count()).where(task_locks.c.live | task_locks.c.held)
        assert tx.scalar(live) == 0
        unpublished = select(content_view_versions.c.id).where(~content_view_versions.c.published)
        assert list(tx.scalars(unpublished)) == []
        require_used_rows(tx)
        require_blobs(tx, root)
        if database.is_sqlite:  # PostgreSQL's foreign keys cannot be broken
            assert tx.execute(text("PRAGMA foreign_key_check")).all() == []
    require_no_leftovers(root)


def require_used_rows(tx: Transaction) -> None:
    """Check that something holds each content set, publication, unit, segment and pack."""
    held = content_view_version_repositories.c
    named = union(
        select(repository_versions.c.content_set_id),
        select(held.content_set_id),
        select(publications.c.content_set_id),
    )
    assert _ids(tx, content_sets) == set(tx.scalars(named))
    published = union(
        select(repository_versions.c.publication_id),
        select(held.publication_id).where(held.publication_id.is_not(None)),
    )
    assert _ids(tx, publications) == set(tx.scalars(published))
    assert _units_of_tables(tx) == _units_of_sets(tx)
    filled = set(tx.scalars(select(rpm_packages.c.segment_id).distinct()))
    assert _ids(tx, rpm_segments) == filled
    assert _ids(tx, rpm_packs) == set(tx.scalars(select(rpm_segments.c.pack_id).distinct()))


def require_blobs(tx: Transaction, root: Path) -> None:
    """Check that the rows, the files and what refers to blobs are the same set."""
    rows = {digest.hex(): size for digest, size in tx.execute(select(blobs.c.digest, blobs.c.size))}
    files = {digest.hex: size for digest, size in FolderBlobStore(root).digests()}
    assert files == rows
    for digest in files:
        content = (root / "blobs" / digest[:2] / digest[2:4] / digest).read_bytes()
        assert sha256(content).hexdigest() == digest
    assert collectable(tx) == {}


def require_no_leftovers(root: Path) -> None:
    """Check that no temporary file is left."""
    for folder in ("spool", "trash", "uploads", "run/scratch"):
        found = root / folder
        assert not found.exists() or list(found.iterdir()) == [], folder


def _units_of_tables(tx: Transaction) -> dict[str, BitMap]:
    tables = {
        unit_type.table.name: unit_type.table
        for content_type in content_types().values()
        for unit_type in content_type.unit_types.values()
    }
    return {name: BitMap(_ids(tx, table)) for name, table in tables.items()}


def _units_of_sets(tx: Transaction) -> dict[str, BitMap]:
    tables = {
        name: unit_type.table.name
        for content_type in content_types().values()
        for name, unit_type in content_type.unit_types.items()
    }
    units = {table: BitMap() for table in tables.values()}
    members = content_set_members.c
    for name, held in tx.execute(select(members.content_type, members.units)):
        units[tables[name]] |= BitMap.deserialize(held)
    return units


def _unended(tx: Transaction) -> list[Any]:
    return [row.action for row in tx.execute(select(tasks).where(tasks.c.ended_at.is_(None)))]


def _count(tx: Transaction, table: Table) -> int:
    return tx.execute(select(func.count()).select_from(table)).scalar_one()


def _ids(tx: Transaction, table: Table) -> set[int]:
    return set(tx.scalars(select(table.c.id)))
