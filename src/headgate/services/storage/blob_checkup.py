"""Whether the blobs that rows tell of are on the disk, and what is there without a row.

Nothing here changes or locks anything. On a server that works, blobs come and go between two
looks, so what seems wrong is looked at again a moment later: only what stays so is a finding.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from pyroaring import BitMap
from sqlalchemy import Table, select

from headgate.domain.findings import Finding, Level, several
from headgate.services.storage.blob_references import unreferenced
from headgate.services.storage.space_holders import Holder, holders
from headgate.services.storage.space_map import units_leading_to
from headgate.stores.blobs import BlobStore, Digest
from headgate.stores.db import Database, Transaction
from headgate.stores.db.statements import batched
from headgate.stores.db.tables import (
    blobs,
    content_view_versions,
    content_views,
    repositories,
)

_BATCH: Final = 5_000
# Longer than any transaction that puts a file in place before its row is committed.
_PATIENCE: Final = 0.5
_TRIES: Final = 3
_NAMED: Final = 20
_REPAIR: Final = (
    "`headgate repository verify-checksum` of the repositories named fetches it from upstream"
    " again; what was uploaded has to be uploaded again, or restored from a backup"
)

Wait = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    digest: Digest
    size: int


def check_blobs(
    database: Database,
    store: BlobStore,
    tables: dict[str, Table],
    *,
    deep: bool = False,
    wait: Wait = time.sleep,
) -> Iterator[Finding]:
    """Find blobs that are missing, of a wrong size, or - if `deep` - of wrong bytes."""
    missing, corrupt = list[_Row](), list[_Row]()
    for row in _rows(database):
        size = store.size(row.digest)
        if size is None:
            missing.append(row)
        elif size != row.size or (deep and not _is_whole(store, row)):
            corrupt.append(row)
    if missing:
        gone = _lasting(database, missing, lambda row: store.size(row.digest) is None, wait)
        aside = {digest for digest, _ in store.set_asides()}
        yield from _missing(database, tables, [row for row in gone if row.digest not in aside])
        yield from _set_aside([row for row in gone if row.digest in aside])
    if corrupt:
        still = _lasting(database, corrupt, lambda row: not _is_whole(store, row), wait)
        yield from _corrupt(database, tables, still)


def check_strays(
    database: Database, store: BlobStore, *, wait: Wait = time.sleep
) -> Iterator[Finding]:
    """Find files in the blob store that no row tells of, and what killed processes left."""
    stray = list(_without_row(database, store.digests()))
    if stray:
        for _ in range(_TRIES):
            wait(_PATIENCE)
            here = [(digest, size) for digest, size in stray if store.size(digest) is not None]
            stray = list(_without_row(database, here))
            if not stray:
                return
        names, total = several(digest for digest, _ in stray), sum(size for _, size in stray)
        yield Finding(
            "orphan_blobs",
            Level.WARNING,
            f"{len(stray)} files of {total} bytes in the blob store belong to nothing: {names}",
            "`headgate doctor --fix` removes them, and so does the server's next start",
            fixable=True,
        )


def _rows(database: Database) -> Iterator[_Row]:
    last = 0
    while True:
        with database.read() as tx:
            query = select(blobs.c.id, blobs.c.digest, blobs.c.size).where(blobs.c.id > last)
            found = tx.execute(query.order_by(blobs.c.id).limit(_BATCH)).all()
        if not found:
            return
        last = found[-1].id
        yield from (_Row(row.id, Digest(row.digest), row.size) for row in found)


def _is_whole(store: BlobStore, row: _Row) -> bool:
    total, size = sha256(), 0
    for chunk in store.read(row.digest):
        total.update(chunk)
        size += len(chunk)
    return size == row.size and total.digest() == row.digest.raw


def _lasting(
    database: Database, rows: Sequence[_Row], wrong: Callable[[_Row], bool], wait: Wait
) -> list[_Row]:
    """Return those that stay wrong, and that content refers to: others are on their way."""
    left = list(rows)
    for _ in range(_TRIES):
        left = [row for row in _referred(database, left) if wrong(row)]
        if not left:
            break
        wait(_PATIENCE)
    return left


def _referred(database: Database, rows: Sequence[_Row]) -> list[_Row]:
    with database.read() as tx:
        found = {
            (row.id, row.size)
            for batch in batched([each.id for each in rows])
            for row in tx.execute(
                select(blobs.c.id, blobs.c.size).where(blobs.c.id.in_(batch), ~unreferenced())
            )
        }
    return [row for row in rows if (row.id, row.size) in found]


def _without_row(
    database: Database, found: Iterable[tuple[Digest, int]]
) -> Iterator[tuple[Digest, int]]:
    for batch in batched(found):
        with database.read() as tx:
            digests = [digest.raw for digest, _ in batch]
            known = set(tx.scalars(select(blobs.c.digest).where(blobs.c.digest.in_(digests))))
        yield from ((digest, size) for digest, size in batch if digest.raw not in known)


def _missing(
    database: Database, tables: dict[str, Table], rows: Sequence[_Row]
) -> Iterator[Finding]:
    if rows:
        yield Finding(
            "missing_blobs",
            Level.ERROR,
            f"The bytes of {len(rows)} blobs are gone: {several(row.digest for row in rows)}"
            f"{_needed_by(database, tables, rows)}",
            _REPAIR,
        )


def _set_aside(rows: Sequence[_Row]) -> Iterator[Finding]:
    if rows:
        yield Finding(
            "interrupted_collection",
            Level.ERROR,
            f"{len(rows)} blobs lie in the trash, where a killed collection has put them, and"
            f" content needs them: {several(row.digest for row in rows)}",
            "`headgate doctor --fix` puts them back, and so does the server's next start",
            fixable=True,
        )


def _corrupt(
    database: Database, tables: dict[str, Table], rows: Sequence[_Row]
) -> Iterator[Finding]:
    if rows:
        yield Finding(
            "corrupt_blobs",
            Level.ERROR,
            f"{len(rows)} blobs are not what they were: {several(row.digest for row in rows)}"
            f"{_needed_by(database, tables, rows)}; look for the cause (disk, memory) first",
            _REPAIR,
        )


def _needed_by(database: Database, tables: dict[str, Table], rows: Sequence[_Row]) -> str:
    """Say which repositories and versions need the first of these blobs."""
    with database.read() as tx:
        ids = [row.id for row in rows[:_NAMED]]
        units = {table.name: units_leading_to(tx, table, ids) for table in tables.values()}
        found = [
            holder
            for holder, held in holders(tx, tables).items()
            if held.blobs & BitMap(ids)
            or any(units[name].intersect(those) for name, those in held.units.items())
        ]
        names = sorted(_name(tx, holder) for holder in found)
    return f"; needed by {several(names)}" if names else ""


def _name(tx: Transaction, holder: Holder) -> str:
    if holder.kind == "repository":
        name = tx.scalar(select(repositories.c.name).where(repositories.c.id == holder.id))
        return f"repository '{name}' ({holder.id})"
    if holder.kind == "version":
        version = content_view_versions.c
        query = select(content_views.c.name, version.major, version.minor).join(
            content_view_versions, version.content_view_id == content_views.c.id
        )
        row = tx.execute(query.where(version.id == holder.id)).one()
        return f"version {row.name} {row.major}.{row.minor}"
    return f"{holder.kind} {holder.id}"
