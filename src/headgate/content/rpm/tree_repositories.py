"""The repositories of a tree's variants and addons: mirrored as they are, below the tree.

An installer reads them from the paths that the treeinfo names, and verifies them by their own
repomd.xml; so their metadata stays upstream's, byte for byte, and their packages are files of the
tree: brought, verified, missed and given back like its images. Filters of content views speak of
the repository's own packages, not of these.

One that names files by weak checksums cannot be left as it is and must not be changed, so it is not
mirrored; who synchronizes is told.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urljoin

from headgate.content.rpm.metadata.packages import WEAK_CHECKSUMS, read_header
from headgate.content.rpm.metadata.repomd import MAX_BYTES, MetadataFile, parse_repomd
from headgate.content.rpm.metadata.shapes import PRIMARY
from headgate.content.rpm.metadata.stream import Source, read_elements
from headgate.content.rpm.metadata.treeinfo import TreeRepository
from headgate.content.rpm.upstream import REPOMD, SIGNATURES, source_path
from headgate.plugin import SyncWork
from headgate.services.repositories.downloads import together
from headgate.services.storage.blobs import Kept, keep
from headgate.stores.blobs import Spool, open_blob
from headgate.upstream import (
    Downloader,
    Expected,
    Remote,
    UpstreamAbsentError,
    run_downloads,
)

TreeRow = dict[str, Any]

_MAX_SIGNATURE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class FetchedRepository:
    """One repository of a tree: its repomd.xml, what that lists, and signatures; all here."""

    repository: TreeRepository
    base: str  # what its files are fetched below: a path of the tree, or a URL
    repomd: bytes
    listed: Sequence[tuple[MetadataFile, Kept]]
    others: Sequence[tuple[str, Kept]]


def fetch_repositories(
    work: SyncWork, repositories: Sequence[TreeRepository]
) -> list[FetchedRepository]:
    """Bring the metadata of those that upstream has, pinned by the task; mirrors have few."""
    if not repositories:
        return []
    return run_downloads(
        work.ports.downloads,
        lambda downloader: _fetch_all(work, downloader, repositories),
        check=work.run.check,
    )


def rows_of_repository(work: SyncWork, fetched: FetchedRepository) -> Iterator[TreeRow]:
    """Yield the files of the repository as rows of the tree: metadata, then packages."""
    place, base = fetched.repository.path, fetched.base
    moved = place != base
    for path, kept in (*fetched.others, *((file.location, kept) for file, kept in fetched.listed)):
        yield {
            "path": f"{place}/{path}",
            "source": f"{base}/{path}" if moved else None,
            "size": kept.size,
            "checksum_type": "sha256",
            "checksum": kept.digest.raw,
            "blob_id": kept.id,
        }
    primary = next((entry for entry in fetched.listed if entry[0].type == "primary"), None)
    if primary is None:
        return
    file, kept = primary
    for fragment in read_elements(
        Source(open_blob(work.ports.store, kept.digest), file.location), PRIMARY
    ):
        header = read_header(fragment)
        source = source_path(header.location_base, header.location)
        source = source if header.location_base else f"{base}/{source}"
        path = f"{place}/{header.location}"
        yield {
            "path": path,
            "source": None if source == path else source,
            "size": header.size,
            "checksum_type": header.checksum_type,
            "checksum": header.checksum,
            "blob_id": None,
        }


def weak_kinds(fetched: FetchedRepository, rows: Iterable[TreeRow]) -> Sequence[str]:
    """Return by which weak checksums the repository names its metadata or its packages (`rows`)."""
    kinds = {file.checksum.type for file, _ in fetched.listed}
    return sorted((kinds | {row["checksum_type"] for row in rows}) & WEAK_CHECKSUMS)


async def _fetch_all(
    work: SyncWork, downloader: Downloader, repositories: Sequence[TreeRepository]
) -> list[FetchedRepository]:
    found: list[FetchedRepository] = []
    for repository in repositories:
        base = _base(work.remote, repository)
        if base is None:
            continue
        try:
            found.append(await _fetch(work, downloader, repository, base))
        except UpstreamAbsentError as error:
            # A mirror that has not this variant at all, or one that is broken?
            if not error.url.endswith(REPOMD):
                raise
    return found


async def _fetch(
    work: SyncWork, downloader: Downloader, repository: TreeRepository, base: str
) -> FetchedRepository:
    with ExitStack() as stack:
        index = stack.enter_context(work.ports.store.spool())
        expected = Expected(most_bytes=MAX_BYTES)
        await downloader.fetch(work.remote, f"{base}/{REPOMD}", index, expected=expected)
        data = b"".join(index.read())
        files = parse_repomd(data).files
        spools = [stack.enter_context(work.ports.store.spool()) for _ in files]
        await together(
            _fetch_listed(work, downloader, base, file, spool)
            for file, spool in zip(files, spools, strict=True)
        )
        extra = {REPOMD: index, **await _fetch_signatures(work, downloader, base, stack)}
        kept = await asyncio.to_thread(
            keep,
            work.ports.database,
            work.ports.store,
            [*spools, *extra.values()],
            holder=work.run.task_id,
            clock=work.ports.clock,
        )
    return FetchedRepository(
        repository=repository,
        base=base,
        repomd=data,
        listed=list(zip(files, kept, strict=False)),
        others=list(zip(extra, kept[len(files) :], strict=True)),
    )


async def _fetch_listed(
    work: SyncWork, downloader: Downloader, base: str, file: MetadataFile, spool: Spool
) -> None:
    path = source_path(file.location_base, file.location)
    await downloader.fetch(
        work.remote,
        path if file.location_base else f"{base}/{path}",
        spool,
        expected=Expected(size=file.size, checksums={file.checksum.type: file.checksum.raw.hex()}),
    )


async def _fetch_signatures(
    work: SyncWork, downloader: Downloader, base: str, stack: ExitStack
) -> dict[str, Spool]:
    found: dict[str, Spool] = {}
    for path in SIGNATURES:
        spool = stack.enter_context(work.ports.store.spool())
        expected = Expected(most_bytes=_MAX_SIGNATURE_BYTES)
        try:
            await downloader.fetch(work.remote, f"{base}/{path}", spool, expected=expected)
        except UpstreamAbsentError:
            continue
        found[path] = spool
    return found


def _base(remote: Remote, repository: TreeRepository) -> str | None:
    """Return what to fetch below; nothing is above a list of mirrors."""
    if not repository.source.startswith(".."):
        return repository.source
    if remote.mirrors:
        return None
    root = remote.url.partition("?")[0].rstrip("/") + "/"
    return urljoin(root, repository.source)


def state_of(fetched: Sequence[FetchedRepository]) -> bytes:
    """Return what tells one state of the repositories from another; nothing for none."""
    parts = [each.repository.path.encode() + sha256(each.repomd).digest() for each in fetched]
    return b"".join(sorted(parts))
