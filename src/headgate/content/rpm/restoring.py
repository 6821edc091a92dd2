"""Metadata of packages whose packs are damaged: put together again from wherever it can be had.

What a package is, is what was said of it, so nothing can be restored wrongly: fragments count when
they have the package's digest. They come from what is still readable here (each pack holds them in
two codecs), from upstream, and of uploaded packages from the packages themselves.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

from pyroaring import BitMap
from sqlalchemy import or_, select

from headgate.content.rpm.intake import based_digest, private_digest
from headgate.content.rpm.metadata.naming import named_by_sha256, without_base
from headgate.content.rpm.metadata.packages import Fragments, digest_of, read_header
from headgate.content.rpm.metadata.segments import CODECS, KINDS, Layout, read_fragments
from headgate.content.rpm.metadata.uploads import read_rpm
from headgate.content.rpm.packs import PACK_PACKAGES, SOURCE_ARCHES, OpenPack, PackKeeper
from headgate.content.rpm.selection import pack_reader
from headgate.content.rpm.sync import packages_of
from headgate.content.rpm.tables import (
    rpm_packages,
    rpm_packs,
    rpm_segments,
    rpm_vouched_packages,
)
from headgate.content.rpm.upstream import fetch_metadata
from headgate.domain.content import Content
from headgate.domain.errors import HeadgateError, InvalidContentError, NotFoundError
from headgate.plugin import Restored, SyncWork
from headgate.plugin.trust import NOTHING_ASKED
from headgate.stores.blobs import Digest
from headgate.stores.db import Transaction
from headgate.stores.db.statements import batched, rows_of
from headgate.stores.db.tables import blobs

_BLOBS: Final = tuple(rpm_packs.c[f"{kind}_{codec}"] for kind in KINDS for codec in CODECS)
_COLUMNS: Final = tuple(
    rpm_packages.c[name]
    for name in ("id", "digest", "arch", "location", "location_base", "blob_id", "position")
)

Lost = dict[bytes, Any]  # rows of packages by their digests


def pack_blobs_of(tx: Transaction, packages: BitMap) -> set[int]:
    """Return the blobs of the packs that the packages are in."""
    segments = {row[0] for row in rows_of(tx, [rpm_packages.c.segment_id], rpm_packages.c.id,
                                          packages)}  # fmt: skip
    packs: set[int] = set()
    for batch in batched(segments):
        query = select(rpm_segments.c.pack_id).where(rpm_segments.c.id.in_(batch)).distinct()
        packs.update(tx.scalars(query))
    found: set[int] = set()
    for batch in batched(packs):
        for row in tx.execute(select(*_BLOBS).where(rpm_packs.c.id.in_(batch))):
            found.update(row)
    return found


def restore_metadata(work: SyncWork, damaged: Sequence[int]) -> Restored:
    """Move the packages of all packs that one of these blobs belongs to into new packs.

    What cannot be had stays where it is. To be called in a step: may run twice.
    """
    ports = work.ports
    with ports.database.read() as tx:
        packs = _packs(tx, damaged)
        lost = {bytes(row.digest): row for pack in packs for row in _packages(tx, pack)}
        wrong = {
            Digest(row[0]) for row in rows_of(tx, [blobs.c.digest], blobs.c.id, BitMap(damaged))
        }
    reasons: list[str] = []
    with PackKeeper(ports, holder=work.run.task_id, replacing=wrong) as keeper:
        pack: OpenPack | None = None
        try:
            for digest, fragments in _found(work, packs, lost, reasons):
                pack = pack or OpenPack(ports.store)
                pack.add(digest, fragments, read_header(fragments.primary))
                if len(pack.packages) >= PACK_PACKAGES:
                    full, pack = pack, None
                    keeper.take(full)
        except BaseException as error:
            if pack is not None:
                pack.discard(error)
            raise
        if pack is not None:
            keeper.take(pack)
        keeper.wait()
    return Restored(_content(lost.values()), reasons[0] if reasons else None)


def _found(
    work: SyncWork, packs: Sequence[int], lost: Lost, reasons: list[str]
) -> Iterator[tuple[bytes, Fragments]]:
    """Yield what is found of the lost, which then is lost no more."""
    for pack in packs:
        yield from _taken(lost, _readable(work, pack))
    if lost and work.remote.url:
        try:
            yield from _taken(lost, _upstream(work))
        except HeadgateError as error:
            reasons.append(error.message)
    if lost:
        yield from _taken(lost, _uploaded(work, list(lost.values())))


def _taken(
    lost: Lost, found: Iterator[tuple[bytes, Fragments]]
) -> Iterator[tuple[bytes, Fragments]]:
    for digest, fragments in found:
        if lost.pop(digest, None) is not None:
            yield digest, fragments


def _readable(work: SyncWork, pack: int) -> Iterator[tuple[bytes, Fragments]]:
    """Yield what of a pack is readable still, segment by segment."""
    with work.ports.database.read() as tx:
        reader = pack_reader(tx, work.ports.store, {pack})
        segments = tx.execute(
            select(rpm_segments.c.id, rpm_segments.c.layout).where(rpm_segments.c.pack_id == pack)
        ).all()
    for segment in segments:
        work.run.check()
        with work.ports.database.read() as tx:
            rows = _packages(tx, pack, segment_id=segment.id)
        layout = Layout.decode(segment.layout)
        with suppress(InvalidContentError, NotFoundError, OSError):
            found = read_fragments(
                layout,
                [row.position for row in rows],
                lambda kind, codec, place: reader(pack, kind, codec, place),
                codecs=("gz", "zst"),  # gzip knows when it is damaged
            )
            for row, fragments in zip(rows, found, strict=True):
                if bytes(row.digest) in _digests(fragments, row.location_base, work):
                    yield bytes(row.digest), fragments


def _upstream(work: SyncWork) -> Iterator[tuple[bytes, Fragments]]:
    """Yield all that upstream says today, as a sync would keep it."""
    # What is signed or old does not matter: fragments count by what they say.
    anew = replace(work, trust=NOTHING_ASKED, state=None, ignorable_content=("treeinfo",))
    upstream = fetch_metadata(replace(anew, mirroring_policy="mirror_content_only"))
    if upstream is None:
        return
    with work.ports.database.read() as tx:
        vouched = _vouched(tx, work)
    for package in packages_of(work, upstream):
        fragments, base = package.fragments, None
        if b"xml:base" in fragments.primary and package.header.location_base is not None:
            base = package.header.location_base
            fragments = fragments._replace(primary=without_base(fragments.primary))
        known = _digests(fragments, base, work)
        for digest in known:
            yield digest, fragments
            if digest in vouched:
                better = named_by_sha256(fragments, vouched[digest])
                for named in _digests(better, base, work):
                    yield named, better


def _uploaded(work: SyncWork, rows: Sequence[Any]) -> Iterator[tuple[bytes, Fragments]]:
    """Yield what packages say of themselves that lie where uploads are put."""
    with work.ports.database.read() as tx:
        ids = BitMap(row.blob_id for row in rows if row.blob_id is not None)
        digests = {row[1]: Digest(row[0]) for row in rows_of(tx, [blobs.c.digest], blobs.c.id, ids)}
    for row in rows:
        if row.blob_id not in digests or row.location_base is not None:
            continue
        work.run.check()
        with (
            suppress(InvalidContentError, NotFoundError),
            NamedTemporaryFile(dir=work.ports.scratch, suffix=".rpm") as copy,
        ):
            for chunk in work.ports.store.read(digests[row.blob_id]):
                copy.write(chunk)
            copy.flush()
            found = read_rpm(Path(copy.name))
            yield found.digest, found.fragments


def _digests(fragments: Fragments, base: str | None, work: SyncWork) -> tuple[bytes, bytes]:
    """Return what the package is called if it has these fragments, vouched for or not."""
    digest = digest_of(fragments)
    if base is not None:
        digest = based_digest(digest, base)
    return digest, private_digest(digest, work.repository_id)


def _vouched(tx: Transaction, work: SyncWork) -> dict[bytes, str]:
    """Return by upstream's descriptions the SHA-256 of packages that it names by weak checksums."""
    vouched = rpm_vouched_packages.c
    rows = tx.execute(
        select(vouched.digest, rpm_packages.c.checksum)
        .join(rpm_packages, rpm_packages.c.id == vouched.package_id)
        .where(vouched.repository_id == work.repository_id)
    )
    return {bytes(row.digest): row.checksum.hex() for row in rows}


def _packs(tx: Transaction, damaged: Sequence[int]) -> list[int]:
    found: set[int] = set()
    for batch in batched(damaged, 1_000):
        hit = or_(*(column.in_(batch) for column in _BLOBS))
        found.update(tx.scalars(select(rpm_packs.c.id).where(hit)))
    return sorted(found)


def _packages(tx: Transaction, pack: int, *, segment_id: int | None = None) -> Sequence[Any]:
    """Return the packages of a pack, or of one of its segments, in their order."""
    within = rpm_segments.c.pack_id == pack
    if segment_id is not None:
        within = rpm_segments.c.id == segment_id
    return tx.execute(
        select(*_COLUMNS)
        .join(rpm_segments, rpm_segments.c.id == rpm_packages.c.segment_id)
        .where(within)
        .order_by(rpm_packages.c.segment_id, rpm_packages.c.position)
    ).all()


def _content(rows: Iterable[Any]) -> Content:
    units: dict[str, BitMap] = {"rpm": BitMap(), "srpm": BitMap()}
    for row in rows:
        units["srpm" if row.arch in SOURCE_ARCHES else "rpm"].add(row.id)
    return Content.of(units)
