"""Packages that upstream names by md5 or sha1: brought at once, and named by SHA-256 from then on.

A weak checksum tells an accident, not a forgery, so nothing is fetched on it while a client waits,
and no metadata of ours repeats it. The bytes come in the sync, whatever the download policy; the
fragments are written anew with the SHA-256 of what came, and the package is from then on one like
all others (docs/decisions/0028).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final

from pyroaring import BitMap
from sqlalchemy import select, update

from headgate.content.rpm.intake import SOURCE_ARCHES, PackageIntake
from headgate.content.rpm.located import arrived_file
from headgate.content.rpm.metadata.naming import named_by_sha256
from headgate.content.rpm.metadata.segments import Layout, read_fragments
from headgate.content.rpm.metadata.stream import Package
from headgate.content.rpm.selection import pack_reader
from headgate.content.rpm.tables import rpm_packages, rpm_segments, rpm_vouched_packages
from headgate.content.rpm.upstream import source_path
from headgate.domain.content import Content
from headgate.domain.errors import UntrustedContentError, UpstreamError
from headgate.plugin import MissingFile, SyncWork, UnitFile
from headgate.services.units.unit_files import fetch_files
from headgate.services.units.unit_rows import insert_missing
from headgate.stores.blobs import Digest
from headgate.stores.db import Transaction
from headgate.stores.db.statements import batched, rows_of
from headgate.stores.db.tables import blobs

_COLUMNS: Final = tuple(
    rpm_packages.c[name]
    for name in (
        *("digest", "arch", "location", "location_base", "size", "checksum_type", "checksum"),
        *("blob_id", "segment_id", "position"),
    )
)


@dataclass(frozen=True, slots=True)
class Vouched:
    """What became of packages with weak checksums; `missing` are those that did not come."""

    gone: Content
    instead: Content
    missing: Sequence[MissingFile]


def vouch(work: SyncWork, weak: BitMap, *, of: int) -> Vouched:
    """Bring the packages of these units and name them by SHA-256; the new units are pinned.

    `of` so many packages in all. What does not come stays what it was, and is missing. To be
    called in a step: may run twice.
    """
    missing = _fetch(work, weak, of)
    with work.ports.database.read() as tx:
        rows = [row for row in _rows(tx, weak) if row.blob_id is not None]
        digests = _digests(tx, rows)
    named: dict[bytes, Any] = {}
    with PackageIntake(work.ports, holder=work.run.task_id, previous=BitMap()) as intake:
        for row, package in _named(work, rows, digests):
            named[intake.add(package, base=row.location_base)] = row
        intake.finish()
    with work.ports.database.begin() as tx:
        _remember(tx, work, named)
    source = BitMap(row.key_ for row in rows if row.arch in SOURCE_ARCHES)
    gone = Content.of({"rpm": BitMap(row.key_ for row in rows) - source, "srpm": source})
    return Vouched(gone, Content.of({"rpm": intake.binary, "srpm": intake.source}), missing)


def _fetch(work: SyncWork, weak: BitMap, of: int) -> list[MissingFile]:
    with work.ports.database.read() as tx:
        files = [_file(row) for row in _rows(tx, weak) if row.blob_id is None]
    try:
        missing = fetch_files(
            work.ports,
            work.run,
            work.remote,
            files,
            arrived_file,
            keep_good=work.keep_good,
            of=of,
        )
    except UpstreamError as error:
        kinds = " and ".join(sorted({file.checksum_type or "" for file in files}))
        message = (
            f"{error.message}; upstream names packages by {kinds} only, so they must come before"
            " anything can be published"
        )
        raise type(error)(message, url=error.url) from error
    return [_refused(each) for each in missing]


def _file(row: Any) -> UnitFile:
    return UnitFile(
        unit_type="srpm" if row.arch in SOURCE_ARCHES else "rpm",
        unit_id=row.key_,
        path=row.location,
        size=row.size,
        checksum_type=row.checksum_type,
        checksum=row.checksum,
        blob_id=None,
        source=source_path(row.location_base, row.location),
    )


def _refused(file: MissingFile) -> MissingFile:
    """Bytes that come from elsewhere do not help: what they should be, nobody knows."""
    kind = (file.checksum or "").partition(":")[0]
    return replace(
        file,
        code=UntrustedContentError.code,
        reason=f"upstream names it by {kind} only, so it is offered once it was synchronized, and"
        f" it did not come: {file.reason}",
    )


def _named(
    work: SyncWork, rows: Sequence[Any], digests: Mapping[int, Digest]
) -> Iterator[tuple[Any, Package]]:
    """Yield each row with the package that it becomes, in the order of the segments."""
    ordered = sorted(rows, key=lambda row: (row.segment_id, row.position))
    for segment_id, held in groupby(ordered, key=lambda row: row.segment_id):
        work.run.check()
        within = list(held)
        with work.ports.database.read() as tx:
            segment = tx.execute(
                select(rpm_segments.c.pack_id, rpm_segments.c.layout).where(
                    rpm_segments.c.id == segment_id
                )
            ).one()
            read = pack_reader(tx, work.ports.store, {segment.pack_id})
        fragments = read_fragments(
            Layout.decode(segment.layout),
            [row.position for row in within],
            lambda kind, codec, place, read=read, pack=segment.pack_id: read(
                pack, kind, codec, place
            ),
        )
        for row, each in zip(within, fragments, strict=True):
            yield row, Package(named_by_sha256(each, digests[row.blob_id].raw.hex()))


def _remember(tx: Transaction, work: SyncWork, named: Mapping[bytes, Any]) -> None:
    """Note whose bytes are here, and for the next sync what upstream means by its descriptions."""
    table = rpm_packages.c
    for batch in batched(named):
        query = select(table.digest, table.id).where(table.digest.in_(batch))
        found = [(row.id, named[bytes(row.digest)]) for row in tx.execute(query)]
        for package_id, row in found:
            here = update(rpm_packages).where(table.id == package_id)
            tx.execute(here.values(blob_id=row.blob_id))
        rows = [
            {"repository_id": work.repository_id, "digest": row.digest, "package_id": package_id}
            for package_id, row in found
        ]
        insert_missing(tx, rpm_vouched_packages, rows)


def _rows(tx: Transaction, packages: BitMap) -> list[Any]:
    return list(rows_of(tx, _COLUMNS, rpm_packages.c.id, packages))


def _digests(tx: Transaction, rows: Sequence[Any]) -> dict[int, Digest]:
    ids = BitMap(row.blob_id for row in rows)
    return {row[1]: Digest(row[0]) for row in rows_of(tx, [blobs.c.digest], blobs.c.id, ids)}
