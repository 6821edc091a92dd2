"""Verifying what is here, repairing it from wherever it can be had, and giving bytes back."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Row, select

from headgate.domain.errors import (
    BadRequestError,
    InvalidContentError,
    SubtaskFailedError,
    UpstreamError,
)
from headgate.domain.findings import several
from headgate.engine.port import Progress, Run
from headgate.plugin import ContentType, MissingFile, UnitFile
from headgate.services.repositories.healing import borrow
from headgate.services.repositories.missing import missing_of
from headgate.services.repositories.reclaiming import reclaim
from headgate.services.repositories.remotes import remote_of
from headgate.services.repositories.verification import (
    Holding,
    content_of,
    damaged_among,
    digests_of,
    give_up,
    metadata_blobs_of,
    repositories_by_id,
    unit_files_of,
)
from headgate.services.units.unit_files import (
    checksum_text,
    fetch_files,
    missing_file,
    note_arrival,
)
from headgate.stores.blobs import Digest
from headgate.stores.db import Transaction
from headgate.stores.db.tables import repositories
from headgate.upstream import Remote
from headgate.workflows.repair_requests import reclaim_space_task, verify_checksum_task
from headgate.workflows.republish import holdings_of, publish_again
from headgate.workflows.sync import warn_of_missing, work_on
from headgate.workflows.workshop import Workshop

# Read between two records of how far the task is: a killed one reads at most so many again.
_BLOBS_AT_ONCE = 1_000
# A repair gives up on no share of files: each that comes back counts.
_ANY_NUMBER = 1 << 30
# Packages that a message names; the others it counts.
_MOST_NAMED = 20


def verify_checksum(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Read again what `repository_id`, in all versions, or `version_id` serves; repair it.

    Wrong bytes are taken out of service at once. They come back from what the organization has
    elsewhere, then from upstream; what comes from nowhere is marked as missing. Metadata that was
    hit is written anew, from what was said of the packages, which is restored first.
    """
    holdings = holdings_of(workshop, run)
    with workshop.ports.database.read() as tx:
        rows = repositories_by_id(tx, holdings)
    parts = {
        repository_id: [each for each in holdings if each.repository_id == repository_id]
        for repository_id in sorted(rows)
    }
    total = {"checked_files": 0, "checked_bytes": 0, "damaged": 0, "repaired": 0, "missing": 0}
    for repository_id, part in parts.items():
        told = _verify(workshop, run, rows[repository_id], part)
        total = {name: count + told[name] for name, count in total.items()}
    return total


def reclaim_space(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Let go of bytes of `repository_id` that its upstream has; the disk has them soon after."""
    repository_id: int = run.input["repository_id"]

    def let_go(tx: Transaction) -> dict[str, Any]:
        row = tx.execute(select(repositories).where(repositories.c.id == repository_id)).one()
        if row.download_policy != "on_demand":
            raise BadRequestError("Only On Demand repositories may have space reclaimed.")
        return asdict(
            reclaim(
                tx,
                content_type=workshop.content_types[row.content_type],
                repository_id=repository_id,
                clock=workshop.ports.clock,
            )
        )

    freed: dict[str, int] = run.transaction("let go", let_go)
    return {"freed_files": freed["files"], "freed_bytes": freed["bytes"]}


def repair_many(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Do `verify_checksum` or `reclaim_space` for each of `repository_ids`, in sub-tasks."""
    make = {"verify_checksum": verify_checksum_task, "reclaim_space": reclaim_space_task}
    with workshop.ports.database.read() as tx:
        query = select(repositories).where(repositories.c.id.in_(run.input["repository_ids"]))
        rows = tx.execute(query.order_by(repositories.c.id)).all()
    tasks = [make[run.input["what"]](row, user_id=run.user_id) for row in rows]
    ends = run.children("repositories", tasks)
    for end in ends:
        for error in end.errors:
            run.warn(SubtaskFailedError(str(error.get("message", end.result))))
    freed = sum(int(end.output.get("freed_bytes", 0)) for end in ends)
    return {"repositories": len(ends), "freed_bytes": freed}


def _verify(
    workshop: Workshop, run: Run, repository: Row[Any], holdings: Sequence[Holding]
) -> Mapping[str, int]:
    content_type = workshop.content_types[repository.content_type]
    read = _read_all(workshop, run, repository, holdings)
    found: list[int] = read["damaged"]
    restored: dict[str, Any] = run.step(
        f"restore metadata {repository.id}",
        lambda: _restore(workshop, run, repository, holdings, found),
    )
    damaged: list[int] = restored["damaged"]
    hit: dict[str, Any] = run.transaction(
        f"take out of service {repository.id}",
        lambda tx: _take_out(tx, workshop, content_type, holdings, damaged),
    )
    lost = [_loaded(each) for each in hit["files"]]
    missing = [
        MissingFile(**each)
        for each in run.step(
            f"repair {repository.id}", lambda: _repair(workshop, run, repository, holdings, lost)
        )
    ]
    for holding in holdings:
        with workshop.ports.database.read() as tx:
            known = {(each.unit_id, each.path) for each in missing_of(tx, holding.publication_id)}
        new = any((each.unit_id, each.path) not in known for each in missing)
        if new or holding.publication_id in hit["publications"]:
            publish_again(workshop, run, holding, missing)
    warn_of_missing(run, repository, missing)
    if restored["lost"] is not None:
        run.warn(InvalidContentError(restored["lost"]))
    gone = {(each.unit_type, each.unit_id, each.path) for each in missing}
    unrepaired = restored["lost_blobs"] + sum(
        (each.unit_type, each.unit_id, each.path) in gone for each in lost
    )
    return {
        "checked_files": read["files"],
        "checked_bytes": read["bytes"],
        "damaged": len(found),
        "repaired": len(found) - unrepaired,
        "missing": len(missing),
    }


def _read_all(
    workshop: Workshop, run: Run, repository: Row[Any], holdings: Sequence[Holding]
) -> dict[str, Any]:
    """Read every blob; each step goes on after the last one of the step before."""
    ports = workshop.ports
    content_type = workshop.content_types[repository.content_type]
    with ports.database.read() as tx:
        files = unit_files_of(tx, content_type, holdings)
        held = {file.blob_id for file in files if file.blob_id is not None}
        said = content_type.metadata_blobs(tx, content_of(tx, holdings))
        digests = digests_of(tx, held | metadata_blobs_of(tx, holdings) | set(said))
    size = sum(size for _, size in digests.values())
    read: dict[str, Any] = {"files": 0, "bytes": 0, "damaged": []}
    last = 0

    def tell(count: int) -> None:
        nonlocal done
        done += count
        run.report(Progress(bytes_done=done, bytes_total=size))

    def look() -> dict[str, Any]:
        batch = sorted(blob_id for blob_id in digests if blob_id > last)[:_BLOBS_AT_ONCE]
        part = {blob_id: digests[blob_id] for blob_id in batch}
        damaged = damaged_among(ports.store, part, read=tell)
        return {
            "files": len(batch),
            "bytes": sum(size for _, size in part.values()),
            "damaged": damaged,
            "last": batch[-1] if batch else None,
        }

    while True:
        done: int = read["bytes"]
        found: dict[str, Any] = run.step(f"verify {repository.id} after {last}", look)
        if found["last"] is None:
            return read
        last = found["last"]
        read = {name: value + found[name] for name, value in read.items()}


def _restore(
    workshop: Workshop,
    run: Run,
    repository: Row[Any],
    holdings: Sequence[Holding],
    damaged: Sequence[int],
) -> dict[str, Any]:
    """Restore what was said of units; return what is still damaged, and in words what is lost."""
    if not damaged:
        return {"damaged": [], "lost": None, "lost_blobs": 0}
    ports = workshop.ports
    content_type = workshop.content_types[repository.content_type]
    with ports.database.read() as tx:
        content = content_of(tx, holdings)
        has_upstream = bool(repository.url)
        remote = remote_of(tx, repository, workshop.unseal) if has_upstream else Remote("")
        work = work_on(tx, workshop, run, repository, remote)
    restored = content_type.restore_metadata(work, damaged)
    with ports.database.read() as tx:
        names = content_type.names_of(tx, restored.lost & content)
        digests = digests_of(tx, damaged)
        said = set(content_type.metadata_blobs(tx, content))
    left = set(damaged_among(ports.store, digests, read=lambda _: None))
    return {
        "damaged": [blob_id for blob_id in damaged if blob_id in left],
        "lost": _words(repository, names, restored.reason) if names else None,
        "lost_blobs": len(said & left),
    }


def _words(repository: Row[Any], names: Mapping[str, Sequence[str]], reason: str | None) -> str:
    lost = sorted(name for each in names.values() for name in each)
    why = f" Upstream could not be asked: {reason}." if reason else ""
    return (
        f"The metadata of {len(lost)} packages of repository '{repository.name}' is damaged, and"
        f" upstream has it no more: {several(lost, most=_MOST_NAMED)}.{why} Hosts read what is"
        " published already; nothing new can be published with these packages. Restore the blobs"
        " from a backup and verify again, or remove the packages and publish content views anew."
    )


def _take_out(
    tx: Transaction,
    workshop: Workshop,
    content_type: ContentType,
    holdings: Sequence[Holding],
    damaged: Sequence[int],
) -> dict[str, Any]:
    """Take damaged blobs out of service; return whose files and metadata they were."""
    if not damaged:
        return {"files": [], "publications": []}
    bad = set(damaged)
    digests = digests_of(tx, bad)
    lost = [file for file in unit_files_of(tx, content_type, holdings) if file.blob_id in bad]
    publications = [each for each in holdings if metadata_blobs_of(tx, [each]) & bad]
    give_up(tx, workshop.ports.store, damaged)
    return {
        "files": [_dumped(_with_digest(file, digests)) for file in lost],
        "publications": [each.publication_id for each in publications],
    }


def _with_digest(file: UnitFile, digests: Mapping[int, tuple[Digest, int]]) -> UnitFile:
    """Files that nothing else tells the checksum of are known by their blob's."""
    if file.checksum is not None or file.blob_id is None or file.blob_id not in digests:
        return file
    return replace(file, checksum_type="sha256", checksum=digests[file.blob_id][0].raw)


def _repair(
    workshop: Workshop,
    run: Run,
    repository: Row[Any],
    holdings: Sequence[Holding],
    lost: Sequence[UnitFile],
) -> list[dict[str, Any]]:
    """Bring what was lost, and what an immediate repository should have; return what is missing."""
    ports = workshop.ports
    content_type = workshop.content_types[repository.content_type]
    with ports.database.begin() as tx:
        wanted = _absent(tx, content_type, repository, holdings, lost)
        borrow(
            tx,
            ports.store,
            workshop.content_types,
            [(content_type, file) for file in wanted],
            organization_id=repository.organization_id,
            holder=run.task_id,
        )
        wanted = _absent(tx, content_type, repository, holdings, lost)
    if not wanted:
        return []
    if not repository.url:
        return [asdict(_without_source(file)) for file in wanted]
    with ports.database.read() as tx:
        remote = remote_of(tx, repository, workshop.unseal)
    try:
        missing = fetch_files(
            ports,
            run,
            remote,
            wanted,
            note_arrival(content_type),
            keep_good=True,
            of=_ANY_NUMBER,
        )
    except UpstreamError as error:
        with ports.database.read() as tx:
            wanted = _absent(tx, content_type, repository, holdings, lost)
        missing = [missing_file(file, error) for file in wanted]
    return [asdict(each) for each in missing]


def _absent(
    tx: Transaction,
    content_type: ContentType,
    repository: Row[Any],
    holdings: Sequence[Holding],
    lost: Sequence[UnitFile],
) -> list[UnitFile]:
    immediate = repository.download_policy == "immediate"
    named = {(file.unit_type, file.unit_id, file.path): file for file in lost}
    absent: list[UnitFile] = []
    for file in unit_files_of(tx, content_type, holdings):
        known = named.get((file.unit_type, file.unit_id, file.path))
        if known is not None and file.blob_id == known.blob_id:
            absent.append(known)  # its row names its blob for ever, whether that is here or not
        elif file.checksum is not None and file.blob_id is None and (immediate or known):
            absent.append(file)
    return absent


def _without_source(file: UnitFile) -> MissingFile:
    return MissingFile(
        unit_type=file.unit_type,
        unit_id=file.unit_id,
        path=file.path,
        size=file.size,
        checksum=checksum_text(file),
        url=None,
        code="damaged",
        reason="its bytes were damaged or lost here, and the repository has no upstream: upload it"
        " again",
    )


def _dumped(file: UnitFile) -> dict[str, Any]:
    return asdict(file) | {"checksum": file.checksum.hex() if file.checksum else None}


def _loaded(dumped: Mapping[str, Any]) -> UnitFile:
    values = dict(dumped)
    values["checksum"] = bytes.fromhex(values["checksum"]) if values["checksum"] else None
    return UnitFile(**values)
