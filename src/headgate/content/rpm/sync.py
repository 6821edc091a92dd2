"""Synchronizing a yum repository: upstream -> units, segments and content, in one pass."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, replace
from typing import Any

from pyroaring import BitMap

from headgate.content.rpm.dependents import take_dependents
from headgate.content.rpm.intake import SOURCE_ARCHES, PackageIntake
from headgate.content.rpm.located import arrived_file
from headgate.content.rpm.media import media_type
from headgate.content.rpm.merging import with_units
from headgate.content.rpm.metadata.repomd import render_repomd
from headgate.content.rpm.metadata.stream import Package, Source, read_packages
from headgate.content.rpm.publish import UPSTREAM_KEY
from headgate.content.rpm.retention import retained
from headgate.content.rpm.signing import signatures
from headgate.content.rpm.trust import verify_packages
from headgate.content.rpm.unit_files import files_of
from headgate.content.rpm.upstream import REPOMD, SIGNATURES, UpstreamMetadata, fetch_metadata
from headgate.content.rpm.vouching import vouch
from headgate.domain.content import Content
from headgate.domain.errors import InvalidContentError, UntrustedContentError
from headgate.engine.port import Progress
from headgate.plugin import MissingFile, PublishedFile, Synced, SyncWork
from headgate.services.storage.blobs import keep
from headgate.services.units.unit_files import fetch_files
from headgate.stores.blobs import open_blob

# Packages between two reports of progress.
_REPORT_EVERY = 500


def sync(work: SyncWork) -> Synced | None:
    """Bring what upstream has; None when that is what the last sync brought.

    Step one reads all metadata and leaves rows that the task pins; step two brings packages
    unless they may wait for a client. Between them come those that must not wait, because nothing
    but what comes tells which bytes they are. All may run twice.
    """
    found: dict[str, Any] = work.run.step("read metadata", lambda: _read_metadata(work))
    if not found:
        return None
    content, offered = Content.loaded(found["content"]), Content.loaded(found["offered"])
    missing: list[dict[str, Any]] = []
    weak = BitMap(found["weak"])
    near = replace(work, remote=replace(work.remote, mirrors=tuple(found["mirrors"])))
    if weak:
        named = work.run.step("name packages by SHA-256", lambda: _vouch(near, weak, offered))
        missing = named["missing"]
        gone, instead = Content.loaded(named["gone"]), Content.loaded(named["instead"])
        content, offered = ((each - gone) | instead for each in (content, offered))
    if work.download_policy == "immediate":
        missing = [
            *missing,
            *work.run.step("download packages", lambda: _download(near, content)),
        ]
    looked: dict[str, Any] = work.run.step("verify signatures", lambda: _believed(work, content))
    missing = [*missing, *looked["refused"]]
    for words in (*found["doubts"], looked["doubt"]):
        if words is not None:
            work.run.warn(UntrustedContentError(words))
    files = None if found["files"] is None else [PublishedFile(**each) for each in found["files"]]
    return Synced(
        content,
        found["state"],
        files,
        found["files_key"],
        missing=[MissingFile(**each) for each in missing],
        offered=offered,
        seen=found["seen"],
    )


def _read_metadata(work: SyncWork) -> dict[str, Any]:
    upstream = fetch_metadata(work)
    if upstream is None:
        return {}
    intake = _take_packages(work, upstream)
    dependents, doubts = take_dependents(work, upstream)
    offered = dependents | Content.of({"rpm": intake.binary, "srpm": intake.source})
    content = offered
    if work.mirroring_policy == "additive":
        with work.ports.database.read() as tx:
            content = with_units(tx, work.previous, offered)
            content = retained(tx, content, work.retain_versions)
    files = None
    if content == offered and not intake.altered and _may_stay(work, upstream):
        files = [asdict(file) for file in _untouched(work, upstream)]
    return {
        "content": content.dumped(),
        "offered": offered.dumped(),
        "weak": sorted(intake.weak),
        "state": {
            "repomd": upstream.digest,
            "weak": sorted(upstream.weak | intake.weak_kinds),
            "trust": work.trust.stamp,
        },
        "doubts": [*upstream.belief.doubts, *doubts],
        "seen": dict(upstream.belief.seen),
        "mirrors": upstream.mirrors,
        "files": files,
        "files_key": work.options.signed_key(
            f"{UPSTREAM_KEY}{upstream.digest}:{'some' if upstream.left_out else 'all'}"
        ),
    }


def _take_packages(work: SyncWork, upstream: UpstreamMetadata) -> PackageIntake:
    """Return the intake of all packages, finished."""
    previous = work.previous["rpm"] | work.previous["srpm"]
    sources_stay_out = "srpm" in work.ignorable_content
    intake = PackageIntake(
        work.ports,
        holder=work.run.task_id,
        previous=previous,
        repository_id=work.repository_id,
    )
    with intake:
        for number, package in enumerate(packages_of(work, upstream), start=1):
            if sources_stay_out and package.header.arch in SOURCE_ARCHES:
                intake.altered += 1
            else:
                intake.add(package)
            if number % _REPORT_EVERY == 0:
                work.run.report(Progress(items_done=number))
        intake.finish()
    return intake


def packages_of(work: SyncWork, upstream: UpstreamMetadata) -> Iterator[Package]:
    """Yield the packages as upstream describes them."""

    def source(kind: str) -> Source | None:
        entry = upstream.find(kind)
        if entry is None:
            return None
        return Source(open_blob(work.ports.store, entry[1].digest), entry[0].location)

    primary = source("primary")
    if primary is None:
        raise InvalidContentError("repomd.xml lists no primary metadata: no yum repository")
    return read_packages(
        primary, source("filelists"), source("other"), spill_folder=work.ports.scratch
    )


def _may_stay(work: SyncWork, upstream: UpstreamMetadata) -> bool:
    """Whether upstream's files are what the repository's options ask for."""
    wanted = work.options.checksum_type
    if upstream.weak:
        return False
    for file, _ in upstream.files:
        if file.location_base is not None:
            return False
        if wanted is not None and file.checksum.type != wanted:
            return False
    primary = upstream.find("primary")
    suffix = {"gz": ".gz", "zstd": ".zst", None: ""}[work.options.compression]
    return primary is not None and primary[0].location.endswith(suffix)


def _untouched(work: SyncWork, upstream: UpstreamMetadata) -> Iterable[PublishedFile]:
    """Return the publication that is upstream's own; without its signature if a file is left out.

    Only repomd.xml is written anew then: the files that it lists are upstream's bytes. Who asks
    for the organization's signature gets it in the place of upstream's, over the same bytes.
    """
    for file, kept in upstream.files:
        yield PublishedFile(file.location, kept.id, media_type(file.location))
    made: dict[str, bytes] = {}
    if upstream.left_out:
        listed = tuple(file for file, _ in upstream.files)
        made[REPOMD] = render_repomd(replace(upstream.repomd, files=listed))
    else:
        paths = (REPOMD,) if work.options.signing else (REPOMD, *SIGNATURES)
        for path in paths:
            if path in upstream.others:
                yield PublishedFile(path, upstream.others[path].id, media_type(path))
    made |= signatures(work.ports, work.options, made.get(REPOMD, upstream.repomd_bytes))
    yield from _kept(work, made)


def _kept(work: SyncWork, made: Mapping[str, bytes]) -> Iterable[PublishedFile]:
    if not made:
        return
    with ExitStack() as stack:
        spools = [stack.enter_context(work.ports.store.spool()) for _ in made]
        for spool, data in zip(spools, made.values(), strict=True):
            spool.write(data)
        kept = keep(
            work.ports.database,
            work.ports.store,
            spools,
            holder=work.run.task_id,
            clock=work.ports.clock,
        )
    for path, blob in zip(made, kept, strict=True):
        yield PublishedFile(path, blob.id, media_type(path))


def _believed(work: SyncWork, content: Content) -> dict[str, Any]:
    looked = verify_packages(work.ports, work.run, work.trust, content, keep_good=work.keep_good)
    return asdict(looked)


def _vouch(work: SyncWork, weak: BitMap, offered: Content) -> dict[str, Any]:
    vouched = vouch(work, weak, of=len(offered["rpm"]) + len(offered["srpm"]))
    return {
        "gone": vouched.gone.dumped(),
        "instead": vouched.instead.dumped(),
        "missing": [asdict(each) for each in vouched.missing],
    }


def _download(work: SyncWork, content: Content) -> list[dict[str, Any]]:
    """Bring packages and images whose bytes are not here; return what could not be had."""
    with work.ports.database.read() as tx:
        files = [file for file in files_of(tx, content) if file.checksum is not None]
    missing = fetch_files(
        work.ports,
        work.run,
        work.remote,
        [file for file in files if file.blob_id is None],
        arrived_file,
        keep_good=work.keep_good,
        of=len(files),
    )
    return [asdict(each) for each in missing]
